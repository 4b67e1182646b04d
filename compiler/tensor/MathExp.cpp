//===- MathExp.cpp - exponentials, logarithms, powers --------------------===//
#include "compiler/tensor/MathBuilder.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace fnc;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLog2e = 1.44269504088896340736;
// ln 2 in two parts: the first has 32 bits, so that its products with exponents are exact.
constexpr double kLn2Hi = 6.93147180369123816490e-01, kLn2Lo = 1.90821492927058770002e-10;

/// 2^n for n in [-1022, 1023], from its bits.
Num powerOfTwo(Num n) { return ishl(iadd(n, n.integer(1023)), n.integer(52)).fromBits(); }

/// In two steps, so that results below 2^-1022 round once.
Num scale(Num x, Num n) {
  Num half = isar(n, n.integer(1));
  return (x * powerOfTwo(half)) * powerOfTwo(isub(n, half));
}

/// e^r - 1 - r for |r| up to about 0.35 by its series, to a part in 2^54 (2^30) of 1.
Num expTail(Num r) {
  // 1/(k+2)!
  static constexpr double c[] = {1.0 / 2,        1.0 / 6,           1.0 / 24,
                                 1.0 / 120,      1.0 / 720,         1.0 / 5040,
                                 1.0 / 40320,    1.0 / 362880,      1.0 / 3628800,
                                 1.0 / 39916800, 1.0 / 479001600.0, 1.0 / 6227020800.0};
  ArrayRef<double> series(c);
  return r * r * horner(r, r.single() ? series.take_front(8) : series);
}

/// x = n ln 2 + r.hi + r.lo with |r| <= ln 2 / 2.
struct ReducedExp {
  Num n;
  Pair r;
};
ReducedExp reduceExp(Num x) {
  Num n = nearest(x * kLog2e);
  if (x.single()) {
    Num r = (x - n * kLn2Hi) - n * kLn2Lo;
    return {n, {r, r.number(0)}};
  }
  Num most = x - n * kLn2Hi, rest = n * kLn2Lo;
  Num r = most - rest;
  return {n, {r, (most - r) - rest}};
}

Num clamp(Num x, double low, double high) {
  Num held = select(x > high, high, select(x < low, low, x));
  return select(isNan(x), 0.0, held);
}

/// The logarithm of finite positive numbers as e ln 2 + 2 atanh(s), to about 2^-68 of it: powers
/// multiply its error by up to 745.
Pair logPair(Num x) {
  Num tiny = x < 0x1p-1022;
  Num bits = select(tiny, x * 0x1p54, x).bits();
  Num e = isar(isub(bits, bits.integer(0x3fe6a09e667f3bcd)), bits.integer(52));
  Num m = isub(bits, ishl(e, e.integer(52))).fromBits();
  Num exponent = toFloat(e) - select(tiny, x.number(54.0), 0.0);
  // s = f / (2 + f), z = s^2
  Num f = m - 1.0;
  Pair below = fastTwoSum(f.number(2.0), f);
  Num s = f / below.hi;
  Pair product = twoProduct(s, below.hi);
  Num sLow = (((f - product.hi) - product.lo) - s * below.lo) / below.hi;
  Pair z = twoProduct(s, s);
  z.lo = z.lo + 2.0 * s * sLow;
  // 1 + z/3 + z^2 (1/5 + z/7 + ...), of which only the first two terms need the second word.
  SmallVector<double> series;
  for (int k = 2; k < 13; ++k)
    series.push_back(1.0 / (2 * k + 1));
  constexpr double third = 0x1.5555555555555p-2, thirdLow = 0x1.5555555555555p-56;
  Pair a = twoProduct(z.hi, z.hi.number(third));
  a.lo = a.lo + z.hi * thirdLow + z.lo * third + z.hi * z.hi * horner(z.hi, series);
  // 2 s + 2 s a
  Pair b = twoProduct(s, a.hi);
  Num bLow = b.lo + s * a.lo + sLow * a.hi;
  Pair sum = fastTwoSum(2.0 * s, 2.0 * b.hi);
  Num sumLow = sum.lo + 2.0 * (sLow + bLow);
  Pair total = twoSum(exponent * kLn2Hi, sum.hi);
  Pair second = twoSum(total.hi, exponent * kLn2Lo);
  return fastTwoSum(second.hi, second.lo + (total.lo + sumLow));
}

} // namespace

Num fnc::exp(Num x, int shift) {
  // Beyond the clamps the result is 0 or infinite anyway.
  ReducedExp d = reduceExp(clamp(x, -750.0, 720.0));
  Num n = toInt(d.n);
  Num tail = expTail(d.r.hi);
  Num result = 1.0 + (d.r.hi + (x.single() ? tail : tail + d.r.lo));
  return select(isNan(x), x, scale(result, shift ? iadd(n, n.integer(shift)) : n));
}

Num fnc::logistic(Num x) {
  // e^-|x| never overflows; the other half is its mirror image.
  Num e = exp(-abs(x));
  return select(x > 0.0, e, 1.0) / (1.0 + e);
}

Num fnc::exp(Pair x) {
  ReducedExp d = reduceExp(clamp(x.hi, -750.0, 720.0));
  // What the clamp cut off makes the low word meaningless.
  Num low = select(abs(x.hi) < 800.0, d.r.lo + x.lo, 0.0);
  Pair r = twoSum(d.r.hi, low);
  Num result = 1.0 + (r.hi + (expTail(r.hi) + (r.lo + r.lo * r.hi)));
  return select(isNan(x.hi), x.hi, scale(result, toInt(d.n)));
}

Num fnc::exp2(Num x) {
  constexpr double ln2 = 0.69314718055994530942;
  Num held = clamp(x, -1100.0, 1030.0);
  Num n = nearest(held);
  Num r = (held - n) * ln2;
  return select(isNan(x), x, scale(1.0 + (r + expTail(r)), toInt(n)));
}

/// e^x - 1 for x above -45, where it is -1 to the last bit; the low word serves only where x is
/// small.
static Pair expm1Pair(Num x) {
  // 2^n (e^r - 1 + (1 - 2^-n))
  ReducedExp d = reduceExp(clamp(x, -45.0, 720.0));
  Num n = toInt(d.n);
  Num cut = select(d.n > 1000.0, 1000.0, d.n);
  Pair sum = twoSum(1.0 - powerOfTwo(toInt(-cut)), d.r.hi);
  Num low = d.r.lo + d.r.lo * d.r.hi;
  Pair result = fastTwoSum(sum.hi, sum.lo + (expTail(d.r.hi) + low));
  return {scale(result.hi, n), scale(result.lo, n)};
}

Num fnc::expm1(Num x) {
  Num result = expm1Pair(x).hi;
  // Also keeps -0 and denormals.
  result = select(abs(x) < 1e-20, x, result);
  return select(isNan(x), x, result);
}

Num fnc::log(Num x) {
  Num tiny = x < 0x1p-1022;
  Num scaled = x.single() ? x : select(tiny, x * 0x1p54, x);
  Num bits = scaled.bits();
  Num e = isar(isub(bits, bits.integer(0x3fe6a09e667f3bcd)), bits.integer(52));
  Num m = isub(bits, ishl(e, e.integer(52))).fromBits();
  Num exponent = toFloat(e);
  if (!x.single())
    exponent = exponent - select(tiny, x.number(54.0), 0.0);
  Num f = m - 1.0;
  Num s = f / (2.0 + f);
  SmallVector<double> series;
  for (int k = 1; k < (x.single() ? 7 : 12); ++k)
    series.push_back(2.0 / (2 * k + 1));
  Num z = s * s;
  // 2 atanh(s) = f - s (f - 2 s^2 (1/3 + ...)): f is exact, so little is lost near 1.
  Num mantissa = f - s * (f - z * horner(z, series));
  Num result = exponent * kLn2Hi + (mantissa + exponent * kLn2Lo);
  result = select(equals(x, kInf), x, result);
  result = select(equals(x, 0.0), -kInf, result);
  result = select(x < 0.0, kNan, result);
  return select(isNan(x), x, result);
}

Num fnc::log1p(Num x) {
  // ln(1 + x) from ln u, u = 1 + x rounded, and what the rounding lost.
  Pair u = twoSum(x.number(1.0), x);
  Num result = log(u.hi) + select(abs(u.hi) < kInf, u.lo / u.hi, 0.0);
  result = select(abs(x) < 1e-20, x, result);
  return select(equals(u.hi, 0.0), -kInf, select(equals(x, kInf), kInf, result));
}

Num fnc::pow(Num x, Num y) {
  Num base = abs(x);
  Num magnitude = x;
  if (x.single()) {
    magnitude = exp(y * log(base));
  } else {
    Num regular = (base > 0.0) & (base < kInf);
    Pair l = logPair(select(regular, base, 2.0));
    // Every power of this size is 0, 1 or infinite; larger ones would overflow on the way.
    Num held = select(abs(y) > 0x1p80, copySign(y.number(0x1p80), y), y);
    Pair product = twoProduct(l.hi, held);
    magnitude = exp(Pair{product.hi, product.lo + l.lo * held});
    Num growing = (base > 1.0) ^ (y < 0.0);
    magnitude = select(regular, magnitude, select(growing, kInf, x.number(0.0)));
  }
  Num odd = equals(roundEven(y), y) &
            compare(arith::CmpFPredicate::UNE, roundEven(y * 0.5), y * 0.5) &
            (abs(y) < 9007199254740992.0);
  Num result = select(signBit(x) & odd, -magnitude, magnitude);
  // A finite negative base has powers only at whole exponents.
  Num undefined = (x < 0.0) & (abs(x) < kInf) &
                  compare(arith::CmpFPredicate::UNE, roundEven(y), y) & (abs(y) < kInf);
  result = select(undefined, kNan, result);
  result = select(isNan(x), x, select(isNan(y), y, result));
  result = select(equals(base, 1.0) & equals(abs(y), kInf), 1.0, result);
  return select(equals(x, 1.0) | equals(y, 0.0), 1.0, result);
}

Num fnc::cbrt(Num x) {
  Num a = abs(x);
  Num regular = (a > 0.0) & (a < kInf);
  Num tiny = a < 0x1p-1022;
  Num scaled = select(regular, select(tiny, a * 0x1p54, a), 1.0);
  // e^(ln a / 3) is near; a Newton step with the exact cube's residue rounds it.
  Num y = exp(log(scaled) / 3.0);
  Pair square = twoProduct(y, y);
  Pair cube = twoProduct(square.hi, y);
  Num residue = (scaled - cube.hi) - (cube.lo + square.lo * y);
  y = y + residue / (3.0 * square.hi);
  y = select(tiny, y * 0x1p-18, y);
  return select(regular, copySign(y, x), x);
}

Num fnc::sinh(Num x) {
  Num a = abs(x), t = expm1(a);
  Num half = exp(a, -1);
  Num small = (t + t / (t + 1.0)) * 0.5, large = half - 0.25 / half;
  return select(isNan(x), x, copySign(select(a > 20.0, large, small), x));
}

Num fnc::cosh(Num x) {
  Num half = exp(abs(x), -1);
  return half + 0.25 / half;
}

Num fnc::tanh(Num x) {
  Num a = abs(x);
  Pair t = expm1Pair(2.0 * a);
  Pair below = twoSum(t.hi, x.number(2.0));
  Num ratio = t.hi / below.hi;
  Num small = x.single() ? ratio : ratio + (t.lo - ratio * (below.lo + t.lo)) / below.hi;
  Num result = select(a < 0.55, small, 1.0 - 2.0 / (t.hi + 2.0));
  result = select(a < 1e-20, a, result);
  return select(isNan(x), x, copySign(result, x));
}

Num fnc::asinh(Num x) {
  constexpr double ln2 = 0.69314718055994530942;
  Num a = abs(x);
  Num small = log1p(a + a * a / (1.0 + sqrt(1.0 + a * a)));
  return copySign(select(a > 1e9, log(a) + ln2, small), x);
}

Num fnc::acosh(Num x) {
  constexpr double ln2 = 0.69314718055994530942;
  Num t = x - 1.0;
  Num result = select(x > 1e9, log(x) + ln2, log1p(t + sqrt(2.0 * t + t * t)));
  return select(x < 1.0, kNan, result);
}

Num fnc::atanh(Num x) {
  Num a = abs(x), twice = 2.0 * a;
  Num small = twice + twice * a / (1.0 - a), large = twice / (1.0 - a);
  return copySign(0.5 * log1p(select(a < 0.5, small, large)), x);
}
