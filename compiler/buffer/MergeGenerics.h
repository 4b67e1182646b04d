//===- MergeGenerics.h - several ops over the same loops as one -*- C++ -*-===//

#ifndef FNC_BUFFER_MERGEGENERICS_H
#define FNC_BUFFER_MERGEGENERICS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fnc {

/// Whether two values are the same view of the same memory.
bool isSameView(mlir::Value x, mlir::Value y);

/// Whether an op is a view of all elements where they are, in another shape.
bool isReshape(mlir::Operation *op);

/// What such views are of.
mlir::Value behindReshapes(mlir::Value memref);

/// The memory behind views; buffers of a workspace are as many.
mlir::Value rootOf(mlir::Value memref);

/// An op on operands that may stand for its own; results that are not stored are only passed on.
struct PlacedOp {
  mlir::linalg::GenericOp op;
  llvm::SmallVector<mlir::Value> operands;
  llvm::SmallVector<bool> stores; ///< by result

  explicit PlacedOp(mlir::linalg::GenericOp op)
      : op(op), operands(op->getOperands()), stores(op.getNumDpsInits(), true) {}
};

/// One op that does what `ops` do one after another. They have the same loops, and what one of them
/// writes for others it writes and they read at the same place. A loop is parallel if it is in all.
mlir::linalg::GenericOp mergeGenerics(mlir::OpBuilder &b, llvm::ArrayRef<PlacedOp> ops);

} // namespace fnc

#endif // FNC_BUFFER_MERGEGENERICS_H
