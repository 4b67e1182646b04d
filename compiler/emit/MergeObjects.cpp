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
    /// What sections and symbols are in the whole; 0 for what is left out.
    std::vector<uint32_t> sectionNumbers, symbolNumbers;
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
  uint32_t addSymbol(StringRef name, const Sym &entry);
  uint32_t addData(const fnc::ObjectData &constant);
  template <typename Relocation> Error relocate(const Input &input, MutableArrayRef<char> bytes);
  Error copySections();
  void writeTables();
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
  Input input{*file, *fileSections, {}, {}, {}, {}};
  for (const Shdr &section : *fileSections) {
    if (section.sh_type == ELF::SHT_GROUP || section.sh_type == ELF::SHT_SYMTAB_SHNDX)
      return internalError("have groups of sections, or too many");
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
  for (const Sym &symbol : input.symbols)
    if (symbol.st_shndx < isNamed.size())
      isNamed[symbol.st_shndx] = true;
  input.sectionNumbers.assign(input.sections.size(), 0);
  for (auto [i, header] : enumerate(input.sections)) {
    if (header.sh_type == ELF::SHT_NULL || header.sh_type == ELF::SHT_STRTAB ||
        header.sh_type == ELF::SHT_SYMTAB)
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

template <class ELFT> uint32_t Merger<ELFT>::addSymbol(StringRef name, const Sym &entry) {
  bool isLocal = entry.getBinding() == ELF::STB_LOCAL;
  std::vector<Symbol> &symbols = isLocal ? locals : globals;
  symbols.push_back({name, entry});
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
    if (entry.st_shndx < ELF::SHN_LORESERVE)
      entry.st_shndx = input.sectionNumbers[entry.st_shndx];
    bool isLocal = entry.getBinding() == ELF::STB_LOCAL;
    if (!isLocal && entry.getVisibility() == ELF::STV_HIDDEN) {
      entry.setBinding(ELF::STB_LOCAL);
      entry.setVisibility(ELF::STV_DEFAULT);
    }
    input.symbolNumbers[i] = addSymbol(*name, entry);
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
  entry.st_shndx = sections.size();
  entry.st_size = constant.bytes.size();
  sections.push_back(std::move(section));
  return addSymbol(constant.symbol, entry);
}

template <class ELFT> void Merger<ELFT>::takeUndefined(Input &input) {
  for (auto [i, entry] : enumerate(input.symbols)) {
    if (i == 0 || !entry.isUndefined())
      continue;
    StringRef name = cantFail(entry.getName(input.names));
    auto [symbol, isNew] = known.try_emplace(name, 0);
    if (isNew) {
      const fnc::ObjectData *constant = constants.lookup(name);
      symbol->second = constant ? addData(*constant) : addSymbol(name, entry);
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

template <class ELFT> void Merger<ELFT>::writeTables() {
  uint32_t firstGlobal = locals.size();
  std::vector<Symbol> symbols = std::move(locals);
  append_range(symbols, globals);
  sections.push_back({".symtab", {}, {}});
  sections.push_back({".strtab", {}, {}});
  StringTableBuilder strings(StringTableBuilder::ELF);
  for (const Symbol &symbol : symbols)
    strings.add(symbol.name);
  for (const Section &section : sections)
    strings.add(section.name);
  strings.finalizeInOrder();
  auto offsetOf = [&](StringRef name) { return strings.getOffset(CachedHashStringRef(name)); };

  std::vector<Sym> entries;
  for (const Symbol &symbol : symbols) {
    entries.push_back(symbol.entry);
    entries.back().st_name = symbol.name.empty() ? 0 : offsetOf(symbol.name);
  }
  Shdr &symbolTable = sections[sections.size() - 2].header, &texts = sections.back().header;
  std::memset(&symbolTable, 0, sizeof(Shdr));
  symbolTable.sh_type = ELF::SHT_SYMTAB;
  symbolTable.sh_offset = append(ArrayRef(entries));
  symbolTable.sh_size = entries.size() * sizeof(Sym);
  symbolTable.sh_entsize = sizeof(Sym);
  symbolTable.sh_addralign = sizeof(typename ELFT::uint);
  symbolTable.sh_link = sections.size() - 1;
  symbolTable.sh_info = firstGlobal;
  SmallString<0> text;
  text.resize(strings.getSize());
  strings.write(reinterpret_cast<uint8_t *>(text.data()));
  std::memset(&texts, 0, sizeof(Shdr));
  texts.sh_type = ELF::SHT_STRTAB;
  texts.sh_offset = append(text, 1);
  texts.sh_size = text.size();
  texts.sh_addralign = 1;

  std::vector<Shdr> headers;
  for (Section &section : sections) {
    headers.push_back(section.header);
    headers.back().sh_name = offsetOf(section.name);
  }
  Ehdr header = inputs.front().file.getHeader();
  header.e_shoff = append(ArrayRef(headers));
  header.e_shnum = headers.size();
  header.e_shstrndx = headers.size() - 1;
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
  locals.push_back({"", null});
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
  if (sections.size() + 2 >= ELF::SHN_LORESERVE)
    return internalError("have too many sections");
  if (Error error = copySections())
    return error;
  writeTables();
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
