//===- MathBuilder.h - formulas over SSA values -----------------*- C++ -*-===//

#ifndef FNC_TENSOR_MATHBUILDER_H
#define FNC_TENSOR_MATHBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace fnc {

/// How formulas are computed.
struct Precision {
  /// The result is rounded to f32 or less in the end: short series and no second words do.
  bool single = false;
  /// In f32 all the way; else in f64.
  bool narrow = false;
  /// Products and sums may be one instruction (`multiplyAdd`), scaling by powers of two
  /// (`scale`) is: what the target has.
  bool fused = false, scales = false;
  /// Entries of a table of which few instructions take one for each lane (`lookup`): 0, 8, 16, 32.
  unsigned tables = 0;
};

/// A value of f64, i64 or i1, or of f32 and i32, with operators, so that an expansion reads as its
/// formula. No operation carries a fast-math flag.
struct Num {
  mlir::OpBuilder *b;
  mlir::Location loc;
  mlir::Value v;
  Precision precision = {};

  bool single() const { return precision.single; }
  Num with(mlir::Value value) const { return {b, loc, value, precision}; }
  mlir::FloatType floatType() const {
    return precision.narrow ? mlir::FloatType(b->getF32Type()) : b->getF64Type();
  }
  mlir::IntegerType intType() const { return precision.narrow ? b->getI32Type() : b->getI64Type(); }
  Num number(double value) const {
    return with(mlir::arith::ConstantOp::create(*b, loc, b->getFloatAttr(floatType(), value)));
  }
  Num integer(int64_t value) const {
    return with(mlir::arith::ConstantOp::create(*b, loc, b->getIntegerAttr(intType(), value)));
  }
  Num bits() const { return with(mlir::arith::BitcastOp::create(*b, loc, intType(), v)); }
  Num fromBits() const { return with(mlir::arith::BitcastOp::create(*b, loc, floatType(), v)); }
  /// All bits but the sign, and the sign alone.
  Num magnitudeMask() const { return integer(precision.narrow ? 0x7fffffff : 0x7fffffffffffffff); }
  Num signMask() const {
    return precision.narrow ? integer(std::numeric_limits<int32_t>::min())
                            : integer(std::numeric_limits<int64_t>::min());
  }
};

#define FNC_NUM_BINARY(NAME, OP)                                                                   \
  inline Num NAME(Num x, Num y) { return x.with(mlir::arith::OP::create(*x.b, x.loc, x.v, y.v)); }
FNC_NUM_BINARY(operator+, AddFOp)
FNC_NUM_BINARY(operator-, SubFOp)
FNC_NUM_BINARY(operator*, MulFOp)
FNC_NUM_BINARY(operator/, DivFOp)
FNC_NUM_BINARY(iadd, AddIOp)
FNC_NUM_BINARY(isub, SubIOp)
FNC_NUM_BINARY(ishl, ShLIOp)
FNC_NUM_BINARY(isar, ShRSIOp)
FNC_NUM_BINARY(operator&, AndIOp)
FNC_NUM_BINARY(operator|, OrIOp)
FNC_NUM_BINARY(operator^, XOrIOp)
#undef FNC_NUM_BINARY

inline Num operator+(Num x, double y) { return x + x.number(y); }
inline Num operator-(Num x, double y) { return x - x.number(y); }
inline Num operator*(Num x, double y) { return x * x.number(y); }
inline Num operator/(Num x, double y) { return x / x.number(y); }
inline Num operator-(double x, Num y) { return y.number(x) - y; }
inline Num operator+(double x, Num y) { return y.number(x) + y; }
inline Num operator*(double x, Num y) { return y.number(x) * y; }
inline Num operator/(double x, Num y) { return y.number(x) / y; }
inline Num operator-(Num x) { return x.with(mlir::arith::NegFOp::create(*x.b, x.loc, x.v)); }

inline Num compare(mlir::arith::CmpFPredicate predicate, Num x, Num y) {
  return x.with(mlir::arith::CmpFOp::create(*x.b, x.loc, predicate, x.v, y.v));
}
inline Num operator<(Num x, Num y) { return compare(mlir::arith::CmpFPredicate::OLT, x, y); }
inline Num operator>(Num x, Num y) { return compare(mlir::arith::CmpFPredicate::OGT, x, y); }
inline Num operator<(Num x, double y) { return x < x.number(y); }
inline Num operator>(Num x, double y) { return x > x.number(y); }
inline Num equals(Num x, Num y) { return compare(mlir::arith::CmpFPredicate::OEQ, x, y); }
inline Num equals(Num x, double y) { return equals(x, x.number(y)); }
inline Num isNan(Num x) { return compare(mlir::arith::CmpFPredicate::UNE, x, x); }
inline Num select(Num condition, Num x, Num y) {
  return x.with(mlir::arith::SelectOp::create(*x.b, x.loc, condition.v, x.v, y.v));
}
inline Num select(Num condition, double x, Num y) { return select(condition, y.number(x), y); }
inline Num select(Num condition, Num x, double y) { return select(condition, x, x.number(y)); }

inline Num abs(Num x) { return (x.bits() & x.magnitudeMask()).fromBits(); }
inline Num copySign(Num magnitude, Num sign) {
  Num bit = sign.bits() & sign.signMask();
  return ((magnitude.bits() & magnitude.magnitudeMask()) | bit).fromBits();
}
inline Num sqrt(Num x) { return x.with(mlir::math::SqrtOp::create(*x.b, x.loc, x.v)); }

/// x y + z, in one instruction where the target has it.
inline Num multiplyAdd(Num x, Num y, Num z) {
  if (!x.precision.fused)
    return x * y + z;
  return x.with(mlir::math::FmaOp::create(*x.b, x.loc, x.v, y.v, z.v));
}

/// coefficients[0] + coefficients[1] x + ..., by Horner's rule.
inline Num horner(Num x, llvm::ArrayRef<Num> coefficients) {
  Num sum = coefficients.back();
  for (Num c : llvm::reverse(coefficients.drop_back()))
    sum = multiplyAdd(sum, x, c);
  return sum;
}
inline Num horner(Num x, llvm::ArrayRef<double> coefficients) {
  return horner(x, llvm::map_to_vector(coefficients, [&](double c) { return x.number(c); }));
}

/// Added to a number of f32 below 2^22, it leaves the nearest whole number in the low bits.
constexpr double kMagic = 0x1.8p23;

/// Whole numbers below 2^51 to integers and back through the bits of 3 * 2^51 + n: conversions of
/// 64 bits are no vector instruction on most machines, and a call on small ones.
inline Num toInt(Num x) {
  constexpr int64_t magicBits = 0x4338000000000000;
  return isub((x + 0x1.8p52).bits(), x.integer(magicBits));
}
inline Num toFloat(Num n) {
  constexpr int64_t magicBits = 0x4338000000000000;
  return iadd(n, n.integer(magicBits)).fromBits() - 0x1.8p52;
}

/// The nearest whole number of x, |x| < 2^51; keeps no sign of zero.
inline Num nearest(Num x) { return (x + 0x1.8p52) - 0x1.8p52; }

inline Num compareInt(mlir::arith::CmpIPredicate predicate, Num x, int64_t y) {
  return x.with(mlir::arith::CmpIOp::create(*x.b, x.loc, predicate, x.v, x.integer(y).v));
}
inline Num signBit(Num x) { return compareInt(mlir::arith::CmpIPredicate::slt, x.bits(), 0); }

/// A number of twice the precision, hi + lo with |lo| at most half a last place of hi.
struct Pair {
  Num hi, lo;
};
/// x + y exactly (Knuth).
inline Pair twoSum(Num x, Num y) {
  Num sum = x + y, part = sum - x;
  return {sum, (x - (sum - part)) + (y - part)};
}
/// x + y exactly where |x| >= |y| (Dekker).
inline Pair fastTwoSum(Num x, Num y) {
  Num sum = x + y;
  return {sum, y - (sum - x)};
}
/// x y exactly (Veltkamp, Dekker), for factors below 2^990. A fused multiply-add would be shorter,
/// but is a call where a machine lacks it.
inline Pair twoProduct(Num x, Num y) {
  auto split = [](Num a) -> Pair {
    Num c = a * (a.precision.narrow ? 4097.0 : 134217729.0);
    Num hi = c - (c - a);
    return {hi, a - hi};
  };
  Num product = x * y;
  Pair a = split(x), b = split(y);
  return {product, ((a.hi * b.hi - product) + a.hi * b.lo + a.lo * b.hi) + a.lo * b.lo};
}

//===-- In f32, good to one ulp of it: MathSingle.cpp ---------------------===//

namespace narrow {
/// Of a number that is not positive, and one of many in a sum, if `isShifted`: as softmax takes it.
Num exp(Num x, bool isShifted = false);
/// numerator / (1 + e^x), the numerator being 1 if there is none.
Num logistic(Num x, std::optional<Num> numerator = std::nullopt);
/// x tanh(ln(1 + e^x))
Num mish(Num x);
Num exp2(Num x);
Num expm1(Num x);
Num log(Num x);
Num log1p(Num x);
Num tanh(Num x);
Num sin(Num x);
Num cos(Num x);
Num erf(Num x);
/// factor (1 + erf(x / sqrt 2)) where there are tables.
Num onePlusErf(Num x, double factor);
/// x factor (1 + erf(x / sqrt 2)) where there are tables: gelu.
Num timesOnePlusErf(Num x, double factor);
Num roundEven(Num x);
Num floor(Num x);
} // namespace narrow

//===-- In f64 -------------------------------------------------------------===//

/// The nearest whole number, halves to even. Beyond 2^52 every number is whole.
Num roundEven(Num x);
Num floor(Num x);
Num fmod(Num x, Num y);
/// sqrt in integer operations and arithmetic, rounded correctly.
Num softSqrt(Num x);

/// e^x times 2^shift.
Num exp(Num x, int shift = 0);
/// 1 / (1 + e^x)
Num logistic(Num x);
Num exp2(Num x);
/// e^(x.hi + x.lo)
Num exp(Pair x);
Num expm1(Num x);
Num log(Num x);
Num log1p(Num x);
Num pow(Num x, Num y);
Num cbrt(Num x);

Num sinh(Num x);
Num cosh(Num x);
Num tanh(Num x);
Num asinh(Num x);
Num acosh(Num x);
Num atanh(Num x);

Num sin(Num x);
Num cos(Num x);
Num tan(Num x);
Num asin(Num x);
Num acos(Num x);
Num atan(Num x);
Num atan2(Num y, Num x);

Num erf(Num x);
Num erfc(Num x);
/// Inverse error function; good to about 1e-7, for drawing random numbers.
Num erfInverse(Num x);

} // namespace fnc

#endif // FNC_TENSOR_MATHBUILDER_H
