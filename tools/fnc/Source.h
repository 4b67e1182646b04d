//===- Source.h - a graph file, in whichever form -----------------*- C++ -*-===//

#ifndef FNC_TOOLS_SOURCE_H
#define FNC_TOOLS_SOURCE_H

#include "Commands.h"
#include "Files.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

namespace fnc {
struct CompileOptions;
struct TargetOptions;
} // namespace fnc

namespace fnc::tool {

/// The command's options as the compiler's. `emit` is left to the command.
CompileOptions compileOptions(const CompileCommand &command);

/// Whether code can be made for a target; says why not.
bool isUsableTarget(const TargetOptions &target);

/// The bytes of a file, or of standard input for "-"; null after an error.
std::unique_ptr<llvm::MemoryBuffer> readInput(const std::string &path);

/// Writes all files or none, and says why not. An exit code.
int writeOutputs(const std::vector<OutputFile> &files);

/// A graph file, parsed or imported, with diagnostics that show its lines or name its nodes.
class Source {
public:
  /// Reads a file of text or an ONNX model, or standard input for "-". False after an error.
  bool open(const std::string &path, const ImportCommand &import);
  /// The same of bytes that were read already.
  bool open(const std::string &path, std::unique_ptr<llvm::MemoryBuffer> buffer,
            const ImportCommand &import);
  mlir::ModuleOp module() { return *parsed; }
  /// Files beside a model that hold data of it.
  const std::vector<std::string> &externalFiles() const { return external; }

private:
  mlir::DialectRegistry registry;
  std::unique_ptr<mlir::MLIRContext> context;
  llvm::SourceMgr files;
  /// Shared, as that keeps the type which is destroyed: the base has no virtual destructor.
  std::shared_ptr<mlir::ScopedDiagnosticHandler> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> parsed;
  std::vector<std::string> external;
};

// What the compiler does with a source, which is not taken apart until the process ends. Exit
// codes.

int compile(const CompileCommand &command, Source &source);
/// The same of what standard input holds, to standard output. Behind the object come the names of
/// the files beside the model that hold data of it, each with a NUL, and the object's size in 8
/// bytes.
int compileStream(const CompileCommand &command, Source &source);
int import(const ImportCommand &command, Source &source);
int inspect(const InspectCommand &command, Source &source);

} // namespace fnc::tool

#endif // FNC_TOOLS_SOURCE_H
