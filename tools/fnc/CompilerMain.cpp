//===- CompilerMain.cpp - the program that compiles -----------------------===//
//
// fnc-compiler VERSION ACTION NAME=VALUE...: fnc has read the command line; what Arguments.h makes
// of it comes here.
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include "Source.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

using namespace fnc::tool;

/// What is not in memory yet is read in large pages, which stay for the next run: where they are
/// small, each costs a fault. Before other constructors, which are all over the code.
[[gnu::constructor(101)]] static void readInLargePages() {
  auto *segments = reinterpret_cast<const ElfW(Phdr) *>(::getauxval(AT_PHDR));
  constexpr uintptr_t kPage = 4096;
  for (unsigned long i = 0; i < ::getauxval(AT_PHNUM); ++i) {
    if (segments[i].p_type != PT_LOAD || (segments[i].p_flags & PF_W))
      continue;
    uintptr_t begin = segments[i].p_vaddr & -kPage;
    ::madvise(reinterpret_cast<void *>(begin), segments[i].p_vaddr + segments[i].p_memsz - begin,
              MADV_HUGEPAGE);
  }
}

static int run(llvm::StringRef action, const InspectCommand &command, Source &source) {
  if (action == "compile")
    return compile(command.compile, source);
  if (action == "import")
    return import(command.compile.import, source);
  if (action == "inspect")
    return inspect(command, source);
  // Beside fnc, and for nothing without it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return compileStream(command.compile, source);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    llvm::errs() << "fnc: error: '" << argv[0] << "' is run by fnc\n";
    return kBadUsage;
  }
  if (llvm::StringRef(argv[1]) != FNC_VERSION) {
    llvm::errs() << "fnc: error: '" << argv[0] << "' is of another version than fnc " << argv[1]
                 << "\n";
    return kBadInput;
  }
  InspectCommand command;
  for (int i = 3; i < argc; ++i)
    if (!setField(command, argv[i])) {
      llvm::errs() << "fnc: error: '" << argv[0] << "' knows no '" << argv[i] << "'\n";
      return kBadInput;
    }
  Source source;
  int code = run(argv[2], command, source);
  // The system takes memory back at once; destructors would go through all of it.
  ::_exit(code);
}
