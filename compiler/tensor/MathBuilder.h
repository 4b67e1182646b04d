//===- MathBuilder.h - formulas over SSA values -----------------*- C++ -*-===//

#ifndef FNC_TENSOR_MATHBUILDER_H
#define FNC_TENSOR_MATHBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace fnc {

/// An f64, i64 or i1 value with operators, so that an expansion reads as its formula. No operation
/// carries a fast-math flag: the same bits come out on every target.
struct Num {
  mlir::OpBuilder *b;
  mlir::Location loc;
  mlir::Value v;

  Num with(mlir::Value value) const { return {b, loc, value}; }
  Num number(double value) const {
    return with(mlir::arith::ConstantOp::create(*b, loc, b->getF64FloatAttr(value)));
  }
  Num integer(int64_t value) const {
    return with(mlir::arith::ConstantOp::create(*b, loc, b->getI64IntegerAttr(value)));
  }
  Num bits() const {
    return with(mlir::arith::BitcastOp::create(*b, loc, b->getI64Type(), v));
  }
  Num fromBits() const {
    return with(mlir::arith::BitcastOp::create(*b, loc, b->getF64Type(), v));
  }
  Num toFloat() const {
    return with(mlir::arith::SIToFPOp::create(*b, loc, b->getF64Type(), v));
  }
  Num toInt() const { return with(mlir::arith::FPToSIOp::create(*b, loc, b->getI64Type(), v)); }
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
inline Num operator-(Num x) {
  return x.with(mlir::arith::NegFOp::create(*x.b, x.loc, x.v));
}

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

inline Num abs(Num x) {
  return (x.bits() & x.integer(0x7fffffffffffffff)).fromBits();
}
inline Num copySign(Num magnitude, Num sign) {
  Num bit = sign.bits() & sign.integer(std::numeric_limits<int64_t>::min());
  return ((magnitude.bits() & magnitude.integer(0x7fffffffffffffff)) | bit).fromBits();
}
inline Num sqrt(Num x) { return x.with(mlir::math::SqrtOp::create(*x.b, x.loc, x.v)); }

/// coefficients[0] + coefficients[1] x + ..., by Horner's rule.
inline Num polynomial(Num x, llvm::ArrayRef<double> coefficients) {
  Num sum = x.number(coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back()))
    sum = sum * x + c;
  return sum;
}

/// The nearest whole number, halves to even. Beyond 2^52 every number is whole.
Num roundEven(Num x);
Num floor(Num x);
Num exp(Num x);
Num log(Num x);
Num cos(Num x);
/// Inverse error function; good to about 1e-7, for drawing random numbers.
Num erfInverse(Num x);

} // namespace fnc

#endif // FNC_TENSOR_MATHBUILDER_H
