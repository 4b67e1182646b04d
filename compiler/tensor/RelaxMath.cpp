//===- RelaxMath.cpp - arithmetic that may round otherwise ----------------===//
//
// Before functions are expanded: their formulas depend on every rounding.
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_RELAXMATH
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

/// NaN, infinity and the range of exponents stay as they are.
constexpr arith::FastMathFlags kRelaxed = arith::FastMathFlags::reassoc |
                                          arith::FastMathFlags::contract |
                                          arith::FastMathFlags::arcp | arith::FastMathFlags::nsz;

/// x / c as x (1 / c), where that is a normal number.
void multiplyInstead(arith::DivFOp op) {
  APFloat divisor(0.0);
  if (!matchPattern(op.getRhs(), m_ConstantFloat(&divisor)))
    return;
  APFloat reciprocal = APFloat::getOne(divisor.getSemantics());
  reciprocal.divide(divisor, APFloat::rmNearestTiesToEven);
  if (!reciprocal.isNormal())
    return;
  OpBuilder b(op);
  Value factor =
      arith::ConstantOp::create(b, op.getLoc(), FloatAttr::get(op.getType(), reciprocal));
  Value product = arith::MulFOp::create(b, op.getLoc(), op.getLhs(), factor, kRelaxed);
  op.replaceAllUsesWith(product);
  op.erase();
}

struct RelaxMath : fnc::impl::RelaxMathBase<RelaxMath> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::NegFOp>(op) &&
          isa<FloatType>(op->getResult(0).getType()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      auto relaxed = cast<arith::ArithFastMathInterface>(op);
      arith::FastMathFlags flags = relaxed.getFastMathFlagsAttr().getValue() | kRelaxed;
      op->setAttr(relaxed.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(&getContext(), flags));
      if (auto division = dyn_cast<arith::DivFOp>(op))
        multiplyInstead(division);
    }
  }
};

} // namespace
