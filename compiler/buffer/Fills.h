//===- Fills.h - what results hold before an op ----------------*- C++ -*-===//

#ifndef FNC_BUFFER_FILLS_H
#define FNC_BUFFER_FILLS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseSet.h"

namespace fnc {

/// Fills that nobody has to do, since the op that would read them knows the value.
class Fills {
public:
  /// The value in all of a result that `op` reads and writes as a whole, where a fill before it
  /// says so: from then on, `op` has to take it from here.
  mlir::Value take(mlir::linalg::GenericOp op, mlir::OpOperand &init);
  /// Whether an op is such a fill; it goes away then.
  bool drop(mlir::Operation *op) { return taken.erase(op); }

  /// Whether anybody besides `op` and fills that are taken sees what it leaves in a result.
  bool isSeen(mlir::linalg::GenericOp op, mlir::OpOperand &init) const;

private:
  llvm::DenseSet<mlir::Operation *> taken;
};

} // namespace fnc

#endif // FNC_BUFFER_FILLS_H
