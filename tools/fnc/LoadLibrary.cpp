//===- LoadLibrary.cpp - parts of fnc that are not always needed ----------===//

#include "LoadLibrary.h"
#include <cstring>
#include <dlfcn.h>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>

using namespace fnc::tool;

std::string fnc::tool::libraryPath(const std::string &name) {
  char path[4096];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length == sizeof(path))
    return "";
  std::string folder(path, static_cast<size_t>(length));
  folder.resize(folder.rfind('/'));
  // Where it is installed, and where it is built.
  for (const char *place : {"/../lib/fnc/", "/../lib/"}) {
    std::string candidate = folder + place + name;
    struct stat status;
    if (::stat(candidate.c_str(), &status) == 0)
      return candidate;
  }
  return "";
}

const void *fnc::tool::loadSymbol(const std::string &name, const char *symbol) {
  std::string path = libraryPath(name);
  if (path.empty()) {
    std::cerr << "fnc: error: " << name
              << " is not where it was installed, in ../lib/fnc beside fnc\n";
    return nullptr;
  }
  void *library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    std::cerr << "fnc: error: cannot load '" << path << "': " << ::dlerror() << "\n";
    return nullptr;
  }
  auto *found = static_cast<const char *const *>(::dlsym(library, symbol));
  if (!found || std::strcmp(*found, FNC_VERSION) != 0) {
    std::cerr << "fnc: error: '" << path << "' is of another version than fnc " FNC_VERSION "\n";
    return nullptr;
  }
  return found;
}
