//===- LowerShape.cpp - ops that move data or make it from nothing --------===//

#include "compiler/tensor/Lower.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace fnc;

namespace {

struct ConstantPattern : OpConversionPattern<fn::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::ConstantOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    auto value = cast<DenseElementsAttr>(op.getValue());
    if (value.getType() != type)
      value = value.bitcast(type.getElementType());
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, type, value);
    return success();
  }
};

} // namespace

void fnc::populateShapeLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<ConstantPattern>(types, patterns.getContext());
}
