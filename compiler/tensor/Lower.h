//===- Lower.h - patterns that lower fn ops -----------------------*- C++ -*-===//
//
// Each family of ops is lowered in one file. A pattern sees operands with signless types through
// its adaptor; the op's own operand types still say what is unsigned.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TENSOR_LOWER_H
#define FNC_TENSOR_LOWER_H

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Transforms/DialectConversion.h"

namespace fnc {

void populateElementwiseLowering(const mlir::TypeConverter &types,
                                 mlir::RewritePatternSet &patterns);
void populateReductionLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);
void populateContractionLowering(const mlir::TypeConverter &types,
                                 mlir::RewritePatternSet &patterns);
void populateConvLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);
void populatePoolLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);
void populateShapeLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);
void populateRandomLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);
void populateDrawLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);
void populateControlLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);
/// `sortEntries`: products may use memory to sort.
void populateSparseLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                            bool sortEntries);
void populateIndexedLowering(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);

/// On a math.exp: its argument is not positive and its result is added to others, as in softmax.
constexpr llvm::StringLiteral kShifted = "fn.shifted";

/// Size of dimension `index` as an attribute if static, else a tensor.dim.
mlir::OpFoldResult dimOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor, int64_t index);
llvm::SmallVector<mlir::OpFoldResult> dimsOf(mlir::OpBuilder &b, mlir::Location loc,
                                             mlir::Value tensor);

/// An uninitialised tensor of `type`; `sizes` has every dimension.
mlir::Value emptyTensor(mlir::OpBuilder &b, mlir::Location loc,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type elementType);

/// A tensor of `sizes` filled with `scalar`.
mlir::Value filledTensor(mlir::OpBuilder &b, mlir::Location loc,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::Value scalar);

/// The scalar constant `value` of an int or float type.
mlir::Value scalarConstant(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type, double value);

/// Adds a cast where the computed type is less or more static than `type`.
mlir::Value castTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value, mlir::Type type);

using ScalarBuilder =
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// One linalg.generic over `resultType`'s index space: operands broadcast as in NumPy (a static
/// size 1 is stretched), `body` makes the element. Operands are signless.
mlir::Value buildElementwise(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::RankedTensorType resultType, mlir::ValueRange operands,
                             ScalarBuilder body);

} // namespace fnc

#endif // FNC_TENSOR_LOWER_H
