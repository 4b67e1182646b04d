//===- Compiler.h - the program that compiles -------------------*- C++ -*-===//
//
// fnc is small and starts at once. MLIR and LLVM are in a program of their own, which is run where
// there is something to compile: linked at fixed addresses and with all it needs, it starts faster
// than a library could be loaded. Both are built and installed together.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_COMPILER_H
#define FNC_TOOLS_COMPILER_H

#include "Commands.h"
#include "run/MappedFile.h"

namespace fnc::tool {

inline constexpr char kCompilerProgram[] = "fnc-compiler";

/// Makes this process the compiler's, for an action: "compile", "import" or "inspect". Returns an
/// exit code after a message, where that cannot be.
int becomeCompiler(const char *action, const InspectCommand &command);

struct CompiledObject {
  std::shared_ptr<MappedFile> file;
  std::vector<std::string> externalFiles; ///< beside the model, with data of it
};

/// The object of a graph or model with the bytes of `input`, made by a process beside this one. An
/// exit code.
int compileObject(const CompileCommand &command, const MappedFile &input, CompiledObject &object);

} // namespace fnc::tool

#endif // FNC_TOOLS_COMPILER_H
