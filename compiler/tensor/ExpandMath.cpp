//===- ExpandMath.cpp - transcendental functions as arithmetic ------------===//
//
// Straight-line code that works on vectors, with denormals, infinities and NaN right. The functions
// of activations and losses have formulas in f32, good to one ulp; all others are computed in f64,
// for f32 and smaller types too, which is good to half an ulp of f32. Reductions and series are the
// textbook ones (Muller, Elementary Functions); measured errors are in ACCURACY.md.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Lower.h"
#include "compiler/tensor/MathBuilder.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fnc;

namespace fnc {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Halves away from zero.
Num roundAway(Num x) {
  Num a = abs(x), below = fnc::floor(a);
  Num up = compare(arith::CmpFPredicate::OGE, a - below, x.number(0.5));
  return copySign(below + select(up, x.number(1.0), 0.0), x);
}

/// x y + z with one rounding.
Num fusedMultiplyAdd(Num x, Num y, Num z) {
  Pair product = x.single() ? Pair{x * y, x.number(0)} : twoProduct(x, y);
  Pair sum = twoSum(product.hi, z);
  Num finite = abs(sum.hi) < kInf;
  if (!x.single())
    return select(finite & (abs(product.lo) < kInf), sum.hi + (sum.lo + product.lo), x * y + z);
  // The product of two f32 is exact in f64. Rounding its sum with z to odd keeps the second
  // rounding, to f32, from seeing a tie that is none.
  Num even = compareInt(arith::CmpIPredicate::eq, sum.hi.bits() & x.integer(1), 0);
  Num inexact = compare(arith::CmpFPredicate::ONE, sum.lo, x.number(0));
  Num outwards = compareInt(arith::CmpIPredicate::sge, sum.lo.bits() ^ sum.hi.bits(), 0);
  Num step = select(outwards, x.integer(1), x.integer(-1));
  Num odd = iadd(sum.hi.bits(), step).fromBits();
  return select(finite & inexact & even, odd, sum.hi);
}

/// The expansion of one op over f64 operands, or none.
std::optional<Num> expand(Operation *op, ArrayRef<Num> x) {
  return llvm::TypeSwitch<Operation *, std::optional<Num>>(op)
      .Case([&](math::ExpOp) { return fnc::exp(x[0]); })
      .Case([&](math::Exp2Op) { return fnc::exp2(x[0]); })
      .Case([&](math::ExpM1Op) { return fnc::expm1(x[0]); })
      .Case([&](math::LogOp) { return fnc::log(x[0]); })
      .Case([&](math::Log2Op) { return fnc::log(x[0]) * 1.44269504088896340736; })
      .Case([&](math::Log10Op) { return fnc::log(x[0]) * 0.43429448190325182765; })
      .Case([&](math::Log1pOp) { return fnc::log1p(x[0]); })
      .Case([&](math::SinOp) { return fnc::sin(x[0]); })
      .Case([&](math::CosOp) { return fnc::cos(x[0]); })
      .Case([&](math::TanOp) { return fnc::tan(x[0]); })
      .Case([&](math::AsinOp) { return fnc::asin(x[0]); })
      .Case([&](math::AcosOp) { return fnc::acos(x[0]); })
      .Case([&](math::AtanOp) { return fnc::atan(x[0]); })
      .Case([&](math::Atan2Op) { return fnc::atan2(x[0], x[1]); })
      .Case([&](math::SinhOp) { return fnc::sinh(x[0]); })
      .Case([&](math::CoshOp) { return fnc::cosh(x[0]); })
      .Case([&](math::TanhOp) { return fnc::tanh(x[0]); })
      .Case([&](math::AsinhOp) { return fnc::asinh(x[0]); })
      .Case([&](math::AcoshOp) { return fnc::acosh(x[0]); })
      .Case([&](math::AtanhOp) { return fnc::atanh(x[0]); })
      .Case([&](math::ErfOp) { return fnc::erf(x[0]); })
      .Case([&](math::PowFOp) { return fnc::pow(x[0], x[1]); })
      .Case([&](math::ErfcOp) { return fnc::erfc(x[0]); })
      .Case([&](math::CbrtOp) { return fnc::cbrt(x[0]); })
      .Case([&](math::FPowIOp) { return fnc::pow(x[0], x[1]); })
      .Case([&](math::FmaOp) { return fusedMultiplyAdd(x[0], x[1], x[2]); })
      .Case([&](math::RsqrtOp) { return 1.0 / sqrt(x[0]); })
      .Case([&](math::CopySignOp) { return copySign(x[0], x[1]); })
      .Case([&](math::IsNaNOp) { return isNan(x[0]); })
      .Case([&](math::IsInfOp) { return equals(abs(x[0]), kInf); })
      .Case([&](math::IsFiniteOp) { return abs(x[0]) < kInf; })
      .Case([&](math::FloorOp) { return fnc::floor(x[0]); })
      .Case([&](math::CeilOp) { return -fnc::floor(-x[0]); })
      .Case([&](math::RoundEvenOp) { return fnc::roundEven(x[0]); })
      .Case([&](math::TruncOp) { return copySign(fnc::floor(abs(x[0])), x[0]); })
      .Case([&](math::RoundOp) { return roundAway(x[0]); })
      .Case([&](arith::RemFOp) { return fnc::fmod(x[0], x[1]); })
      .Default([](Operation *) { return std::nullopt; });
}

/// The expansion of one op over f32 operands, or none: then it is computed in f64.
std::optional<Num> expandNarrow(Operation *op, ArrayRef<Num> x) {
  return llvm::TypeSwitch<Operation *, std::optional<Num>>(op)
      .Case([&](math::ExpOp) { return narrow::exp(x[0], op->hasAttr(kShifted)); })
      .Case([&](math::Exp2Op) { return narrow::exp2(x[0]); })
      .Case([&](math::ExpM1Op) { return narrow::expm1(x[0]); })
      .Case([&](math::LogOp) { return narrow::log(x[0]); })
      .Case([&](math::Log1pOp) { return narrow::log1p(x[0]); })
      .Case([&](math::TanhOp) { return narrow::tanh(x[0]); })
      .Case([&](math::SinOp) { return narrow::sin(x[0]); })
      .Case([&](math::CosOp) { return narrow::cos(x[0]); })
      .Case([&](math::ErfOp) { return narrow::erf(x[0]); })
      .Case([&](math::CopySignOp) { return copySign(x[0], x[1]); })
      .Case([&](math::IsNaNOp) { return isNan(x[0]); })
      .Case([&](math::IsInfOp) { return equals(abs(x[0]), kInf); })
      .Case([&](math::IsFiniteOp) { return abs(x[0]) < kInf; })
      .Case([&](math::FloorOp) { return narrow::floor(x[0]); })
      .Case([&](math::CeilOp) { return -narrow::floor(-x[0]); })
      .Case([&](math::RoundEvenOp) { return narrow::roundEven(x[0]); })
      .Case([&](math::TruncOp) { return copySign(narrow::floor(abs(x[0])), x[0]); })
      .Default([](Operation *) { return std::nullopt; });
}

/// Functions are built of square roots; what is left of them after all becomes arithmetic where
/// the machine has no such instruction.
void expandSqrt(func::FuncOp func, bool f32Too) {
  SmallVector<math::SqrtOp> roots;
  func.walk([&](math::SqrtOp op) {
    if (op.getType().isF64() || (f32Too && isa<FloatType>(op.getType())))
      roots.push_back(op);
  });
  for (math::SqrtOp op : roots) {
    OpBuilder b(op);
    Value x = op.getOperand();
    if (!op.getType().isF64())
      x = arith::ExtFOp::create(b, op.getLoc(), b.getF64Type(), x);
    Value root = softSqrt(Num{&b, op.getLoc(), x}).v;
    if (!op.getType().isF64())
      root = arith::TruncFOp::create(b, op.getLoc(), op.getType(), root);
    op.replaceAllUsesWith(root);
    op.erase();
  }
}

/// Maxima and minima as comparisons: without instructions for them LLVM calls fmaximum, which no
/// C library of a small machine has, or has no pattern at all.
void expandMaxMin(func::FuncOp func) {
  SmallVector<Operation *> ops;
  func.walk([&](Operation *op) {
    if (isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(op) &&
        isa<FloatType>(op->getResult(0).getType()))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    OpBuilder b(op);
    Location loc = op->getLoc();
    auto type = cast<FloatType>(op->getResult(0).getType());
    Type integer = b.getIntegerType(type.getWidth());
    Value x = op->getOperand(0), y = op->getOperand(1);
    auto compare = [&](arith::CmpFPredicate predicate, Value p, Value q) -> Value {
      return arith::CmpFOp::create(b, loc, predicate, p, q);
    };
    auto select = [&](Value c, Value p, Value q) -> Value {
      return arith::SelectOp::create(b, loc, c, p, q);
    };
    bool isMax = isa<arith::MaximumFOp, arith::MaxNumFOp>(op);
    Value first = compare(isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, x, y);
    // Of equal numbers only zeros differ, in the sign.
    Value xBits = arith::BitcastOp::create(b, loc, integer, x);
    Value yBits = arith::BitcastOp::create(b, loc, integer, y);
    Value both = isMax ? arith::AndIOp::create(b, loc, xBits, yBits).getResult()
                       : arith::OrIOp::create(b, loc, xBits, yBits).getResult();
    Value same = compare(arith::CmpFPredicate::OEQ, x, y);
    Value zero = arith::BitcastOp::create(b, loc, type, both);
    bool hasZeros = !bitEnumContainsAny(
        cast<arith::ArithFastMathInterface>(op).getFastMathFlagsAttr().getValue(),
        arith::FastMathFlags::nsz);
    Value result = select(first, x, hasZeros ? select(same, zero, y) : y);
    bool keepsNan = isa<arith::MaximumFOp, arith::MinimumFOp>(op);
    // Of two operands one of which is NaN, the comparisons chose y.
    Value wrong = compare(arith::CmpFPredicate::UNO, keepsNan ? x : y, keepsNan ? x : y);
    op->getResult(0).replaceAllUsesWith(select(wrong, x, result));
    op->erase();
  }
}

/// The y of y / sqrt 2, as gelu takes it.
Value scaledBySqrtHalf(Value x) {
  Operation *product = x.getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::DivFOp>(product))
    return {};
  double wanted = isa<arith::MulFOp>(product) ? 0.70710678118654752 : 1.41421356237309505;
  for (unsigned i : {1, 0}) {
    APFloat value(0.0);
    if (matchPattern(product->getOperand(i), m_ConstantFloat(&value)) &&
        std::abs(value.convertToDouble() - wanted) < 1e-7)
      return product->getOperand(1 - i);
    if (isa<arith::DivFOp>(product))
      break;
  }
  return {};
}

bool isNumber(Value x, double number) {
  APFloat value(0.0);
  return matchPattern(x, m_ConstantFloat(&value)) && value.convertToDouble() == number;
}

/// The op that alone uses `x`, if it is a `Kind` with an operand for which `matches` holds.
template <typename Kind>
Operation *onlyUser(Operation *x, llvm::function_ref<bool(Value)> matches) {
  auto user = x->hasOneUse() ? dyn_cast<Kind>(*x->user_begin()) : Kind();
  return user && (matches(user.getLhs()) || matches(user.getRhs())) ? user.getOperation() : nullptr;
}

/// What is made of an erf: `factor` (1 + erf(...)), or that times `argument`.
struct Activation {
  SmallVector<Operation *> ops; ///< which do so, the erf first
  double factor = 1;
  bool timesArgument = false;
};

/// `argument`: what the erf takes times sqrt 2, or null.
Activation findActivation(Operation *erf, Value argument) {
  Activation found;
  auto isHalf = [](Value x) { return isNumber(x, 0.5); };
  Operation *at = onlyUser<arith::AddFOp>(erf, [](Value x) { return isNumber(x, 1.0); });
  if (!at)
    return found;
  found.ops = {erf, at};
  auto take = [&](Operation *next, double factor) {
    found.ops.push_back(at = next);
    found.factor *= factor;
  };
  if (Operation *half = onlyUser<arith::MulFOp>(at, isHalf))
    take(half, 0.5);
  if (!argument)
    return found;
  auto isHalfArgument = [&](Value x) {
    auto product = x.getDefiningOp<arith::MulFOp>();
    return product && ((product.getLhs() == argument && isHalf(product.getRhs())) ||
                       (product.getRhs() == argument && isHalf(product.getLhs())));
  };
  Operation *whole = onlyUser<arith::MulFOp>(at, [&](Value x) { return x == argument; });
  Operation *half = whole ? nullptr : onlyUser<arith::MulFOp>(at, isHalfArgument);
  found.timesArgument = whole || half;
  if (found.timesArgument)
    take(whole ? whole : half, half ? 0.5 : 1.0);
  return found;
}

/// Whether `y` is -x, or x times a constant, or that negated.
bool isMultiple(Value y, Value x) {
  if (auto negated = y.getDefiningOp<arith::NegFOp>())
    y = negated.getOperand();
  auto product = y.getDefiningOp<arith::MulFOp>();
  auto isConstant = [](Value v) { return matchPattern(v, m_Constant()); };
  return y == x || (product && ((product.getLhs() == x && isConstant(product.getRhs())) ||
                                (product.getRhs() == x && isConstant(product.getLhs()))));
}

/// The logistic function made of an exp: its ops, the exp first; empty if there is none.
struct Logistic {
  SmallVector<Operation *> ops;
  Value numerator; ///< with which it is multiplied, if its argument is made of it alone
};
Logistic findLogistic(Operation *exp) {
  auto isOne = [](Value x) { return isNumber(x, 1.0); };
  Operation *sum = onlyUser<arith::AddFOp>(exp, isOne);
  Operation *quotient = sum ? onlyUser<arith::DivFOp>(sum, isOne) : nullptr;
  if (!quotient || quotient->getOperand(1) != sum->getResult(0))
    return {};
  Logistic found{{exp, sum, quotient}, {}};
  auto isArgument = [&](Value x) { return isMultiple(exp->getOperand(0), x); };
  if (Operation *product = onlyUser<arith::MulFOp>(quotient, isArgument)) {
    found.numerator = product->getOperand(isArgument(product->getOperand(0)) ? 0 : 1);
    found.ops.push_back(product);
  }
  return found;
}

/// The only user of `x`, if it is a `Kind`.
template <typename Kind> Kind onlyUser(Value x) {
  return x.hasOneUse() ? dyn_cast<Kind>(*x.user_begin()) : Kind();
}

/// The ops of x tanh(ln(1 + e^x)) from its exp on, as softplus is written: max(x, 0) + ln(1 +
/// e^-|x|). Empty if that is not what is made of the exp.
SmallVector<Operation *> findMish(math::ExpOp exp) {
  auto negated = exp.getOperand().getDefiningOp<arith::NegFOp>();
  auto magnitude = negated ? negated.getOperand().getDefiningOp<math::AbsFOp>() : nullptr;
  auto logarithm = onlyUser<math::Log1pOp>(exp.getResult());
  if (!magnitude || !logarithm)
    return {};
  Value x = magnitude.getOperand();
  Operation *softplus = onlyUser<arith::AddFOp>(logarithm, [&](Value y) {
    auto relu = y.getDefiningOp<arith::MaximumFOp>();
    return relu && ((relu.getLhs() == x && isNumber(relu.getRhs(), 0.0)) ||
                    (relu.getRhs() == x && isNumber(relu.getLhs(), 0.0)));
  });
  auto tanh = softplus ? onlyUser<math::TanhOp>(softplus->getResult(0)) : nullptr;
  Operation *product =
      tanh ? onlyUser<arith::MulFOp>(tanh, [&](Value y) { return y == x; }) : nullptr;
  if (!product)
    return {};
  return {exp, logarithm, softplus, tanh, product};
}

struct ExpandMath : fnc::impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if ((isa<arith::RemFOp>(op) || isa_and_nonnull<math::MathDialect>(op->getDialect())) &&
          op->getNumResults() == 1 && isa<FloatType>(op->getOperand(0).getType()))
        ops.push_back(op);
    });
    SmallPtrSet<Operation *, 8> expanded;
    for (Operation *op : ops) {
      if (expanded.contains(op))
        continue;
      OpBuilder b(op);
      Location loc = op->getLoc();
      Type type = op->getResult(0).getType();
      bool single = !op->getOperand(0).getType().isF64();
      std::optional<Num> result;
      if (rounding && (type.isF32() || type.isF64()) &&
          isa<math::RoundEvenOp, math::FloorOp, math::CeilOp, math::TruncOp>(op))
        continue;
      if (single && lookup && isa<math::ErfOp>(op) && expandActivation(op))
        continue;
      if (auto exp = dyn_cast<math::ExpOp>(op);
          exp && (expandLogistic(exp, single) || (single && expandMish(exp, expanded))))
        continue;
      if (single)
        result = expandIn(narrowPrecision(), op, expandNarrow);
      // A division and a root of f64 in software are more than one place is worth.
      if (single && softF64 && isa<math::RsqrtOp>(op))
        result = expandIn(narrowPrecision(), op, expand);
      if (!result)
        result = expandIn({.single = single, .fused = single && fma && !softF64}, op, expand);
      if (!result)
        continue;
      op->getResult(0).replaceAllUsesWith(converted(b, loc, result->v, type));
      op->erase();
    }
    if (softF64 || softF32) {
      expandSqrt(getOperation(), softF32);
      expandMaxMin(getOperation());
    }
  }

  Precision narrowPrecision() {
    return {.single = true, .narrow = true, .fused = fma, .scales = scale, .tables = lookup};
  }

  /// 1 + erf(x) as a whole, or x (1 + erf(x)): small results of erf need no last places then.
  bool expandActivation(Operation *erf) {
    Value argument = scaledBySqrtHalf(erf->getOperand(0));
    Activation found = findActivation(erf, argument);
    if (found.ops.empty())
      return false;
    OpBuilder b(erf);
    Precision precision = narrowPrecision();
    Num x = number(b, erf, argument ? argument : erf->getOperand(0), precision);
    if (!argument)
      x = x * 1.41421356237309505;
    Num result = found.timesArgument ? narrow::timesOnePlusErf(x, found.factor)
                                     : narrow::onePlusErf(x, found.factor);
    replace(found.ops, result);
    return true;
  }

  /// 1 / (1 + e^x) as a whole, or y / (1 + e^x).
  bool expandLogistic(Operation *exp, bool single) {
    Logistic found = findLogistic(exp);
    if (found.ops.empty())
      return false;
    OpBuilder b(exp);
    Precision precision = single ? narrowPrecision() : Precision();
    Num x = number(b, exp, exp->getOperand(0), precision);
    std::optional<Num> y;
    if (found.numerator)
      y = number(b, exp, found.numerator, precision);
    Num result = single ? narrow::logistic(x, y) : y ? *y * fnc::logistic(x) : fnc::logistic(x);
    replace(found.ops, result);
    return true;
  }

  /// `expanded` receives the ops that are no more.
  bool expandMish(math::ExpOp exp, SmallPtrSetImpl<Operation *> &expanded) {
    SmallVector<Operation *> found = findMish(exp);
    if (found.empty())
      return false;
    OpBuilder b(exp);
    Operation *magnitude = exp.getOperand().getDefiningOp()->getOperand(0).getDefiningOp();
    Num x = number(b, exp, magnitude->getOperand(0), narrowPrecision());
    expanded.insert_range(found);
    replace(found, narrow::mish(x));
    return true;
  }

  static Num number(OpBuilder &b, Operation *at, Value v, Precision precision) {
    Num x{&b, at->getLoc(), v, precision};
    return x.with(converted(b, x.loc, v, x.floatType()));
  }

  /// The result of the last of `ops`, each of which only the next one uses.
  static void replace(ArrayRef<Operation *> ops, Num result) {
    Value value = ops.back()->getResult(0);
    value.replaceAllUsesWith(converted(*result.b, result.loc, result.v, value.getType()));
    for (Operation *op : llvm::reverse(ops))
      op->erase();
  }

  static std::optional<Num>
  expandIn(Precision precision, Operation *op,
           llvm::function_ref<std::optional<Num>(Operation *, ArrayRef<Num>)> formula) {
    OpBuilder b(op);
    SmallVector<Num> operands;
    for (Value operand : op->getOperands())
      operands.push_back(number(b, op, operand, precision));
    std::optional<Num> result = formula(op, operands);
    if (!result)
      for (auto [made, operand] : llvm::zip(operands, op->getOperands()))
        if (made.v != operand)
          made.v.getDefiningOp()->erase();
    return result;
  }

  /// A float or integer as a float of another type; an i1 stays what it is.
  static Value converted(OpBuilder &b, Location loc, Value x, Type type) {
    if (x.getType() == type)
      return x;
    if (x.getType().isIntOrIndex())
      return arith::SIToFPOp::create(b, loc, type, x);
    if (x.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
      return arith::ExtFOp::create(b, loc, type, x);
    return arith::TruncFOp::create(b, loc, type, x);
  }
};

} // namespace
