//===- PastedShapes.h - symbolic shapes of upstream ops ---------*- C++ -*-===//

#ifndef FNC_GRAPH_PASTEDSHAPES_H
#define FNC_GRAPH_PASTEDSHAPES_H

#include "dialect/ShapeContext.h"
#include "mlir/IR/Operation.h"

namespace fnc {

/// Shapes of the results of an op of arith, math, tensor, linalg or tosa, and what it demands of
/// its operands. `results` stays empty where nothing is known beyond the result types.
llvm::LogicalResult inferPastedOp(mlir::Operation *op, fn::ShapeContext &shapes,
                                  llvm::SmallVectorImpl<fn::Shape> &results);

} // namespace fnc

#endif // FNC_GRAPH_PASTEDSHAPES_H
