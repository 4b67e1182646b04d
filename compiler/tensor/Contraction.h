//===- Contraction.h - sums of products ---------------------------*- C++ -*-===//

#ifndef FNC_TENSOR_CONTRACTION_H
#define FNC_TENSOR_CONTRACTION_H

#include "compiler/tensor/Views.h"
#include "dialect/Window.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/TypeUtilities.h"

namespace fnc {

/// Loops of a generic, numbered in the order in which they were added.
struct Loops {
  mlir::MLIRContext *context;
  llvm::SmallVector<mlir::utils::IteratorType> iterators;

  mlir::AffineExpr parallel() { return add(mlir::utils::IteratorType::parallel); }
  mlir::AffineExpr reduction() { return add(mlir::utils::IteratorType::reduction); }
  mlir::AffineExpr add(mlir::utils::IteratorType type) {
    iterators.push_back(type);
    return mlir::getAffineDimExpr(iterators.size() - 1, context);
  }
  mlir::AffineMap map(llvm::ArrayRef<mlir::AffineExpr> exprs) const {
    return mlir::AffineMap::get(iterators.size(), 0, exprs, context);
  }
};

/// What f16 and bf16 accumulate in, else the type itself.
mlir::Type accumulatorType(mlir::Type element);
/// `value` in the wider or narrower floating-point type.
mlir::Value convertFloat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                         mlir::Type type);
/// A tensor's elements converted; the tensor itself where they have that type.
mlir::Value convertElements(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                            mlir::Type type);

/// Where bytes make a sum of i32: which of the factors have no sign.
struct WideProduct {
  bool isWide = false, lhsUnsigned = false, rhsUnsigned = false;
};

template <typename Op> WideProduct wideProduct(Op op) {
  auto isUnsigned = [&](unsigned i) {
    return mlir::getElementTypeOrSelf(op->getOperand(i).getType()).isUnsignedInteger();
  };
  return {op.getWide(), isUnsigned(0), isUnsigned(1)};
}

/// `out[maps[2]] += lhs[maps[0]] * rhs[maps[1]]` from zero.
mlir::Value sumOfProducts(mlir::OpBuilder &b, mlir::Location loc, const Loops &loops,
                          mlir::Value lhs, mlir::Value rhs, llvm::ArrayRef<mlir::AffineExpr> lhsAt,
                          llvm::ArrayRef<mlir::AffineExpr> rhsAt,
                          llvm::ArrayRef<mlir::OpFoldResult> sizes,
                          llvm::ArrayRef<mlir::AffineExpr> outAt, WideProduct wide = {});

/// The window of a verified op on inputs of `rank`.
template <typename Op> fn::Window windowOf(Op op) {
  fn::ShapeContext silent(op.getContext(), "", std::nullopt);
  return *fn::makeWindow(silent,
                         mlir::cast<mlir::RankedTensorType>(op.getInput().getType()).getRank(),
                         fn::windowAttributes(op));
}

/// How many elements of padding stand before the input in spatial dimension `i`, where the window
/// makes `places` out of `size`.
mlir::OpFoldResult paddingBefore(mlir::OpBuilder &b, mlir::Location loc, const fn::Window &window,
                                 int64_t i, mlir::OpFoldResult size, mlir::OpFoldResult kernel,
                                 mlir::OpFoldResult places);

/// The input with `scalar` around it wherever the window may reach. No check of bounds is left.
mlir::Value paddedInput(mlir::OpBuilder &b, mlir::Location loc, const fn::Window &window,
                        mlir::Value input, llvm::ArrayRef<mlir::OpFoldResult> kernel,
                        mlir::Value scalar);

} // namespace fnc

#endif // FNC_TENSOR_CONTRACTION_H
