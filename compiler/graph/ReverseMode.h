//===- ReverseMode.h - gradients through a block of ops ---------*- C++ -*-===//

#ifndef FNC_COMPILER_GRAPH_REVERSEMODE_H
#define FNC_COMPILER_GRAPH_REVERSEMODE_H

#include "compiler/graph/ForwardValues.h"
#include "dialect/Fn.h"
#include "llvm/ADT/DenseSet.h"

namespace fnc {

/// Reverse mode on the block that a builder stands in, whose ops each follow what they use.
class ReverseMode {
public:
  /// `op` is what errors name. Gradients are built where `b` stands, behind all ops of the block.
  ReverseMode(mlir::OpBuilder &b, fn::GradientsOp op, Checkpoints *checkpoints = nullptr)
      : b(b), op(op), forward(b, checkpoints) {}

  /// Finds everything that depends on a target, from the first op on.
  void findDependents(mlir::ValueRange targets);
  /// Takes gradients back from values whose own are known.
  llvm::LogicalResult propagate(llvm::ArrayRef<std::pair<mlir::Value, mlir::Value>> seeds);

  mlir::Value gradientOf(mlir::Value value) const { return gradients.lookup(value); }
  /// The same, zeros for none.
  mlir::Value gradientOrZeros(mlir::Value value);
  bool isUsed(mlir::Value value) const { return used.contains(value); }

private:
  using Sink = llvm::function_ref<void(mlir::Value, mlir::Value)>;

  llvm::LogicalResult visit(mlir::Operation *each);
  llvm::LogicalResult visitIf(fn::IfOp branch, llvm::ArrayRef<mlir::Value> results, Sink add);
  llvm::LogicalResult visitScan(fn::ScanOp scan, llvm::ArrayRef<mlir::Value> results, Sink add);
  llvm::LogicalResult noRule(mlir::Operation *each, llvm::StringRef name);
  bool isWanted(mlir::Value value) const;

  mlir::OpBuilder &b;
  fn::GradientsOp op;
  ForwardValues forward;
  llvm::SmallVector<mlir::Operation *> ops;
  /// What depends on a target, and what of that the output depends on.
  llvm::DenseSet<mlir::Value> dependents, used;
  llvm::DenseMap<mlir::Value, mlir::Value> gradients;
};

/// A builder at the end of a block whose region no op holds yet.
inline mlir::OpBuilder builderIn(mlir::OpBuilder &b, mlir::Block &block) {
  mlir::OpBuilder nested(b.getContext());
  nested.setInsertionPointToEnd(&block);
  return nested;
}

/// Whether it can have a gradient.
bool isFloatTensor(mlir::Value value);

/// Adds to what a scan stacks the states that its rounds begin with and what contractions give: all
/// that its gradient does not compute again. Replaces the op; the first results are the same.
fn::ScanOp withResiduals(fn::ScanOp scan);

} // namespace fnc

#endif // FNC_COMPILER_GRAPH_REVERSEMODE_H
