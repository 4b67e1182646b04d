//===- MergeObjects.cpp - several objects as one --------------------------===//
//
// Sections follow each other as they are, also those of one name, which linkers put together
// anyway: nothing inside of them moves, so that relocations keep their places and addends, and only
// the numbers of symbols and sections change.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/MergeObjects.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/MC/StringTableBuilder.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llvm;
using namespace llvm::object;

namespace {

/// Says something of the whole object, and the same in each.
bool isOfWholeObject(StringRef name, uint32_t type) {
  return name == ".note.GNU-stack" || type == ELF::SHT_NOTE || type == ELF::SHT_ARM_ATTRIBUTES ||
         type == ELF::SHT_RISCV_ATTRIBUTES;
}

Error internalError(const Twine &message) {
  return createStringError("internal error: parts of an object " + message);
}

template <class ELFT> class Merger {
  using Ehdr = typename ELFT::Ehdr;
  using Shdr = typename ELFT::Shdr;
  using Sym = typename ELFT::Sym;

  struct Input {
    ELFFile<ELFT> file;
    typename ELFT::ShdrRange sections;
    typename ELFT::SymRange symbols;
    StringRef names;
    ArrayRef<typename ELFT::Word> sectionsBeyond; ///< of symbols, where 16 bits are not enough
    /// What sections and symbols are in the whole; 0 for what is left out.
    std::vector<uint32_t> sectionNumbers, symbolNumbers;

    /// 0 where a symbol has no section.
    uint32_t sectionOf(size_t symbol) const {
      uint32_t section = symbols[symbol].st_shndx;
      if (section == ELF::SHN_XINDEX)
        return sectionsBeyond[symbol];
      return section < ELF::SHN_LORESERVE ? section : 0;
    }
  };
  struct Section {
    std::string name;
    Shdr header;
    ArrayRef<char> bytes; ///< unless `input`
    const Input *input = nullptr;
  };
  struct Symbol {
    StringRef name;
    Sym entry;
    uint32_t section; ///< 0 where the entry says what it is instead
  };

public:
  Merger(ArrayRef<fnc::ObjectData> data, SmallVectorImpl<char> &out) : data(data), out(out) {
    for (const fnc::ObjectData &constant : data)
      constants[constant.symbol] = &constant;
  }
  Error merge(ArrayRef<StringRef> objects);

private:
  Error read(StringRef object);
  Error takeSections(Input &input);
  Error takeDefined(Input &input);
  void takeUndefined(Input &input);
  uint32_t addSymbol(const Symbol &symbol);
  uint32_t addData(const fnc::ObjectData &constant);
  template <typename Relocation> Error relocate(const Input &input, MutableArrayRef<char> bytes);
  Error copySections();
  void writeSymbols();
  void writeHeaders();
  Shdr &addTable(StringRef name, uint32_t type);
  uint64_t append(ArrayRef<char> bytes, uint64_t alignment);
  template <typename T> uint64_t append(ArrayRef<T> entries) {
    return append(
        ArrayRef(reinterpret_cast<const char *>(entries.data()), entries.size() * sizeof(T)),
        sizeof(typename ELFT::uint));
  }

  ArrayRef<fnc::ObjectData> data;
  SmallVectorImpl<char> &out;
  std::vector<Input> inputs;
  std::vector<Section> sections;
  /// Numbers of global symbols count from the last local one, once all are known.
  static constexpr uint32_t kGlobal = 1u << 31;
  std::vector<Symbol> locals, globals;
  StringMap<uint32_t> known;
  StringTableBuilder strings{StringTableBuilder::ELF};
  StringMap<const fnc::ObjectData *> constants;
};

template <class ELFT> uint64_t Merger<ELFT>::append(ArrayRef<char> bytes, uint64_t alignment) {
  out.resize(alignTo(out.size(), std::max<uint64_t>(alignment, 1)));
  uint64_t at = out.size();
  out.append(bytes.begin(), bytes.end());
  return at;
}

template <class ELFT> Error Merger<ELFT>::read(StringRef object) {
  auto file = ELFFile<ELFT>::create(object);
  if (!file)
    return file.takeError();
  auto fileSections = file->sections();
  if (!fileSections)
    return fileSections.takeError();
  Input input{*file, *fileSections, {}, {}, {}, {}, {}};
  for (const Shdr &section : *fileSections) {
    if (section.sh_type == ELF::SHT_GROUP)
      return internalError("have groups of sections");
    if (section.sh_type == ELF::SHT_SYMTAB_SHNDX) {
      auto beyond = file->getSHNDXTable(section);
      if (!beyond)
        return beyond.takeError();
      input.sectionsBeyond = *beyond;
    }
    if (section.sh_type != ELF::SHT_SYMTAB)
      continue;
    auto symbols = file->symbols(&section);
    if (!symbols)
      return symbols.takeError();
    auto names = file->getStringTableForSymtab(section);
    if (!names)
      return names.takeError();
    input.symbols = *symbols;
    input.names = *names;
  }
  inputs.push_back(std::move(input));
  const Ehdr &first = inputs.front().file.getHeader(), &header = file->getHeader();
  if (header.e_machine != first.e_machine || header.e_flags != first.e_flags)
    return internalError("are for different targets");
  return Error::success();
}

template <class ELFT> Error Merger<ELFT>::takeSections(Input &input) {
  std::vector<bool> isNamed(input.sections.size());
  for (size_t i = 0; i < input.symbols.size(); ++i)
    isNamed[input.sectionOf(i)] = true;
  input.sectionNumbers.assign(input.sections.size(), 0);
  for (auto [i, header] : enumerate(input.sections)) {
    if (header.sh_type == ELF::SHT_NULL || header.sh_type == ELF::SHT_STRTAB ||
        header.sh_type == ELF::SHT_SYMTAB || header.sh_type == ELF::SHT_SYMTAB_SHNDX)
      continue;
    auto name = input.file.getSectionName(header);
    if (!name)
      return name.takeError();
    ArrayRef<char> bytes;
    if (header.sh_type != ELF::SHT_NOBITS) {
      auto contents = input.file.getSectionContents(header);
      if (!contents)
        return contents.takeError();
      bytes = ArrayRef(reinterpret_cast<const char *>(contents->data()), contents->size());
    }
    bool isWhole = isOfWholeObject(*name, header.sh_type);
    if (!isNamed[i] && (isWhole || (*name == ".text" && bytes.empty()))) {
      auto same = find_if(sections, [&](const Section &other) {
        return other.name == *name && other.header.sh_type == header.sh_type;
      });
      if (same != sections.end() && isWhole && same->bytes != bytes)
        return internalError("differ in " + *name);
      if (same != sections.end())
        continue;
    }
    input.sectionNumbers[i] = sections.size();
    sections.push_back({name->str(), header, bytes, &input});
  }
  return Error::success();
}

template <class ELFT> uint32_t Merger<ELFT>::addSymbol(const Symbol &symbol) {
  bool isLocal = symbol.entry.getBinding() == ELF::STB_LOCAL;
  std::vector<Symbol> &symbols = isLocal ? locals : globals;
  symbols.push_back(symbol);
  return static_cast<uint32_t>(symbols.size() - 1) | (isLocal ? 0 : kGlobal);
}

template <class ELFT> Error Merger<ELFT>::takeDefined(Input &input) {
  input.symbolNumbers.assign(input.symbols.size(), 0);
  for (auto [i, given] : enumerate(input.symbols)) {
    auto name = given.getName(input.names);
    if (!name)
      return name.takeError();
    // All parts are of one file.
    bool isKnownFile = given.getType() == ELF::STT_FILE && &input != &inputs.front();
    if (i == 0 || given.isUndefined() || isKnownFile)
      continue;
    Sym entry = given;
    bool isLocal = entry.getBinding() == ELF::STB_LOCAL;
    if (!isLocal && entry.getVisibility() == ELF::STV_HIDDEN) {
      entry.setBinding(ELF::STB_LOCAL);
      entry.setVisibility(ELF::STV_DEFAULT);
    }
    input.symbolNumbers[i] = addSymbol({*name, entry, input.sectionNumbers[input.sectionOf(i)]});
    if (!isLocal && !known.try_emplace(*name, input.symbolNumbers[i]).second)
      return internalError("both define " + *name);
  }
  return Error::success();
}

/// A section of its own, so that linkers can leave it out.
template <class ELFT> uint32_t Merger<ELFT>::addData(const fnc::ObjectData &constant) {
  Section section{(".rodata." + constant.symbol).str(), {}, constant.bytes};
  std::memset(&section.header, 0, sizeof(Shdr));
  section.header.sh_type = ELF::SHT_PROGBITS;
  section.header.sh_flags = ELF::SHF_ALLOC;
  section.header.sh_size = constant.bytes.size();
  section.header.sh_addralign = constant.alignment;
  Sym entry;
  std::memset(&entry, 0, sizeof(Sym));
  entry.setBindingAndType(ELF::STB_LOCAL, ELF::STT_OBJECT);
  entry.st_size = constant.bytes.size();
  sections.push_back(std::move(section));
  return addSymbol({constant.symbol, entry, static_cast<uint32_t>(sections.size() - 1)});
}

template <class ELFT> void Merger<ELFT>::takeUndefined(Input &input) {
  for (auto [i, entry] : enumerate(input.symbols)) {
    if (i == 0 || !entry.isUndefined())
      continue;
    StringRef name = cantFail(entry.getName(input.names));
    auto [symbol, isNew] = known.try_emplace(name, 0);
    if (isNew) {
      const fnc::ObjectData *constant = constants.lookup(name);
      symbol->second = constant ? addData(*constant) : addSymbol({name, entry, 0});
    }
    input.symbolNumbers[i] = symbol->second;
  }
}

template <class ELFT>
template <typename Relocation>
Error Merger<ELFT>::relocate(const Input &input, MutableArrayRef<char> bytes) {
  bool isMips64EL = input.file.isMips64EL();
  auto *first = reinterpret_cast<Relocation *>(bytes.data());
  for (Relocation &relocation : MutableArrayRef(first, bytes.size() / sizeof(Relocation))) {
    uint32_t symbol = relocation.getSymbol(isMips64EL);
    if (symbol >= input.symbolNumbers.size())
      return internalError("have a relocation without its symbol");
    uint32_t number = input.symbolNumbers[symbol];
    if (number & kGlobal)
      number = (number & ~kGlobal) + locals.size();
    relocation.setSymbol(number, isMips64EL);
  }
  return Error::success();
}

template <class ELFT> Error Merger<ELFT>::copySections() {
  for (Section &section : drop_begin(sections)) {
    Shdr &header = section.header;
    header.sh_offset = append(section.bytes, header.sh_addralign);
    if (!section.input)
      continue;
    const Input &input = *section.input;
    bool isRela = header.sh_type == ELF::SHT_RELA;
    bool hasRelocations = isRela || header.sh_type == ELF::SHT_REL;
    if (hasRelocations || (header.sh_flags & ELF::SHF_INFO_LINK))
      header.sh_info = input.sectionNumbers[header.sh_info];
    // The table of symbols comes after all others.
    header.sh_link = hasRelocations ? sections.size() : input.sectionNumbers[header.sh_link];
    MutableArrayRef bytes(out.data() + header.sh_offset, section.bytes.size());
    if (!hasRelocations)
      continue;
    if (Error error = isRela ? relocate<typename ELFT::Rela>(input, bytes)
                             : relocate<typename ELFT::Rel>(input, bytes))
      return error;
  }
  return Error::success();
}

template <class ELFT> typename ELFT::Shdr &Merger<ELFT>::addTable(StringRef name, uint32_t type) {
  sections.push_back({name.str(), {}, {}});
  Shdr &header = sections.back().header;
  std::memset(&header, 0, sizeof(Shdr));
  header.sh_type = type;
  header.sh_addralign = 1;
  return header;
}

/// And where 16 bits are not enough for the number of a section, a table of these numbers.
template <class ELFT> void Merger<ELFT>::writeSymbols() {
  uint32_t firstGlobal = locals.size(), place = sections.size();
  std::vector<Symbol> symbols = std::move(locals);
  append_range(symbols, globals);
  std::vector<Sym> entries;
  std::vector<typename ELFT::Word> beyond;
  for (const Symbol &symbol : symbols) {
    Sym entry = symbol.entry;
    entry.st_name = symbol.name.empty() ? 0 : strings.add(symbol.name);
    bool isBeyond = symbol.section >= ELF::SHN_LORESERVE;
    if (symbol.section != 0)
      entry.st_shndx = isBeyond ? uint32_t(ELF::SHN_XINDEX) : symbol.section;
    entries.push_back(entry);
    beyond.emplace_back(isBeyond ? symbol.section : 0);
  }
  bool hasBeyond = place > ELF::SHN_LORESERVE;
  Shdr &table = addTable(".symtab", ELF::SHT_SYMTAB);
  table.sh_offset = append(ArrayRef(entries));
  table.sh_size = entries.size() * sizeof(Sym);
  table.sh_entsize = sizeof(Sym);
  table.sh_addralign = sizeof(typename ELFT::uint);
  table.sh_link = place + (hasBeyond ? 2 : 1);
  table.sh_info = firstGlobal;
  if (!hasBeyond)
    return;
  Shdr &numbers = addTable(".symtab_shndx", ELF::SHT_SYMTAB_SHNDX);
  numbers.sh_offset = append(ArrayRef(beyond));
  numbers.sh_size = beyond.size() * sizeof(typename ELFT::Word);
  numbers.sh_entsize = sizeof(typename ELFT::Word);
  numbers.sh_addralign = sizeof(typename ELFT::Word);
  numbers.sh_link = place;
}

template <class ELFT> void Merger<ELFT>::writeHeaders() {
  Shdr &texts = addTable(".strtab", ELF::SHT_STRTAB);
  // The table refers to the names, which stay where they are from here.
  for (Section &section : sections)
    section.header.sh_name = strings.add(section.name);
  strings.finalizeInOrder();
  SmallString<0> text;
  text.resize(strings.getSize());
  strings.write(reinterpret_cast<uint8_t *>(text.data()));
  texts.sh_offset = append(text, 1);
  texts.sh_size = text.size();

  size_t count = sections.size();
  Ehdr header = inputs.front().file.getHeader();
  bool isBeyond = count >= ELF::SHN_LORESERVE;
  header.e_shnum = isBeyond ? 0 : count;
  header.e_shstrndx = isBeyond ? size_t(ELF::SHN_XINDEX) : count - 1;
  if (isBeyond) {
    sections.front().header.sh_size = count;
    sections.front().header.sh_link = count - 1;
  }
  std::vector<Shdr> headers;
  for (const Section &section : sections)
    headers.push_back(section.header);
  header.e_shoff = append(ArrayRef(headers));
  std::memcpy(out.data(), &header, sizeof(Ehdr));
}

template <class ELFT> Error Merger<ELFT>::merge(ArrayRef<StringRef> objects) {
  size_t room = 1 << 16;
  for (StringRef object : objects)
    room += object.size();
  for (const fnc::ObjectData &constant : data)
    room += constant.bytes.size() + constant.alignment;
  out.clear();
  out.reserve(room);
  out.resize(sizeof(Ehdr));
  sections.emplace_back();
  std::memset(&sections.front().header, 0, sizeof(Shdr));
  Sym null;
  std::memset(&null, 0, sizeof(Sym));
  locals.push_back({"", null, 0});
  for (StringRef object : objects)
    if (Error error = read(object))
      return error;
  for (Input &input : inputs)
    if (Error error = takeSections(input))
      return error;
  for (Input &input : inputs)
    if (Error error = takeDefined(input))
      return error;
  for (Input &input : inputs)
    takeUndefined(input);
  if (Error error = copySections())
    return error;
  writeSymbols();
  writeHeaders();
  return Error::success();
}

} // namespace

Error fnc::mergeObjects(ArrayRef<StringRef> objects, ArrayRef<ObjectData> data,
                        SmallVectorImpl<char> &out) {
  auto [kind, encoding] = getElfArchType(objects.front());
  if (encoding != ELF::ELFDATA2LSB)
    return internalError("are not little-endian ELF");
  if (kind == ELF::ELFCLASS64)
    return Merger<ELF64LE>(data, out).merge(objects);
  return Merger<ELF32LE>(data, out).merge(objects);
}
