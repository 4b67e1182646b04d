//===- MathTrig.cpp - angles and their functions -------------------------===//

#include "compiler/kernel/Rare.h"
#include "compiler/tensor/MathBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace fnc;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// pi/2 to 107 bits
constexpr double kHalfPi = 0x1.921fb54442d18p+0, kHalfPiLow = 0x1.1a62633145c07p-54;

/// x = (4 k + quadrant) pi/2 + r.hi + r.lo with |r| <= pi/4.
struct Reduced {
  Num quadrant;
  Pair r;
};

/// By Cody and Waite: pi/2 as 33 + 33 + 53 bits, with exact products for quadrants below 2^20.
Reduced reduceModerate(Num x) {
  Num n = nearest(x * 0.63661977236758134308);
  Num most = x - n * 1.57079632673412561417e+00;
  if (x.single()) {
    Num r = (most - n * 6.07710050630396597660e-11) - n * 2.02226624879595063154e-21;
    return {toInt(n), {r, r.number(0)}};
  }
  Pair second = twoSum(most, -(n * 6.07710050630396597660e-11));
  Num third = n * 2.02226624879595063154e-21;
  Num r = second.hi - third;
  return {toInt(n), {r, ((second.hi - r) - third) + second.lo}};
}

/// By Payne and Hanek, for |x| >= 2^20: x = m 2^e with a whole m, and of 2/pi only the 192 bits
/// that decide x (2/pi) mod 4 are multiplied.
Reduced reduceHuge(Num x) {
  // The bits of 2/pi behind the binary point, 64 in a word, after a word of zeros.
  static constexpr uint64_t bits[] = {
      0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
      0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
      0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
      0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
      0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab};
  OpBuilder &b = *x.b;
  auto shru = [&](Num value, Num by) {
    return x.with(arith::ShRUIOp::create(b, x.loc, value.v, by.v));
  };
  auto constant = [&](int64_t value) { return x.integer(value); };
  Num raw = x.bits();
  Num m = (raw & constant(0x000fffffffffffff)) | constant(0x0010000000000000);
  // m's last bit weighs 2^e, e > -33; the window starts two bits of weight before the point:
  // word (e + 62) / 64 of the table, at bit (e + 62) mod 64.
  Num e = isub(shru(raw, constant(52)) & constant(0x7ff), constant(1075));
  Num at = iadd(e, constant(62));
  Num word = shru(at, constant(6)), shift = at & constant(63);
  // The four words from there on, by halving the table: f32 ends within the first words.
  SmallVector<Num> words;
  for (uint64_t w : bits)
    words.push_back(constant(static_cast<int64_t>(w)));
  for (int64_t step : {16, 8, 4, 2, 1}) {
    if (x.single() && step > 2)
      continue;
    Num skip = compareInt(arith::CmpIPredicate::ne, word & constant(step), 0);
    size_t keep = static_cast<size_t>(step) - 1 + 4;
    SmallVector<Num> next;
    for (size_t i = 0; i < keep; ++i) {
      size_t j = i + static_cast<size_t>(step);
      Num far = j < words.size() ? words[j] : constant(0);
      Num near = i < words.size() ? words[i] : constant(0);
      next.push_back(select(skip, far, near));
    }
    words = next;
  }
  // (a << shift) | (b >> (64 - shift)), in two shifts because 64 is too many.
  Num back = isub(constant(63), shift);
  SmallVector<Num> window;
  for (int i = 0; i < 3; ++i)
    window.push_back(ishl(words[i], shift) | shru(shru(words[i + 1], constant(1)), back));
  // m times the window, modulo 2^192 of which the upper 128 bits are kept.
  auto wide = [&](Num p, Num q) -> std::pair<Num, Num> {
    auto op = arith::MulUIExtendedOp::create(b, x.loc, p.v, q.v);
    return {x.with(op.getHigh()), x.with(op.getLow())};
  };
  auto product = [&](Num p, Num q) { return x.with(arith::MulIOp::create(b, x.loc, p.v, q.v)); };
  auto [high1, low1] = wide(m, window[1]);
  Num high2 = wide(m, window[2]).first;
  Num low = iadd(low1, high2);
  Num carry = x.with(arith::ExtUIOp::create(
      b, x.loc, b.getI64Type(),
      arith::CmpIOp::create(b, x.loc, arith::CmpIPredicate::ult, low.v, low1.v)));
  Num high = iadd(iadd(product(m, window[0]), high1), carry);
  // The upper two bits are the quadrant; the rest is a fraction of pi/2, negative above one half.
  Num fraction = ishl(high, constant(2)) | shru(low, constant(62));
  Num fractionLow = ishl(low, constant(2));
  Num quadrant = iadd(shru(high, constant(62)), shru(fraction, constant(63)));
  // Three exact pieces of 32 bits; the conversion of a small integer is exact.
  Num a = toFloat(isar(fraction, constant(32))) * 0x1p-32;
  Num c = toFloat(fraction & constant(0xffffffff)) * 0x1p-64;
  Num d = toFloat(shru(fractionLow, constant(32))) * 0x1p-96;
  Num f = toFloat(fractionLow & constant(0xffffffff)) * 0x1p-128;
  Pair first = twoSum(a, c);
  Pair second = twoSum(first.hi, d);
  Pair part = fastTwoSum(second.hi, (first.lo + second.lo) + f);
  Pair r = twoProduct(part.hi, x.number(kHalfPi));
  r.lo = r.lo + part.hi * kHalfPiLow + part.lo * kHalfPi;
  r = fastTwoSum(r.hi, r.lo);
  // The work was done for |x|.
  Num negative = signBit(x);
  return {select(negative, isub(constant(0), quadrant), quadrant),
          {select(negative, -r.hi, r.hi), select(negative, -r.lo, r.lo)}};
}

Reduced reduce(Num x) {
  OpBuilder &b = *x.b;
  Num huge = abs(x) > 0x1p20;
  // Rare, and long: the one branch among the expansions.
  auto branch =
      scf::IfOp::create(b, x.loc, TypeRange{b.getI64Type(), b.getF64Type(), b.getF64Type()}, huge.v,
                        /*withElseRegion=*/true);
  branch->setAttr(kRareAttr, b.getUnitAttr());
  auto fill = [&](Block *block, auto reduction) {
    OpBuilder nested = OpBuilder::atBlockEnd(block);
    Num inner = x;
    inner.b = &nested;
    Reduced d = reduction(inner);
    scf::YieldOp::create(nested, x.loc, ValueRange{d.quadrant.v, d.r.hi.v, d.r.lo.v});
  };
  fill(branch.thenBlock(), reduceHuge);
  fill(branch.elseBlock(), reduceModerate);
  return {x.with(branch.getResult(0)), {x.with(branch.getResult(1)), x.with(branch.getResult(2))}};
}

struct SinCos {
  Num sin, cos, quadrant;
  /// What the sums lost, of f64.
  Num sinLow, cosLow;
};
SinCos sinCos(Num x) {
  Reduced d = reduce(select(abs(x) < kInf, x, 0.0));
  Num r = d.r.hi, z = r * r;
  static constexpr double sinSeries[] = {-1.0 / 6,
                                         1.0 / 120,
                                         -1.0 / 5040,
                                         1.0 / 362880,
                                         -1.0 / 39916800,
                                         1.0 / 6227020800.0,
                                         -1.0 / 1307674368000.0,
                                         1.0 / 355687428096000.0};
  static constexpr double cosSeries[] = {1.0 / 24,
                                         -1.0 / 720,
                                         1.0 / 40320,
                                         -1.0 / 3628800,
                                         1.0 / 479001600,
                                         -1.0 / 87178291200.0,
                                         1.0 / 20922789888000.0,
                                         -1.0 / 6402373705728000.0};
  size_t terms = x.single() ? 5 : 8;
  Num half = z * 0.5, first = 1.0 - half;
  Num sinTail = r * z * horner(z, ArrayRef(sinSeries).take_front(terms));
  Num cosTail = z * z * horner(z, ArrayRef(cosSeries).take_front(terms));
  if (!x.single()) {
    sinTail = sinTail + d.r.lo * first;
    cosTail = ((1.0 - first) - half) + (cosTail - r * d.r.lo);
  }
  Pair s = fastTwoSum(r, sinTail), c = fastTwoSum(first, cosTail);
  return {s.hi, c.hi, d.quadrant, s.lo, c.lo};
}

/// The value for quadrant q of a function that is `even` there for even q.
Num byQuadrant(Num even, Num odd, Num quadrant) {
  auto bit = [&](int64_t mask) {
    return compareInt(arith::CmpIPredicate::ne, quadrant & quadrant.integer(mask), 0);
  };
  Num value = select(bit(1), odd, even);
  return select(bit(2), -value, value);
}

/// sum of c_k z^k, k >= 1, in asin x = x (1 + sum c_k x^(2k))
Num asinTail(Num z) {
  SmallVector<double> series;
  double c = 1;
  for (int k = 1; k < (z.single() ? 14 : 26); ++k) {
    c *= (2.0 * k - 1) / (2.0 * k);
    series.push_back(c / (2 * k + 1));
  }
  return z * horner(z, series);
}

/// asin of sqrt(z) for z = (1 - |x|) / 2, as s.hi + s.lo + rest.
struct HalfAngle {
  Pair root;
  Num rest;
};
HalfAngle halfAngle(Num z) {
  Num s = sqrt(z);
  Pair square = twoProduct(s, s);
  Num low = ((z - square.hi) - square.lo) / (2.0 * s);
  low = select(s > 0.0, low, 0.0);
  return {{s, low}, s * asinTail(z)};
}

} // namespace

Num fnc::sin(Num x) {
  SinCos v = sinCos(x);
  Num result = byQuadrant(v.sin, v.cos, v.quadrant);
  // Keeps -0, and denormals exact.
  return select(abs(x) < 1e-20, x, select(abs(x) < kInf, result, kNan));
}

Num fnc::cos(Num x) {
  SinCos v = sinCos(x);
  return select(abs(x) < kInf, byQuadrant(v.cos, -v.sin, v.quadrant), kNan);
}

Num fnc::tan(Num x) {
  SinCos v = sinCos(x);
  Num above = byQuadrant(v.sin, v.cos, v.quadrant);
  Num below = byQuadrant(v.cos, -v.sin, v.quadrant);
  Num ratio = above / below;
  if (!x.single()) {
    Num aboveLow = byQuadrant(v.sinLow, v.cosLow, v.quadrant);
    Num belowLow = byQuadrant(v.cosLow, -v.sinLow, v.quadrant);
    ratio = ratio + (aboveLow - ratio * belowLow) / below;
  }
  return select(abs(x) < 1e-20, x, select(abs(x) < kInf, ratio, kNan));
}

Num fnc::asin(Num x) {
  Num a = abs(x);
  Num small = a + a * asinTail(select(a < 0.5, a * a, 0.0));
  HalfAngle h = halfAngle(select(a < 0.5, 0.25, (1.0 - a) * 0.5));
  // pi/2 - 2 (root + rest): a quarter of pi stays back, so that the difference is near exact.
  Pair sum = twoSum(a.number(kHalfPi), -2.0 * h.root.hi);
  Num large = sum.hi + (sum.lo + (kHalfPiLow - 2.0 * (h.root.lo + h.rest)));
  return select(isNan(x), x, copySign(select(a < 0.5, small, large), x));
}

Num fnc::acos(Num x) {
  Num a = abs(x);
  Num held = select(a < 0.5, x, 0.0);
  Num small = kHalfPi - (held - (kHalfPiLow - held * asinTail(held * held)));
  HalfAngle h = halfAngle(select(a < 0.5, 0.25, (1.0 - a) * 0.5));
  Num rest = h.root.lo + h.rest;
  Num right = 2.0 * (h.root.hi + rest);
  Pair sum = twoSum(a.number(2 * kHalfPi), -2.0 * h.root.hi);
  Num left = sum.hi + (sum.lo + (2 * kHalfPiLow - 2.0 * rest));
  Num result = select(a < 0.5, small, select(x < 0.0, left, right));
  return select(isNan(x), x, result);
}

/// atan of |x| as a pair: about one of the angles 0, atan 1/2, pi/4, atan 3/2, pi/2.
static Pair atanPair(Num a) {
  Num t = select(a < 0x1p60, a, 0x1p60);
  Num past0 = t > 0.4375, past1 = t > 0.6875, past2 = t > 1.1875, past3 = t > 2.4375;
  auto choose = [&](Num v0, Num v1, Num v2, Num v3, Num v4) {
    return select(past3, v4, select(past2, v3, select(past1, v2, select(past0, v1, v0))));
  };
  auto number = [&](double value) { return a.number(value); };
  Num above = choose(t, 2.0 * t - 1.0, t - 1.0, t - 1.5, number(-1.0));
  Num below = choose(number(1.0), 2.0 + t, 1.0 + t, 1.0 + 1.5 * t, t);
  Num q = above / below, z = q * q;
  SmallVector<double> series;
  for (int k = 1; k < (a.single() ? 13 : 22); ++k)
    series.push_back((k % 2 ? -1.0 : 1.0) / (2 * k + 1));
  Num base = choose(number(0.0), number(0x1.dac670561bb4fp-2), number(0x1.921fb54442d18p-1),
                    number(0x1.f730bd281f69bp-1), number(kHalfPi));
  Num low = choose(number(0.0), number(0x1.a2b7f222f65e2p-56), number(0x1.1a62633145c07p-55),
                   number(0x1.007887af0cbbdp-56), number(kHalfPiLow));
  Pair sum = twoSum(base, q);
  return {sum.hi, sum.lo + (q * z * horner(z, series) + low)};
}

Num fnc::atan(Num x) {
  Pair angle = atanPair(abs(x));
  return select(isNan(x), x, copySign(angle.hi + angle.lo, x));
}

Num fnc::atan2(Num y, Num x) {
  Num bothInf = equals(abs(x), kInf) & equals(abs(y), kInf);
  Num ratio = select(bothInf, 1.0, abs(y) / abs(x));
  // 0 / 0: the angle of the axis.
  ratio = select(equals(x, 0.0) & equals(y, 0.0), 0.0, ratio);
  Pair angle = atanPair(ratio);
  Pair sum = twoSum(x.number(2 * kHalfPi), -angle.hi);
  Num left = sum.hi + (sum.lo + (2 * kHalfPiLow - angle.lo));
  Num result = copySign(select(signBit(x), left, angle.hi + angle.lo), y);
  return select(isNan(x), x, select(isNan(y), y, result));
}
