//===- Operands.h - operands of kernels by linear index ---------*- C++ -*-===//

#ifndef FNC_BUFFER_OPERANDS_H
#define FNC_BUFFER_OPERANDS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace fnc {

/// A memref as one row of memory: element `map(i)` lies at `start + sum of i[d] * steps[d]`. What
/// all operands step over alike can then be one loop, whatever their shapes.
struct LinearOperand {
  mlir::Value base; ///< of one dimension
  mlir::Type element;
  int64_t start = 0;
  llvm::SmallVector<mlir::OpFoldResult> steps; ///< per loop

  /// Elements of a step along `loop`, if known.
  std::optional<int64_t> step(unsigned loop) const;
};

LinearOperand linearOperand(mlir::OpBuilder &b, mlir::Location loc, mlir::Value memref,
                            mlir::AffineMap map);

} // namespace fnc

#endif // FNC_BUFFER_OPERANDS_H
