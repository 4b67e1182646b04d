//===- LowerRandom.cpp - initial values from a counter-based generator ----===//
//
// Element i of a variable takes word i mod 4 of Philox 4x32-10 (Salmon et al., Parallel random
// numbers: as easy as 1, 2, 3, SC 2011) with counter i / 4 and the seed as key. Uniform numbers
// are the upper 24 bits; normal ones go through the inverse error function in f64 arithmetic
// without contraction, so that the bits are the same on every target.
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/Lower.h"
#include "compiler/tensor/MathBuilder.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include <array>

using namespace mlir;
using namespace fnc;

namespace {

/// The four words of one block, as i32.
std::array<Value, 4> philox(OpBuilder &b, Location loc, Value counter, uint64_t key) {
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  auto word = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(
        b, loc, b.getI32IntegerAttr(static_cast<int32_t>(static_cast<uint32_t>(value))));
  };
  auto shift = [&](Value value) -> Value {
    Value by = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(32));
    return arith::TruncIOp::create(b, loc, i32, arith::ShRUIOp::create(b, loc, value, by));
  };
  std::array<Value, 4> c = {arith::TruncIOp::create(b, loc, i32, counter), shift(counter), word(0),
                            word(0)};
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  auto multiply = [&](Value x, uint32_t factor) {
    Value wide = arith::ExtUIOp::create(b, loc, i64, x);
    Value f = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(factor));
    Value product = arith::MulIOp::create(b, loc, wide, f);
    return std::pair<Value, Value>(shift(product), arith::TruncIOp::create(b, loc, i32, product));
  };
  auto xorAll = [&](Value x, Value y, uint32_t k) -> Value {
    return arith::XOrIOp::create(b, loc, arith::XOrIOp::create(b, loc, x, y), word(k));
  };
  for (int round = 0; round < 10; ++round) {
    auto [hi0, lo0] = multiply(c[0], 0xD2511F53);
    auto [hi1, lo1] = multiply(c[2], 0xCD9E8D57);
    c = {xorAll(hi1, c[1], k0), lo1, xorAll(hi0, c[3], k1), lo0};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

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
    Type i64 = b.getI64Type(), f64 = b.getF64Type();
    auto integer = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
    };
    Value linear = integer(0);
    for (int64_t d = 0; d < type.getRank(); ++d) {
      Value at = arith::IndexCastOp::create(b, loc, i64, linalg::IndexOp::create(b, loc, d));
      linear = arith::AddIOp::create(
          b, loc, arith::MulIOp::create(b, loc, linear, integer(type.getDimSize(d))), at);
    }
    auto words = philox(b, loc, arith::ShRUIOp::create(b, loc, linear, integer(2)), draw.seed);
    Value lane = arith::AndIOp::create(b, loc, linear, integer(3));
    Value word = words[3];
    for (int i = 2; i >= 0; --i) {
      Value mine = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, integer(i));
      word = arith::SelectOp::create(b, loc, mine, words[i], word);
    }
    Value eight = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(8));
    Value mantissa = arith::ShRUIOp::create(b, loc, word, eight);
    Num uniform{&b, loc, arith::UIToFPOp::create(b, loc, f64, mantissa)};
    uniform = uniform * 0x1p-24;
    Num value = uniform;
    if (draw.normal) {
      // Half a step up keeps clear of 0 and 1; the cut narrows the range of the error function.
      Num centred = (uniform + 0x1p-25) * 2.0 - 1.0;
      double range = draw.cut > 0 ? std::erf(draw.cut / std::sqrt(2.0)) : 1.0;
      value = erfInverse(centred * range) * (std::sqrt(2.0) * draw.b) + draw.a;
    } else {
      value = uniform * (draw.b - draw.a) + draw.a;
    }
    return type.getElementType().isF64()
               ? value.v
               : arith::TruncFOp::create(b, loc, type.getElementType(), value.v).getResult();
  }
};

} // namespace

void fnc::populateRandomLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<RandomPattern>(types, patterns.getContext());
}
