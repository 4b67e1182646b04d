//===- LowerElementwise.cpp - elementwise fn ops --------------------------===//

#include "compiler/tensor/Lower.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace fnc;

namespace {

/// The element of the result from the elements of the operands. `type` is the fn element type of
/// the first operand: it says what is unsigned.
Value lowerElement(fn::AddOp, OpBuilder &b, Location loc, Type type, ValueRange x) {
  return isa<FloatType>(type) ? arith::AddFOp::create(b, loc, x[0], x[1]).getResult()
                              : arith::AddIOp::create(b, loc, x[0], x[1]).getResult();
}

template <typename Op> struct ElementwisePattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;
  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto resultType =
        cast<RankedTensorType>(this->getTypeConverter()->convertType(op.getType()));
    Type element = getElementTypeOrSelf(op->getOperand(0).getType());
    rewriter.replaceOp(op, buildElementwise(rewriter, op.getLoc(), resultType,
                                            adaptor.getOperands(),
                                            [&](OpBuilder &b, Location loc, ValueRange x) {
                                              return lowerElement(op, b, loc, element, x);
                                            }));
    return success();
  }
};

} // namespace

void fnc::populateElementwiseLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<ElementwisePattern<fn::AddOp>>(types, patterns.getContext());
}
