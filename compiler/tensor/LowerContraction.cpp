//===- LowerContraction.cpp - matrix products -----------------------------===//

#include "compiler/tensor/Contraction.h"
#include "compiler/tensor/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace fnc;

Type fnc::accumulatorType(Type element) {
  return isa<Float16Type, BFloat16Type>(element) ? Float32Type::get(element.getContext()) : element;
}

Value fnc::convertFloat(OpBuilder &b, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (value.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, loc, type, value);
  return arith::TruncFOp::create(b, loc, type, value);
}

Value fnc::convertElements(OpBuilder &b, Location loc, Value value, Type type) {
  auto tensor = cast<RankedTensorType>(value.getType());
  if (tensor.getElementType() == type)
    return value;
  return buildElementwise(b, loc, tensor.clone(type), value,
                          [&](OpBuilder &nested, Location at, ValueRange args) {
                            return convertFloat(nested, at, args[0], type);
                          });
}

Value fnc::sumOfProducts(OpBuilder &b, Location loc, const Loops &loops, Value lhs, Value rhs,
                         ArrayRef<AffineExpr> lhsAt, ArrayRef<AffineExpr> rhsAt,
                         ArrayRef<OpFoldResult> sizes, ArrayRef<AffineExpr> outAt,
                         WideProduct product) {
  Type element = getElementTypeOrSelf(lhs.getType()), wide = accumulatorType(element);
  if (product.isWide)
    element = wide = b.getI32Type();
  auto extended = [&](OpBuilder &nested, Location at, Value byte, bool isUnsigned) -> Value {
    if (!product.isWide)
      return byte;
    return isUnsigned ? arith::ExtUIOp::create(nested, at, wide, byte).getResult()
                      : arith::ExtSIOp::create(nested, at, wide, byte).getResult();
  };
  Value zero = filledTensor(b, loc, sizes, scalarConstant(b, loc, wide, 0));
  auto generic = linalg::GenericOp::create(
      b, loc, zero.getType(), ValueRange{lhs, rhs}, zero,
      {loops.map(lhsAt), loops.map(rhsAt), loops.map(outAt)}, loops.iterators,
      [&](OpBuilder &nested, Location at, ValueRange args) {
        Value sum;
        if (isa<FloatType>(wide)) {
          Value product = arith::MulFOp::create(nested, at, convertFloat(nested, at, args[0], wide),
                                                convertFloat(nested, at, args[1], wide));
          sum = arith::AddFOp::create(nested, at, args[2], product);
        } else {
          Value x = extended(nested, at, args[0], product.lhsUnsigned);
          Value y = extended(nested, at, args[1], product.rhsUnsigned);
          sum = arith::AddIOp::create(nested, at, args[2], arith::MulIOp::create(nested, at, x, y));
        }
        linalg::YieldOp::create(nested, at, sum);
      });
  return convertElements(b, loc, generic.getResult(0), element);
}

namespace {

struct MatmulPattern : OpConversionPattern<fn::MatmulOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::MatmulOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Type type = getTypeConverter()->convertType(op.getType());
    auto lhs = cast<RankedTensorType>(adaptor.getLhs().getType());
    auto rhs = cast<RankedTensorType>(adaptor.getRhs().getType());
    int64_t lhsBatch = std::max<int64_t>(lhs.getRank() - 2, 0);
    int64_t rhsBatch = std::max<int64_t>(rhs.getRank() - 2, 0);

    Loops loops{b.getContext(), {}};
    SmallVector<AffineExpr> out;
    for (int64_t i = 0; i < std::max(lhsBatch, rhsBatch); ++i)
      out.push_back(loops.parallel());
    auto batchOf = [&](RankedTensorType operand, int64_t count) {
      SmallVector<AffineExpr> exprs;
      for (int64_t i = 0; i < count; ++i)
        exprs.push_back(operand.getDimSize(i) == 1 ? b.getAffineConstantExpr(0)
                                                   : out[out.size() - count + i]);
      return exprs;
    };
    SmallVector<AffineExpr> lhsAt = batchOf(lhs, lhsBatch), rhsAt = batchOf(rhs, rhsBatch);
    // A batch dimension that is 1 on both sides still needs an operand that says so.
    for (auto [i, expr] : llvm::enumerate(ArrayRef(out)))
      if (!llvm::is_contained(lhsAt, expr) && !llvm::is_contained(rhsAt, expr)) {
        int64_t lead = out.size() - lhsBatch;
        if (static_cast<int64_t>(i) >= lead)
          lhsAt[i - lead] = expr;
        else
          rhsAt[i - (out.size() - rhsBatch)] = expr;
      }

    // The innermost loop walks along rows of the right side, or of both where that is transposed.
    AffineExpr m, n, k;
    if (lhs.getRank() > 1)
      m = loops.parallel();
    if (op.getTransposeB() && rhs.getRank() > 1)
      n = loops.parallel();
    k = loops.reduction();
    if (!n && rhs.getRank() > 1)
      n = loops.parallel();
    auto place = [&](SmallVector<AffineExpr> &at, AffineExpr row, AffineExpr column, bool swap) {
      if (swap)
        std::swap(row, column);
      for (AffineExpr expr : {row, column})
        if (expr)
          at.push_back(expr);
    };
    place(lhsAt, m, k, op.getTransposeA());
    place(rhsAt, k, n, op.getTransposeB());
    place(out, m, n, false);
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Value result = sumOfProducts(b, op.getLoc(), loops, adaptor.getLhs(), adaptor.getRhs(), lhsAt,
                                 rhsAt, sizes, out, wideProduct(op));
    b.replaceOp(op, castTo(b, op.getLoc(), result, type));
    return success();
  }
};

} // namespace

void fnc::populateContractionLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<MatmulPattern>(types, patterns.getContext());
  populateConvLowering(types, patterns);
  populatePoolLowering(types, patterns);
}
