//===- Object.cpp - objects, loaded and callable --------------------------===//
//
// In memory, from low to high addresses:
//
//   the file        as it is, so that its constants are pages of the file
//   stubs           jumps to functions of this program, and addresses that code loads
//   writable        copies of the sections that can be written, zeros
//
// Relocations go into private copies of the pages that they touch; then pages of code become
// executable, and only the last part stays writable.
//
//===----------------------------------------------------------------------===//

#include "Object.h"
#include "Error.h"
#include "RegionClock.h"
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <optional>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace fnc::tool {

namespace {

#if defined(__x86_64__)
constexpr bool kCanLoad = true;
#else
constexpr bool kCanLoad = false;
#endif

constexpr size_t kStubBytes = 16;

size_t alignTo(size_t value, size_t align) { return (value + align - 1) / align * align; }

/// What an object may leave undefined.
void *functionOfProgram(std::string_view name) {
  if (name == "memcpy")
    return reinterpret_cast<void *>(&std::memcpy);
  if (name == "memmove")
    return reinterpret_cast<void *>(&std::memmove);
  if (name == "memset")
    return reinterpret_cast<void *>(&std::memset);
  if (name == "fn_region")
    return reinterpret_cast<void *>(&RegionClock::begin);
  return nullptr;
}

} // namespace

class ObjectLoader {
public:
  ObjectLoader(Object &object, std::string_view where)
      : object(object), where(where), bytes(object.file->bytes()) {}

  void load() {
    readHeaders();
    readSymbols();
    place();
    for (const Elf64_Shdr &section : sections)
      if (section.sh_type == SHT_RELA && section.sh_info < sections.size() &&
          isLoaded(sections[section.sh_info]))
        relocate(section, section.sh_info);
    protect();
    for (size_t i = 0; i < symbols.size(); ++i)
      if (ELF64_ST_BIND(symbols[i].st_info) == STB_GLOBAL && symbols[i].st_shndx != SHN_UNDEF)
        if (std::optional<uint64_t> address = addressOf(i))
          object.symbols.emplace(nameAt(symbols[i].st_name), reinterpret_cast<void *>(*address));
  }

private:
  [[noreturn]] void damaged() { fail(where, "is damaged or truncated"); }

  /// `count` records of a type at an offset of the file.
  template <class T> std::vector<T> records(uint64_t offset, uint64_t count) {
    if (offset > bytes.size() || count > (bytes.size() - offset) / sizeof(T))
      damaged();
    std::vector<T> result(count);
    if (count)
      std::memcpy(result.data(), bytes.data() + offset, count * sizeof(T));
    return result;
  }

  std::string_view contents(const Elf64_Shdr &section) {
    if (section.sh_type == SHT_NOBITS)
      return {};
    if (section.sh_offset > bytes.size() || section.sh_size > bytes.size() - section.sh_offset)
      damaged();
    return bytes.substr(section.sh_offset, section.sh_size);
  }

  static bool isLoaded(const Elf64_Shdr &section) {
    return (section.sh_flags & SHF_ALLOC) && section.sh_size > 0;
  }
  static bool isWritable(const Elf64_Shdr &section) {
    return (section.sh_flags & SHF_WRITE) || section.sh_type == SHT_NOBITS;
  }

  void readHeaders();
  void readSymbols();
  void place();
  void relocate(const Elf64_Shdr &table, size_t target);
  void protect();
  std::string nameAt(uint64_t offset);
  std::optional<uint64_t> addressOf(size_t symbol);
  uint64_t stubOf(size_t symbol);
  uint64_t slotOf(size_t symbol);

  Object &object;
  std::string_view where, bytes, names;
  std::vector<Elf64_Shdr> sections;
  std::vector<uint64_t> addresses; ///< of loaded sections, by number
  std::vector<Elf64_Sym> symbols;
  std::vector<uint32_t> wideIndices;
  std::map<size_t, uint64_t> stubs, slots; ///< by symbol
  size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  size_t stubBegin = 0, stubEnd = 0, writableBegin = 0;
};

std::string ObjectLoader::nameAt(uint64_t offset) {
  if (offset >= names.size())
    damaged();
  size_t end = names.find('\0', offset);
  if (end == names.npos)
    damaged();
  return std::string(names.substr(offset, end - offset));
}

void ObjectLoader::readHeaders() {
  if (bytes.size() < sizeof(Elf64_Ehdr))
    damaged();
  auto header = records<Elf64_Ehdr>(0, 1).front();
  if (header.e_type != ET_REL && header.e_ident[EI_CLASS] == ELFCLASS64)
    fail(where, "is not an object that fnc made");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64 || !kCanLoad)
    fail(where, "is not for this machine (fnc run loads objects for x86-64)");
  if (header.e_shentsize != sizeof(Elf64_Shdr))
    damaged();
  uint64_t count = header.e_shnum;
  if (count == 0)
    count = records<Elf64_Shdr>(header.e_shoff, 1).front().sh_size;
  sections = records<Elf64_Shdr>(header.e_shoff, count);
  if (sections.empty())
    damaged();
  uint64_t nameSection = header.e_shstrndx == SHN_XINDEX ? sections[0].sh_link : header.e_shstrndx;
  if (nameSection >= sections.size())
    damaged();
  names = contents(sections[nameSection]);
  for (const Elf64_Shdr &section : sections)
    if (section.sh_type == SHT_PROGBITS && nameAt(section.sh_name) == ".fn.manifest")
      object.manifestText = contents(section);
  if (object.manifestText.empty())
    fail(where, "has no manifest: fnc did not make it");
}

void ObjectLoader::readSymbols() {
  for (const Elf64_Shdr &section : sections) {
    if (section.sh_type == SHT_SYMTAB) {
      symbols = records<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym));
      if (section.sh_link >= sections.size())
        damaged();
      names = contents(sections[section.sh_link]);
    } else if (section.sh_type == SHT_SYMTAB_SHNDX) {
      wideIndices = records<uint32_t>(section.sh_offset, section.sh_size / sizeof(uint32_t));
    }
  }
}

void ObjectLoader::place() {
  size_t stubCount = 0;
  for (const Elf64_Sym &symbol : symbols)
    stubCount += symbol.st_shndx == SHN_UNDEF;
  // At most one address per symbol is loaded by code.
  stubBegin = alignTo(bytes.size(), page);
  stubEnd = stubBegin + stubCount * kStubBytes + symbols.size() * sizeof(uint64_t);
  writableBegin = alignTo(stubEnd, page);
  size_t end = writableBegin;
  std::vector<size_t> offsets(sections.size());
  for (size_t i = 0; i < sections.size(); ++i) {
    const Elf64_Shdr &section = sections[i];
    if (!isLoaded(section))
      continue;
    size_t align = std::max<size_t>(section.sh_addralign, 1);
    if (align > page || (align & (align - 1)) || section.sh_size > (size_t(1) << 46))
      damaged();
    (void)contents(section);
    if (isWritable(section)) {
      offsets[i] = alignTo(end, align);
      end = offsets[i] + section.sh_size;
    } else {
      offsets[i] = section.sh_offset;
      if (section.sh_offset % align)
        damaged();
    }
  }
  object.reserved = alignTo(end, page);
  void *reserved = ::mmap(nullptr, object.reserved, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED)
    fail(where, "needs {} bytes of memory, more than there is", object.reserved);
  object.base = static_cast<unsigned char *>(reserved);
  // Some file systems let nothing be executed: there, its bytes are copied.
  int descriptor = object.file->descriptor();
  if (descriptor < 0 || ::mmap(object.base, bytes.size(), PROT_READ | PROT_EXEC,
                               MAP_PRIVATE | MAP_FIXED, descriptor, 0) == MAP_FAILED)
    std::memcpy(object.base, bytes.data(), bytes.size());
  else if (::mprotect(object.base, bytes.size(), PROT_READ | PROT_WRITE) != 0)
    fail(where, "cannot be loaded: {}", std::strerror(errno));
  addresses.resize(sections.size());
  for (size_t i = 0; i < sections.size(); ++i) {
    if (!isLoaded(sections[i]))
      continue;
    addresses[i] = reinterpret_cast<uint64_t>(object.base) + offsets[i];
    if (isWritable(sections[i]) && sections[i].sh_type != SHT_NOBITS)
      std::memcpy(object.base + offsets[i], contents(sections[i]).data(), sections[i].sh_size);
  }
}

/// Where a symbol is; nothing where it is undefined.
std::optional<uint64_t> ObjectLoader::addressOf(size_t number) {
  if (number >= symbols.size())
    damaged();
  const Elf64_Sym &symbol = symbols[number];
  size_t section = symbol.st_shndx;
  if (section == SHN_UNDEF)
    return std::nullopt;
  if (section == SHN_ABS)
    return symbol.st_value;
  if (section == SHN_XINDEX && number < wideIndices.size())
    section = wideIndices[number];
  if (section >= sections.size())
    damaged();
  // Symbols of sections that are not loaded are of no use to anybody here.
  if (addresses[section] == 0)
    return 0;
  if (symbol.st_value > sections[section].sh_size)
    damaged();
  return addresses[section] + symbol.st_value;
}

/// A jump to a function of this program, which may be out of reach; its address follows.
uint64_t ObjectLoader::stubOf(size_t number) {
  auto [known, isNew] = stubs.try_emplace(number, 0);
  if (!isNew)
    return known->second;
  std::string name = nameAt(symbols[number].st_name);
  void *function = functionOfProgram(name);
  if (!function)
    fail(where, "needs '{}', which fnc run does not have", name);
  const unsigned char jump[8] = {0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc}; // jmp *2(%rip)
  unsigned char *stub = object.base + stubBegin + (stubs.size() - 1) * kStubBytes;
  std::memcpy(stub, jump, sizeof(jump));
  std::memcpy(stub + sizeof(jump), &function, sizeof(function));
  return known->second = reinterpret_cast<uint64_t>(stub);
}

/// Where code finds the address of a symbol.
uint64_t ObjectLoader::slotOf(size_t number) {
  std::optional<uint64_t> address = addressOf(number);
  if (!address)
    return stubOf(number) + 8;
  auto [known, isNew] = slots.try_emplace(number, 0);
  if (isNew) {
    unsigned char *slot = object.base + stubEnd - slots.size() * sizeof(uint64_t);
    std::memcpy(slot, &*address, sizeof(uint64_t));
    known->second = reinterpret_cast<uint64_t>(slot);
  }
  return known->second;
}

void ObjectLoader::relocate(const Elf64_Shdr &table, size_t target) {
  const Elf64_Shdr &section = sections[target];
  for (const Elf64_Rela &entry :
       records<Elf64_Rela>(table.sh_offset, table.sh_size / sizeof(Elf64_Rela))) {
    size_t symbol = ELF64_R_SYM(entry.r_info);
    uint32_t type = ELF64_R_TYPE(entry.r_info);
    uint64_t width = type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4;
    if (type == R_X86_64_NONE)
      continue;
    if (section.sh_size < width || entry.r_offset > section.sh_size - width)
      damaged();
    uint64_t place = addresses[target] + entry.r_offset;
    uint64_t value = static_cast<uint64_t>(entry.r_addend);
    switch (type) {
    case R_X86_64_64:
    case R_X86_64_PC64:
    case R_X86_64_PC32:
    case R_X86_64_PLT32: {
      std::optional<uint64_t> address = addressOf(symbol);
      value += address ? *address : stubOf(symbol);
      break;
    }
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
      value += slotOf(symbol);
      break;
    default:
      fail(where, "has a relocation of type {}, which fnc does not make", type);
    }
    if (type != R_X86_64_64)
      value -= place;
    auto distance = static_cast<int64_t>(value);
    if (width == 4 && distance != static_cast<int32_t>(distance))
      fail(where, "is too large: its code cannot reach all of its constants");
    std::memcpy(reinterpret_cast<void *>(place), &value, width);
  }
}

void ObjectLoader::protect() {
  auto set = [&](size_t begin, size_t end, int access) {
    begin = begin / page * page;
    if (begin < end && ::mprotect(object.base + begin, end - begin, access) != 0)
      fail(where, "cannot be made executable: {}", std::strerror(errno));
  };
  set(0, writableBegin, PROT_READ);
  // Functions have sections of their own: neighbours are one range.
  size_t begin = 0, end = 0;
  for (const Elf64_Shdr &section : sections) {
    if (!isLoaded(section) || isWritable(section) || !(section.sh_flags & SHF_EXECINSTR))
      continue;
    if (section.sh_offset < begin || section.sh_offset > alignTo(end, page)) {
      set(begin, end, PROT_READ | PROT_EXEC);
      begin = section.sh_offset;
      end = begin;
    }
    end = std::max(end, section.sh_offset + section.sh_size);
  }
  set(begin, end, PROT_READ | PROT_EXEC);
  set(stubBegin, stubEnd, PROT_READ | PROT_EXEC);
}

Object::Object(std::shared_ptr<MappedFile> given, std::string where) : file(std::move(given)) {
  try {
    ObjectLoader(*this, where).load();
  } catch (...) {
    if (base)
      ::munmap(base, reserved);
    throw;
  }
}

Object::~Object() { ::munmap(base, reserved); }

void *Object::find(const std::string &symbol) const {
  auto found = symbols.find(symbol);
  return found == symbols.end() ? nullptr : found->second;
}

bool Object::isObject(std::string_view bytes) {
  return bytes.starts_with("\x7f"
                           "ELF");
}

} // namespace fnc::tool
