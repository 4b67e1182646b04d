//===- Scalar.cpp - arithmetic on elements --------------------------------===//

#include "compiler/tensor/Scalar.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace fnc;

Type Scalar::valueType() const {
  return type.isUnsignedInteger() ? IntegerType::get(type.getContext(), width()) : type;
}

Value Scalar::constant(double value) const {
  Type t = valueType();
  TypedAttr attr = isFloat() ? TypedAttr(b.getFloatAttr(t, value))
                             : TypedAttr(b.getIntegerAttr(t, static_cast<int64_t>(value)));
  return arith::ConstantOp::create(b, loc, attr);
}

Value Scalar::intConstant(const llvm::APInt &value) const {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(valueType(), value));
}

Value Scalar::highest() const {
  if (isFloat())
    return constant(std::numeric_limits<double>::infinity());
  return intConstant(isUnsigned() ? llvm::APInt::getMaxValue(width())
                                  : llvm::APInt::getSignedMaxValue(width()));
}

Value Scalar::lowest() const {
  if (isFloat())
    return constant(-std::numeric_limits<double>::infinity());
  return intConstant(isUnsigned() ? llvm::APInt::getMinValue(width())
                                  : llvm::APInt::getSignedMinValue(width()));
}

Value Scalar::add(Value x, Value y) const {
  return isFloat() ? arith::AddFOp::create(b, loc, x, y).getResult()
                   : arith::AddIOp::create(b, loc, x, y).getResult();
}

Value Scalar::sub(Value x, Value y) const {
  return isFloat() ? arith::SubFOp::create(b, loc, x, y).getResult()
                   : arith::SubIOp::create(b, loc, x, y).getResult();
}

Value Scalar::mul(Value x, Value y) const {
  return isFloat() ? arith::MulFOp::create(b, loc, x, y).getResult()
                   : arith::MulIOp::create(b, loc, x, y).getResult();
}

Value Scalar::neg(Value x) const {
  return isFloat() ? arith::NegFOp::create(b, loc, x).getResult() : sub(constant(0), x);
}

Value Scalar::abs(Value x) const {
  if (isFloat())
    return math::AbsFOp::create(b, loc, x);
  if (isUnsigned())
    return x;
  return select(compare(Order::Less, x, constant(0)), neg(x), x);
}

/// Integer quotient or remainder towards zero, where a divisor 0 gives 0 and MIN / -1 wraps.
Value Scalar::quotient(Value x, Value y, bool remainder) const {
  Value zero = constant(0), one = constant(1);
  Value byZero = compare(Order::Equal, y, zero);
  Value safe = select(byZero, one, y);
  if (isUnsigned()) {
    Value result = remainder ? arith::RemUIOp::create(b, loc, x, safe).getResult()
                             : arith::DivUIOp::create(b, loc, x, safe).getResult();
    return select(byZero, zero, result);
  }
  // By -1 without dividing: MIN / -1 traps on some machines and is undefined everywhere.
  Value minusOne = constant(-1);
  Value byMinusOne = compare(Order::Equal, y, minusOne);
  safe = select(byMinusOne, one, safe);
  Value result = remainder ? arith::RemSIOp::create(b, loc, x, safe).getResult()
                           : arith::DivSIOp::create(b, loc, x, safe).getResult();
  result = select(byMinusOne, remainder ? zero : neg(x), result);
  return select(byZero, zero, result);
}

Value Scalar::div(Value x, Value y) const {
  return isFloat() ? arith::DivFOp::create(b, loc, x, y).getResult()
                   : quotient(x, y, /*remainder=*/false);
}

Value Scalar::rem(Value x, Value y) const {
  return isFloat() ? arith::RemFOp::create(b, loc, x, y).getResult()
                   : quotient(x, y, /*remainder=*/true);
}

Value Scalar::mod(Value x, Value y) const {
  Value r = rem(x, y);
  if (!isFloat() && isUnsigned())
    return r;
  Value zero = constant(0);
  // The remainder takes the divisor's sign by adding it once where the signs differ.
  Value nonZero = compare(Order::NotEqual, r, zero);
  Value isNegative = compare(Order::Less, y, zero);
  Value differ = arith::XOrIOp::create(b, loc, compare(Order::Less, r, zero), isNegative);
  Value adjust = arith::AndIOp::create(b, loc, nonZero, differ);
  // A NaN compares as non-zero and not less: adding keeps it NaN either way.
  Value adjusted = select(adjust, add(r, y), r);
  // A zero takes the sign, too.
  return isFloat() ? select(nonZero, adjusted, select(isNegative, constant(-0.0), zero)) : adjusted;
}

Value Scalar::floorDiv(Value x, Value y) const {
  if (isFloat())
    return math::FloorOp::create(b, loc, div(x, y));
  Value q = div(x, y);
  if (isUnsigned())
    return q;
  Value zero = constant(0);
  Value r = rem(x, y);
  Value nonZero = compare(Order::NotEqual, r, zero);
  Value differ =
      arith::XOrIOp::create(b, loc, compare(Order::Less, r, zero), compare(Order::Less, y, zero));
  return select(arith::AndIOp::create(b, loc, nonZero, differ), sub(q, constant(1)), q);
}

Value Scalar::pow(Value x, Value y) const {
  if (isFloat())
    return math::PowFOp::create(b, loc, x, y);
  // Square and multiply while bits of the exponent are left. A loop: unrolled over all bits, LLVM's
  // vectorizer takes time exponential in their number.
  Value one = constant(1), zero = constant(0);
  Type element = x.getType();
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{element, element, element}, ValueRange{one, x, y},
      [&](OpBuilder &nested, Location, ValueRange state) {
        Value more = arith::CmpIOp::create(nested, loc, arith::CmpIPredicate::ne, state[2], zero);
        scf::ConditionOp::create(nested, loc, more, state);
      },
      [&](OpBuilder &nested, Location, ValueRange state) {
        Scalar in(nested, loc, type);
        Value odd = arith::AndIOp::create(nested, loc, state[2], one);
        Value take = in.compare(Order::NotEqual, odd, zero);
        Value result = in.select(take, in.mul(state[0], state[1]), state[0]);
        Value base = in.mul(state[1], state[1]);
        Value exponent = arith::ShRUIOp::create(nested, loc, state[2], one);
        scf::YieldOp::create(nested, loc, ValueRange{result, base, exponent});
      });
  Value result = loop.getResult(0);
  if (isUnsigned())
    return result;
  // 1^-n = 1, (-1)^-n = +-1 (two's complement makes the loop right for both), else 0.
  Value negative = compare(Order::Less, y, zero);
  Value isUnit = arith::OrIOp::create(b, loc, compare(Order::Equal, x, one),
                                      compare(Order::Equal, x, constant(-1)));
  return select(negative, select(isUnit, result, zero), result);
}

Value Scalar::maximum(Value x, Value y) const {
  if (isFloat())
    return arith::MaximumFOp::create(b, loc, x, y);
  return isUnsigned() ? arith::MaxUIOp::create(b, loc, x, y).getResult()
                      : arith::MaxSIOp::create(b, loc, x, y).getResult();
}

Value Scalar::minimum(Value x, Value y) const {
  if (isFloat())
    return arith::MinimumFOp::create(b, loc, x, y);
  return isUnsigned() ? arith::MinUIOp::create(b, loc, x, y).getResult()
                      : arith::MinSIOp::create(b, loc, x, y).getResult();
}

/// A negative count is a large one.
Value Scalar::shiftLeft(Value x, Value y) const {
  Value inRange = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, y, constant(width()));
  Value safe = select(inRange, y, constant(0));
  return select(inRange, arith::ShLIOp::create(b, loc, x, safe), constant(0));
}

Value Scalar::shiftRight(Value x, Value y) const {
  Value inRange = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, y, constant(width()));
  if (isUnsigned()) {
    Value safe = select(inRange, y, constant(0));
    return select(inRange, arith::ShRUIOp::create(b, loc, x, safe), constant(0));
  }
  Value safe = select(inRange, y, constant(width() - 1));
  return arith::ShRSIOp::create(b, loc, x, safe);
}

Value Scalar::compare(Order order, Value x, Value y) const {
  static constexpr arith::CmpFPredicate floats[] = {
      arith::CmpFPredicate::OEQ, arith::CmpFPredicate::UNE, arith::CmpFPredicate::OLT,
      arith::CmpFPredicate::OLE, arith::CmpFPredicate::OGT, arith::CmpFPredicate::OGE};
  static constexpr arith::CmpIPredicate signedInts[] = {
      arith::CmpIPredicate::eq,  arith::CmpIPredicate::ne,  arith::CmpIPredicate::slt,
      arith::CmpIPredicate::sle, arith::CmpIPredicate::sgt, arith::CmpIPredicate::sge};
  static constexpr arith::CmpIPredicate unsignedInts[] = {
      arith::CmpIPredicate::eq,  arith::CmpIPredicate::ne,  arith::CmpIPredicate::ult,
      arith::CmpIPredicate::ule, arith::CmpIPredicate::ugt, arith::CmpIPredicate::uge};
  unsigned i = static_cast<unsigned>(order);
  if (isFloat())
    return arith::CmpFOp::create(b, loc, floats[i], x, y);
  return arith::CmpIOp::create(b, loc, isUnsigned() ? unsignedInts[i] : signedInts[i], x, y);
}

Value Scalar::select(Value condition, Value x, Value y) const {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

/// Float to integer: towards zero, saturated, 0 for NaN.
Value Scalar::toInteger(Value x, Type to) const {
  Scalar target(b, loc, to);
  // Small floats hold few integers: f32 has them all, exactly.
  if (width() < 32)
    return Scalar(b, loc, b.getF32Type())
        .toInteger(arith::ExtFOp::create(b, loc, b.getF32Type(), x), to);
  unsigned bits = target.width();
  bool isSigned = !target.isUnsigned();
  const llvm::fltSemantics &semantics = cast<FloatType>(type).getFloatSemantics();
  // 2^bits (2^(bits-1) if signed) is exact in every float type here; the bound below is too.
  llvm::APFloat upper(semantics, 1), lower = llvm::APFloat::getZero(semantics);
  upper = scalbn(upper, static_cast<int>(isSigned ? bits - 1 : bits),
                 llvm::APFloat::rmNearestTiesToEven);
  if (isSigned) {
    lower = upper;
    lower.changeSign();
  }
  auto bound = [&](const llvm::APFloat &value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value)).getResult();
  };
  if (bits <= 16) {
    // All integers are numbers of this type: two choices, and a conversion that is always defined.
    // NaN is not greater than the lowest one.
    upper = upper - llvm::APFloat(semantics, 1);
    Value number = isSigned ? select(compare(Order::NotEqual, x, x), constant(0), x) : x;
    number = select(compare(Order::Greater, number, bound(lower)), number, bound(lower));
    number = select(compare(Order::Less, number, bound(upper)), number, bound(upper));
    Value whole = arith::FPToSIOp::create(b, loc, b.getI32Type(), number);
    return arith::TruncIOp::create(b, loc, target.valueType(), whole);
  }
  Value tooLarge = compare(Order::GreaterEqual, x, bound(upper));
  Value tooSmall = compare(Order::Less, x, bound(lower));
  Value isNan = compare(Order::NotEqual, x, x);
  Value outside =
      arith::OrIOp::create(b, loc, arith::OrIOp::create(b, loc, tooLarge, tooSmall), isNan);
  Value safe = select(outside, constant(0), x);
  Value inside = isSigned ? arith::FPToSIOp::create(b, loc, target.valueType(), safe).getResult()
                          : arith::FPToUIOp::create(b, loc, target.valueType(), safe).getResult();
  Value result = select(tooLarge, target.highest(), inside);
  return select(tooSmall, target.lowest(), result);
}

Value Scalar::bitcast(Value x, Type to) const {
  Type valueType = Scalar(b, loc, to).valueType();
  return x.getType() == valueType ? x : arith::BitcastOp::create(b, loc, valueType, x).getResult();
}

Value Scalar::cast(Value x, Type to) const {
  if (type == to)
    return x;
  Scalar target(b, loc, to);
  if (target.isBool())
    return compare(Order::NotEqual, x, constant(0));
  Type t = target.valueType();
  if (isFloat()) {
    if (!target.isFloat())
      return toInteger(x, to);
    if (target.width() > width())
      return arith::ExtFOp::create(b, loc, t, x);
    if (target.width() < width())
      return arith::TruncFOp::create(b, loc, t, x);
    // f16 and bf16 meet in f32.
    return arith::TruncFOp::create(b, loc, t, arith::ExtFOp::create(b, loc, b.getF32Type(), x));
  }
  if (target.isFloat())
    return isUnsigned() ? arith::UIToFPOp::create(b, loc, t, x).getResult()
                        : arith::SIToFPOp::create(b, loc, t, x).getResult();
  if (target.width() == width())
    return x;
  if (target.width() < width())
    return arith::TruncIOp::create(b, loc, t, x);
  return isUnsigned() ? arith::ExtUIOp::create(b, loc, t, x).getResult()
                      : arith::ExtSIOp::create(b, loc, t, x).getResult();
}
