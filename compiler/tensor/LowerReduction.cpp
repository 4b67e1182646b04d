//===- LowerReduction.cpp - reductions, softmax, checks -------------------===//

#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Scalar.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fnc;

namespace {

/// f16 and bf16 are summed in f32.
Type accumulatorOf(Type element) {
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32
             ? Type(Float32Type::get(element.getContext()))
             : element;
}

/// A reduction over some axes of a tensor that leaves the others.
struct Reducer {
  OpBuilder &b;
  Location loc;
  Value input;
  SmallVector<bool> reduced;

  Reducer(OpBuilder &b, Location loc, Value input, std::optional<ArrayRef<int64_t>> axes)
      : b(b), loc(loc), input(input),
        reduced(cast<RankedTensorType>(input.getType()).getRank(), !axes) {
    if (axes)
      for (int64_t axis : *axes)
        reduced[axis] = true;
  }

  int64_t rank() const { return reduced.size(); }

  AffineMap keptMap() const {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < rank(); ++i)
      if (!reduced[i])
        exprs.push_back(b.getAffineDimExpr(i));
    return AffineMap::get(rank(), 0, exprs, b.getContext());
  }

  SmallVector<OpFoldResult> keptSizes() const {
    SmallVector<OpFoldResult> sizes;
    for (int64_t i = 0; i < rank(); ++i)
      if (!reduced[i])
        sizes.push_back(dimOf(b, loc, input, i));
    return sizes;
  }

  /// Several accumulators in one pass; `body` gets the element, then the accumulators.
  SmallVector<Value>
  run(ValueRange initials,
      llvm::function_ref<SmallVector<Value>(OpBuilder &, Location, Value, ValueRange)> body) {
    SmallVector<Value> inits;
    SmallVector<Type> types;
    SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(rank())};
    for (Value initial : initials) {
      inits.push_back(filledTensor(b, loc, keptSizes(), initial));
      types.push_back(inits.back().getType());
      maps.push_back(keptMap());
    }
    SmallVector<utils::IteratorType> iterators;
    for (bool r : reduced)
      iterators.push_back(r ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        b, loc, types, ValueRange{input}, inits, maps, iterators,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          linalg::YieldOp::create(nested, at, body(nested, at, args.front(), args.drop_front()));
        });
    return SmallVector<Value>(generic.getResults());
  }

  Value run(Value initial, llvm::function_ref<Value(OpBuilder &, Location, Value, Value)> body) {
    return run(ValueRange{initial}, [&](OpBuilder &nested, Location at, Value x, ValueRange acc) {
      return SmallVector<Value>{body(nested, at, x, acc[0])};
    })[0];
  }

  /// Elements in one result, as an index.
  Value count() const {
    Value total = arith::ConstantIndexOp::create(b, loc, 1);
    for (int64_t i = 0; i < rank(); ++i)
      if (reduced[i]) {
        OpFoldResult size = dimOf(b, loc, input, i);
        Value dim = isa<Attribute>(size)
                        ? arith::ConstantIndexOp::create(
                              b, loc, cast<IntegerAttr>(cast<Attribute>(size)).getInt())
                              .getResult()
                        : cast<Value>(size);
        total = arith::MulIOp::create(b, loc, total, dim);
      }
    return total;
  }

  /// Size 1 in the place of what was reduced.
  Value keepDims(Value value, RankedTensorType type) const {
    if (value.getType() == type)
      return value;
    auto from = cast<RankedTensorType>(value.getType());
    if (from.getRank() == type.getRank())
      return castTo(b, loc, value, type);
    // Each group of result dimensions ends with a kept one; what trails joins the last group.
    SmallVector<ReassociationIndices> groups;
    ReassociationIndices open;
    for (int64_t i = 0; i < rank(); ++i) {
      open.push_back(i);
      if (!reduced[i]) {
        groups.push_back(open);
        open.clear();
      }
    }
    if (!groups.empty())
      groups.back().append(open.begin(), open.end());
    SmallVector<OpFoldResult> sizes;
    for (int64_t i = 0, kept = 0; i < rank(); ++i)
      sizes.push_back(reduced[i] ? OpFoldResult(b.getIndexAttr(1)) : dimOf(b, loc, value, kept++));
    SmallVector<int64_t> shape;
    for (int64_t i = 0, kept = 0; i < rank(); ++i)
      shape.push_back(reduced[i] ? 1 : from.getDimSize(kept++));
    auto expanded = RankedTensorType::get(shape, from.getElementType());
    Value result =
        tensor::ExpandShapeOp::create(b, loc, expanded, value, groups, sizes).getResult();
    return castTo(b, loc, result, type);
  }
};

/// value op'd elementwise with tensors broadcast along the reduced axes (their size is 1 there).
Value elementwise(OpBuilder &b, Location loc, RankedTensorType type, ValueRange operands,
                  ScalarBuilder body) {
  return buildElementwise(b, loc, type, operands, body);
}

Value castElements(OpBuilder &b, Location loc, Value value, Type to) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType() == to)
    return value;
  auto result = RankedTensorType::get(type.getShape(), to);
  return buildElementwise(b, loc, result, value, [&](OpBuilder &nb, Location at, ValueRange x) {
    return Scalar(nb, at, type.getElementType()).cast(x[0], to);
  });
}

template <typename Op> struct ReducePattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;

  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getInput().getType());
    Type acc = accumulatorOf(element);
    Reducer reducer(b, loc, adaptor.getInput(), op.getAxes());
    Value result = reduce(op, b, reducer, element, acc);
    auto type = cast<RankedTensorType>(this->getTypeConverter()->convertType(op.getType()));
    result = castElements(b, loc, result, type.getElementType());
    b.replaceOp(op, reducer.keepDims(result, type));
    return success();
  }

  static Value reduce(Operation *op, OpBuilder &b, Reducer &reducer, Type element, Type acc) {
    Location loc = op->getLoc();
    Scalar at(b, loc, acc);
    auto fold = [&](Value initial, auto combine) {
      return reducer.run(initial, [&](OpBuilder &nb, Location l, Value x, Value so) -> Value {
        return combine(Scalar(nb, l, acc), Scalar(nb, l, element).cast(x, acc), so);
      });
    };
    if constexpr (std::is_same_v<Op, fn::ReduceSumOp>)
      return fold(at.constant(0), [](Scalar s, Value x, Value so) { return s.add(so, x); });
    if constexpr (std::is_same_v<Op, fn::ReduceProdOp>)
      return fold(at.constant(1), [](Scalar s, Value x, Value so) { return s.mul(so, x); });
    if constexpr (std::is_same_v<Op, fn::ReduceMaxOp>)
      return fold(at.lowest(), [](Scalar s, Value x, Value so) { return s.maximum(so, x); });
    if constexpr (std::is_same_v<Op, fn::ReduceMinOp>)
      return fold(at.highest(), [](Scalar s, Value x, Value so) { return s.minimum(so, x); });
    if constexpr (std::is_same_v<Op, fn::ReduceAnyOp>)
      return fold(at.constant(0), [](Scalar s, Value x, Value so) { return s.maximum(so, x); });
    if constexpr (std::is_same_v<Op, fn::ReduceAllOp>)
      return fold(arith::ConstantOp::create(b, loc, b.getBoolAttr(true)).getResult(),
                  [](Scalar s, Value x, Value so) { return s.minimum(so, x); });
    if constexpr (std::is_same_v<Op, fn::ReduceMeanOp>) {
      Value sum = fold(at.constant(0), [](Scalar s, Value x, Value so) { return s.add(so, x); });
      Value count = arith::IndexCastOp::create(b, loc, b.getI64Type(), reducer.count());
      Value n = arith::SIToFPOp::create(b, loc, acc, count);
      return buildElementwise(b, loc, cast<RankedTensorType>(sum.getType()), sum,
                              [&](OpBuilder &nb, Location l, ValueRange x) -> Value {
                                return arith::DivFOp::create(nb, l, x[0], n);
                              });
    }
    if constexpr (std::is_same_v<Op, fn::LogSumExpOp>)
      return logSumExp(b, loc, reducer, element, acc);
  }

  /// ln sum e^(x - m) + m, with m the largest element, or 0 where that is infinite.
  static Value logSumExp(OpBuilder &b, Location loc, Reducer &reducer, Type element, Type acc) {
    Scalar at(b, loc, acc);
    Value largest = reducer.run(at.lowest(), [&](OpBuilder &nb, Location l, Value x, Value so) {
      return Scalar(nb, l, acc).maximum(so, Scalar(nb, l, element).cast(x, acc));
    });
    auto keptType = cast<RankedTensorType>(largest.getType());
    Value shift = buildElementwise(
        b, loc, keptType, largest, [&](OpBuilder &nb, Location l, ValueRange x) -> Value {
          Scalar s(nb, l, acc);
          Value infinite = s.compare(Scalar::Order::Equal, s.abs(x[0]), s.highest());
          return s.select(infinite, s.constant(0), x[0]);
        });
    Value sums = filledTensor(b, loc, reducer.keptSizes(), at.constant(0));
    SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(reducer.rank()), reducer.keptMap(),
                                   reducer.keptMap()};
    SmallVector<utils::IteratorType> iterators;
    for (bool r : reducer.reduced)
      iterators.push_back(r ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    Value sum = linalg::GenericOp::create(
                    b, loc, sums.getType(), ValueRange{reducer.input, shift}, sums, maps, iterators,
                    [&](OpBuilder &nb, Location l, ValueRange x) {
                      Scalar s(nb, l, acc);
                      Value value = Scalar(nb, l, element).cast(x[0], acc);
                      Value e = math::ExpOp::create(nb, l, s.sub(value, x[1]));
                      linalg::YieldOp::create(nb, l, s.add(x[2], e));
                    })
                    .getResult(0);
    return buildElementwise(b, loc, keptType, ValueRange{sum, shift},
                            [&](OpBuilder &nb, Location l, ValueRange x) -> Value {
                              Scalar s(nb, l, acc);
                              return s.add(math::LogOp::create(nb, l, x[0]), x[1]);
                            });
  }
};

template <typename Op> struct SoftmaxPattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;

  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getType());
    Type element = type.getElementType(), acc = accumulatorOf(element);
    Value input = castElements(b, loc, adaptor.getInput(), acc);
    auto accType = cast<RankedTensorType>(input.getType());
    int64_t axis = op.getAxis();
    SmallVector<int64_t> keptShape(accType.getShape());
    keptShape[axis] = 1;
    auto keptType = RankedTensorType::get(keptShape, acc);
    Scalar at(b, loc, acc);

    Reducer largestOf(b, loc, input, ArrayRef<int64_t>(axis));
    // The sign of a zero makes no difference here, and a NaN finds its way into the sum anyway.
    Value largest = largestOf.keepDims(
        largestOf.run(at.lowest(),
                      [&](OpBuilder &nb, Location l, Value x, Value so) -> Value {
                        Value more = arith::CmpFOp::create(nb, l, arith::CmpFPredicate::OGT, x, so);
                        return arith::SelectOp::create(nb, l, more, x, so);
                      }),
        keptType);
    Value shifted = elementwise(b, loc, accType, ValueRange{input, largest},
                                [&](OpBuilder &nb, Location l, ValueRange x) {
                                  return Scalar(nb, l, acc).sub(x[0], x[1]);
                                });
    Value e = elementwise(b, loc, accType, shifted,
                          [&](OpBuilder &nb, Location l, ValueRange x) -> Value {
                            auto exp = math::ExpOp::create(nb, l, x[0]);
                            exp->setAttr(kShifted, nb.getUnitAttr());
                            return exp;
                          });
    Reducer sumOf(b, loc, e, ArrayRef<int64_t>(axis));
    Value sum = sumOf.keepDims(
        sumOf.run(at.constant(0), [&](OpBuilder &nb, Location l, Value x,
                                      Value so) { return Scalar(nb, l, acc).add(so, x); }),
        keptType);
    Value result;
    if constexpr (std::is_same_v<Op, fn::SoftmaxOp>) {
      // One division for each sum, which is at least 1; half a rounding more for each element.
      Value scale =
          elementwise(b, loc, keptType, sum, [&](OpBuilder &nb, Location l, ValueRange x) {
            Scalar s(nb, l, acc);
            return s.div(s.constant(1), x[0]);
          });
      result = elementwise(b, loc, accType, ValueRange{e, scale},
                           [&](OpBuilder &nb, Location l, ValueRange x) {
                             return Scalar(nb, l, acc).mul(x[0], x[1]);
                           });
    } else {
      Value logSum =
          elementwise(b, loc, keptType, sum, [&](OpBuilder &nb, Location l, ValueRange x) -> Value {
            return math::LogOp::create(nb, l, x[0]);
          });
      result = elementwise(b, loc, accType, ValueRange{shifted, logSum},
                           [&](OpBuilder &nb, Location l, ValueRange x) {
                             return Scalar(nb, l, acc).sub(x[0], x[1]);
                           });
    }
    b.replaceOp(op, castElements(b, loc, result, element));
    return success();
  }
};

template <typename Op> struct ArgPattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;

  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getInput().getType()), acc = accumulatorOf(element);
    auto type = cast<RankedTensorType>(op.getType());
    Type indexType = type.getElementType();
    constexpr bool isMax = std::is_same_v<Op, fn::ArgMaxOp>;
    int64_t axis = op.getAxis();
    Reducer reducer(b, loc, adaptor.getInput(), ArrayRef<int64_t>(axis));
    Scalar at(b, loc, acc);
    // The best element so far, and where it was; element 0 always enters.
    Value none = arith::ConstantOp::create(b, loc, b.getIntegerAttr(indexType, 0));
    auto results = reducer.run(
        ValueRange{isMax ? at.lowest() : at.highest(), none},
        [&](OpBuilder &nb, Location l, Value in, ValueRange best) {
          Scalar s(nb, l, acc);
          Value x = Scalar(nb, l, element).cast(in, acc);
          Value here =
              arith::IndexCastOp::create(nb, l, indexType, linalg::IndexOp::create(nb, l, axis));
          Value better;
          if (s.isFloat()) {
            // A NaN beats all but an earlier NaN.
            auto beats = isMax ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT;
            Value ordered = s.compare(Scalar::Order::Equal, best[0], best[0]);
            better = arith::AndIOp::create(nb, l, arith::CmpFOp::create(nb, l, beats, x, best[0]),
                                           ordered);
          } else {
            better = s.compare(isMax ? Scalar::Order::Greater : Scalar::Order::Less, x, best[0]);
          }
          return SmallVector<Value>{s.select(better, x, best[0]), s.select(better, here, best[1])};
        });
    b.replaceOp(op, reducer.keepDims(results[1], type));
    return success();
  }
};

/// One pass that finds whether all elements are good and what the first bad one is.
struct CheckPattern : OpConversionPattern<fn::CheckOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::CheckOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getValue().getType());
    Value limit;
    if (op.getKind() == "index") {
      OpFoldResult size = dimOf(b, loc, adaptor.getLike(), op.getAxis());
      limit =
          isa<Attribute>(size)
              ? arith::ConstantOp::create(
                    b, loc, b.getI64IntegerAttr(cast<IntegerAttr>(cast<Attribute>(size)).getInt()))
                    .getResult()
              : arith::IndexCastOp::create(b, loc, b.getI64Type(), cast<Value>(size)).getResult();
    }
    Reducer reducer(b, loc, adaptor.getValue(), std::nullopt);
    Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
    Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
    auto results =
        reducer.run(ValueRange{yes, zero}, [&](OpBuilder &nb, Location l, Value x, ValueRange so) {
          Scalar s(nb, l, element);
          Value good, shown = so[1];
          if (op.getKind() == "index") {
            Value wide = s.cast(x, nb.getI64Type());
            // Negative numbers are large unsigned ones.
            good = arith::CmpIOp::create(nb, l, arith::CmpIPredicate::ult, wide, limit);
            Value first = arith::AndIOp::create(
                nb, l, so[0],
                arith::XOrIOp::create(nb, l, good,
                                      arith::ConstantOp::create(nb, l, nb.getBoolAttr(true))));
            shown = arith::SelectOp::create(nb, l, first, wide, so[1]);
          } else if (op.getKind() == "assert") {
            good = x;
          } else {
            good = s.compare(Scalar::Order::Less, s.abs(x), s.highest());
          }
          return SmallVector<Value>{arith::AndIOp::create(nb, l, so[0], good), shown};
        });
    b.replaceOp(op, results);
    return success();
  }
};

struct StatusPattern : OpConversionPattern<fn::StatusOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::StatusOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Value code = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0)), got = code;
    for (size_t i = adaptor.getOks().size(); i-- > 0;) {
      Value ok = tensor::ExtractOp::create(b, loc, adaptor.getOks()[i], ValueRange{});
      Value value = tensor::ExtractOp::create(b, loc, adaptor.getGots()[i], ValueRange{});
      Value mine = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(i + 1));
      code = arith::SelectOp::create(b, loc, ok, code, mine);
      got = arith::SelectOp::create(b, loc, ok, got, value);
    }
    b.replaceOpWithNewOp<tensor::FromElementsOp>(op, op.getType(), ValueRange{code, got});
    return success();
  }
};

} // namespace

void fnc::populateReductionLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  using namespace fn;
  patterns.add<ReducePattern<ReduceSumOp>, ReducePattern<ReduceMeanOp>, ReducePattern<ReduceMaxOp>,
               ReducePattern<ReduceMinOp>, ReducePattern<ReduceProdOp>, ReducePattern<ReduceAnyOp>,
               ReducePattern<ReduceAllOp>, ReducePattern<LogSumExpOp>, SoftmaxPattern<SoftmaxOp>,
               SoftmaxPattern<LogSoftmaxOp>, ArgPattern<ArgMaxOp>, ArgPattern<ArgMinOp>,
               CheckPattern, StatusPattern>(types, patterns.getContext());
}
