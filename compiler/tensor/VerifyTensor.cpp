//===- VerifyTensor.cpp - the contract of the tensor stage ----------------===//

#include "compiler/tensor/Passes.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_VERIFYTENSOR
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

struct VerifyTensor : fnc::impl::VerifyTensorBase<VerifyTensor> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    for (BlockArgument arg : func.getArguments())
      if (auto part = func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "fn.sparse");
          part && part.getValue() == "shape")
        for (Operation *user : arg.getUsers())
          if (!isa<tensor::DimOp>(user)) {
            user->emitOpError("reads a sparse tensor, of which only the sizes are there");
            return signalPassFailure();
          }
    WalkResult walked = func.walk([](Operation *op) -> WalkResult {
      if (isa_and_nonnull<fn::FnDialect>(op->getDialect()))
        return op->emitOpError("is not lowered");
      if (isa_and_nonnull<math::MathDialect>(op->getDialect()) &&
          !isa<math::SqrtOp, math::AbsFOp, math::AbsIOp, math::CopySignOp, math::FmaOp,
               math::RoundEvenOp, math::FloorOp, math::CeilOp, math::TruncOp>(op))
        return op->emitOpError("would call a mathematical library");
      for (Type type : op->getResultTypes())
        if (getElementTypeOrSelf(type).isUnsignedInteger())
          return op->emitOpError("still has an unsigned type");
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
