//===- Compiler.cpp - runs the program that compiles ----------------------===//

#include "Compiler.h"
#include "Arguments.h"
#include "Files.h"
#include "LoadLibrary.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <spawn.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace fnc::tool;

namespace {

/// The program and its arguments, which stay here.
class CommandLine {
public:
  CommandLine(const char *action, const InspectCommand &command)
      : texts{libraryPath(kCompilerProgram), FNC_VERSION, action} {
    for (std::string &argument : toArguments(command))
      texts.push_back(std::move(argument));
    for (std::string &text : texts)
      pointers.push_back(text.data());
    pointers.push_back(nullptr);
  }
  const char *path() const { return texts[0].c_str(); }
  char *const *arguments() { return pointers.data(); }

private:
  std::vector<std::string> texts;
  std::vector<char *> pointers;
};

int cannotRun(const char *path, int code) {
  if (*path)
    std::cerr << "fnc: error: cannot run '" << path << "': " << std::strerror(code) << "\n";
  else
    std::cerr << "fnc: error: " << kCompilerProgram
              << " is not where it was installed, in ../lib/fnc beside fnc\n";
  return kBadInput;
}

/// A file without a name; closed at the end.
class MemoryFile {
public:
  MemoryFile() : descriptor(::memfd_create("fnc", MFD_CLOEXEC)) {}
  ~MemoryFile() { ::close(descriptor); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  int descriptor;
};

/// The exit code of a process; where a signal ended it, that ends this one, too.
int waitFor(pid_t process) {
  int status;
  while (::waitpid(process, &status, 0) < 0)
    if (errno != EINTR)
      return kBadInput;
  if (WIFEXITED(status))
    return WEXITSTATUS(status);
  ::signal(WTERMSIG(status), SIG_DFL);
  ::raise(WTERMSIG(status));
  return kBadInput;
}

/// What `compileStream` wrote; 0 or an error.
int readObject(const MemoryFile &from, CompiledObject &object) {
  off_t end = ::lseek(from.descriptor, 0, SEEK_END);
  off_t at = end - static_cast<off_t>(sizeof(uint64_t));
  uint64_t size;
  if (at < 0 || ::pread(from.descriptor, &size, sizeof(size), at) != sizeof(size))
    return EIO;
  std::string names(static_cast<size_t>(at) - size, '\0');
  if (::pread(from.descriptor, names.data(), names.size(), static_cast<off_t>(size)) < 0 ||
      ::ftruncate(from.descriptor, static_cast<off_t>(size)) != 0 ||
      ::lseek(from.descriptor, 0, SEEK_SET) != 0)
    return errno;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, '\0');)
    object.externalFiles.push_back(name);
  object.file = MappedFile::of(::dup(from.descriptor), "object");
  return 0;
}

} // namespace

int fnc::tool::becomeCompiler(const char *action, const InspectCommand &command) {
  CommandLine line(action, command);
  ::execv(line.path(), line.arguments());
  return cannotRun(line.path(), errno);
}

int fnc::tool::compileObject(const CompileCommand &command, const MappedFile &input,
                             CompiledObject &object) {
  CommandLine line("object", {command});
  MemoryFile copy, result;
  int from = input.descriptor();
  if (from < 0) {
    from = copy.descriptor;
    if (int code = writePieces(from, {input.bytes()}))
      return cannotRun(line.path(), code);
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, from, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, result.descriptor, STDOUT_FILENO);
  pid_t process;
  int code = ::posix_spawn(&process, line.path(), &files, nullptr, line.arguments(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (code)
    return cannotRun(line.path(), code);
  if (int exitCode = waitFor(process))
    return exitCode;
  code = readObject(result, object);
  return code ? cannotRun(line.path(), code) : kDone;
}
