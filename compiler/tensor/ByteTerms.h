//===- ByteTerms.h - the terms of sums of bytes -----------------*- C++ -*-===//

#ifndef FNC_TENSOR_BYTETERMS_H
#define FNC_TENSOR_BYTETERMS_H

#include "compiler/tensor/ContractionPlan.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace fnc {

/// The sums over the reductions of a constant of signed bytes times `factor`, and where they meet
/// the result.
std::pair<mlir::Value, mlir::AffineMap> sumsOfBytes(mlir::OpBuilder &b, mlir::Location loc,
                                                    const Product &product,
                                                    mlir::DenseElementsAttr constant,
                                                    mlir::AffineMap map, int32_t factor);

/// Makes one reduction of the last two, a row of a window and its channels say, where a row of lhs
/// holds both one after the other, and whole groups do not fit in the last one alone. `sources` and
/// `maps` are those of lhs and of rhs, a constant. Returns false, and changes nothing, where that
/// is not so.
bool mergeTerms(mlir::OpBuilder &b, mlir::Location loc, Product &product,
                llvm::MutableArrayRef<mlir::Value> sources,
                llvm::MutableArrayRef<mlir::AffineMap> maps);

} // namespace fnc

#endif // FNC_TENSOR_BYTETERMS_H
