//===- Compiler.h - the library that compiles -------------------*- C++ -*-===//
//
// The command line is a small program; the compiler with MLIR and LLVM is a library that it loads
// for those commands that compile. Both are built and installed together.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_COMPILER_H
#define FNC_TOOLS_COMPILER_H

#include "Commands.h"

namespace fnc::tool {

/// What the library offers, as its symbol `fncCompiler`. None of it throws.
struct Compiler {
  const char *version;
  int (*compile)(const CompileCommand &);
  int (*import)(const ImportCommand &);
  int (*inspect)(const InspectCommand &);
  /// The object of a file's bytes, which a NUL follows, in memory; an exit code.
  int (*compileObject)(const CompileCommand &, std::string_view bytes, CompiledObject &object);
};

/// Loads the library. Null after a message.
const Compiler *loadCompiler();

/// Where the library is, without loading it; empty where it is not found.
std::string compilerPath();

} // namespace fnc::tool

#endif // FNC_TOOLS_COMPILER_H
