//===- MathSingleTrig.cpp - sine and cosine computed in f32 ---------------===//
//
// For one ulp of f32. Angles up to 2^17 are reduced by Cody and Waite to a pair of f32, without a
// branch; larger ones, where a reduction takes many times as long, are left to f64.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernel/Rare.h"
#include "compiler/tensor/MathBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace fnc;

namespace {

constexpr double kMost = 0x1p17;

/// x = (4 k + quadrant) pi/2 + r.hi + r.lo with |r| < 0.81; of `quadrant` two bits count.
struct Reduced {
  Num quadrant;
  Pair r;
};

Pair inDoubles(Num x, Num n) {
  auto wide = [&](Num y) {
    Num result = y.with(arith::ExtFOp::create(*y.b, y.loc, y.b->getF64Type(), y.v));
    result.precision.narrow = false;
    return result;
  };
  auto rounded = [&](Num y) {
    return x.with(arith::TruncFOp::create(*x.b, x.loc, x.floatType(), y.v));
  };
  // pi/2 as 33 + 53 bits: products with n are exact, or good to the last bit.
  Num r = (wide(x) - wide(n) * 1.57079632673412561417) - wide(n) * 6.07710050650619224932e-11;
  Num hi = rounded(r);
  return {hi, rounded(r - wide(hi))};
}

Reduced reduce(Num x) {
  Num shifted = multiplyAdd(x, x.number(0.63661977236758134308), x.number(kMagic));
  Num n = shifted - kMagic;
  if (!x.precision.fused)
    return {shifted.bits(), inDoubles(x, n)};
  // pi/2 in three f32. The first difference is exact: both are multiples of 2^-24, and near.
  constexpr double first = 0x1.921fb6p+0, second = -0x1.777a5cp-25, third = -0x1.ee59dap-50;
  Num most = multiplyAdd(n, n.number(-first), x), product = n * second;
  Num productLow = multiplyAdd(n, n.number(second), -product);
  Pair sum = twoSum(most, -product);
  Num low = multiplyAdd(n, n.number(-third), sum.lo - productLow);
  return {shifted.bits(), fastTwoSum(sum.hi, low)};
}

/// sin of r where `offset` plus the quadrant is even, else cos, with the quadrant's sign.
Num sinOfQuadrant(Num x, int64_t offset) {
  Reduced d = reduce(x);
  Num hi = d.r.hi, z = hi * hi;
  Num sinTail = horner(z, {-0x1.555542p-3, 0x1.1105fap-7, -0x1.98d742p-13});
  Num sin = hi + multiplyAdd(hi * z, sinTail, d.r.lo);
  Num cosTail = horner(z, {0x1.555548p-5, -0x1.6c0aecp-10, 0x1.998d66p-16});
  Num half = z * 0.5, most = 1.0 - half;
  Num rest = multiplyAdd(-hi, d.r.lo, (1.0 - most) - half);
  Num cos = most + multiplyAdd(z * z, cosTail, rest);
  Num quadrant = offset ? iadd(d.quadrant, x.integer(offset)) : d.quadrant;
  Num isOdd = compareInt(arith::CmpIPredicate::ne, quadrant & x.integer(1), 0);
  Num sign = ishl(quadrant, x.integer(30)) & x.signMask();
  return (select(isOdd, cos, sin).bits() ^ sign).fromBits();
}

/// `usual`, or where |x| is large what `formula` makes of it in f64.
Num unlessLarge(Num x, Num usual, Num (*formula)(Num)) {
  OpBuilder &b = *x.b;
  auto branch = scf::IfOp::create(b, x.loc, TypeRange(usual.v.getType()), (abs(x) > kMost).v,
                                  /*withElseRegion=*/true);
  branch->setAttr(kRareAttr, b.getUnitAttr());
  OpBuilder rare = branch.getThenBodyBuilder();
  Value wide = arith::ExtFOp::create(rare, x.loc, rare.getF64Type(), x.v);
  Value result = formula({&rare, x.loc, wide, {.single = true}}).v;
  result = arith::TruncFOp::create(rare, x.loc, x.floatType(), result);
  scf::YieldOp::create(rare, x.loc, result);
  OpBuilder otherwise = branch.getElseBodyBuilder();
  scf::YieldOp::create(otherwise, x.loc, usual.v);
  return x.with(branch.getResult(0));
}

} // namespace

Num narrow::sin(Num x) {
  // Keeps -0.
  Num usual = select(abs(x) < 0x1p-12, x, sinOfQuadrant(x, 0));
  return unlessLarge(x, usual, fnc::sin);
}

Num narrow::cos(Num x) { return unlessLarge(x, sinOfQuadrant(x, 1), fnc::cos); }
