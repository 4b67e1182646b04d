//===- Outline.h - an op of a kernel as a function --------------*- C++ -*-===//

#ifndef FNC_BUFFER_OUTLINE_H
#define FNC_BUFFER_OUTLINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fnc {

/// What an op at the top of a kernel takes from outside of it.
struct Captures {
  llvm::SmallVector<mlir::Value> arguments;
  llvm::SmallVector<mlir::Operation *> constants; ///< and registers' room: a function's own
  /// Whether buffers that are not one value share no byte: all that one op uses is live at once.
  bool apart = false;
};

/// Nothing where the op takes or gives what no function does.
std::optional<Captures> capturesOf(mlir::Operation *op);

/// A private function before `kernel` that does what `op` does.
mlir::func::FuncOp outlined(mlir::Operation *op, const Captures &captures,
                            mlir::func::FuncOp kernel, const llvm::Twine &name);

/// Calls `callee` instead of `op`.
void callInstead(mlir::Operation *op, mlir::func::FuncOp callee, mlir::ValueRange arguments);

} // namespace fnc

#endif // FNC_BUFFER_OUTLINE_H
