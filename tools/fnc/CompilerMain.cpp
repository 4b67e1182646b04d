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
#include <sys/prctl.h>
#include <unistd.h>

using namespace fnc::tool;

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
