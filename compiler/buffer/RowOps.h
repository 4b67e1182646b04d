//===- RowOps.h - the ops of a row ------------------------------*- C++ -*-===//

#ifndef FNC_BUFFER_ROWOPS_H
#define FNC_BUFFER_ROWOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir {
class IRMapping;
class IRRewriter;
} // namespace mlir

namespace fnc {

/// Every loop has one step.
bool isScalar(mlir::linalg::GenericOp op);
bool readsInit(mlir::linalg::GenericOp op, mlir::OpOperand *init);
/// Whether an op knows the memory `root`.
bool touches(mlir::linalg::GenericOp op, mlir::Value root);

/// The ops in a loop whose steps are rows.
class RowOps {
public:
  explicit RowOps(mlir::scf::ForOp loop) : loop(loop) {}

  /// Makes all of them generics; false where there is something else, or only one.
  bool collect(mlir::IRRewriter &b);

  /// A value that takes the place of another in its buffer gets one of its own: nothing waits for
  /// the last use of the old one then.
  void giveEachValueItsBuffer(mlir::IRRewriter &b);

  /// What takes a few operations is computed again instead of stored and loaded.
  void recompute(mlir::IRRewriter &b);

  /// Whether only this loop knows the memory.
  bool isPrivate(mlir::Value root);

  mlir::scf::ForOp loop;
  llvm::SmallVector<mlir::linalg::GenericOp> ops;

private:
  bool isViewOfRow(mlir::Value value);
  bool usedInside(mlir::Value value);
  bool isCheap(mlir::linalg::GenericOp op);
};

/// The view `value` of `root`, of `as` instead, with its values from `map`. Rows that lie in a
/// larger buffer have other strides.
mlir::Value viewOf(mlir::OpBuilder &b, mlir::Value value, mlir::Value root, mlir::Value as,
                   const mlir::IRMapping &map);

} // namespace fnc

#endif // FNC_BUFFER_ROWOPS_H
