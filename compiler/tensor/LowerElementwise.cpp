//===- LowerElementwise.cpp - elementwise fn ops --------------------------===//

#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Scalar.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace fnc;

namespace {

using Order = Scalar::Order;

/// What an element rule works with: the builder and, with its operators, arithmetic of the type.
struct Element : Scalar {
  Element(OpBuilder &b, Location loc, Type type) : Scalar(b, loc, type), b(b), loc(loc) {}
  OpBuilder &b;
  Location loc;

  template <typename Op> Value f(Value x) const { return Op::create(b, loc, x); }
  Value sigmoid(Value x) const {
    // Expanded as a whole (ExpandMath.cpp).
    return div(constant(1), add(constant(1), f<math::ExpOp>(neg(x))));
  }
  Value relu(Value x) const { return maximum(x, constant(0)); }
  Value elu(Value x, double alpha, double scale = 1) const {
    // The exponential sees no positive number, so that it cannot overflow.
    Value low = mul(constant(scale * alpha), f<math::ExpM1Op>(minimum(x, constant(0))));
    Value high = scale == 1 ? x : mul(constant(scale), x);
    return select(compare(Order::Greater, x, constant(0)), high, low);
  }
  Value softplus(Value x) const {
    return add(f<math::Log1pOp>(f<math::ExpOp>(neg(abs(x)))), relu(x));
  }
  Value hardSigmoid(Value x) const {
    Value held = minimum(maximum(add(x, constant(3)), constant(0)), constant(6));
    return div(held, constant(6));
  }
  Value notI1(Value x) const {
    return arith::XOrIOp::create(
        b, loc, x, arith::ConstantOp::create(b, loc, b.getIntegerAttr(x.getType(), -1)));
  }
};

#define RULE(OP) Value rule(fn::OP op, const Element &e, ValueRange x)
#define UNARY(OP, EXPR)                                                                            \
  RULE(OP) { return EXPR; }

UNARY(IdentityOp, x[0])
UNARY(NegOp, e.neg(x[0]))
UNARY(AbsOp, e.abs(x[0]))
UNARY(SquareOp, e.mul(x[0], x[0]))
UNARY(ReciprocalOp, e.div(e.constant(1), x[0]))
UNARY(SqrtOp, e.f<math::SqrtOp>(x[0]))
UNARY(RsqrtOp, e.f<math::RsqrtOp>(x[0]))
UNARY(ExpOp, e.f<math::ExpOp>(x[0]))
UNARY(Expm1Op, e.f<math::ExpM1Op>(x[0]))
UNARY(LogOp, e.f<math::LogOp>(x[0]))
UNARY(Log2Op, e.f<math::Log2Op>(x[0]))
UNARY(Log1pOp, e.f<math::Log1pOp>(x[0]))
UNARY(SinOp, e.f<math::SinOp>(x[0]))
UNARY(CosOp, e.f<math::CosOp>(x[0]))
UNARY(TanOp, e.f<math::TanOp>(x[0]))
UNARY(AsinOp, e.f<math::AsinOp>(x[0]))
UNARY(AcosOp, e.f<math::AcosOp>(x[0]))
UNARY(AtanOp, e.f<math::AtanOp>(x[0]))
UNARY(SinhOp, e.f<math::SinhOp>(x[0]))
UNARY(CoshOp, e.f<math::CoshOp>(x[0]))
UNARY(TanhOp, e.f<math::TanhOp>(x[0]))
UNARY(AsinhOp, e.f<math::AsinhOp>(x[0]))
UNARY(AcoshOp, e.f<math::AcoshOp>(x[0]))
UNARY(AtanhOp, e.f<math::AtanhOp>(x[0]))
UNARY(ErfOp, e.f<math::ErfOp>(x[0]))
UNARY(FloorOp, e.f<math::FloorOp>(x[0]))
UNARY(CeilOp, e.f<math::CeilOp>(x[0]))
UNARY(RoundOp, e.f<math::RoundEvenOp>(x[0]))
UNARY(TruncOp, e.f<math::TruncOp>(x[0]))
UNARY(LogicalNotOp, e.notI1(x[0]))
UNARY(BitwiseNotOp, e.notI1(x[0]))

RULE(SignOp) {
  Value zero = e.constant(0);
  Value positive = e.compare(Order::Greater, x[0], zero);
  if (!e.isFloat() && e.isUnsigned())
    return e.select(positive, e.constant(1), zero);
  Value negative = e.compare(Order::Less, x[0], zero);
  // What is neither is zero or NaN: itself.
  return e.select(positive, e.constant(1), e.select(negative, e.constant(-1), x[0]));
}

UNARY(SigmoidOp, e.sigmoid(x[0]))
UNARY(ReluOp, e.relu(x[0]))
UNARY(Relu6Op, e.minimum(e.relu(x[0]), e.constant(6)))
UNARY(EluOp, e.elu(x[0], op.getAlpha().convertToDouble()))
UNARY(SeluOp, e.elu(x[0], 1.6732632423543772, 1.0507009873554805))
UNARY(SiluOp, e.mul(x[0], e.sigmoid(x[0])))
UNARY(SoftplusOp, e.softplus(x[0]))
UNARY(SoftsignOp, e.div(x[0], e.add(e.constant(1), e.abs(x[0]))))
UNARY(HardSigmoidOp, e.hardSigmoid(x[0]))
UNARY(HardSwishOp, e.mul(x[0], e.hardSigmoid(x[0])))
UNARY(MishOp, e.mul(x[0], e.f<math::TanhOp>(e.softplus(x[0]))))

RULE(LeakyReluOp) {
  Value low = e.mul(e.constant(op.getAlpha().convertToDouble()), x[0]);
  return e.select(e.compare(Order::Less, x[0], e.constant(0)), low, x[0]);
}

RULE(GeluOp) {
  Value half = e.constant(0.5), one = e.constant(1);
  if (op.getApproximate() == "none") {
    Value scaled = e.mul(x[0], e.constant(0.7071067811865476));
    return e.mul(x[0], e.mul(half, e.add(one, e.f<math::ErfOp>(scaled))));
  }
  Value cube = e.mul(x[0], e.mul(x[0], x[0]));
  Value inner =
      e.mul(e.constant(0.7978845608028654), e.add(x[0], e.mul(e.constant(0.044715), cube)));
  return e.mul(e.mul(half, x[0]), e.add(one, e.f<math::TanhOp>(inner)));
}

UNARY(AddOp, e.add(x[0], x[1]))
UNARY(SubOp, e.sub(x[0], x[1]))
UNARY(MulOp, e.mul(x[0], x[1]))
UNARY(DivOp, e.div(x[0], x[1]))
UNARY(FloorDivOp, e.floorDiv(x[0], x[1]))
UNARY(ModOp, e.mod(x[0], x[1]))
UNARY(RemOp, e.rem(x[0], x[1]))
UNARY(PowOp, e.pow(x[0], x[1]))
UNARY(MaximumOp, e.maximum(x[0], x[1]))
UNARY(MinimumOp, e.minimum(x[0], x[1]))
RULE(Atan2Op) {
  // MLIR folds atan2 of two zeros to NaN (test/compiler/tensor/fold-atan2-upstream.mlir tells when
  // it does not any more). C, and what it becomes here, gives an angle by their signs.
  Value zero = e.constant(0), one = e.constant(1);
  Value isNegative = e.compare(Order::Less, math::CopySignOp::create(e.b, e.loc, one, x[1]), zero);
  Value angle = math::CopySignOp::create(
      e.b, e.loc, e.select(isNegative, e.constant(3.141592653589793), zero), x[0]);
  Value areZero = arith::AndIOp::create(e.b, e.loc, e.compare(Order::Equal, x[0], zero),
                                        e.compare(Order::Equal, x[1], zero));
  return e.select(areZero, angle, math::Atan2Op::create(e.b, e.loc, x[0], x[1]));
}

UNARY(ShiftLeftOp, e.shiftLeft(x[0], x[1]))
UNARY(ShiftRightOp, e.shiftRight(x[0], x[1]))

RULE(SquaredDifferenceOp) {
  Value difference = e.sub(x[0], x[1]);
  return e.mul(difference, difference);
}

UNARY(LogicalAndOp, arith::AndIOp::create(e.b, e.loc, x[0], x[1]))
UNARY(LogicalOrOp, arith::OrIOp::create(e.b, e.loc, x[0], x[1]))
UNARY(LogicalXorOp, arith::XOrIOp::create(e.b, e.loc, x[0], x[1]))
UNARY(BitwiseAndOp, arith::AndIOp::create(e.b, e.loc, x[0], x[1]))
UNARY(BitwiseOrOp, arith::OrIOp::create(e.b, e.loc, x[0], x[1]))
UNARY(BitwiseXorOp, arith::XOrIOp::create(e.b, e.loc, x[0], x[1]))

UNARY(EqualOp, e.compare(Order::Equal, x[0], x[1]))
UNARY(NotEqualOp, e.compare(Order::NotEqual, x[0], x[1]))
UNARY(LessOp, e.compare(Order::Less, x[0], x[1]))
UNARY(LessEqualOp, e.compare(Order::LessEqual, x[0], x[1]))
UNARY(GreaterOp, e.compare(Order::Greater, x[0], x[1]))
UNARY(GreaterEqualOp, e.compare(Order::GreaterEqual, x[0], x[1]))
UNARY(IsNanOp, e.compare(Order::NotEqual, x[0], x[0]))
UNARY(IsInfOp, e.compare(Order::Equal, e.abs(x[0]), e.highest()))
UNARY(IsFiniteOp, e.compare(Order::Less, e.abs(x[0]), e.highest()))

UNARY(WhereOp, e.select(x[0], x[1], x[2]))
UNARY(ClampOp, e.minimum(e.maximum(x[0], x[1]), x[2]))
UNARY(CastOp, e.cast(x[0], op.getElementType()))
UNARY(BitcastOp, e.bitcast(x[0], op.getElementType()))

#undef UNARY
#undef RULE

template <typename Op> struct ElementwisePattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;
  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto resultType = cast<RankedTensorType>(this->getTypeConverter()->convertType(op.getType()));
    Type element = getElementTypeOrSelf(op->getOperand(0).getType());
    Value result = buildElementwise(rewriter, op.getLoc(), resultType, adaptor.getOperands(),
                                    [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
                                      return rule(op, Element(b, loc, element), x);
                                    });
    rewriter.replaceOp(op, result);
    return success();
  }
};

template <typename... Ops>
void addPatterns(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<ElementwisePattern<Ops>...>(types, patterns.getContext());
}

} // namespace

void fnc::populateElementwiseLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  using namespace fn;
  addPatterns<IdentityOp, NegOp, AbsOp, SignOp, SquareOp, ReciprocalOp, SqrtOp, RsqrtOp, fn::ExpOp,
              Expm1Op, LogOp, Log2Op, Log1pOp, SinOp, CosOp, TanOp, AsinOp, AcosOp, AtanOp, SinhOp,
              CoshOp, TanhOp, AsinhOp, AcoshOp, AtanhOp, ErfOp, FloorOp, CeilOp, RoundOp, TruncOp,
              LogicalNotOp, BitwiseNotOp, SigmoidOp, ReluOp, Relu6Op, LeakyReluOp, EluOp, SeluOp,
              GeluOp, SiluOp, SoftplusOp, SoftsignOp, HardSigmoidOp, HardSwishOp, MishOp>(types,
                                                                                          patterns);
  addPatterns<AddOp, SubOp, MulOp, DivOp, FloorDivOp, ModOp, RemOp, PowOp, MaximumOp, MinimumOp,
              Atan2Op, SquaredDifferenceOp, LogicalAndOp, LogicalOrOp, LogicalXorOp, BitwiseAndOp,
              BitwiseOrOp, BitwiseXorOp, ShiftLeftOp, ShiftRightOp, EqualOp, NotEqualOp, LessOp,
              LessEqualOp, GreaterOp, GreaterEqualOp, IsNanOp, IsInfOp, IsFiniteOp, WhereOp,
              ClampOp, CastOp, BitcastOp>(types, patterns);
}
