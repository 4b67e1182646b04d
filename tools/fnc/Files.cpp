//===- Files.cpp - output files, whole or not at all ----------------------===//

#include "Files.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

using namespace fnc::tool;

namespace {

std::string problem(const std::string &path, int code) {
  return "cannot write '" + path + "': " + std::strerror(code);
}

/// A device or a pipe: there is nothing to rename.
bool isSpecial(const std::string &path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

/// A new file beside `path`; -1 and errno where there can be none.
int createBeside(const std::string &path, std::string &temporary) {
  static unsigned count = 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char suffix[64];
    std::snprintf(suffix, sizeof(suffix), ".%x-%x-%x.tmp", static_cast<unsigned>(getpid()),
                  static_cast<unsigned>(now.tv_nsec), count++);
    temporary = path + suffix;
    int descriptor = ::open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST)
      return descriptor;
  }
  return -1;
}

class Pending {
public:
  ~Pending() {
    for (const auto &[temporary, path] : files)
      ::unlink(temporary.c_str());
  }
  std::vector<std::pair<std::string, std::string>> files; ///< temporary, place
};

} // namespace

int fnc::tool::writePieces(int descriptor, const std::vector<std::string_view> &pieces) {
  for (std::string_view rest : pieces)
    while (!rest.empty()) {
      ssize_t written = ::write(descriptor, rest.data(), rest.size());
      if (written < 0 && errno != EINTR)
        return errno;
      rest.remove_prefix(written < 0 ? 0 : static_cast<size_t>(written));
    }
  return 0;
}

std::optional<std::string> fnc::tool::writeAll(const std::vector<OutputFile> &files) {
  // Before anything is renamed, so that a file whose companion cannot be written stays as it was.
  for (const OutputFile &file : files) {
    struct stat status;
    if (file.path != "-" && ::stat(file.path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      return problem(file.path, EISDIR);
  }
  Pending pending;
  for (const OutputFile &file : files) {
    if (file.path == "-") {
      if (int code = writePieces(STDOUT_FILENO, file.pieces))
        return problem("standard output", code);
      continue;
    }
    std::string temporary;
    bool inPlace = isSpecial(file.path);
    int descriptor = inPlace ? ::open(file.path.c_str(), O_WRONLY | O_CLOEXEC)
                             : createBeside(file.path, temporary);
    if (descriptor < 0)
      return problem(file.path, errno);
    if (!inPlace)
      pending.files.push_back({temporary, file.path});
    int code = writePieces(descriptor, file.pieces);
    // Some file systems say only now that there is no room.
    if (::close(descriptor) != 0 && code == 0)
      code = errno;
    if (code)
      return problem(file.path, code);
  }
  while (!pending.files.empty()) {
    const auto &[temporary, path] = pending.files.front();
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      return problem(path, errno);
    pending.files.erase(pending.files.begin());
  }
  return std::nullopt;
}
