//===- MathSingle.cpp - functions computed in f32 -------------------------===//
//
// For one ulp of f32, with multiply-add instructions or without. Polynomials are near-minimax fits
// of what is left behind the leading terms, which are exact; their coefficients were rounded one by
// one, each time refitting those behind; those of the exponential were then moved by last places to
// the least error of the whole formula.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/MathBuilder.h"

using namespace mlir;
using namespace fnc;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLog2e = 1.44269504088896340736;
// ln 2 in two parts: the first has 9 bits, so that its products with exponents are exact.
constexpr double kLn2Hi = 0.693359375, kLn2Lo = -2.12194440054690583e-4;
constexpr int64_t kMagicBits = 0x4b400000;

/// x y = hi + lo, for factors below 2^100.
Pair exactProduct(Num x, Num y) {
  Num hi = x * y;
  if (x.precision.fused)
    return {hi, multiplyAdd(x, y, -hi)};
  return twoProduct(x, y);
}

/// The entry that the low bits of `index` name.
Num lookup(Num index, ArrayRef<float> table) {
  auto type = RankedTensorType::get({static_cast<int64_t>(table.size())}, index.floatType());
  return index.with(kernel::LookupOp::create(*index.b, index.loc, index.floatType(), index.v,
                                             DenseFPElementsAttr::get(type, table)));
}

/// The lower or higher bound where x is beyond it; NaN stays.
Num atLeast(Num x, double bound) { return select(x < bound, bound, x); }
Num atMost(Num x, double bound) { return select(x > bound, bound, x); }

Num wholeToFloat(Num n) { return iadd(n, n.integer(kMagicBits)).fromBits() - kMagic; }

/// 2^n for n in [-126, 127].
Num powerOfTwo(Num n) { return ishl(iadd(n, n.integer(127)), n.integer(23)).fromBits(); }

/// x 2^n, n the whole number below `n`.
Num scaleByFloor(Num x, Num n) { return x.with(kernel::ScaleOp::create(*x.b, x.loc, x.v, n.v)); }

/// x 2^n for n in [-252, 254], a whole number in both forms, rounded once.
Num scale(Num x, Num whole, Num n) {
  if (x.precision.scales)
    return scaleByFloor(x, n);
  Num half = isar(whole, whole.integer(1));
  return (x * powerOfTwo(half)) * powerOfTwo(isub(whole, half));
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
  return horner(r, {0x1.fffffcp-2, 0x1.55548p-3, 0x1.5558aap-5, 0x1.123b94p-7, 0x1.69bbaap-10});
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

/// e^x for |x| below 2^14 from 2^(j / 16), a short series and `scale`. Where `coarse`, the table is
/// taken to be exact, for 1.1 ulp.
static Num tableExp(Num x, bool coarse) {
  static constexpr float powers[16] = {
      0x1p+0f,        0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f,
      0x1.306fep+0f,  0x1.3dea64p+0f, 0x1.4bfdaep+0f, 0x1.5ab07ep+0f,
      0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f, 0x1.9c4918p+0f,
      0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f};
  static constexpr float rest[16] = {0,
                                     0x1.8d96d4p-25f,
                                     -0x1.9c0c22p-27f,
                                     0x1.964904p-25f,
                                     0x1.125002p-25f,
                                     0x1.370be4p-25f,
                                     -0x1.0a355p-25f,
                                     -0x1.00d8acp-27f,
                                     0x1.26055cp-26f,
                                     -0x1.05cb44p-25f,
                                     0x1.67a1cap-28f,
                                     0x1.a3b5e4p-28f,
                                     -0x1.f9c304p-27f,
                                     -0x1.6961b4p-28f,
                                     -0x1.a5217cp-28f,
                                     0x1.61428ep-28f};
  // 2^19 * 3/2: leaves multiples of 1/16, and their number in the low bits.
  constexpr double magic = 786432.0;
  // ln 2 as an f32 and the rest: the multiply-add is exact where it matters.
  constexpr double ln2 = 0x1.62e43p-1, ln2Low = -1.904654299957767e-9;
  Num shifted = multiplyAdd(x, x.number(kLog2e), x.number(magic));
  Num n = shifted - magic, index = shifted.bits();
  Num r = multiplyAdd(n, n.number(-ln2Low), multiplyAdd(n, n.number(-ln2), x));
  Num power = lookup(index, powers);
  Num tail = multiplyAdd(r, r.number(1.0 / 6), r.number(0.5));
  tail = multiplyAdd(tail, r * r, coarse ? r : r + lookup(index, rest));
  return scaleByFloor(multiplyAdd(power, tail, power), n);
}

Num narrow::exp(Num x, bool isShifted) {
  Num held = atLeast(x, -104.5);
  if (!isShifted)
    held = atMost(held, 89.5);
  if (x.precision.tables >= 16 && x.precision.scales)
    return tableExp(held, isShifted);
  Reduced d = reduce(held);
  // No large exponents: one product is exact, the other rounds.
  if (isShifted && !x.precision.scales)
    return (expReduced(d.hi) * powerOfTwo(iadd(d.whole, d.whole.integer(30)))) * 0x1p-30;
  return scale(expReduced(d.hi), d.whole, d.n);
}

namespace {
/// c e^x = power (1 + part), and c times a number that is to be divided by such. c keeps results
/// in range that are denormal.
struct Growth {
  Num power, part, c, numerator;
};
} // namespace
static Growth grow(Num x, std::optional<Num> numerator) {
  Num c = x.number(0x1p-25), factor = c;
  if (numerator) {
    // It may be denormal itself, and is lost at the end even if it is huge.
    c = select(x > 64.0, c, 1.0);
    factor = select(x > 105.6, 0.0, c);
  }
  Reduced d = reduce(atLeast(atMost(x, 105.6), -20.0));
  Num power = iadd(ishl(d.whole, x.integer(23)), c.bits()).fromBits();
  return {power, expm1Reduced(d.hi), c, numerator ? *numerator * factor : factor};
}

Num narrow::logistic(Num x, std::optional<Num> numerator) {
  // Two sums round, while the product is exact.
  Growth e = grow(x, numerator);
  return e.numerator / (multiplyAdd(e.power, e.part, e.c) + e.power);
}

Num narrow::mish(Num x) {
  // x / (b + 1 / 4b), b = 1/2 + e^-x: hardly depends on b where that is near 1/2. What its rounding
  // lost counts where it is large; there c is lost beside it.
  Growth e = grow(-x, x);
  Num b = multiplyAdd(e.power, e.part, e.power + 0.5);
  Num rest = multiplyAdd(e.power, e.part, e.power - b) + 0.5;
  Num quarter = 0.25 / b;
  Num slope = multiplyAdd(quarter * -4.0, quarter, x.number(1.0));
  return e.numerator / (b + multiplyAdd(rest, slope, quarter));
}

Num narrow::exp2(Num x) {
  // ln 2 as an f32 and the rest.
  constexpr double ln2 = 0x1.62e43p-1, ln2Low = -1.904654299957767e-9;
  Num held = atMost(atLeast(x, -151.0), 129.0);
  Num shifted = held + kMagic;
  Num n = shifted - kMagic, part = held - n;
  Pair r = exactProduct(part, x.number(ln2));
  Num tail = multiplyAdd(r.hi * r.hi, expTail(r.hi), r.lo + part * ln2Low);
  return scale(1.0 + (r.hi + tail), isub(shifted.bits(), x.integer(kMagicBits)), n);
}

Num narrow::expm1(Num x) {
  // Half of 2^n (e^r - 1) + (2^n - 1), so that 2^n does not overflow before the result.
  Reduced d = reduce(atMost(atLeast(x, -18.0), 88.8), /*needsLow=*/true);
  Num half = powerOfTwo(isub(d.whole, d.whole.integer(1)));
  Num series = horner(
      d.hi, {0.5, 0x1.555556p-3, 0x1.5554cap-5, 0x1.11130ap-7, 0x1.6d2d34p-10, 0x1.9df468p-13});
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

/// |x| as a multiple of a step, whose number has few bits, and the rest.
struct Reduction {
  Num index, rest, magnitude;
};
static Reduction toMultiples(Num x, double step, double most) {
  Num a = atMost(abs(x), most);
  // Leaves multiples of `step`, a power of two, and their number in the low bits.
  double magic = kMagic * step;
  Num shifted = a + magic;
  return {shifted.bits(), a - (shifted - magic), a};
}

static Reduction toMultiplesOfThreeQuarters(Num x, double most) {
  Num a = atMost(abs(x), most);
  Num shifted = multiplyAdd(a, a.number(4.0 / 3), a.number(kMagic));
  return {shifted.bits(), multiplyAdd(shifted - kMagic, a.number(-0.75), a), a};
}

/// Polynomials around multiples of 1/4, the coefficients of sixteen in tables.
static Num tableErf(Num x) {
  static constexpr float table[7][16] = {
      {0, 0, 0x1.0a7ef6p-1f, 0x1.6c1c98p-1f, 0x1.af767ap-1f, 0x1.d8865ep-1f, 0x1.eea556p-1f,
       0x1.f92d08p-1f, 0x1.fd9ae2p-1f, 0x1.ff4048p-1f, 0x1.ffcaa8p-1f, 0x1.fff2dp-1f,
       0x1.fffd1ap-1f, 0x1.ffff7p-1f, 0x1.ffffe8p-1f, 0x1.fffffcp-1f},
      {0x1.06eba8p-3f, 0x1.06ed5ap-3f, 0x1.c1efcap-1f, 0x1.492e42p-1f, 0x1.a911fp-2f, 0x1.e4653p-3f,
       0x1.e72372p-4f, 0x1.b0553p-5f, 0x1.529b9ep-6f, 0x1.d4143ap-8f, 0x1.1d8318p-9f,
       0x1.3360dp-11f, 0x1.2408fp-13f, 0x1.e9b6p-16f, 0x1.6a5992p-18f, 0x1.dfa8a8p-21f},
      {0, -0x1.7d57acp-14f, -0x1.c1f1fp-2f, -0x1.edcb1cp-2f, -0x1.a90dfp-2f, -0x1.2ec2d8p-2f,
       -0x1.6d648ap-3f, -0x1.7a5c6ep-4f, -0x1.52d078p-5f, -0x1.07a484p-6f, -0x1.62c1acp-8f,
       -0x1.a96caep-10f, -0x1.9ab566p-12f, -0x1.c3c5b6p-14f, -0x1.a95a2ep-15f, 0x1.d37ae6p-19f},
      {-0x1.812678p-2f, -0x1.80173ap-2f, -0x1.2bf3dp-3f, 0x1.b7080ep-6f, 0x1.1b627ap-3f,
       0x1.571c7cp-3f, 0x1.1c2a7cp-3f, 0x1.714982p-4f, 0x1.8b0becp-5f, 0x1.63efd8p-6f,
       0x1.119ceap-7f, 0x1.69cc2cp-9f, 0x1.9db02p-11f, 0x1.9a97dcp-13f, 0x1.62bb7ep-15f,
       0x1.613d4ep-17f},
      {0, -0x1.94bb2ap-8f, 0x1.79c482p-3f, 0x1.3c1d1ap-3f, 0x1.10d686p-4f, -0x1.f458c6p-9f,
       -0x1.52daf2p-5f, -0x1.72419p-5f, -0x1.ee029cp-6f, -0x1.faaf6ep-7f, -0x1.d04a7ep-7f,
       -0x1.7c85dcp-10f, -0x1.679c3p-8f, 0x1.f2a4a8p-10f, 0x1.5eb822p-8f, -0x1.2411a4p-10f},
      {0x1.cbbd92p-4f, 0x1.10c25cp-3f, 0x1.d98fc4p-8f, -0x1.b620bcp-5f, -0x1.1b2b6cp-4f,
       -0x1.8199cap-5f, -0x1.eb3092p-7f, 0x1.a94f9ep-8f, 0x1.aa42aep-7f, 0x1.5caeacp-7f,
       0x1.91c558p-8f, 0x1.6b377ap-9f, 0x1.0ce11p-10f, 0x1.4d3d4ep-12f, 0x1.5e2f26p-14f,
       0x1.1cd2e2p-14f},
      {0, -0x1.2422aap-5f, -0x1.b9d962p-4f, -0x1.72b186p-3f, 0x1.cf718cp-4f, -0x1.422d6p-4f,
       -0x1.e5deeep-4f, -0x1.d6574ap-4f, -0x1.75d4bep-3f, -0x1.420afp-3f, 0x1.de975ep-3f,
       -0x1.42459ep-4f, 0x1.8269a2p-3f, -0x1.7f4f7ep-4f, -0x1.d9599ep-3f, 0x1.860ad2p-5f}};
  // Just below 31/8 it is 1 to the last bit, and the index is 15 still.
  Reduction r = toMultiples(x, 0.25, 0x1.effffcp+1);
  // The first two are around 0, of erf(x) / x - 1: its own last places count there.
  Num isSmall = r.magnitude < 0.375;
  Num u = select(isSmall, r.magnitude, r.rest);
  Num sum = lookup(r.index, table[6]);
  for (int k = 5; k > 0; --k)
    sum = multiplyAdd(sum, u, lookup(r.index, table[k]));
  Num first = select(isSmall, r.magnitude, lookup(r.index, table[0]));
  return copySign(multiplyAdd(sum, u, first), x);
}

/// factor erf(|x| / sqrt 2) around multiples of 3/4, or of 1/4 where one instruction looks up 32
/// entries. Last places of 1 are those that count.
static Num erfOfMagnitude(Num x, double factor) {
  static constexpr float table[7][8] = {
      {0, 0x1.17efp-1f, 0x1.bb96e4p-1f, 0x1.f37b6ep-1f, 0x1.fe9e22p-1f, 0x1.ffe8d2p-1f,
       0x1.ffff1cp-1f, 0x1.fffffap-1f},
      {0x1.988454p-1f, 0x1.345d64p-1f, 0x1.09409p-2f, 0x1.0402ep-4f, 0x1.2271eep-7f,
       0x1.71b92ep-11f, 0x1.0c2e04p-15f, 0x1.bb5e64p-21f},
      {-0x1.d51c5ep-20f, -0x1.ce8bf6p-3f, -0x1.8de08cp-3f, -0x1.2483e8p-4f, -0x1.b3abd6p-7f,
       -0x1.5a3928p-10f, -0x1.2dc4acp-14f, 0x1.4caf08p-20f},
      {-0x1.10457ap-3f, -0x1.67d77ap-5f, 0x1.b9f6c4p-5f, 0x1.602406p-5f, 0x1.8354e2p-7f,
       0x1.9264f8p-10f, 0x1.ad2246p-14f, 0x1.e8022cp-19f},
      {-0x1.48dcf4p-12f, 0x1.77b698p-5f, 0x1.8def2cp-7f, -0x1.91ebe4p-7f, -0x1.b3b684p-8f,
       -0x1.4693cep-10f, -0x1.b03cccp-14f, -0x1.214cb8p-14f},
      {0x1.5cfc58p-6f, -0x1.1fbccp-13f, -0x1.7861ccp-7f, -0x1.0e569cp-10f, 0x1.1d7a8ep-9f,
       0x1.6b3c34p-11f, 0x1.580366p-14f, 0x1.2d1486p-18f},
      {-0x1.757816p-9f, -0x1.83c9dcp-8f, 0x1.44b676p-10f, 0x1.fc752ep-10f, -0x1.a6c2eep-13f,
       -0x1.2df88ep-13f, -0x1.893a74p-15f, 0x1.3d64dap-12f}};
  static constexpr float fine[5][32] = {{0,
                                         0x1.944d16p-3f,
                                         0x1.881d78p-2f,
                                         0x1.17efp-1f,
                                         0x1.5d897ap-1f,
                                         0x1.93d08cp-1f,
                                         0x1.bb96e4p-1f,
                                         0x1.d6fabcp-1f,
                                         0x1.e8b43p-1f,
                                         0x1.f37b6ep-1f,
                                         0x1.f9a42cp-1f,
                                         0x1.fcf2ep-1f,
                                         0x1.fe9e22p-1f,
                                         0x1.ff68bcp-1f,
                                         0x1.ffc304p-1f,
                                         0x1.ffe8d2p-1f,
                                         0x1.fff7b2p-1f,
                                         0x1.fffd32p-1f,
                                         0x1.ffff1cp-1f,
                                         0x1.ffffbcp-1f,
                                         0x1.ffffecp-1f,
                                         0x1.fffffap-1f,
                                         0x1.fffffep-1f,
                                         0x1p+0f,
                                         0x1p+0f,
                                         0x1p+0f,
                                         0x1p+0f,
                                         0x1p+0f,
                                         0x1p+0f,
                                         0x1p+0f,
                                         0x1p+0f,
                                         0x1p+0f},
                                        {0x1.988448p-1f,
                                         0x1.8bf29p-1f,
                                         0x1.6883bcp-1f,
                                         0x1.345d5ep-1f,
                                         0x1.ef8e7ep-2f,
                                         0x1.7610eep-2f,
                                         0x1.0940aep-2f,
                                         0x1.61648ep-3f,
                                         0x1.ba4b5ep-4f,
                                         0x1.0402ep-4f,
                                         0x1.1f2f06p-5f,
                                         0x1.29fa54p-6f,
                                         0x1.22712p-7f,
                                         0x1.09f38ep-8f,
                                         0x1.c9897ep-10f,
                                         0x1.71b92ep-11f,
                                         0x1.18a98ep-12f,
                                         0x1.904afcp-14f,
                                         0x1.0c29a6p-15f,
                                         0x1.518644p-17f,
                                         0x1.8f0b0ep-19f,
                                         0x1.bb3932p-21f,
                                         0x1.ce7844p-23f,
                                         0x1.c55036p-25f,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0},
                                        {0x1.b67512p-16f,
                                         -0x1.8bf30cp-4f,
                                         -0x1.688298p-3f,
                                         -0x1.ce8cb6p-3f,
                                         -0x1.ef8da8p-3f,
                                         -0x1.d39592p-3f,
                                         -0x1.8ddf4p-3f,
                                         -0x1.35395ap-3f,
                                         -0x1.ba48dep-4f,
                                         -0x1.248a04p-4f,
                                         -0x1.66f112p-5f,
                                         -0x1.99ce6cp-6f,
                                         -0x1.b3b014p-7f,
                                         -0x1.afcc2ap-8f,
                                         -0x1.8f7374p-9f,
                                         -0x1.592214p-10f,
                                         -0x1.1439c8p-11f,
                                         -0x1.93289ap-13f,
                                         -0x1.2e217cp-14f,
                                         -0x1.d16516p-16f,
                                         0x1.17ec56p-18f,
                                         0x1.80c45ep-17f,
                                         0x1.5e77e4p-17f,
                                         -0x1.3bd7d2p-18f,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0},
                                        {-0x1.11a434p-3f,
                                         -0x1.ed986p-4f,
                                         -0x1.67d01ep-4f,
                                         -0x1.67c2ccp-5f,
                                         -0x1.3fcfbp-13f,
                                         0x1.16b72p-5f,
                                         0x1.b864a8p-5f,
                                         0x1.e4ac84p-5f,
                                         0x1.b9baep-5f,
                                         0x1.60078cp-5f,
                                         0x1.f6ce68p-6f,
                                         0x1.465b52p-6f,
                                         0x1.8489e2p-7f,
                                         0x1.a9215p-8f,
                                         0x1.ae5bdap-9f,
                                         0x1.940b9p-10f,
                                         0x1.606228p-11f,
                                         0x1.1e0ccp-12f,
                                         0x1.b265aap-14f,
                                         0x1.31571ep-15f,
                                         0x1.9533e2p-17f,
                                         0x1.f349fp-19f,
                                         0x1.1f761ap-20f,
                                         0x1.358e66p-22f,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0},
                                        {0x1.8c5b2p-8f,
                                         0x1.82ce2ap-6f,
                                         0x1.48bda8p-5f,
                                         0x1.778cfap-5f,
                                         0x1.494e1ap-5f,
                                         0x1.c08d22p-6f,
                                         0x1.8ae23ep-7f,
                                         -0x1.432984p-11f,
                                         -0x1.2851b4p-7f,
                                         -0x1.8540a6p-7f,
                                         -0x1.8c6adep-7f,
                                         -0x1.2e6de2p-7f,
                                         -0x1.b266ap-8f,
                                         -0x1.249d22p-8f,
                                         -0x1.66e23ep-9f,
                                         -0x1.95adb4p-10f,
                                         -0x1.20dc6ap-10f,
                                         -0x1.e2bcp-11f,
                                         -0x1.9f174cp-14f,
                                         0x1.ade358p-13f,
                                         -0x1.8c4f0cp-11f,
                                         -0x1.cb8c4cp-11f,
                                         -0x1.72d1ep-11f,
                                         0x1.310f0cp-12f,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0}};
  bool isFine = x.precision.tables >= 32;
  // At the bounds both are 1 to the last bit.
  Reduction r = isFine ? toMultiples(x, 0.25, 0x1.7p+2) : toMultiplesOfThreeQuarters(x, 5.62);
  auto coefficient = [&](int k) {
    SmallVector<float> scaled(isFine ? ArrayRef(fine[k]) : ArrayRef(table[k]));
    for (float &c : scaled)
      c *= static_cast<float>(factor);
    return lookup(r.index, scaled);
  };
  int degree = isFine ? std::size(fine) - 1 : std::size(table) - 1;
  Num sum = coefficient(degree);
  for (int k = degree - 1; k >= 0; --k)
    sum = multiplyAdd(sum, r.rest, coefficient(k));
  return sum;
}

Num narrow::onePlusErf(Num x, double factor) {
  return factor + copySign(erfOfMagnitude(x, factor), x);
}

Num narrow::timesOnePlusErf(Num x, double factor) {
  // Opposite numbers add up to 0, and gelu of -0 and of large negative numbers is -0.
  return -multiplyAdd(abs(x), erfOfMagnitude(x, -factor), x * -factor);
}

Num narrow::erf(Num x) {
  if (x.precision.tables >= 16)
    return tableErf(x);
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
