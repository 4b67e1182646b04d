//===- OpsElementwise.cpp - arithmetic, comparison, logic, casts ----------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/SmallTypes.h"
#include "compiler/import/onnx/Tensors.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

template <typename Op> LogicalResult unary(Node &n, Ops &o) {
  return n.result(o.make<Op>({n.in(0)}));
}

template <typename Op> LogicalResult binary(Node &n, Ops &o) {
  return n.result(o.make<Op>({n.in(0), n.in(1)}));
}

/// Before opset 7 the second operand's dimensions are matched from `axis` on, where `broadcast`
/// says so.
template <typename Op> LogicalResult arithmetic(Node &n, Ops &o) {
  Value x = n.in(0), y = n.in(1);
  if (n.opset < 7 && x && y && n.i("broadcast", 0) && n.hasAttr("axis")) {
    FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(x));
    if (failed(axis))
      return failure();
    Ints axes;
    for (int64_t d = Ops::rank(y); d + *axis < Ops::rank(x); ++d)
      axes.push_back(d);
    y = o.expand(y, axes);
  }
  return n.result(o.make<Op>({x, y}));
}

/// Any number of operands, two at a time.
template <typename Op> Value variadic(Node &n, Ops &o) {
  Value result = n.in(0);
  for (size_t i = 1; i < n.numInputs(); ++i)
    result = o.make<Op>({result, n.in(i)});
  return result;
}
template <typename Op> LogicalResult many(Node &n, Ops &o) { return n.result(variadic<Op>(n, o)); }

LogicalResult mean(Node &n, Ops &o) {
  return n.result(o.div(variadic<fn::AddOp>(n, o), double(n.numInputs())));
}

LogicalResult mod(Node &n, Ops &o) {
  Value x = n.in(0), y = n.in(1);
  return n.result(n.i("fmod", 0) ? o.make<fn::RemOp>({x, y}) : o.make<fn::ModOp>({x, y}));
}

LogicalResult pow(Node &n, Ops &o) {
  Value x = n.in(0), y = n.in(1);
  if (!x || !y)
    return failure();
  Type result = Ops::element(x), exponent = Ops::element(y);
  // The result has the type of the base; a fraction counts all the same.
  Type wide = isa<FloatType>(result) || !isa<FloatType>(exponent) ? result : exponent;
  if (isa<IntegerType>(result) && isa<IntegerType>(exponent))
    wide = result;
  return n.result(o.cast(o.make<fn::PowOp>({o.cast(x, wide), o.cast(y, wide)}), result));
}

LogicalResult shift(Node &n, Ops &o) {
  std::string direction = n.s("direction", "");
  Value x = n.in(0), y = n.in(1);
  if (direction == "LEFT")
    return n.result(o.make<fn::ShiftLeftOp>({x, y}));
  if (direction == "RIGHT")
    return n.result(o.make<fn::ShiftRightOp>({x, y}));
  return n.error("direction is '") << direction << "', expected 'LEFT' or 'RIGHT'";
}

LogicalResult negate(Node &n, Ops &o) { return n.result(o.negate(n.in(0))); }

/// i1 as numbers: comparisons of fn take them as they are, or not at all.
template <typename Op> LogicalResult logical(Node &n, Ops &o) { return arithmetic<Op>(n, o); }

LogicalResult clip(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  Value low, high;
  if (n.opset < 11) {
    if (n.hasAttr("min"))
      low = o.scalar(n.f("min", 0), Ops::element(x));
    if (n.hasAttr("max"))
      high = o.scalar(n.f("max", 0), Ops::element(x));
  } else {
    auto bound = [&](size_t i) -> Value {
      Value v = n.has(i) ? n.in(i) : Value();
      // One element of any rank.
      return v && Ops::rank(v) > 0 ? o.reshape(v, {}) : v;
    };
    low = bound(1);
    high = bound(2);
  }
  if (low)
    x = o.maximum(x, low);
  if (high)
    x = o.minimum(x, high);
  return n.result(x);
}

/// Input 0 in another type, either of which may be small.
LogicalResult castTo(Node &n, Ops &o, Type to, Type toSmall) {
  Value x = n.stored(0);
  if (!x)
    return failure();
  Type from = n.small(0);
  if (from && from == toSmall)
    return n.set(0, Item(x, from));
  if (from)
    x = decoded(o, x, from, toSmall ? o.f32() : to);
  if (!toSmall)
    return n.result(o.cast(x, to));
  return n.set(0,
               Item(encoded(o, x, toSmall, n.i("saturate", 1), n.s("round_mode", "up")), toSmall));
}

LogicalResult cast(Node &n, Ops &o) {
  int64_t to = n.i("to", 0);
  if (Type small = smallType(o.b.getContext(), to))
    return castTo(n, o, {}, small);
  FailureOr<Type> type = checkedElementType(o.loc, to);
  return failed(type) ? failure() : castTo(n, o, *type, {});
}

LogicalResult castLike(Node &n, Ops &o) {
  Value like = n.stored(1);
  return like ? castTo(n, o, Ops::element(like), n.small(1)) : failure();
}

LogicalResult bitCast(Node &n, Ops &o) {
  FailureOr<Type> type = checkedElementType(o.loc, n.i("to", 0));
  Value x = n.in(0);
  if (failed(type) || !x)
    return failure();
  Type from = Ops::element(x);
  // A boolean is a byte, 0 or 1.
  if (from.isInteger(1))
    x = o.cast(x, o.b.getIntegerType(8, false));
  if (!x || type->isInteger(1))
    return n.result(o.cast(x, *type));
  return n.result(
      Ops::element(x) == *type ? x : o.make<fn::BitcastOp>({x}, {o.attr("element_type", *type)}));
}

LogicalResult isInf(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  bool negative = n.i("detect_negative", 1), positive = n.i("detect_positive", 1);
  if (negative && positive)
    return n.result(o.make<fn::IsInfOp>({x}));
  if (!negative && !positive)
    return n.result(o.less(x, x));
  double limit = positive ? INFINITY : -INFINITY;
  return n.result(o.equal(x, limit));
}

LogicalResult where(Node &n, Ops &o) { return n.result(o.where(n.in(0), n.in(1), n.in(2))); }

LogicalResult identity(Node &n, Ops &o) {
  const Item *item = n.item(0);
  return item ? n.set(0, *item) : failure();
}

} // namespace

void fnc::onnx_import::addElementwiseOps(OpTable &table) {
  table[":Abs"] = unary<fn::AbsOp>;
  table[":Acos"] = unary<fn::AcosOp>;
  table[":Acosh"] = unary<fn::AcoshOp>;
  table[":Add"] = arithmetic<fn::AddOp>;
  table[":And"] = logical<fn::LogicalAndOp>;
  table[":Asin"] = unary<fn::AsinOp>;
  table[":Asinh"] = unary<fn::AsinhOp>;
  table[":Atan"] = unary<fn::AtanOp>;
  table[":Atanh"] = unary<fn::AtanhOp>;
  table[":BitCast"] = bitCast;
  table[":BitShift"] = shift;
  table[":BitwiseAnd"] = binary<fn::BitwiseAndOp>;
  table[":BitwiseNot"] = unary<fn::BitwiseNotOp>;
  table[":BitwiseOr"] = binary<fn::BitwiseOrOp>;
  table[":BitwiseXor"] = binary<fn::BitwiseXorOp>;
  table[":Cast"] = cast;
  table[":CastLike"] = castLike;
  table[":Ceil"] = unary<fn::CeilOp>;
  table[":Clip"] = clip;
  table[":Cos"] = unary<fn::CosOp>;
  table[":Cosh"] = unary<fn::CoshOp>;
  table[":Div"] = arithmetic<fn::DivOp>;
  table[":Equal"] = arithmetic<fn::EqualOp>;
  table[":Erf"] = unary<fn::ErfOp>;
  table[":Exp"] = unary<fn::ExpOp>;
  table[":Floor"] = unary<fn::FloorOp>;
  table[":Greater"] = arithmetic<fn::GreaterOp>;
  table[":GreaterOrEqual"] = binary<fn::GreaterEqualOp>;
  table[":Identity"] = identity;
  table[":IsInf"] = isInf;
  table[":IsNaN"] = unary<fn::IsNanOp>;
  table[":Less"] = arithmetic<fn::LessOp>;
  table[":LessOrEqual"] = binary<fn::LessEqualOp>;
  table[":Log"] = unary<fn::LogOp>;
  table[":Max"] = many<fn::MaximumOp>;
  table[":Mean"] = mean;
  table[":Min"] = many<fn::MinimumOp>;
  table[":Mod"] = mod;
  table[":Mul"] = arithmetic<fn::MulOp>;
  table[":Neg"] = negate;
  table[":Not"] = unary<fn::LogicalNotOp>;
  table[":Or"] = logical<fn::LogicalOrOp>;
  table[":Pow"] = pow;
  table[":Reciprocal"] = unary<fn::ReciprocalOp>;
  table[":Round"] = unary<fn::RoundOp>;
  table[":Sign"] = unary<fn::SignOp>;
  table[":Sin"] = unary<fn::SinOp>;
  table[":Sinh"] = unary<fn::SinhOp>;
  table[":Sqrt"] = unary<fn::SqrtOp>;
  table[":Sub"] = arithmetic<fn::SubOp>;
  table[":Sum"] = many<fn::AddOp>;
  table[":Tan"] = unary<fn::TanOp>;
  table[":Tanh"] = unary<fn::TanhOp>;
  table[":Where"] = where;
  table[":Xor"] = logical<fn::LogicalXorOp>;
}
