//===- LowerContractionPool.cpp - pooling ---------------------------------===//

#include "compiler/tensor/Contraction.h"
#include "compiler/tensor/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace fnc;

namespace {

/// Folds each window of `padded` with `body` (element, accumulator), from `init`.
Value reduceWindows(OpBuilder &b, Location loc, const fn::Window &window, ArrayRef<int64_t> kernel,
                    Value padded, Value init, const Sizes &sizes, ScalarBuilder body) {
  Loops loops{b.getContext(), {}};
  SmallVector<AffineExpr> place, offset, inputAt, outputAt;
  auto spatial = [&](bool reduce, SmallVector<AffineExpr> &exprs) {
    for (int64_t i = 0; i < window.spatialRank; ++i)
      exprs.push_back(reduce ? loops.reduction() : loops.parallel());
  };
  AffineExpr batch = loops.parallel(), channel;
  if (window.channelsFirst)
    channel = loops.parallel();
  else
    spatial(false, place);
  spatial(true, offset);
  if (window.channelsFirst)
    spatial(false, place);
  else
    channel = loops.parallel();

  inputAt.resize(window.spatialRank + 2);
  inputAt[0] = batch;
  inputAt[window.channel()] = channel;
  outputAt = inputAt;
  for (int64_t i = 0; i < window.spatialRank; ++i) {
    inputAt[window.spatial(i)] = place[i] * window.strides[i] + offset[i] * window.dilations[i];
    outputAt[window.spatial(i)] = place[i];
  }
  // The extent of the window is that of an operand whose elements nothing reads.
  Value extent = tensor::EmptyOp::create(b, loc, kernel, b.getI8Type());
  Value start = filledTensor(b, loc, sizes, init);
  return linalg::GenericOp::create(
             b, loc, start.getType(), ValueRange{padded, extent}, start,
             {loops.map(inputAt), loops.map(offset), loops.map(outputAt)}, loops.iterators,
             [&](OpBuilder &nested, Location at, ValueRange args) {
               linalg::YieldOp::create(nested, at, body(nested, at, {args[0], args[2]}));
             })
      .getResult(0);
}

Sizes asSizes(OpBuilder &b, ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(b.getContext(), values);
}

/// The least number of a type, as the fn dialect sees it.
Value lowest(OpBuilder &b, Location loc, Type type) {
  if (auto floating = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(
        b, loc,
        b.getFloatAttr(type, APFloat::getInf(floating.getFloatSemantics(), /*Negative=*/true)));
  unsigned width = type.getIntOrFloatBitWidth();
  APInt value =
      type.isUnsignedInteger() ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(b.getIntegerType(width), value));
}

struct MaxPoolPattern : OpConversionPattern<fn::MaxPoolOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::MaxPoolOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    fn::Window window = windowOf(op);
    Type element = getElementTypeOrSelf(op.getType());
    Value least = lowest(b, loc, element);
    Value padded = paddedInput(b, loc, window, adaptor.getInput(), asSizes(b, op.getSize()), least);
    Value result = reduceWindows(b, loc, window, op.getSize(), padded, least,
                                 resultSizes(b, op, adaptor.getOperands())[0],
                                 [&](OpBuilder &nested, Location at, ValueRange args) -> Value {
                                   if (isa<FloatType>(element))
                                     return arith::MaximumFOp::create(nested, at, args[1], args[0]);
                                   if (element.isUnsignedInteger())
                                     return arith::MaxUIOp::create(nested, at, args[1], args[0]);
                                   return arith::MaxSIOp::create(nested, at, args[1], args[0]);
                                 });
    b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

/// How many elements of the window at `place` lie in an input of `size` along dimension `i`.
Value countInside(OpBuilder &b, Location loc, const fn::Window &window, int64_t i, Value place,
                  Value low, Value size, int64_t kernel) {
  auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); };
  Value start = arith::MulIOp::create(b, loc, place, constant(window.strides[i]));
  start = arith::SubIOp::create(b, loc, start, low);
  Value dilation = constant(window.dilations[i]), zero = constant(0);
  // Elements start + j * dilation for j from `first` until `last`.
  Value before = arith::SubIOp::create(b, loc, zero, start);
  Value first = arith::CeilDivSIOp::create(b, loc, before, dilation);
  first = arith::MaxSIOp::create(b, loc, first, zero);
  Value rest = arith::SubIOp::create(b, loc, size, start);
  Value last = arith::CeilDivSIOp::create(b, loc, rest, dilation);
  last = arith::MinSIOp::create(b, loc, last, constant(kernel));
  Value count = arith::SubIOp::create(b, loc, last, first);
  return arith::MaxSIOp::create(b, loc, count, zero);
}

struct AvgPoolPattern : OpConversionPattern<fn::AvgPoolOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::AvgPoolOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    fn::Window window = windowOf(op);
    Value input = adaptor.getInput();
    ArrayRef<int64_t> kernel = op.getSize();
    auto type = cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    Type element = type.getElementType(), wide = accumulatorType(element);
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Value padded =
        paddedInput(b, loc, window, input, asSizes(b, kernel), scalarConstant(b, loc, element, 0));
    Value sum = reduceWindows(b, loc, window, kernel, padded, scalarConstant(b, loc, wide, 0),
                              sizes, [&](OpBuilder &nested, Location at, ValueRange args) -> Value {
                                Value x = convertFloat(nested, at, args[0], wide);
                                return arith::AddFOp::create(nested, at, args[1], x);
                              });

    bool counts = padded != input && !op.getCountPad();
    SmallVector<Value> lows(window.spatialRank), inputSizes(window.spatialRank);
    int64_t all = 1;
    for (int64_t i = 0; i < window.spatialRank; ++i) {
      all *= kernel[i];
      if (!counts)
        continue;
      OpFoldResult size = dimOf(b, loc, input, window.spatial(i));
      lows[i] = getValueOrCreateConstantIndexOp(b, loc,
                                                paddingBefore(b, loc, window, i, size,
                                                              b.getIndexAttr(kernel[i]),
                                                              sizes[window.spatial(i)]));
      inputSizes[i] = getValueOrCreateConstantIndexOp(b, loc, size);
    }
    Value mean = buildElementwise(
        b, loc, RankedTensorType::get(typeOfSizes(sizes, element).getShape(), element), sum,
        [&](OpBuilder &nested, Location at, ValueRange args) -> Value {
          Value count;
          if (!counts)
            count = scalarConstant(nested, at, wide, all);
          else {
            for (int64_t i = 0; i < window.spatialRank; ++i) {
              Value place = linalg::IndexOp::create(nested, at, window.spatial(i));
              Value inside =
                  countInside(nested, at, window, i, place, lows[i], inputSizes[i], kernel[i]);
              count = count ? arith::MulIOp::create(nested, at, count, inside).getResult() : inside;
            }
            count = arith::IndexCastOp::create(nested, at, nested.getI64Type(), count);
            count = arith::SIToFPOp::create(nested, at, wide, count);
          }
          Value value = arith::DivFOp::create(nested, at, args[0], count);
          return convertFloat(nested, at, value, element);
        });
    b.replaceOp(op, castTo(b, loc, mean, type));
    return success();
  }
};

} // namespace

void fnc::populatePoolLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<MaxPoolPattern, AvgPoolPattern>(types, patterns.getContext());
}
