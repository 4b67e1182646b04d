//===- Reduction.cpp - what a result is reduced with ----------------------===//

#include "compiler/buffer/Reduction.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using fnc::Reduction;

namespace {

/// What leaves the other operand of `combine` as it is.
TypedAttr neutralOf(Operation *combine) {
  Builder b(combine->getContext());
  Type type = combine->getResult(0).getType();
  if (auto floats = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floats.getFloatSemantics();
    auto attr = [&](const APFloat &value) { return b.getFloatAttr(type, value); };
    if (isa<arith::AddFOp>(combine))
      return attr(APFloat::getZero(semantics, /*Negative=*/true));
    if (isa<arith::MulFOp>(combine))
      return attr(APFloat::getOne(semantics));
    if (isa<arith::MaximumFOp>(combine))
      return attr(APFloat::getInf(semantics, /*Negative=*/true));
    if (isa<arith::MinimumFOp>(combine))
      return attr(APFloat::getInf(semantics));
    return nullptr;
  }
  unsigned width = type.isIntOrIndex() && !type.isIndex() ? type.getIntOrFloatBitWidth() : 0;
  if (width <= 1)
    return nullptr;
  auto attr = [&](const APInt &value) { return b.getIntegerAttr(type, value); };
  if (isa<arith::AddIOp, arith::OrIOp, arith::XOrIOp, arith::MaxUIOp>(combine))
    return attr(APInt::getZero(width));
  if (isa<arith::MulIOp>(combine))
    return attr(APInt(width, 1));
  if (isa<arith::AndIOp, arith::MinUIOp>(combine))
    return attr(APInt::getAllOnes(width));
  if (isa<arith::MaxSIOp>(combine))
    return attr(APInt::getSignedMinValue(width));
  if (isa<arith::MinSIOp>(combine))
    return attr(APInt::getSignedMaxValue(width));
  return nullptr;
}

/// The larger or the smaller one, without regard to NaN.
std::optional<Reduction> matchChoice(arith::SelectOp select, Value acc) {
  auto choice = select.getCondition().getDefiningOp<arith::CmpFOp>();
  Value term = select.getTrueValue();
  if (!choice || !choice->hasOneUse() || !select->hasOneUse() || select.getFalseValue() != acc ||
      choice.getLhs() != term || choice.getRhs() != acc || term == acc ||
      !llvm::hasNItems(acc.getUses(), 2) || select->getBlock() != choice->getBlock() ||
      (choice.getPredicate() != arith::CmpFPredicate::OGT &&
       choice.getPredicate() != arith::CmpFPredicate::OLT))
    return std::nullopt;
  auto type = cast<FloatType>(select.getType());
  bool largest = choice.getPredicate() == arith::CmpFPredicate::OGT;
  APFloat neutral = APFloat::getInf(type.getFloatSemantics(), /*Negative=*/largest);
  return Reduction{select, choice, term, FloatAttr::get(type, neutral)};
}

} // namespace

std::optional<fnc::Reduction> fnc::matchReduction(linalg::GenericOp op, unsigned number) {
  Block &body = *op.getBody();
  Value yielded = body.getTerminator()->getOperand(number);
  BlockArgument acc = body.getArgument(op.getNumDpsInputs() + number);
  Operation *combine = yielded.getDefiningOp();
  if (auto select = dyn_cast_or_null<arith::SelectOp>(combine))
    return matchChoice(select, acc);
  if (!combine || combine->getBlock() != &body || combine->getNumOperands() != 2 ||
      !acc.hasOneUse() || !yielded.hasOneUse() || !llvm::is_contained(combine->getOperands(), acc))
    return std::nullopt;
  Reduction reduction;
  reduction.combine = combine;
  reduction.term = combine->getOperand(combine->getOperand(0) == acc ? 1 : 0);
  reduction.neutral = neutralOf(combine);
  return reduction.neutral ? std::optional(reduction) : std::nullopt;
}

Value fnc::combine(OpBuilder &b, Location loc, const Reduction &reduction, Value x, Value y) {
  Operation *like = reduction.combine;
  if (arith::CmpFOp choice = reduction.choice) {
    Value other = arith::CmpFOp::create(b, loc, choice.getPredicate(), y, x, choice.getFastmath());
    return arith::SelectOp::create(b, loc, other, y, x);
  }
  OperationState state(loc, like->getName(), {x, y}, x.getType(), like->getAttrs());
  return b.create(state)->getResult(0);
}

Value fnc::sliceOf(OpBuilder &b, Location loc, Value vector, int64_t from, int64_t count) {
  return vector::ShuffleOp::create(b, loc, vector, vector,
                                   llvm::to_vector(llvm::seq<int64_t>(from, from + count)));
}

Value fnc::sumsOfEach(OpBuilder &b, Location loc, ArrayRef<Value> vectors) {
  auto add = [&](Value x, Value y) -> Value {
    if (isa<FloatType>(getElementTypeOrSelf(x.getType())))
      return arith::AddFOp::create(b, loc, x, y);
    return arith::AddIOp::create(b, loc, x, y);
  };
  SmallVector<Value> left(vectors);
  int64_t lanes = cast<VectorType>(left[0].getType()).getNumElements();
  // A run holds an element of each vector that went into it.
  for (int64_t run = 1; left.size() > 1; run *= 2) {
    SmallVector<int64_t> even, odd;
    for (int64_t at = 0; at < lanes; at += 2 * run)
      for (int64_t from : {at, at + lanes})
        for (int64_t i = 0; i < run; ++i) {
          even.push_back(from + i);
          odd.push_back(from + run + i);
        }
    SmallVector<Value> next;
    for (size_t i = 0; i < left.size(); i += 2)
      next.push_back(add(vector::ShuffleOp::create(b, loc, left[i], left[i + 1], even),
                         vector::ShuffleOp::create(b, loc, left[i], left[i + 1], odd)));
    left = std::move(next);
  }
  Value sums = left[0];
  for (; lanes > static_cast<int64_t>(vectors.size()); lanes /= 2)
    sums = add(sliceOf(b, loc, sums, 0, lanes / 2), sliceOf(b, loc, sums, lanes / 2, lanes / 2));
  return sums;
}
