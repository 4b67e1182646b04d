//===- Compiler.h - the library that compiles -------------------*- C++ -*-===//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_COMPILER_H
#define FNC_TOOLS_COMPILER_H

#include "Commands.h"
#include "LoadLibrary.h"

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

inline constexpr char kCompilerLibrary[] = "libfnc-compiler.so";

/// Null after a message.
inline const Compiler *loadCompiler() {
  return loadLibrary<Compiler>(kCompilerLibrary, "fncCompiler");
}

} // namespace fnc::tool

#endif // FNC_TOOLS_COMPILER_H
