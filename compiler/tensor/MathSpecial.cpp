//===- MathSpecial.cpp - error functions, roots, rounding, remainders ----===//
//
// The polynomials of erf and of erfc(x) e^(x^2) are Chebyshev interpolants computed with 50 digits.
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/MathBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace fnc;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

} // namespace

Num fnc::erf(Num x) {
  static constexpr double nearZero[] = {
      1.128379167095512567,     -0.3761263890318354044,     0.1128379167094500627,
      -0.02686617064323777036,  0.005223977607116422732,    -0.0008548325975389692081,
      0.0001205529490483970792, -0.00001492473690741966034, 1.644742470331736241e-6,
      -1.62084838018717059e-7,  1.37200645467776856e-8,     -7.795898827002142242e-10};
  static constexpr double tail[] = {
      0.1552936556088942936,     -0.2892650448327675664,    0.2331304816002539347,
      -0.161338524764466377,     0.09442780690879478215,    -0.04543676118737341962,
      0.01697676094737298271,    -0.00424223844514083379,   0.0002673849167910411228,
      0.000288551879737477993,   -0.0001080876596082031634, -4.64286462741506292e-6,
      0.00001341957721463536421, -1.68505015981049851e-6,   -1.918140737215372176e-6,
      -1.454297590902891574e-7};
  Num a = abs(x);
  Num inner = x * horner(a * a, nearZero);
  // erfc(x) e^(x^2) as a polynomial in (x - 3.5) / (x + 3.5); from 6 on, 1 to the last bit.
  Num held = select(a < 6.0, a, 6.0);
  Num outer = 1.0 - exp(-(held * held)) * horner((held - 3.5) / (held + 3.5), tail);
  Num result = select(a < 1.0, inner, copySign(outer, x));
  return select(isNan(x), x, result);
}

Num fnc::erfc(Num x) {
  // erfc(x) e^(x^2) (1 + 2 x) on [0.45, 28] as a polynomial in (x - 4) / (x + 4); past 28 it is 0.
  static constexpr double c[] = {
      1.2329951186255525091,     -0.13962111684056250741,     0.015379652102620017286,
      0.068097054254691772405,   -0.1010390660363231183,      0.093732834998386590074,
      -0.066330365811711002867,  0.037167515536829340718,     -0.016197734064875397228,
      0.0050319699838788785133,  -0.0007577732306115098829,   -0.00019925672295143727662,
      0.00015062138005203930564, -0.000024399148571913191409, -0.000011221067468639071962,
      5.7097170724270137978e-6,  2.9181485850108106248e-7,    -8.2572125530729765989e-7,
      7.7189932397231244081e-8,  1.1078834783927751232e-7,    -1.9770645300789211988e-8,
      -1.4863847746199827515e-8, 2.4207325035483982395e-9,    1.5700369271577739841e-9};
  Num a = abs(x);
  Num held = select(a < 0.5, 0.5, select(a > 28.0, 28.0, a));
  Pair square = twoProduct(held, held);
  Num tail = exp(Pair{-square.hi, -square.lo}) *
             (horner((held - 4.0) / (held + 4.0), c) / (1.0 + 2.0 * held));
  Num result = select(a < 0.5, 1.0 - erf(x), select(x < 0.0, 2.0 - tail, tail));
  return select(isNan(x), x, result);
}

/// M. Giles, Approximating the erfinv function (GPU Computing Gems, 2010).
Num fnc::erfInverse(Num x) {
  static constexpr double central[] = {1.50140941,     0.246640727,    -0.00417768164,
                                       -0.00125372503, 0.00021858087,  -4.39150654e-06,
                                       -3.5233877e-06, 3.43273939e-07, 2.81022636e-08};
  static constexpr double tail[] = {2.83297682,    1.00167406,     0.00943887047,
                                    -0.0076224613, 0.00573950773,  -0.00367342844,
                                    0.00134934322, 0.000100950558, -0.000200214257};
  Num w = -log((1.0 - x) * (1.0 + x));
  Num far = sqrt(select(w < 5.0, 5.0, w)) - 3.0;
  return x * select(w < 5.0, horner(w - 2.5, central), horner(far, tail));
}

Num fnc::roundEven(Num x) {
  Num magic = x.number(4503599627370496.0);
  Num a = abs(x);
  return select(a < 4503599627370496.0, copySign((a + magic) - magic, x), x);
}

Num fnc::floor(Num x) {
  Num rounded = roundEven(x);
  return copySign(rounded - select(rounded > x, x.number(1.0), 0.0), x);
}

Num fnc::softSqrt(Num x) {
  Num regular = (x > 0.0) & (x < kInf);
  Num tiny = x < 0x1p-1022;
  Num bits = select(regular, select(tiny, x * 0x1p54, x), 1.0).bits();
  // x = m 4^e with m in [1, 4)
  Num e = isar(isub(bits, bits.integer(0x3ff0000000000000)), bits.integer(53));
  Num m = isub(bits, ishl(e, e.integer(53))).fromBits();
  // 1 / sqrt(m) from halved and negated exponent bits, then by Newton; the last step on sqrt
  // itself with its exact residue, which rounds it correctly.
  Num halfBits = isar(m.bits(), bits.integer(1));
  Num y = isub(bits.integer(0x5fe6eb50c7b537a9), halfBits).fromBits();
  for (int step = 0; step < 4; ++step)
    y = y * (1.5 - (0.5 * m) * y * y);
  Num s = m * y;
  Pair square = twoProduct(s, s);
  s = s + 0.5 * y * ((m - square.hi) - square.lo);
  Num shift = isub(e, select(tiny, e.integer(27), e.integer(0)));
  Num result = iadd(s.bits(), ishl(shift, e.integer(52))).fromBits();
  // Zeros, infinity and NaN are their own roots; of negative numbers there is none.
  return select(regular, result, select(x < 0.0, kNan, x));
}

/// Exact, with the sign of x: |y| times powers of two, from the largest down, come off |x|.
Num fnc::fmod(Num x, Num y) {
  OpBuilder &b = *x.b;
  Location loc = x.loc;
  Type f64 = b.getF64Type();
  Num magnitude = abs(x), divisor = abs(y);
  Num valid = (divisor > 0.0) & (magnitude < kInf);
  Num start = select(valid, magnitude, 0.0), step = select(valid, divisor, 1.0);
  auto at = [&](OpBuilder &nested, Value value) { return Num{&nested, loc, value}; };
  auto atMost = [](Num p, Num q) { return compare(arith::CmpFPredicate::OLE, p, q); };
  auto grow = scf::WhileOp::create(
      b, loc, TypeRange{f64}, ValueRange{step.v},
      [&](OpBuilder &nb, Location, ValueRange args) {
        Num multiple = at(nb, args[0]);
        // Halved, because twice the multiple may be infinite where x is not.
        Num more = atMost(multiple, at(nb, start.v) - multiple);
        scf::ConditionOp::create(nb, loc, more.v, args);
      },
      [&](OpBuilder &nb, Location, ValueRange args) {
        scf::YieldOp::create(nb, loc, ValueRange{(at(nb, args[0]) + at(nb, args[0])).v});
      });
  auto shrink = scf::WhileOp::create(
      b, loc, TypeRange{f64, f64}, ValueRange{start.v, grow.getResult(0)},
      [&](OpBuilder &nb, Location, ValueRange args) {
        scf::ConditionOp::create(nb, loc, atMost(at(nb, step.v), at(nb, args[1])).v, args);
      },
      [&](OpBuilder &nb, Location, ValueRange args) {
        Num rest = at(nb, args[0]), multiple = at(nb, args[1]);
        Num next = select(atMost(multiple, rest), rest - multiple, rest);
        // Half of the least denormal would be 0; half of the divisor ends the loop anyway.
        Num last = equals(multiple, at(nb, step.v));
        Num half = select(last, -1.0, multiple * 0.5);
        scf::YieldOp::create(nb, loc, ValueRange{next.v, half.v});
      });
  Num result = copySign(x.with(shrink.getResult(0)), x);
  // x mod inf is x; nothing mod 0, inf mod anything and NaN are NaN.
  return select(valid, result, select(isNan(y), y, kNan));
}
