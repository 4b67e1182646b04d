//===- Reduction.cpp - what a result is reduced with ----------------------===//

#include "compiler/buffer/Reduction.h"
#include "mlir/IR/Builders.h"

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
