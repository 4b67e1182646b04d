//===- RelaxMaxima.cpp - maxima that meet no -0 ---------------------------===//
//
// The largest of -0 and 0 is 0: where the target's instruction takes one of two zeros by its place,
// each such maximum takes a comparison and a choice more, unless it says that this does not occur.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_RELAXMAXIMA
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

bool isNegativeZero(const APFloat &x) { return x.isZero() && x.isNegative(); }

/// The tensor whose elements an argument of a body is.
Value elementsOf(BlockArgument argument) {
  Operation *op = argument.getOwner()->getParentOp();
  unsigned i = argument.getArgNumber();
  if (auto generic = dyn_cast_or_null<linalg::GenericOp>(op))
    return i < generic.getNumDpsInputs() ? generic.getInputs()[i] : Value();
  auto extra = [&](OperandRange extras) {
    return i > 0 && i <= extras.size() ? extras[i - 1] : Value();
  };
  if (auto contract = dyn_cast_or_null<fnc::kernel::ContractOp>(op))
    return extra(contract.getExtras());
  if (auto winograd = dyn_cast_or_null<fnc::kernel::WinogradOp>(op))
    return extra(winograd.getExtras());
  return {};
}

bool isConstantWithoutNegativeZero(Value x) {
  if (auto argument = dyn_cast<BlockArgument>(x))
    x = elementsOf(argument);
  Attribute value;
  if (!x || !matchPattern(x, m_Constant(&value)))
    return false;
  if (auto number = dyn_cast<FloatAttr>(value))
    return !isNegativeZero(number.getValue());
  auto elements = dyn_cast<DenseFPElementsAttr>(value);
  return elements && llvm::none_of(elements.getValues<APFloat>(), isNegativeZero);
}

/// A sum is -0 only where both of its terms are.
bool isNeverNegativeZero(Value x) {
  if (isConstantWithoutNegativeZero(x))
    return true;
  auto sum = x.getDefiningOp<arith::AddFOp>();
  return sum && (isNeverNegativeZero(sum.getLhs()) || isNeverNegativeZero(sum.getRhs()));
}

struct RelaxMaxima : fnc::impl::RelaxMaximaBase<RelaxMaxima> {
  void runOnOperation() override {
    auto nsz = arith::FastMathFlagsAttr::get(&getContext(), arith::FastMathFlags::nsz);
    getOperation().walk([&](arith::MaximumFOp op) {
      for (auto [x, y] : {std::pair(op.getLhs(), op.getRhs()), {op.getRhs(), op.getLhs()}})
        if (matchPattern(y, m_PosZeroFloat()) && isNeverNegativeZero(x))
          op.setFastmathAttr(nsz);
    });
  }
};

} // namespace
