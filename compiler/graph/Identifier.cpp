//===- Identifier.cpp - C++ identifiers for display names -----------------===//

#include "compiler/graph/Identifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

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
    // A lone '_' between plain characters cannot be taken for the start of an escape, unless an
    // 'x' follows.
    else if (c == '_' && next && isAlnum(next) && next != 'x')
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
  static const StringSet<> reserved = {
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
      "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class", "co_await",
      "co_return", "co_yield", "compl", "concept", "const", "const_cast", "consteval",
      "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
      "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for",
      "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept",
      "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected", "public",
      "register", "reinterpret_cast", "requires", "restrict", "return", "short", "signed",
      "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this",
      "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "union",
      "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
      "fn", "std", "State", "args", "call", "status", "workspace", "workspace_bytes",
      "state_bytes", "data"};
  return reserved.contains(identifier);
}
