//===- Pipeline.h - from a graph to an object -------------------*- C++ -*-===//

#ifndef FNC_PIPELINE_H
#define FNC_PIPELINE_H

#include "compiler/emit/Emit.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/raw_ostream.h"

namespace fnc {

struct CompileOptions {
  std::string graph;                  ///< which one, where a file has several
  std::vector<std::string> functions; ///< empty: all
  TargetOptions target;
  /// Stop after this stage and print its IR: graph, tensor, buffer, loops, llvm-dialect, llvm.
  std::string stopAfter;
  bool assembly = false;
  bool winograd = true;    ///< 3x3 convolutions with fewer multiplications, which round more
  bool fastMath = false;   ///< arithmetic may round otherwise than it is written
  bool debugLines = false; ///< map code to lines of the graph
  /// Call `fn_region` where each part of a function begins; the manifest describes them.
  bool profile = false;
};

struct CompileResult {
  Graph graph;
  std::string header;
  llvm::SmallVector<char> code; ///< the object, or the text that was asked for
  std::vector<std::string> undefined;
};

/// Names of the stages, in order.
llvm::ArrayRef<llvm::StringRef> stageNames();

/// Registers what a graph may be written in.
void registerInputDialects(mlir::DialectRegistry &registry);

/// Compiles a parsed module, which it consumes. Errors are diagnostics of the module's context.
llvm::FailureOr<CompileResult> compile(mlir::ModuleOp module, const CompileOptions &options);

} // namespace fnc

#endif // FNC_PIPELINE_H
