//===- Identifier.cpp - C++ identifiers for display names -----------------===//

#include "compiler/graph/Identifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

/// Whether `rest`, which follows a '_', comes out as "xHH_".
static bool looksEscaped(StringRef rest) {
  auto isHex = [](char c) { return isDigit(c) || (c >= 'a' && c <= 'f'); };
  return rest.size() > 3 && rest[0] == 'x' && isHex(rest[1]) && isHex(rest[2]) && !isAlnum(rest[3]);
}

std::string fnc::escapeIdentifier(StringRef name) {
  std::string out;
  auto escaped = [&](char c) {
    out += "_x";
    out += hexdigit(static_cast<unsigned char>(c) >> 4, /*LowerCase=*/true);
    out += hexdigit(static_cast<unsigned char>(c) & 15, /*LowerCase=*/true);
    out += '_';
  };
  for (auto [i, c] : enumerate(name)) {
    char next = i + 1 < name.size() ? name[i + 1] : '\0';
    if (isAlpha(c) || (isDigit(c) && i > 0))
      out += c;
    else if (c == '/' && i > 0 && next)
      out += "__";
    // A lone '_' stays where it cannot be taken for the start of an escape.
    else if (c == '_' && isAlnum(next) && !looksEscaped(name.drop_front(i + 1)))
      out += c;
    else
      escaped(c);
  }
  return out;
}

bool fnc::isIdentifier(StringRef text) {
  return !text.empty() && !isDigit(text.front()) &&
         all_of(text, [](char c) { return isAlnum(c) || c == '_'; });
}

bool fnc::isReservedIdentifier(StringRef identifier) {
  static constexpr StringRef words =
      "alignas alignof and and_eq asm auto bitand bitor bool break case catch char "
      "char16_t char32_t char8_t class co_await co_return co_yield compl concept const "
      "const_cast consteval constexpr constinit continue decltype default delete do double "
      "dynamic_cast else enum explicit export extern false float for friend goto if inline "
      "int long mutable namespace new noexcept not not_eq nullptr operator or or_eq "
      "private protected public register reinterpret_cast requires restrict return short "
      "signed sizeof static static_assert static_cast struct switch template this "
      "thread_local throw true try typedef typeid typename union unsigned using virtual "
      "void volatile wchar_t while xor xor_eq fn std NULL offsetof size_t "
      "ptrdiff_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t "
      "PTRDIFF_MAX SIZE_MAX ";
  static const StringSet<> reserved = [] {
    SmallVector<StringRef> list;
    words.split(list, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    StringSet<> set;
    for (StringRef word : list)
      set.insert(word);
    return set;
  }();
  // Generated code's own names begin with fn_ or end in '_', as no escape does.
  bool endsAsEscape = identifier.size() > 4 && identifier.take_back(5).starts_with("_x");
  return reserved.contains(identifier) || identifier.starts_with("fn_") ||
         (identifier.ends_with("_") && !endsAsEscape);
}
