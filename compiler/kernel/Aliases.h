//===- Aliases.h - tensors that lie in the memory of others -----*- C++ -*-===//

#ifndef FNC_KERNEL_ALIASES_H
#define FNC_KERNEL_ALIASES_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SetVector.h"

namespace fnc {

/// The tensor that `value` is a view of: through the ops that bufferize to views.
mlir::Value viewedTensor(mlir::Value value);

/// What a loop carries in place to its result `value`, or null.
mlir::Value carriedFrom(mlir::Value value);

/// The arguments whose memory `value` may lie in: through views, loops and branches.
llvm::SetVector<mlir::Value> viewedArguments(mlir::Value value);

} // namespace fnc

#endif // FNC_KERNEL_ALIASES_H
