//===- LowerContractionPool.cpp - pooling ---------------------------------===//

#include "compiler/tensor/Contraction.h"
#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace fnc;

namespace {

/// The loops over a pooling op's windows, and where its operands are read and written.
struct WindowLoops {
  WindowLoops(MLIRContext *context, const fn::Window &window) : loops{context, {}} {
    auto spatial = [&](bool reduce, SmallVector<AffineExpr> &exprs) {
      for (int64_t i = 0; i < window.spatialRank; ++i)
        exprs.push_back(reduce ? loops.reduction() : loops.parallel());
    };
    batch = loops.parallel();
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
  }

  /// The number that a loop is at, inside of the body.
  static Value index(OpBuilder &b, Location loc, AffineExpr loop) {
    return linalg::IndexOp::create(b, loc, cast<AffineDimExpr>(loop).getPosition());
  }

  Loops loops;
  AffineExpr batch, channel;
  SmallVector<AffineExpr> place, offset, inputAt, outputAt;
};

using WindowBody = llvm::function_ref<SmallVector<Value>(OpBuilder &, Location, const WindowLoops &,
                                                         Value element, ValueRange accumulators)>;

/// Folds each window of `padded` with `body`, from `inits`.
ValueRange reduceWindows(OpBuilder &b, Location loc, const fn::Window &window,
                         ArrayRef<int64_t> kernel, Value padded, ValueRange inits,
                         const Sizes &sizes, WindowBody body) {
  WindowLoops at(b.getContext(), window);
  // The extent of the window is that of an operand whose elements nothing reads.
  Value extent = tensor::EmptyOp::create(b, loc, kernel, b.getI8Type());
  SmallVector<AffineMap> maps = {at.loops.map(at.inputAt), at.loops.map(at.offset)};
  SmallVector<Value> starts;
  for (Value init : inits) {
    starts.push_back(filledTensor(b, loc, sizes, init));
    maps.push_back(at.loops.map(at.outputAt));
  }
  return linalg::GenericOp::create(b, loc, ValueRange(starts).getTypes(),
                                   ValueRange{padded, extent}, starts, maps, at.loops.iterators,
                                   [&](OpBuilder &nested, Location where, ValueRange args) {
                                     linalg::YieldOp::create(
                                         nested, where,
                                         body(nested, where, at, args[0], args.drop_front(2)));
                                   })
      .getResults();
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
                                 [&](OpBuilder &nested, Location at, const WindowLoops &, Value x,
                                     ValueRange so) -> SmallVector<Value> {
                                   if (isa<FloatType>(element))
                                     return {arith::MaximumFOp::create(nested, at, so[0], x)};
                                   if (element.isUnsignedInteger())
                                     return {arith::MaxUIOp::create(nested, at, so[0], x)};
                                   return {arith::MaxSIOp::create(nested, at, so[0], x)};
                                 })[0];
    b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

struct MaxPoolIndicesPattern : OpConversionPattern<fn::MaxPoolIndicesOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::MaxPoolIndicesOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    fn::Window window = windowOf(op);
    Value input = adaptor.getInput();
    Type element = getElementTypeOrSelf(op.getInput().getType());
    Value least = lowest(b, loc, element);
    Sizes kernel = asSizes(b, op.getSize());
    Value padded = paddedInput(b, loc, window, input, kernel, least);
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Sizes inputSizes = dimsOf(b, loc, input);
    auto value = [&](OpFoldResult size) { return getValueOrCreateConstantIndexOp(b, loc, size); };
    SmallVector<Value> extent, low;
    for (OpFoldResult size : inputSizes)
      extent.push_back(value(size));
    for (int64_t i = 0; i < window.spatialRank; ++i)
      low.push_back(value(paddingBefore(b, loc, window, i, inputSizes[window.spatial(i)], kernel[i],
                                        sizes[window.spatial(i)])));
    Value none = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(-1));
    Value result = reduceWindows(
        b, loc, window, op.getSize(), padded, ValueRange{least, none}, sizes,
        [&](OpBuilder &nested, Location at, const WindowLoops &loops, Value x,
            ValueRange best) -> SmallVector<Value> {
          // Where the element stands in the input, if it does.
          SmallVector<Value> place(extent.size());
          place[0] = WindowLoops::index(nested, at, loops.batch);
          place[window.channel()] = WindowLoops::index(nested, at, loops.channel);
          Value inside = arith::ConstantOp::create(nested, at, nested.getBoolAttr(true));
          auto scaled = [&](AffineExpr loop, int64_t by) -> Value {
            Value scale = arith::ConstantIndexOp::create(nested, at, by);
            return arith::MulIOp::create(nested, at, WindowLoops::index(nested, at, loop), scale);
          };
          for (int64_t i = 0; i < window.spatialRank; ++i) {
            Value y = arith::AddIOp::create(nested, at, scaled(loops.place[i], window.strides[i]),
                                            scaled(loops.offset[i], window.dilations[i]));
            y = arith::SubIOp::create(nested, at, y, low[i]);
            // Negative numbers are large unsigned ones.
            Value fits = arith::CmpIOp::create(nested, at, arith::CmpIPredicate::ult, y,
                                               extent[window.spatial(i)]);
            inside = arith::AndIOp::create(nested, at, inside, fits);
            place[window.spatial(i)] = y;
          }
          Value linear = place[0];
          for (size_t i = 1; i < place.size(); ++i) {
            linear = arith::MulIOp::create(nested, at, linear, extent[i]);
            linear = arith::AddIOp::create(nested, at, linear, place[i]);
          }
          linear = arith::IndexCastOp::create(nested, at, nested.getI64Type(), linear);

          Scalar s(nested, at, element);
          Value better = s.compare(Scalar::Order::Greater, x, best[0]);
          if (s.isFloat()) {
            // A NaN beats all but an earlier NaN.
            Value nan = s.compare(Scalar::Order::NotEqual, x, x);
            Value had = s.compare(Scalar::Order::Equal, best[0], best[0]);
            better = arith::OrIOp::create(nested, at, better,
                                          arith::AndIOp::create(nested, at, nan, had));
          }
          Value first = arith::CmpIOp::create(
              nested, at, arith::CmpIPredicate::slt, best[1],
              arith::ConstantOp::create(nested, at, nested.getI64IntegerAttr(0)));
          better = arith::OrIOp::create(nested, at, better, first);
          better = arith::AndIOp::create(nested, at, better, inside);
          return {s.select(better, x, best[0]), s.select(better, linear, best[1])};
        })[1];
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
    Value sum = reduceWindows(
        b, loc, window, kernel, padded, scalarConstant(b, loc, wide, 0), sizes,
        [&](OpBuilder &nested, Location at, const WindowLoops &, Value x,
            ValueRange so) -> SmallVector<Value> {
          return {arith::AddFOp::create(nested, at, so[0], convertFloat(nested, at, x, wide))};
        })[0];

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
  patterns.add<MaxPoolPattern, MaxPoolIndicesPattern, AvgPoolPattern>(types, patterns.getContext());
}
