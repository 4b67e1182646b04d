//===- Effects.h - what effects need and how they are ordered ---*- C++ -*-===//

#ifndef FNC_GRAPH_EFFECTS_H
#define FNC_GRAPH_EFFECTS_H

#include "dialect/Fn.h"

namespace fnc {

/// An op whose first operand names a variable rather than using its value.
bool namesVariable(mlir::Operation *op);

/// On an op that another one was expanded into: the name that messages give it.
constexpr llvm::StringLiteral originAttr = "fn.origin";
llvm::StringRef shownName(mlir::Operation *op);

/// An update op.
bool writesVariable(mlir::Operation *op);

/// The values that `op` uses: operands but the variable it names, and what its regions capture.
llvm::SmallVector<mlir::Value> usedValues(mlir::Operation *op);

/// Refuses two writes of a variable, or a write and a read, without a path of control or data
/// between them. `order` is what the function needs, each op after what it uses; a fed value cuts
/// a path.
llvm::LogicalResult checkRaces(fn::FunctionOp spec, llvm::ArrayRef<mlir::Operation *> order,
                               llvm::function_ref<bool(mlir::Value)> isFed);

} // namespace fnc

#endif // FNC_GRAPH_EFFECTS_H
