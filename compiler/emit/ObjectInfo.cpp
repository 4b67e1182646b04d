//===- ObjectInfo.cpp - what an object says of itself ---------------------===//

#include "compiler/emit/ObjectInfo.h"
#include "compiler/emit/Emit.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Object/ELFObjectFile.h"

using namespace llvm;
using object::ELFObjectFileBase;

namespace {

/// Bytes of the loaded sections, by what they hold.
struct Sizes {
  int64_t code = 0, constants = 0, data = 0;
};

Sizes sectionSizes(const ELFObjectFileBase &file) {
  Sizes sizes;
  for (const object::ELFSectionRef section : file.sections()) {
    uint64_t flags = section.getFlags();
    if (!(flags & ELF::SHF_ALLOC))
      continue;
    Expected<StringRef> name = section.getName();
    // Relocated constants are written once, by the loader.
    bool isRelocated = name && name->starts_with(".data.rel.ro");
    if (!name)
      consumeError(name.takeError());
    int64_t &kind = flags & ELF::SHF_EXECINSTR                 ? sizes.code
                    : (flags & ELF::SHF_WRITE) && !isRelocated ? sizes.data
                                                               : sizes.constants;
    kind += section.getSize();
  }
  return sizes;
}

Expected<std::string> manifestText(const ELFObjectFileBase &file) {
  for (const object::SectionRef &section : file.sections()) {
    Expected<StringRef> name = section.getName();
    if (!name)
      return name.takeError();
    if (*name != fnc::kManifestSection)
      continue;
    Expected<StringRef> contents = section.getContents();
    if (!contents)
      return contents.takeError();
    return contents->str();
  }
  return createStringError("has no manifest: fnc did not make it");
}

/// Bytes of each function's symbols: the entry point, and its kernel where that stands apart.
StringMap<int64_t> symbolSizes(const ELFObjectFileBase &file) {
  StringMap<int64_t> sizes;
  for (const object::ELFSymbolRef symbol : file.symbols()) {
    Expected<StringRef> name = symbol.getName();
    if (name && symbol.getELFType() == ELF::STT_FUNC)
      sizes[*name] += symbol.getSize();
    if (!name)
      consumeError(name.takeError());
  }
  return sizes;
}

} // namespace

bool fnc::isBinaryFile(StringRef bytes) {
  // The first is also told by less than a header.
  return bytes.starts_with(StringRef("\x7f"
                                     "ELF")) ||
         identify_magic(bytes) != file_magic::unknown;
}

Expected<json::Object> fnc::describeObject(StringRef bytes) {
  file_magic magic = identify_magic(bytes);
  if (magic == file_magic::archive)
    return createStringError("is an archive: extract its objects first");
  if (magic != file_magic::elf_relocatable)
    return createStringError("is not an object that fnc made (it makes ELF objects)");
  auto file = object::ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, ""));
  // LLVM's words name offsets inside the file, which help nobody here.
  auto damaged = [](Error error) {
    consumeError(std::move(error));
    return createStringError("is damaged or truncated");
  };
  if (!file)
    return damaged(file.takeError());
  auto *elf = dyn_cast<ELFObjectFileBase>(file->get());
  if (!elf || elf->section_begin() == elf->section_end())
    return createStringError("is damaged or truncated");
  for (const object::SectionRef &section : elf->sections())
    if (Expected<StringRef> contents = section.getContents(); !contents)
      return damaged(contents.takeError());
  auto text = manifestText(*elf);
  if (!text)
    return text.takeError();
  auto manifest = json::parse(*text);
  if (!manifest)
    return damaged(manifest.takeError());
  json::Object *result = manifest->getAsObject();
  json::Array *functions = result ? result->getArray("functions") : nullptr;
  auto undefined = undefinedSymbols(bytes);
  if (!functions || !undefined)
    return damaged(undefined ? Error::success() : undefined.takeError());

  Sizes sizes = sectionSizes(*elf);
  (*result)["code_bytes"] = sizes.code;
  (*result)["constant_bytes"] = sizes.constants;
  (*result)["data_bytes"] = sizes.data;
  (*result)["undefined"] = json::Array(*undefined);
  StringMap<int64_t> symbols = symbolSizes(*elf);
  for (json::Value &value : *functions)
    if (json::Object *function = value.getAsObject()) {
      std::string name = function->getString("name").value_or("").str();
      (*function)["code_bytes"] = symbols.lookup(function->getString("symbol").value_or("")) +
                                  symbols.lookup("fn.kernel." + name);
    }
  return std::move(*result);
}
