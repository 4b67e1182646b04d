//===- Views.h - sizes and views of tensors ----------------------*- C++ -*-===//
//
// What lowering data movement and contractions needs of the tensor dialect: index arithmetic on
// sizes, and changes of shape that bufferize to views.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TENSOR_VIEWS_H
#define FNC_TENSOR_VIEWS_H

#include "dialect/Fn.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Builders.h"

namespace fnc {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;

/// Sizes of the results of `op` by its shape rule: what the declared types leave open is index
/// arithmetic on sizes of `operands`, the converted operands of `op` and, where it has regions, the
/// converted values from outside that they use.
llvm::SmallVector<Sizes> resultSizes(mlir::OpBuilder &b, fn::ShapeRule op,
                                     mlir::ValueRange operands);

/// `expr` over symbols s0, s1, ... that stand for `symbols`.
mlir::OpFoldResult arithmetic(mlir::OpBuilder &b, mlir::Location loc, mlir::AffineExpr expr,
                              llvm::ArrayRef<mlir::OpFoldResult> symbols);

/// The tensor type of sizes.
mlir::RankedTensorType typeOfSizes(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element);

/// tensor.expand_shape to `sizes`.
mlir::Value expandTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                     llvm::ArrayRef<mlir::ReassociationIndices> groups,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Inserts dimensions of size 1 at these places of the result, or drops them.
mlir::Value insertUnitDims(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                           llvm::ArrayRef<int64_t> axes);
mlir::Value dropUnitDims(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                         llvm::ArrayRef<int64_t> axes);

/// Dimension `dim` as `outer` times what is left; and `count` dimensions from `dim` as one.
mlir::Value splitDim(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, int64_t dim,
                     int64_t outer);
mlir::Value mergeDims(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, int64_t dim,
                      int64_t count);

/// The same elements in row-major order with other sizes, which must have the same product.
mlir::Value reshapeTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                      llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// A copy with dimensions in the order `perm`, those named (by their place in `value`) reversed.
mlir::Value permuteAndReverse(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                              llvm::ArrayRef<int64_t> perm, llvm::ArrayRef<int64_t> reversed);

/// tensor.extract_slice and tensor.insert_slice, which refuse to stand at the end of a dimension
/// even with nothing in them: these make nothing, and leave `into` as it is.
mlir::Value extractSlice(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                         llvm::ArrayRef<mlir::OpFoldResult> offsets,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         llvm::ArrayRef<mlir::OpFoldResult> strides);
mlir::Value insertSlice(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::Value into,
                        llvm::ArrayRef<mlir::OpFoldResult> offsets,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        llvm::ArrayRef<mlir::OpFoldResult> strides);

/// A tensor of `sizes` filled with `scalar`, with `value` in it at `offsets`, `strides` apart.
mlir::Value insertInFilled(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Value scalar,
                           llvm::ArrayRef<mlir::OpFoldResult> offsets,
                           llvm::ArrayRef<mlir::OpFoldResult> strides);

} // namespace fnc

#endif // FNC_TENSOR_VIEWS_H
