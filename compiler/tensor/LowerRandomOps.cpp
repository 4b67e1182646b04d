//===- LowerRandomOps.cpp - ops that draw random numbers ------------------===//

#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Philox.h"
#include "compiler/tensor/Scalar.h"
#include "compiler/tensor/Views.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace fnc;

namespace {

Value constant(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
}

/// The sizes as i64.
SmallVector<Value> numbers(OpBuilder &b, Location loc, const Sizes &sizes) {
  SmallVector<Value> values;
  for (OpFoldResult size : sizes)
    values.push_back(arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                                getValueOrCreateConstantIndexOp(b, loc, size)));
  return values;
}

/// The state behind a draw of this many numbers of `words` words.
Value nextState(OpBuilder &b, Location loc, const Generator &generator, ArrayRef<Value> sizes,
                int words) {
  Value count = constant(b, loc, words);
  for (Value size : sizes)
    count = arith::MulIOp::create(b, loc, count, size);
  Value blocks = arith::ShRUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, count, constant(b, loc, 3)), constant(b, loc, 2));
  Generator next = generator.after(b, loc, blocks);
  return buildElementwise(b, loc, RankedTensorType::get({3}, b.getI64Type()), {},
                          [&](OpBuilder &nested, Location at, ValueRange) -> Value {
                            Value place = linalg::IndexOp::create(nested, at, 0);
                            auto pick = [&](int64_t i, Value x, Value y) -> Value {
                              Value mine = arith::CmpIOp::create(
                                  nested, at, arith::CmpIPredicate::eq, place,
                                  arith::ConstantIndexOp::create(nested, at, i));
                              return arith::SelectOp::create(nested, at, mine, x, y);
                            };
                            return pick(0, next.low, pick(1, next.high, next.key));
                          });
}

/// What becomes of an element's word, or of its two. `type` is the fn element type.
struct Element {
  OpBuilder &b;
  Location loc;
  Type type;
  Value low, high;

  Num uniform(int bits) const {
    return high ? uniformOf(b, loc, low, high, bits) : uniformOf(b, loc, low, bits);
  }

  Value make(fn::RandomBitsOp) const {
    Type i64 = b.getI64Type();
    if (high) {
      Value upper = arith::ShLIOp::create(b, loc, arith::ExtUIOp::create(b, loc, i64, high),
                                          constant(b, loc, 32));
      return arith::OrIOp::create(b, loc, upper, arith::ExtUIOp::create(b, loc, i64, low));
    }
    unsigned width = type.getIntOrFloatBitWidth();
    return width == 32 ? low
                       : arith::TruncIOp::create(b, loc, b.getIntegerType(width), low).getResult();
  }

  Value make(fn::RandomUniformOp op) const {
    auto element = cast<FloatType>(type);
    double from = op.getLow().convertToDouble(), to = op.getHigh().convertToDouble();
    Num number = uniform(static_cast<int>(element.getFPMantissaWidth())) * (to - from) + from;
    // The sum may have been rounded up.
    APFloat below = op.getHigh();
    bool loses;
    below.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &loses);
    below.next(/*nextDown=*/true);
    Value last = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, below));
    return arith::MinimumFOp::create(b, loc, fromF64(number, element), last);
  }

  template <typename Op> Value makeNormal(Op op, double cut) const {
    int bits = high ? 52 : 24;
    Num at = uniform(bits), number = normalOf(at, bits, cut);
    if (high)
      number = refineNormal(number, at, bits, cut);
    return fromF64(number * op.getStddev().convertToDouble() + op.getMean().convertToDouble(),
                   type);
  }
  Value make(fn::RandomNormalOp op) const { return makeNormal(op, 0); }
  Value make(fn::RandomTruncatedNormalOp op) const { return makeNormal(op, 2); }

  Value make(fn::RandomBernoulliOp op) const {
    auto limit = static_cast<int64_t>(std::round(op.getProbability().convertToDouble() * 0x1p32));
    Value word = arith::ExtUIOp::create(b, loc, b.getI64Type(), low);
    Value below =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, word, constant(b, loc, limit));
    return type.isInteger(1) ? below : Scalar(b, loc, b.getI1Type()).cast(below, type);
  }

  Value make(fn::RandomIntegersOp op) const {
    uint64_t range = static_cast<uint64_t>(op.getHigh()) - static_cast<uint64_t>(op.getLow());
    Value drawn = scaleToRange(b, loc, low, high, constant(b, loc, static_cast<int64_t>(range)));
    Value number = arith::AddIOp::create(b, loc, drawn, constant(b, loc, op.getLow()));
    unsigned width = type.getIntOrFloatBitWidth();
    return width == 64
               ? number
               : arith::TruncIOp::create(b, loc, b.getIntegerType(width), number).getResult();
  }
};

/// How many words an element takes.
template <typename Op> int wordsOf(Op op) {
  if constexpr (std::is_same_v<Op, fn::RandomIntegersOp>)
    return 2;
  if constexpr (std::is_same_v<Op, fn::RandomBernoulliOp>)
    return 1;
  return op.getElementType().getIntOrFloatBitWidth() == 64 ? 2 : 1;
}

template <typename Op> struct DrawPattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;

  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Type type = this->getTypeConverter()->convertType(op.getResult().getType());
    Generator generator = Generator::fromState(b, loc, adaptor.getState());
    SmallVector<Value> counts = numbers(b, loc, sizes);
    int words = wordsOf(op);
    Value init = emptyTensor(b, loc, sizes, getElementTypeOrSelf(type));
    int64_t rank = sizes.size();
    SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        b, loc, init.getType(), ValueRange{}, init, b.getMultiDimIdentityMap(rank), parallel,
        [&](OpBuilder &nested, Location at, ValueRange) {
          Value place = placeInRowMajorOrder(nested, at, counts);
          Element element{nested, at, op.getElementType(), {}, {}};
          if (words == 2)
            std::tie(element.low, element.high) = generator.words(nested, at, place);
          else
            element.low = generator.word(nested, at, place);
          linalg::YieldOp::create(nested, at, element.make(op));
        });
    b.replaceOp(op, ValueRange{castTo(b, loc, generic.getResult(0), type),
                               nextState(b, loc, generator, counts, words)});
    return success();
  }
};

/// A loop that exchanges elements in place, from the last one down.
struct PermutationPattern : OpConversionPattern<fn::RandomPermutationOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::RandomPermutationOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Type type = getTypeConverter()->convertType(op.getResult().getType());
    Type element = getElementTypeOrSelf(type);
    Generator generator = Generator::fromState(b, loc, adaptor.getState());
    SmallVector<Value> counts = numbers(b, loc, sizes);
    Value next = nextState(b, loc, generator, counts, /*words=*/2);
    Value init = emptyTensor(b, loc, sizes, element);
    Value inOrder =
        linalg::GenericOp::create(b, loc, init.getType(), ValueRange{}, init,
                                  b.getMultiDimIdentityMap(1), utils::IteratorType::parallel,
                                  [&](OpBuilder &nested, Location at, ValueRange) {
                                    Value place = linalg::IndexOp::create(nested, at, 0);
                                    place = arith::IndexCastOp::create(nested, at, element, place);
                                    linalg::YieldOp::create(nested, at, place);
                                  })
            .getResult(0);
    Value count = getValueOrCreateConstantIndexOp(b, loc, sizes[0]);
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    auto loop = scf::ForOp::create(
        b, loc, zero, count, one, inOrder,
        [&](OpBuilder &nested, Location at, Value round, ValueRange carried) {
          Value rest = arith::SubIOp::create(nested, at, count, round);
          Value last = arith::SubIOp::create(nested, at, rest, one);
          auto number = [&](Value index) -> Value {
            return arith::IndexCastOp::create(nested, at, nested.getI64Type(), index);
          };
          auto [low, high] = generator.words(nested, at, number(last));
          Value other = arith::IndexCastOp::create(
              nested, at, nested.getIndexType(), scaleToRange(nested, at, low, high, number(rest)));
          Value x = tensor::ExtractOp::create(nested, at, carried[0], last);
          Value y = tensor::ExtractOp::create(nested, at, carried[0], other);
          Value swapped = tensor::InsertOp::create(nested, at, y, carried[0], last);
          swapped = tensor::InsertOp::create(nested, at, x, swapped, other);
          scf::YieldOp::create(nested, at, swapped);
        });
    b.replaceOp(op, ValueRange{castTo(b, loc, loop.getResult(0), type), next});
    return success();
  }
};

} // namespace

void fnc::populateDrawLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<DrawPattern<fn::RandomBitsOp>, DrawPattern<fn::RandomUniformOp>,
               DrawPattern<fn::RandomNormalOp>, DrawPattern<fn::RandomTruncatedNormalOp>,
               DrawPattern<fn::RandomBernoulliOp>, DrawPattern<fn::RandomIntegersOp>,
               PermutationPattern>(types, patterns.getContext());
}
