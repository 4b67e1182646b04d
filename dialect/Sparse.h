//===- Sparse.h - sparse tensors in the dialect -----------------*- C++ -*-===//

#ifndef FN_SPARSE_H
#define FN_SPARSE_H

#include "dialect/ShapeContext.h"
#include "mlir/IR/OpDefinition.h"

namespace fn {

/// An op that says what it does with a sparse operand. Every other op refuses one.
template <typename Op> class TakesSparse : public mlir::OpTrait::TraitBase<Op, TakesSparse> {};

/// Whether a tensor is fed in coordinate form, or made of one that is.
bool isSparse(mlir::Type type);
inline bool isSparse(mlir::Value value) { return isSparse(value.getType()); }

/// The same type without an encoding.
mlir::RankedTensorType denseType(mlir::Type type);

/// Refuses sparse operands and results of an op that says nothing of them.
llvm::LogicalResult checkSparse(mlir::Operation *op);

/// Shape rules of sums (sparse where all operands are), and of products (sparse where one is).
llvm::LogicalResult inferSum(ShapeContext &shapes, mlir::ValueRange operands,
                             llvm::SmallVectorImpl<Shape> &results);
llvm::LogicalResult inferProduct(ShapeContext &shapes, mlir::ValueRange operands,
                                 llvm::SmallVectorImpl<Shape> &results);

} // namespace fn

#endif // FN_SPARSE_H
