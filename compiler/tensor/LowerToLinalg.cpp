//===- LowerToLinalg.cpp - fn ops to linalg on tensors --------------------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Passes.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_LOWERTOLINALG
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

/// Signedness leaves the types: from here on operations carry it.
struct SignlessTypes : TypeConverter {
  SignlessTypes() {
    addConversion([](Type type) { return type; });
    addConversion([](IntegerType type) -> Type {
      return IntegerType::get(type.getContext(), type.getWidth());
    });
    addConversion([&](RankedTensorType type) -> Type {
      return RankedTensorType::get(type.getShape(), convertType(type.getElementType()),
                                   type.getEncoding());
    });
  }
};

/// Headers need to know what was unsigned.
void markUnsigned(func::FuncOp func) {
  auto isUnsigned = [](Type type) { return getElementTypeOrSelf(type).isUnsignedInteger(); };
  auto unit = UnitAttr::get(func.getContext());
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    if (isUnsigned(type))
      func.setArgAttr(i, "fn.unsigned", unit);
  for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
    if (isUnsigned(type))
      func.setResultAttr(i, "fn.unsigned", unit);
}

struct LowerToLinalg : fnc::impl::LowerToLinalgBase<LowerToLinalg> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *context) override {
    types = std::make_shared<SignlessTypes>();
    RewritePatternSet all(context);
    fnc::populateElementwiseLowering(*types, all);
    fnc::populateReductionLowering(*types, all);
    fnc::populateRandomLowering(*types, all);
    fnc::populateDrawLowering(*types, all);
    fnc::populateControlLowering(*types, all);
    fnc::populateContractionLowering(*types, all);
    fnc::populateShapeLowering(*types, all);
    fnc::populateSparseLowering(*types, all, sortEntries);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(all, *types);
    populateReturnOpTypeConversionPattern(all, *types);
    populateCallOpTypeConversionPattern(all, *types);
    patterns = std::move(all);
    return success();
  }

  void runOnOperation() override {
    markUnsigned(getOperation());
    ConversionTarget target(getContext());
    target.addIllegalDialect<fn::FnDialect>();
    target.addDynamicallyLegalOp<func::FuncOp>(
        [&](func::FuncOp op) { return types->isSignatureLegal(op.getFunctionType()); });
    target.markUnknownOpDynamicallyLegal([&](Operation *op) {
      return op->getName().getDialectNamespace() != "func" || types->isLegal(op);
    });
    // Without rollback the conversion is linear in the number of ops.
    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyPartialConversion(getOperation(), target, patterns, config)))
      signalPassFailure();
  }

  // Functions at the same time share both.
  std::shared_ptr<const SignlessTypes> types;
  FrozenRewritePatternSet patterns;
};

} // namespace
