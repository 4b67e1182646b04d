//===- DebugLines.h - from code to lines of the graph -----------*- C++ -*-===//

#ifndef FNC_EMIT_DEBUGLINES_H
#define FNC_EMIT_DEBUGLINES_H

#include "mlir/IR/BuiltinOps.h"

namespace llvm {
class Module;
}

namespace fnc {

/// Gives every op one line of the graph file: the first of those that it was made of, or that of
/// what it stands in. Merged places would otherwise come out as line 0.
void chooseLines(mlir::ModuleOp module);

/// Entry points, which have no MLIR, take the line of the function that they call.
void addEntryPointLines(llvm::Module &module);

} // namespace fnc

#endif // FNC_EMIT_DEBUGLINES_H
