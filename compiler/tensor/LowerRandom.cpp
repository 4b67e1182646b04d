//===- LowerRandom.cpp - random numbers from a counter-based generator ----===//
//
// Element i of a variable's initial value takes word i mod 4 of Philox 4x32-10 (Salmon et al.,
// Parallel random numbers: as easy as 1, 2, 3, SC 2011) with counter i / 4 and the seed as key; ops
// that draw add the counter of their state. Uniform numbers are the upper bits; normal ones go
// through the inverse error function in f64 arithmetic without contraction, so that the bits are
// the same on every target.
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/Lower.h"
#include "compiler/tensor/MathBuilder.h"
#include "compiler/tensor/Philox.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fnc;

namespace {

/// A distribution as a function of a uniform number.
struct Draw {
  bool normal = false;
  /// normal: mean and deviation, and where the cut is in deviations (0: none); else low and high.
  double a = 0, b = 1, cut = 0;
  uint64_t seed = 0;
};

Draw drawOf(Attribute init, RankedTensorType type) {
  // Fans as Keras counts them: the last two dimensions are in and out, the others their field.
  double field = 1, in = 1, out = 1;
  ArrayRef<int64_t> shape = type.getShape();
  if (shape.size() == 1) {
    in = out = shape[0];
  } else if (shape.size() >= 2) {
    for (int64_t size : shape.drop_back(2))
      field *= size;
    in = shape[shape.size() - 2] * field;
    out = shape.back() * field;
  }
  in = std::max(in, 1.0);
  // A normal cut at two deviations keeps this share of its deviation.
  constexpr double kept = 0.87962566103423978;
  auto uniform = [](double limit, uint64_t seed) { return Draw{false, -limit, limit, 0, seed}; };
  auto cutNormal = [&](double variance, uint64_t seed) {
    return Draw{true, 0, std::sqrt(variance) / kept, 2, seed};
  };
  return llvm::TypeSwitch<Attribute, Draw>(init)
      .Case([](fn::UniformAttr x) {
        return Draw{false, x.getLow().getValueAsDouble(), x.getHigh().getValueAsDouble(), 0,
                    x.getSeed()};
      })
      .Case([](fn::NormalAttr x) {
        return Draw{true, x.getMean().getValueAsDouble(), x.getStddev().getValueAsDouble(), 0,
                    x.getSeed()};
      })
      .Case([](fn::TruncatedNormalAttr x) {
        return Draw{true, x.getMean().getValueAsDouble(), x.getStddev().getValueAsDouble(), 2,
                    x.getSeed()};
      })
      .Case([&](fn::GlorotUniformAttr x) {
        return uniform(std::sqrt(6 / std::max(in + out, 1.0)), x.getSeed());
      })
      .Case([&](fn::HeUniformAttr x) { return uniform(std::sqrt(6 / in), x.getSeed()); })
      .Case([&](fn::GlorotNormalAttr x) {
        return cutNormal(2 / std::max(in + out, 1.0), x.getSeed());
      })
      .Case([&](fn::HeNormalAttr x) { return cutNormal(2 / in, x.getSeed()); })
      .Default([](Attribute) { return Draw(); });
}

struct RandomPattern : OpConversionPattern<fn::RandomOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::RandomOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    Draw draw = drawOf(op.getDistribution(), type);
    Value result = buildElementwise(rewriter, op.getLoc(), type, {},
                                    [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                                      return element(b, loc, type, draw);
                                    });
    rewriter.replaceOp(op, result);
    return success();
  }

  static Value element(OpBuilder &b, Location loc, RankedTensorType type, const Draw &draw) {
    Generator seeded = Generator::fromSeed(b, loc, draw.seed);
    SmallVector<Value> sizes;
    for (int64_t size : type.getShape())
      sizes.push_back(arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(size)));
    Value word = seeded.word(b, loc, placeInRowMajorOrder(b, loc, sizes));
    Num uniform = uniformOf(b, loc, word, 24);
    Num value = draw.normal ? normalOf(uniform, 24, draw.cut) * draw.b + draw.a
                            : uniform * (draw.b - draw.a) + draw.a;
    return fromF64(value, type.getElementType());
  }
};

} // namespace

void fnc::populateRandomLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<RandomPattern>(types, patterns.getContext());
}
