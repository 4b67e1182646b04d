//===- Cache.cpp - compiled models by content -----------------------------===//

#include "Cache.h"
#include "tools/fnc/Files.h"
#include "tools/fnc/LoadLibrary.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace fnc::tool;

namespace {

/// Strings whose boundaries count.
class Hash {
public:
  Hash() : state(XXH3_createState()) { XXH3_128bits_reset(state); }
  ~Hash() { XXH3_freeState(state); }
  Hash(const Hash &) = delete;
  Hash &operator=(const Hash &) = delete;

  void add(std::string_view text) {
    uint64_t size = text.size();
    XXH3_128bits_update(state, &size, sizeof(size));
    XXH3_128bits_update(state, text.data(), text.size());
  }
  void add(const std::vector<std::string> &texts) {
    add(std::to_string(texts.size()));
    for (const std::string &text : texts)
      add(text);
  }
  std::string text() {
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

private:
  XXH3_state_t *state;
};

/// What decides which code is best here: a home folder can be seen by several machines.
std::string describeCpu() {
  std::string text;
#if defined(__x86_64__)
  auto leaf = [&](unsigned number, unsigned sub, std::initializer_list<int> registers) {
    unsigned values[4] = {};
    __get_cpuid_count(number, sub, &values[0], &values[1], &values[2], &values[3]);
    for (int i : registers)
      text += fmt::format("{:x},", values[i]);
  };
  // Not EBX of leaf 1, which says on which core this runs.
  leaf(0, 0, {1, 2, 3});
  leaf(1, 0, {0, 2, 3});
  leaf(7, 0, {1, 2, 3});
  leaf(7, 1, {0, 3});
  leaf(0x80000001, 0, {2, 3});
#endif
  return text;
}

/// Tells a file from what it was before it was written again.
std::string describeFile(const std::string &path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0)
    return "none";
  return fmt::format("{} {} {}.{} {}.{}", status.st_size, status.st_ino, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

/// Creates a folder and those above it.
bool makeFolders(const std::string &path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST)
    return true;
  size_t parent = path.rfind('/');
  return errno == ENOENT && parent != path.npos && parent > 0 &&
         makeFolders(path.substr(0, parent)) && ::mkdir(path.c_str(), 0700) == 0;
}

} // namespace

Cache::Cache(uint64_t limit) : limit(limit) {
  const char *base = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (base && *base == '/')
    folder = std::string(base) + "/fnc";
  else if (home && *home == '/')
    folder = std::string(home) + "/.cache/fnc";
}

/// A name for what a command makes of bytes, as far as the bytes tell.
static std::string keyOf(const CompileCommand &command, std::string_view bytes) {
  Hash hash;
  hash.add(FNC_VERSION);
  // A compiler that was built anew is another one, whatever its version says.
  hash.add(describeFile(libraryPath(kCompilerProgram)));
  hash.add(describeCpu());
  const ImportCommand &import = command.import;
  for (const std::string &text :
       {command.graph, command.cpu, command.features, command.level, import.graph})
    hash.add(text);
  hash.add(command.profile ? "profile" : "");
  // A model is told by its name, too, which also names the graph.
  hash.add(import.graph.empty() ? command.input.substr(command.input.rfind('/') + 1) : "");
  for (const std::vector<std::string> &texts :
       {command.functions, import.shapes, import.dims, import.binds, import.states, import.bounds})
    hash.add(texts);
  hash.add(import.noSimplify ? "as it is" : "simplified");
  for (const std::string &bind : import.binds)
    if (size_t at = bind.rfind("=@"); at != bind.npos)
      hash.add(describeFile(bind.substr(at + 2)));
  for (const ImportCommand::Function &function : import.functions) {
    hash.add(function.name);
    hash.add(function.feeds);
    hash.add(function.fetches);
  }
  hash.add(bytes);
  return hash.text();
}

/// The same where other files belong to a model: these may have gigabytes, and are told by what
/// the file system knows of them.
static std::string keyOf(const std::string &key, const std::string &folder,
                         const std::vector<std::string> &files) {
  Hash hash;
  hash.add(key);
  for (const std::string &file : files) {
    hash.add(file);
    hash.add(describeFile(folder + file));
  }
  return hash.text();
}

std::optional<std::string> Cache::find(const CompileCommand &command, std::string_view bytes) {
  if (folder.empty())
    return std::nullopt;
  key = keyOf(command, bytes);
  modelFolder = command.input.substr(0, command.input.rfind('/') + 1);
  std::string name = key;
  if (std::ifstream list(pathOf(key + ".files")); list) {
    std::vector<std::string> files;
    for (std::string file; std::getline(list, file, '\0');)
      files.push_back(file);
    name = keyOf(key, modelFolder, files);
  }
  std::string path = pathOf(name + ".o");
  // The time of change is that of the last use: times of access are often not kept.
  (void)::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return ::access(path.c_str(), R_OK) == 0 ? std::optional(path) : std::nullopt;
}

void Cache::add(const CompiledObject &object) const {
  if (folder.empty() || object.file->bytes().size() > limit || !makeFolders(folder))
    return;
  std::string name = key, list;
  std::vector<OutputFile> files;
  if (!object.externalFiles.empty()) {
    name = keyOf(key, modelFolder, object.externalFiles);
    for (const std::string &file : object.externalFiles)
      list += file + '\0';
    files.push_back({pathOf(key + ".files"), list});
  }
  files.push_back({pathOf(name + ".o"), object.file->bytes()});
  if (!writeAll(files))
    makeRoom();
}

void Cache::makeRoom() const {
  struct Entry {
    timespec used;
    uint64_t size;
    std::string path;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  DIR *directory = ::opendir(folder.c_str());
  if (!directory)
    return;
  while (const dirent *entry = ::readdir(directory)) {
    std::string path = folder + "/" + entry->d_name;
    struct stat status;
    // Files of others, and of those that are still being written or never were, count, too.
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      continue;
    total += static_cast<uint64_t>(status.st_size);
    entries.push_back({status.st_mtim, static_cast<uint64_t>(status.st_size), std::move(path)});
  }
  ::closedir(directory);
  std::sort(entries.begin(), entries.end(), [](const Entry &x, const Entry &y) {
    return std::pair(x.used.tv_sec, x.used.tv_nsec) < std::pair(y.used.tv_sec, y.used.tv_nsec);
  });
  for (const Entry &entry : entries) {
    if (total <= limit)
      break;
    if (::unlink(entry.path.c_str()) == 0)
      total -= entry.size;
  }
}

std::optional<uint64_t> fnc::tool::parseBytes(const std::string &text) {
  size_t digits = text.find_first_not_of("0123456789");
  std::string unit = digits == text.npos ? "" : text.substr(digits);
  static constexpr std::string_view units[] = {"", "K", "M", "G", "T"};
  auto known = std::find(std::begin(units), std::end(units), unit);
  if (digits == 0 || text.empty() || known == std::end(units) || text.size() - unit.size() > 9)
    return std::nullopt;
  return std::stoull(text) << (10 * (known - std::begin(units)));
}
