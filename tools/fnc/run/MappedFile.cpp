//===- MappedFile.cpp - the bytes of a file -------------------------------===//

#include "MappedFile.h"
#include "Error.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace fnc::tool;

void MappedFile::readAll(const std::string &path, int from) {
  size_t used = 0;
  while (true) {
    if (read.size() - used < (1 << 16))
      read.resize(read.size() * 2 + (1 << 16));
    ssize_t got = ::read(from, read.data() + used, read.size() - used);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      fail(path, "{}", std::strerror(errno));
    if (got == 0)
      break;
    used += static_cast<size_t>(got);
  }
  read.resize(used);
  data = read.data();
  size = used;
}

std::shared_ptr<MappedFile> MappedFile::open(const std::string &path) {
  if (path != "-")
    return of(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
  std::shared_ptr<MappedFile> result(new MappedFile);
  result->readAll("<stdin>", STDIN_FILENO);
  return result;
}

std::shared_ptr<MappedFile> MappedFile::of(int descriptor, const std::string &path) {
  std::shared_ptr<MappedFile> result(new MappedFile);
  result->file = descriptor;
  struct stat status;
  if (result->file < 0 || ::fstat(result->file, &status) != 0)
    fail(path, "{}", std::strerror(errno));
  if (S_ISDIR(status.st_mode))
    fail(path, "{}", std::strerror(EISDIR));
  // A mapping is filled with zeros up to the end of its last page: that is the NUL.
  size_t bytes = static_cast<size_t>(status.st_size);
  if (S_ISREG(status.st_mode) && bytes % static_cast<size_t>(::sysconf(_SC_PAGESIZE)) != 0) {
    void *mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, result->file, 0);
    if (mapped != MAP_FAILED) {
      result->data = static_cast<char *>(mapped);
      result->size = bytes;
      return result;
    }
  }
  result->readAll(path, result->file);
  ::close(result->file);
  result->file = -1;
  return result;
}

MappedFile::~MappedFile() {
  if (file < 0)
    return;
  if (data)
    ::munmap(data, size);
  ::close(file);
}
