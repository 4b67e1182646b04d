//===- ForwardValues.h - what gradients know of the way there ---*- C++ -*-===//

#ifndef FNC_COMPILER_GRAPH_FORWARDVALUES_H
#define FNC_COMPILER_GRAPH_FORWARDVALUES_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace fnc {

/// The checkpoints of a kernel, and what copies stand for: also where gradients are taken of
/// gradients.
struct Checkpoints {
  llvm::SmallVector<mlir::Value> values;
  llvm::DenseMap<mlir::Value, mlir::Value> originals;
};

/// Forward values that gradients use: as they are or, where a block has checkpoints, computed again
/// from those.
///
/// Checkpoints cut the block into segments. What lies behind the last one is used as it is.
/// Gradients of the others begin with copies of the ops that they need, made of block arguments,
/// constants and checkpoints, and that are used within the segment alone: so no other value lives
/// until then.
class ForwardValues {
public:
  /// All ops of the block that `b` stands in are there; copies are made where `b` stands later.
  /// Without checkpoints (null) there are none.
  ForwardValues(mlir::OpBuilder &b, Checkpoints *checkpoints);

  /// What stands for `op` in gradients. Segments are asked for from the last to the first.
  mlir::Operation *again(mlir::Operation *op);
  /// Puts checkpoints in the place of those that a copy makes again.
  void useCheckpoints(mlir::Operation *copy);
  /// The value of the block that a copy stands for.
  mlir::Value original(mlir::Value value) const {
    if (!checkpoints)
      return value;
    auto it = checkpoints->originals.find(value);
    return it == checkpoints->originals.end() ? value : it->second;
  }

private:
  unsigned segmentOf(mlir::Operation *op) const;
  bool isKept(mlir::Value value) const;
  mlir::Value keptValue(mlir::Value value);

  mlir::OpBuilder &b;
  Checkpoints *checkpoints;
  llvm::DenseMap<mlir::Operation *, unsigned> places;
  /// Where checkpoints are made, in order.
  llvm::SmallVector<unsigned> ends;
  unsigned segment = 0;
  /// Within the segment: copies by op, and values behind a barrier.
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> copies;
  llvm::DenseMap<mlir::Value, mlir::Value> barriers;
};

} // namespace fnc

#endif // FNC_COMPILER_GRAPH_FORWARDVALUES_H
