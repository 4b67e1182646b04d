//===- ExpandMath.cpp - transcendental functions as arithmetic ------------===//
//
// Every function is computed in f64, for f32 and smaller types too: one set of formulas, good to
// half an ulp of f32 with denormals, infinities and NaN right, straight-line code that LLVM can
// vectorize. Reductions and series are the textbook ones (Muller, Elementary Functions); the
// polynomials of erf and of erfc(x) e^(x^2) are Chebyshev interpolants computed with 50 digits.
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/MathBuilder.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fnc;

namespace fnc {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.14159265358979323846, kLn2 = 0.69314718055994530942;
// ln 2 in two parts: the first has 32 bits, so that its products with exponents are exact.
constexpr double kLn2Hi = 6.93147180369123816490e-01, kLn2Lo = 1.90821492927058770002e-10;

/// 2^n for n in [-1022, 1023], from its bits.
Num powerOfTwo(Num n) { return ishl(iadd(n, n.integer(1023)), n.integer(52)).fromBits(); }

/// e^x - 1 for |x| below about 0.35 by its series, to the last bit.
Num expm1Small(Num x) {
  // 1/(k+1)!
  static constexpr double c[] = {1.0,        1.0 / 2,       1.0 / 6,        1.0 / 24,
                                 1.0 / 120,  1.0 / 720,     1.0 / 5040,     1.0 / 40320,
                                 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
                                 1.0 / 6227020800.0, 1.0 / 87178291200.0};
  return x * polynomial(x, c);
}

Num expm1(Num x) {
  Num isSmall = abs(x) < 0.34;
  Num small = expm1Small(select(isSmall, x, 0.0));
  return select(isSmall, select(equals(x, 0.0), x, small), exp(x) - 1.0);
}

/// ln x as e ln 2 + 2 atanh(s), with m in [sqrt(1/2), sqrt 2) and s = (m - 1) / (m + 1).
Num log1p(Num x) {
  // ln(1 + x) from ln u, u = 1 + x rounded, and what the rounding lost.
  Num u = 1.0 + x;
  Num lost = (x - (u - 1.0)) / u;
  Num result = log(u) + select(abs(u) < kInf, lost, 0.0);
  result = select(abs(x) < 1e-300, x, result);
  return select(equals(u, 0.0), -kInf, select(equals(x, kInf), kInf, result));
}

/// sin and cos of the remainder by pi/2, and the quadrant.
struct Reduced {
  Num sin, cos, quadrant;
};
Reduced reduceQuadrant(Num x) {
  // pi/2 in three parts of 33 bits: exact products for quadrants below 2^20.
  Num n = roundEven(x * (2.0 / kPi));
  n = select(abs(n) < 9.0e15, n, 0.0);
  Num r = x - n * 1.57079632673412561417e+00;
  r = r - n * 6.07710050630396597660e-11;
  r = r - n * 2.02226624879595063154e-21;
  Num z = r * r;
  static constexpr double sinSeries[] = {1.0,           -1.0 / 6,           1.0 / 120,
                                         -1.0 / 5040,   1.0 / 362880,       -1.0 / 39916800,
                                         1.0 / 6227020800.0, -1.0 / 1307674368000.0,
                                         1.0 / 355687428096000.0};
  static constexpr double cosSeries[] = {1.0,         -1.0 / 2,            1.0 / 24,
                                         -1.0 / 720,  1.0 / 40320,         -1.0 / 3628800,
                                         1.0 / 479001600, -1.0 / 87178291200.0,
                                         1.0 / 20922789888000.0, -1.0 / 6402373705728000.0};
  return {r * polynomial(z, sinSeries), polynomial(z, cosSeries), n.toInt()};
}

/// The value for quadrant q of a function that is `even` there for even q.
Num byQuadrant(Num even, Num odd, Num quadrant) {
  auto bit = [&](int64_t mask) {
    Num masked = quadrant & quadrant.integer(mask);
    return masked.with(arith::CmpIOp::create(*masked.b, masked.loc, arith::CmpIPredicate::ne,
                                             masked.v, masked.integer(0).v));
  };
  Num value = select(bit(1), odd, even);
  return select(bit(2), -value, value);
}

Num sin(Num x) {
  Reduced r = reduceQuadrant(x);
  Num result = byQuadrant(r.sin, r.cos, r.quadrant);
  // Keeps -0, and denormals exact.
  return select(abs(x) < 1e-150, x, select(abs(x) < kInf, result, kNan));
}

Num tan(Num x) {
  Reduced r = reduceQuadrant(x);
  Num odd = byQuadrant(r.sin, r.cos, r.quadrant);
  Num even = byQuadrant(r.cos, -r.sin, r.quadrant);
  return select(abs(x) < 1e-150, x, select(abs(x) < kInf, odd / even, kNan));
}

Num atan(Num x) {
  Num t = abs(x);
  Num large = t > 2.414213562373095, middle = t > 0.41421356237309503;
  Num base = select(large, t.number(kPi / 2), select(middle, kPi / 4, t.number(0.0)));
  t = select(large, -1.0 / t, select(middle, (t - 1.0) / (t + 1.0), t));
  Num z = t * t;
  SmallVector<double> series;
  for (int k = 0; k < 24; ++k)
    series.push_back((k % 2 ? -1.0 : 1.0) / (2 * k + 1));
  Num result = base + t * polynomial(z, series);
  return select(isNan(x), x, copySign(result, x));
}

Num asin(Num x) { return copySign(atan(abs(x) / sqrt((1.0 - abs(x)) * (1.0 + abs(x)))), x); }
Num acos(Num x) { return 2.0 * atan(sqrt((1.0 - x) / (1.0 + x))); }

Num atan2(Num y, Num x) {
  Num bothInf = equals(abs(x), kInf) & equals(abs(y), kInf);
  Num ratio = select(bothInf, 1.0, abs(y) / abs(x));
  // 0 / 0: the angle of the axis.
  ratio = select(equals(x, 0.0) & equals(y, 0.0), 0.0, ratio);
  Num angle = atan(ratio);
  Num left = x.bits().with(arith::CmpIOp::create(*x.b, x.loc, arith::CmpIPredicate::slt,
                                                 x.bits().v, x.integer(0).v));
  angle = copySign(select(left, kPi - angle, angle), y);
  return select(isNan(x), x, select(isNan(y), y, angle));
}

Num sinh(Num x) {
  Num t = expm1(abs(x));
  Num h = exp(abs(x) * 0.5);
  Num small = (t + t / (t + 1.0)) * 0.5, large = (h * 0.5) * h;
  return copySign(select(abs(x) > 40.0, large, small), x);
}
Num cosh(Num x) {
  Num h = exp(abs(x) * 0.5);
  return (h * 0.5) * h + 0.5 / (h * h);
}
Num tanh(Num x) {
  Num t = expm1(-2.0 * abs(x));
  return select(isNan(x), x, copySign(-t / (t + 2.0), x));
}
Num asinh(Num x) {
  Num a = abs(x);
  Num small = log1p(a + a * a / (1.0 + sqrt(1.0 + a * a)));
  return copySign(select(a > 1e9, log(a) + kLn2, small), x);
}
Num acosh(Num x) {
  Num t = x - 1.0;
  return select(x > 1e9, log(x) + kLn2, log1p(t + sqrt(2.0 * t + t * t)));
}
Num atanh(Num x) {
  Num a = abs(x);
  return copySign(0.5 * log1p(2.0 * a / (1.0 - a)), x);
}

Num erf(Num x) {
  static constexpr double nearZero[] = {
      1.128379167095512567,      -0.3761263890318354044,  0.1128379167094500627,
      -0.02686617064323777036,   0.005223977607116422732, -0.0008548325975389692081,
      0.0001205529490483970792,  -0.00001492473690741966034, 1.644742470331736241e-6,
      -1.62084838018717059e-7,   1.37200645467776856e-8,  -7.795898827002142242e-10};
  static constexpr double tail[] = {
      0.1552936556088942936,     -0.2892650448327675664,   0.2331304816002539347,
      -0.161338524764466377,     0.09442780690879478215,   -0.04543676118737341962,
      0.01697676094737298271,    -0.00424223844514083379,  0.0002673849167910411228,
      0.000288551879737477993,   -0.0001080876596082031634, -4.64286462741506292e-6,
      0.00001341957721463536421, -1.68505015981049851e-6,  -1.918140737215372176e-6,
      -1.454297590902891574e-7};
  Num a = abs(x);
  Num inner = x * polynomial(a * a, nearZero);
  // erfc(x) e^(x^2) as a polynomial in (x - 3.5) / (x + 3.5); from 6 on, 1 to the last bit.
  Num held = select(a < 6.0, a, 6.0);
  Num outer = 1.0 - exp(-(held * held)) * polynomial((held - 3.5) / (held + 3.5), tail);
  Num result = select(a < 1.0, inner, copySign(outer, x));
  return select(isNan(x), x, result);
}

Num pow(Num x, Num y) {
  Num magnitude = exp(y * log(abs(x)));
  Num whole = equals(roundEven(y), y);
  Num half = y * 0.5;
  Num odd = whole & compare(arith::CmpFPredicate::UNE, roundEven(half), half) &
            (abs(y) < 9007199254740992.0);
  Num negativeBase = x.with(arith::CmpIOp::create(*x.b, x.loc, arith::CmpIPredicate::slt,
                                                  x.bits().v, x.integer(0).v));
  Num result = select(negativeBase & odd, -magnitude, magnitude);
  // A finite negative base has powers only at whole exponents.
  Num undefined = (x < 0.0) & (abs(x) < kInf) &
                  compare(arith::CmpFPredicate::UNE, roundEven(y), y) & (abs(y) < kInf);
  result = select(undefined, kNan, result);
  result = select(isNan(x), x, select(isNan(y), y, result));
  result = select(equals(abs(x), 1.0) & equals(abs(y), kInf), 1.0, result);
  return select(equals(x, 1.0) | equals(y, 0.0), 1.0, result);
}

/// Exact remainder with the sign of x: multiples of |y| by powers of two are taken off |x|.
Num fmod(Num x, Num y) {
  OpBuilder &b = *x.b;
  Location loc = x.loc;
  Type f64 = b.getF64Type();
  Num magnitude = abs(x), divisor = abs(y);
  Num valid = (divisor > 0.0) & (magnitude < kInf);
  Num start = select(valid, magnitude, 0.0);
  Num step = select(valid, divisor, 1.0);
  auto atLeast = [](Num p, Num q) { return compare(arith::CmpFPredicate::OGE, p, q); };
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{f64}, ValueRange{start.v},
      [&](OpBuilder &nb, Location l, ValueRange args) {
        Num rest{&nb, l, args[0]};
        scf::ConditionOp::create(nb, l, atLeast(rest, step.with(step.v)).v, args);
      },
      [&](OpBuilder &nb, Location l, ValueRange args) {
        Num rest{&nb, l, args[0]};
        auto grow = scf::WhileOp::create(
            nb, l, TypeRange{f64}, ValueRange{step.v},
            [&](OpBuilder &ob, Location ol, ValueRange inner) {
              Num multiple{&ob, ol, inner[0]};
              scf::ConditionOp::create(
                  ob, ol, atLeast(Num{&ob, ol, rest.v}, multiple + multiple).v, inner);
            },
            [&](OpBuilder &ob, Location ol, ValueRange inner) {
              Num multiple{&ob, ol, inner[0]};
              scf::YieldOp::create(ob, ol, ValueRange{(multiple + multiple).v});
            });
        scf::YieldOp::create(nb, l, ValueRange{(rest - rest.with(grow.getResult(0))).v});
      });
  Num result = copySign(x.with(loop.getResult(0)), x);
  // x mod inf is x; nothing mod 0, inf mod anything and NaN are NaN.
  return select(valid, result, select(isNan(y), y, kNan));
}

} // namespace

Num fnc::roundEven(Num x) {
  Num magic = x.number(4503599627370496.0);
  Num a = abs(x);
  return select(a < 4503599627370496.0, copySign((a + magic) - magic, x), x);
}

Num fnc::floor(Num x) {
  Num rounded = roundEven(x);
  return copySign(rounded - select(rounded > x, x.number(1.0), 0.0), x);
}

Num fnc::exp(Num x) {
  // e^x = 2^n e^r, |r| <= ln 2 / 2. Beyond the clamps the result is 0 or infinite anyway.
  Num held = select(x > 710.0, 710.0, select(x < -750.0, -750.0, x));
  held = select(isNan(x), 0.0, held);
  Num n = roundEven(held * 1.44269504088896340736);
  Num r = (held - n * kLn2Hi) - n * kLn2Lo;
  Num whole = n.toInt();
  // In two steps, so that results below 2^-1022 round once.
  Num half = isar(whole, whole.integer(1));
  Num result = ((1.0 + expm1Small(r)) * powerOfTwo(half)) * powerOfTwo(isub(whole, half));
  return select(isNan(x), x, result);
}

Num fnc::log(Num x) {
  Num tiny = x < 2.2250738585072014e-308;
  Num scaled = select(tiny, x * 18014398509481984.0, x);
  Num bits = scaled.bits();
  Num e = isar(isub(bits, bits.integer(0x3fe6a09e667f3bcd)), bits.integer(52));
  Num m = isub(bits, ishl(e, e.integer(52))).fromBits();
  Num exponent = e.toFloat() - select(tiny, x.number(54.0), 0.0);
  Num f = m - 1.0;
  Num s = f / (2.0 + f);
  SmallVector<double> series;
  for (int k = 1; k < 12; ++k)
    series.push_back(2.0 / (2 * k + 1));
  Num z = s * s;
  // 2 atanh(s) = f - s (f - 2 s^2 (1/3 + ...)): f is exact, so little is lost near 1.
  Num mantissa = f - s * (f - z * polynomial(z, series));
  Num result = exponent * kLn2Hi + (mantissa + exponent * kLn2Lo);
  result = select(equals(x, kInf), x, result);
  result = select(equals(x, 0.0), -kInf, result);
  result = select(x < 0.0, kNan, result);
  return select(isNan(x), x, result);
}

Num fnc::cos(Num x) {
  Reduced r = reduceQuadrant(x);
  return select(abs(x) < kInf, byQuadrant(r.cos, -r.sin, r.quadrant), kNan);
}

/// M. Giles, Approximating the erfinv function (GPU Computing Gems, 2010).
Num fnc::erfInverse(Num x) {
  static constexpr double central[] = {1.50140941,     0.246640727,    -0.00417768164,
                                       -0.00125372503, 0.00021858087,  -4.39150654e-06,
                                       -3.5233877e-06, 3.43273939e-07, 2.81022636e-08};
  static constexpr double tail[] = {2.83297682,     1.00167406,    0.00943887047,
                                    -0.0076224613,  0.00573950773, -0.00367342844,
                                    0.00134934322,  0.000100950558, -0.000200214257};
  Num w = -log((1.0 - x) * (1.0 + x));
  Num far = sqrt(select(w < 5.0, 5.0, w)) - 3.0;
  return x * select(w < 5.0, polynomial(w - 2.5, central), polynomial(far, tail));
}

namespace {

/// The expansion of one op over f64 operands, or none.
std::optional<Num> expand(Operation *op, ArrayRef<Num> x) {
  return llvm::TypeSwitch<Operation *, std::optional<Num>>(op)
      .Case([&](math::ExpOp) { return exp(x[0]); })
      .Case([&](math::Exp2Op) { return exp(x[0] * kLn2); })
      .Case([&](math::ExpM1Op) { return expm1(x[0]); })
      .Case([&](math::LogOp) { return log(x[0]); })
      .Case([&](math::Log2Op) { return log(x[0]) * 1.44269504088896340736; })
      .Case([&](math::Log10Op) { return log(x[0]) * 0.43429448190325182765; })
      .Case([&](math::Log1pOp) { return log1p(x[0]); })
      .Case([&](math::SinOp) { return sin(x[0]); })
      .Case([&](math::CosOp) { return fnc::cos(x[0]); })
      .Case([&](math::TanOp) { return tan(x[0]); })
      .Case([&](math::AsinOp) { return asin(x[0]); })
      .Case([&](math::AcosOp) { return acos(x[0]); })
      .Case([&](math::AtanOp) { return atan(x[0]); })
      .Case([&](math::Atan2Op) { return atan2(x[0], x[1]); })
      .Case([&](math::SinhOp) { return sinh(x[0]); })
      .Case([&](math::CoshOp) { return cosh(x[0]); })
      .Case([&](math::TanhOp) { return tanh(x[0]); })
      .Case([&](math::AsinhOp) { return asinh(x[0]); })
      .Case([&](math::AcoshOp) { return acosh(x[0]); })
      .Case([&](math::AtanhOp) { return atanh(x[0]); })
      .Case([&](math::ErfOp) { return erf(x[0]); })
      .Case([&](math::PowFOp) { return pow(x[0], x[1]); })
      .Case([&](math::RsqrtOp) { return 1.0 / sqrt(x[0]); })
      .Case([&](math::FloorOp) { return fnc::floor(x[0]); })
      .Case([&](math::CeilOp) { return -fnc::floor(-x[0]); })
      .Case([&](math::RoundEvenOp) { return roundEven(x[0]); })
      .Case([&](math::TruncOp) { return copySign(fnc::floor(abs(x[0])), x[0]); })
      .Case([&](math::RoundOp) { return copySign(fnc::floor(abs(x[0]) + 0.5), x[0]); })
      .Case([&](arith::RemFOp) { return fmod(x[0], x[1]); })
      .Default([](Operation *) { return std::nullopt; });
}

struct ExpandMath : fnc::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (op->getNumResults() == 1 && isa<FloatType>(op->getResult(0).getType()) &&
          (isa<arith::RemFOp>(op) || isa<math::MathDialect>(op->getDialect())))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder b(op);
      Location loc = op->getLoc();
      Type type = op->getResult(0).getType();
      SmallVector<Num> operands;
      for (Value operand : op->getOperands())
        operands.push_back({&b, loc, widen(b, loc, operand)});
      std::optional<Num> result = expand(op, operands);
      if (!result)
        continue;
      op->getResult(0).replaceAllUsesWith(narrow(b, loc, result->v, type));
      op->erase();
    }
  }

  static Value widen(OpBuilder &b, Location loc, Value x) {
    return x.getType().isF64() ? x : arith::ExtFOp::create(b, loc, b.getF64Type(), x).getResult();
  }
  static Value narrow(OpBuilder &b, Location loc, Value x, Type type) {
    return type.isF64() ? x : arith::TruncFOp::create(b, loc, type, x).getResult();
  }
};

} // namespace
