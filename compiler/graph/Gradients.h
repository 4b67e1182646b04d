//===- Gradients.h - reverse mode on a kernel -------------------*- C++ -*-===//

#ifndef FNC_COMPILER_GRAPH_GRADIENTS_H
#define FNC_COMPILER_GRAPH_GRADIENTS_H

#include "compiler/graph/ForwardValues.h"
#include "dialect/Fn.h"

namespace fnc {

/// Builds the gradients of `output` with respect to `targets` at the end of the block that `b`
/// stands in. A null target is one that the kernel does not have. Of what comes before the last of
/// the checkpoints, if there are any, gradients use these alone. Fails with an error at `op` where
/// a target has no path to the output, or a path an op without a rule.
llvm::FailureOr<llvm::SmallVector<mlir::Value>>
expandGradients(mlir::OpBuilder &b, fn::GradientsOp op, mlir::Value output,
                mlir::ValueRange targets, mlir::Value seed, Checkpoints &checkpoints);

/// Marks on `fn.identity` in a kernel what gradients cannot pass, with the name of what it stands
/// for.
constexpr llvm::StringLiteral noGradientAttr = "fn.no_gradient";

} // namespace fnc

#endif // FNC_COMPILER_GRAPH_GRADIENTS_H
