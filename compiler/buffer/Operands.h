//===- Operands.h - operands of kernels by linear index ---------*- C++ -*-===//

#ifndef FNC_BUFFER_OPERANDS_H
#define FNC_BUFFER_OPERANDS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace fnc {

/// The factor of `dim` in a linear expression; none where it is not linear in it.
std::optional<int64_t> factorOf(mlir::AffineExpr expr, unsigned dim);

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

/// `number * factor`, computed now where the number is known.
mlir::OpFoldResult scaled(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult number,
                          int64_t factor);

/// The `count` slices of a memref from `from` on along `dim`.
mlir::Value sliceAlong(mlir::OpBuilder &b, mlir::Value memref, int64_t dim, mlir::OpFoldResult from,
                       int64_t count);

/// `width` elements from `at`, `step` apart (a value, or a known number); a scalar if `width` is 1.
mlir::Value loadVector(mlir::OpBuilder &b, mlir::Location loc, const LinearOperand &operand,
                       mlir::Value at, mlir::OpFoldResult step, int64_t width);
void storeVector(mlir::OpBuilder &b, mlir::Location loc, const LinearOperand &operand,
                 mlir::Value vector, mlir::Value at, mlir::OpFoldResult step, int64_t width);

/// `element` in all of a vector; itself if `width` is 1.
mlir::Value splat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value element, int64_t width);

/// What `body`, written for elements, yields for vectors.
llvm::SmallVector<mlir::Value> inlineOnVectors(mlir::OpBuilder &b, mlir::Location loc,
                                               mlir::Block &body,
                                               llvm::ArrayRef<mlir::Value> arguments,
                                               int64_t width);

} // namespace fnc

#endif // FNC_BUFFER_OPERANDS_H
