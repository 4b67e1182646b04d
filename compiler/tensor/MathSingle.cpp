//===- MathSingle.cpp - functions computed in f32 -------------------------===//
//
// For one ulp of f32, with multiply-add instructions or without. Polynomials are near-minimax fits
// of what is left behind the leading terms, which are exact; their coefficients were rounded one by
// one, each time refitting those behind.
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/MathBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace fnc;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLog2e = 1.44269504088896340736;
// ln 2 in two parts: the first has 9 bits, so that its products with exponents are exact.
constexpr double kLn2Hi = 0.693359375, kLn2Lo = -2.12194440054690583e-4;
// Added to a number below 2^22, it leaves the nearest whole number in the low bits.
constexpr double kMagic = 0x1.8p23;
constexpr int64_t kMagicBits = 0x4b400000;

Num multiplyAdd(Num x, Num y, Num z) {
  if (!x.precision.fused)
    return x * y + z;
  return x.with(math::FmaOp::create(*x.b, x.loc, x.v, y.v, z.v));
}

/// x y = hi + lo, for factors below 2^100.
Pair exactProduct(Num x, Num y) {
  Num hi = x * y;
  if (x.precision.fused)
    return {hi, multiplyAdd(x, y, -hi)};
  return twoProduct(x, y);
}

Num horner(Num x, ArrayRef<Num> coefficients) {
  Num sum = coefficients.back();
  for (Num c : llvm::reverse(coefficients.drop_back()))
    sum = multiplyAdd(sum, x, c);
  return sum;
}

Num horner(Num x, ArrayRef<double> coefficients) {
  SmallVector<Num> numbers;
  for (double c : coefficients)
    numbers.push_back(x.number(c));
  return horner(x, numbers);
}

/// The lower or higher bound where x is beyond it; NaN stays.
Num atLeast(Num x, double bound) { return select(x < bound, bound, x); }
Num atMost(Num x, double bound) { return select(x > bound, bound, x); }

Num wholeToFloat(Num n) { return iadd(n, n.integer(kMagicBits)).fromBits() - kMagic; }

/// 2^n for n in [-126, 127].
Num powerOfTwo(Num n) { return ishl(iadd(n, n.integer(127)), n.integer(23)).fromBits(); }

/// x 2^n for n in [-252, 254], rounded once.
Num scale(Num x, Num n) {
  if (x.precision.scales)
    return x.with(LLVM::LoadExpOp::create(*x.b, x.loc, x.v.getType(), x.v, n.v));
  Num half = isar(n, n.integer(1));
  return (x * powerOfTwo(half)) * powerOfTwo(isub(n, half));
}

/// x = n ln 2 + hi + lo with |hi| <= ln 2 / 2. The low word is left out where hi rounded does.
struct Reduced {
  Num whole, n, hi, lo;
};
Reduced reduce(Num x, bool needsLow = false) {
  Num shifted = multiplyAdd(x, x.number(kLog2e), x.number(kMagic));
  Num n = shifted - kMagic;
  Num most = multiplyAdd(n, n.number(-kLn2Hi), x);
  Num hi = multiplyAdd(n, n.number(-kLn2Lo), most);
  Num lo = hi;
  if (needsLow)
    lo = multiplyAdd(n, n.number(-kLn2Lo), most - hi);
  return {isub(shifted.bits(), x.integer(kMagicBits)), n, hi, lo};
}

/// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2.
Num expTail(Num r) {
  return horner(r, {0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558aep-5, 0x1.12397ep-7, 0x1.6a4f14p-10});
}

/// e^r - 1 and e^r for |r| <= ln 2 / 2.
Num expm1Reduced(Num r) { return multiplyAdd(r * r, expTail(r), r); }
Num expReduced(Num r) { return 1.0 + expm1Reduced(r); }

/// The logarithm of 2^e (1 + f + low), f in [-1/3, 1/3] and low below its last place.
Num logReduced(Num e, Num f, std::optional<Num> low = std::nullopt) {
  Num p = horner(f, {0x1.555506p-2, -0x1.fffef6p-3, 0x1.99d066p-3, -0x1.559ce0p-3, 0x1.1ed342p-3,
                     -0x1.f32934p-4, 0x1.1e7972p-3, -0x1.07d446p-3});
  Num tail = (f * f) * multiplyAdd(f, p, f.number(-0.5));
  if (low)
    tail = tail + *low * (1.0 - f);
  Pair sum = fastTwoSum(e * kLn2Hi, f);
  return sum.hi + (sum.lo + multiplyAdd(e, e.number(kLn2Lo), tail));
}

/// What logarithms are of numbers that are not positive and finite, else `regular`.
Num logSpecial(Num x, Num regular) {
  Num special = select(equals(x, 0.0), -kInf, select(x < 0.0, kNan, x));
  return select((x > 0.0) & (x < kInf), regular, special);
}

/// The exponent e of x = 2^e m, m in [2/3, 4/3).
Num exponentOf(Num bits) { return isar(isub(bits, bits.integer(0x3f2aaaab)), bits.integer(23)); }

} // namespace

Num narrow::exp(Num x) {
  Reduced d = reduce(atMost(atLeast(x, -104.5), 89.5));
  return scale(expReduced(d.hi), d.whole);
}

Num narrow::exp2(Num x) {
  // ln 2 as an f32 and the rest.
  constexpr double ln2 = 0x1.62e43p-1, ln2Low = -1.904654299957767e-9;
  Num held = atMost(atLeast(x, -151.0), 129.0);
  Num shifted = held + kMagic;
  Num part = held - (shifted - kMagic);
  Pair r = exactProduct(part, x.number(ln2));
  Num tail = multiplyAdd(r.hi * r.hi, expTail(r.hi), r.lo + part * ln2Low);
  return scale(1.0 + (r.hi + tail), isub(shifted.bits(), x.integer(kMagicBits)));
}

Num narrow::expm1(Num x) {
  // Half of 2^n (e^r - 1) + (2^n - 1), so that 2^n does not overflow before the result.
  Reduced d = reduce(atMost(atLeast(x, -18.0), 88.8), /*needsLow=*/true);
  Num half = powerOfTwo(isub(d.whole, d.whole.integer(1)));
  Num series = horner(
      d.hi, {0.5, 0x1.555554p-3, 0x1.5554e8p-5, 0x1.11130ep-7, 0x1.6d4cbcp-10, 0x1.9dfbaep-13});
  Num tail = multiplyAdd(d.hi * d.hi, series, d.lo);
  Pair one = twoSum(half, half.number(-0.5)), sum = twoSum(one.hi, d.hi * half);
  Num result = 2.0 * (sum.hi + multiplyAdd(tail, half, one.lo + sum.lo));
  // Also keeps -0 and denormals.
  return select(abs(x) < 0x1p-25, x, result);
}

Num narrow::log(Num x) {
  Num tiny = x < 0x1p-126;
  Num bits = select(tiny, x * 0x1p25, x).bits();
  Num e = exponentOf(bits);
  Num m = isub(bits, ishl(e, e.integer(23))).fromBits();
  Num exponent = wholeToFloat(e) - select(tiny, x.number(25.0), 0.0);
  return logSpecial(x, logReduced(exponent, m - 1.0));
}

Num narrow::log1p(Num x) {
  // 1 + x rounded, and what the rounding lost.
  Pair u = twoSum(x.number(1.0), x);
  Num bits = u.hi.bits(), e = exponentOf(bits);
  Num m = isub(bits, ishl(e, e.integer(23))).fromBits();
  // Where 2^-e is not a normal number nothing is left of the low word.
  Num small = compareInt(arith::CmpIPredicate::slt, e, 100);
  Num low =
      select(small, u.lo * powerOfTwo(isub(e.integer(0), select(small, e, e.integer(0)))), 0.0);
  Pair f = twoSum(m - 1.0, low);
  Num result = logSpecial(u.hi, logReduced(wholeToFloat(e), f.hi, f.lo));
  return select(abs(x) < 0x1p-25, x, result);
}

Num narrow::tanh(Num x) {
  Num a = abs(x), u = a * a;
  Num p = horner(u, {-0x1.55553ep-2, 0x1.110b58p-3, -0x1.b92b2ep-5, 0x1.5d160ep-6, -0x1.e5e53ep-8,
                     0x1.a008c0p-10});
  Num small = multiplyAdd(a * u, p, a);
  // 1 - 2 / (e^2x + 1); from 9.1 on it is 1 to the last bit. What the sum below loses is put back.
  Reduced d = reduce(2.0 * atMost(a, 9.1));
  Num scale = powerOfTwo(d.whole);
  Pair below = fastTwoSum(scale + 1.0, expm1Reduced(d.hi) * scale);
  Num ratio = 2.0 / below.hi;
  Pair rest = fastTwoSum(x.number(1.0), -ratio);
  Num large = rest.hi + (rest.lo + (ratio * ratio) * (0.5 * below.lo));
  return copySign(select(a < 0.8, small, large), x);
}

Num narrow::erf(Num x) {
  // Below 0.9 erf(x) / x - 1 in x^2, above it -ln erfc(x) in x: one evaluation with the
  // coefficients of either.
  static constexpr double small[] = {0x1.06eba8p-3, -0x1.812742p-2,  0x1.ce2dfap-4, -0x1.b80ee8p-6,
                                     0x1.54d5a2p-8, -0x1.aafd0ap-11, 0x1.5fff4cp-14};
  static constexpr double large[] = {0x1.742a4ap-13, 0x1.20b434p+0, 0x1.462cacp-1,  0x1.aa233ep-4,
                                     -0x1.6cfd34p-6, 0x1.9081e8p-9, -0x1.9d8686p-13};
  Num a = abs(x), isSmall = a < 0.9;
  SmallVector<Num> coefficients;
  for (auto [s, l] : llvm::zip(small, large))
    coefficients.push_back(select(isSmall, s, x.number(l)));
  // From 3.93 on it is 1 to the last bit.
  Num held = atMost(a, 3.93), u = select(isSmall, x * x, held);
  Num p = horner(u, ArrayRef(coefficients).drop_front());
  Num inner = multiplyAdd(x, multiplyAdd(p, u, coefficients[0]), x);
  // -ln erfc(x) = p x + c: the product's low word lasts through the reduction, or the error of a
  // number near 2 would be one of the result.
  Pair product = exactProduct(p, held);
  Num n = multiplyAdd(product.hi, x.number(-kLog2e), x.number(kMagic));
  Num whole = isub(n.bits(), x.integer(kMagicBits));
  n = n - kMagic;
  Num rest = product.lo + multiplyAdd(n, n.number(kLn2Lo), n.number(large[0]));
  Num r = multiplyAdd(n, n.number(-kLn2Hi), -product.hi) - rest;
  Num scale = powerOfTwo(whole);
  Num outer = copySign((1.0 - scale) - expm1Reduced(r) * scale, x);
  return select(isSmall, inner, outer);
}

Num narrow::roundEven(Num x) {
  Num a = abs(x);
  return select(a < 0x1p23, copySign((a + 0x1p23) - 0x1p23, x), x);
}

Num narrow::floor(Num x) {
  Num rounded = narrow::roundEven(x);
  return copySign(rounded - select(rounded > x, x.number(1.0), 0.0), x);
}
