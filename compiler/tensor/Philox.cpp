//===- Philox.cpp - Philox 4x32-10 and what is made of its words ----------===//

#include "compiler/tensor/Philox.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;
using namespace fnc;

namespace {

Value constant(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
}

Value lowWord(OpBuilder &b, Location loc, Value value) {
  return arith::TruncIOp::create(b, loc, b.getI32Type(), value);
}

Value shiftRight(OpBuilder &b, Location loc, Value value, int by) {
  Value amount = arith::ConstantOp::create(b, loc, b.getIntegerAttr(value.getType(), by));
  return arith::ShRUIOp::create(b, loc, value, amount);
}

Value wide(OpBuilder &b, Location loc, Value word) {
  return arith::ExtUIOp::create(b, loc, b.getI64Type(), word);
}

/// `chosen == index ? x : y`
Value selectAt(OpBuilder &b, Location loc, Value chosen, int64_t index, Value x, Value y) {
  Value mine =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, chosen, constant(b, loc, index));
  return arith::SelectOp::create(b, loc, mine, x, y);
}

} // namespace

Generator Generator::fromSeed(OpBuilder &b, Location loc, uint64_t seed) {
  Value zero = constant(b, loc, 0);
  return {zero, zero, constant(b, loc, static_cast<int64_t>(seed))};
}

Generator Generator::fromState(OpBuilder &b, Location loc, Value state) {
  auto at = [&](int64_t i) -> Value {
    Value index = arith::ConstantIndexOp::create(b, loc, i);
    return tensor::ExtractOp::create(b, loc, state, index);
  };
  return {at(0), at(1), at(2)};
}

Generator Generator::after(OpBuilder &b, Location loc, Value blocks) const {
  Value sum = arith::AddIOp::create(b, loc, low, blocks);
  Value carry = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, sum, low);
  return {sum, arith::AddIOp::create(b, loc, high, wide(b, loc, carry)), key};
}

std::array<Value, 4> Generator::block(OpBuilder &b, Location loc) const {
  Type word = b.getI32Type();
  auto op = kernel::PhiloxOp::create(b, loc, {word, word, word, word}, {low, high, key});
  return {op.getWord0(), op.getWord1(), op.getWord2(), op.getWord3()};
}

Value Generator::word(OpBuilder &b, Location loc, Value index) const {
  std::array<Value, 4> c = after(b, loc, shiftRight(b, loc, index, 2)).block(b, loc);
  Value lane = arith::AndIOp::create(b, loc, index, constant(b, loc, 3));
  Value word = c[3];
  for (int i = 2; i >= 0; --i)
    word = selectAt(b, loc, lane, i, c[i], word);
  return word;
}

std::pair<Value, Value> Generator::words(OpBuilder &b, Location loc, Value index) const {
  std::array<Value, 4> c = after(b, loc, shiftRight(b, loc, index, 1)).block(b, loc);
  Value lane = arith::AndIOp::create(b, loc, index, constant(b, loc, 1));
  return {selectAt(b, loc, lane, 0, c[0], c[2]), selectAt(b, loc, lane, 0, c[1], c[3])};
}

Value fnc::placeInRowMajorOrder(OpBuilder &b, Location loc, ArrayRef<Value> sizes) {
  Value place = constant(b, loc, 0);
  for (auto [d, size] : llvm::enumerate(sizes)) {
    Value at =
        arith::IndexCastOp::create(b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, d));
    place = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, place, size), at);
  }
  return place;
}

Num fnc::uniformOf(OpBuilder &b, Location loc, Value word, int bits) {
  Value upper = bits == 32 ? word : shiftRight(b, loc, word, 32 - bits);
  return Num{&b, loc, arith::UIToFPOp::create(b, loc, b.getF64Type(), upper)} *
         std::ldexp(1.0, -bits);
}

Num fnc::uniformOf(OpBuilder &b, Location loc, Value low, Value high, int bits) {
  // A conversion of 64 bits is a call on small machines; all of this is exact.
  Num upper = uniformOf(b, loc, high, 32), lower = uniformOf(b, loc, low, bits - 32);
  return upper + lower * 0x1p-32;
}

namespace {
/// How much of the distribution lies between -cut and cut.
double share(double cut) { return cut > 0 ? std::erf(cut / std::sqrt(2.0)) : 1.0; }
} // namespace

Num fnc::normalOf(Num uniform, int bits, double cut) {
  // Half a step up keeps clear of 0 and 1; the cut narrows the range of the error function.
  Num centred = (uniform + std::ldexp(0.5, -bits)) * 2.0 - 1.0;
  return erfInverse(centred * share(cut)) * std::sqrt(2.0);
}

Num fnc::refineNormal(Num normal, Num uniform, int bits, double cut) {
  // A step of Halley's method on the tail that the number lies in, where the distribution function
  // keeps its digits.
  Num step = uniform + std::ldexp(0.5, -bits);
  Num upper = step > 0.5;
  Num tail = select(upper, 1.0 - step, step);
  double rest = std::erfc(cut / std::sqrt(2.0)) / 2;
  if (cut > 0)
    tail = tail * share(cut) + rest;
  Num size = abs(normal);
  Num error = erfc(size * std::sqrt(0.5)) * 0.5 - tail;
  constexpr double rootOfTwoPi = 2.5066282746310002;
  Num change = error * rootOfTwoPi * exp(size * size * 0.5);
  Num better = size + change / (1.0 - size * change * 0.5);
  return select(upper, better, -better);
}

Value fnc::scaleToRange(OpBuilder &b, Location loc, Value low, Value high, Value range) {
  // The upper half of a product of 64 by 64 bits, in parts whose sums fit.
  auto mul = [&](Value x, Value y) -> Value { return arith::MulIOp::create(b, loc, x, y); };
  auto add = [&](Value x, Value y) -> Value { return arith::AddIOp::create(b, loc, x, y); };
  Value w0 = wide(b, loc, low), w1 = wide(b, loc, high);
  Value r0 = wide(b, loc, lowWord(b, loc, range)), r1 = shiftRight(b, loc, range, 32);
  Value carry = shiftRight(b, loc, mul(w0, r0), 32);
  Value middle = add(mul(w1, r0), carry);
  Value other = add(mul(w0, r1), wide(b, loc, lowWord(b, loc, middle)));
  return add(add(mul(w1, r1), shiftRight(b, loc, middle, 32)), shiftRight(b, loc, other, 32));
}

Value fnc::fromF64(Num value, Type type) {
  return type.isF64() ? value.v
                      : arith::TruncFOp::create(*value.b, value.loc, type, value.v).getResult();
}
