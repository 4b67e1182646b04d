//===- Passes.cpp - the order of the tensor stage -------------------------===//

#include "compiler/tensor/Passes.h"
#include "compiler/Simplify.h"
#include "mlir/Conversion/TosaToArith/TosaToArith.h"
#include "mlir/Conversion/TosaToLinalg/TosaToLinalg.h"
#include "mlir/Conversion/TosaToTensor/TosaToTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace {

bool isTosa(Operation *op) { return isa<tosa::TosaDialect>(op->getDialect()); }

/// A size that may be known from what makes the tensor.
bool isOpenDim(Operation *op) {
  auto dim = dyn_cast<tensor::DimOp>(op);
  return dim && dim.getSource().getDefiningOp();
}

/// Pasted ops: TOSA has lowerings of its own.
OpPassManager tosaLowerings() {
  OpPassManager pm(func::FuncOp::getOperationName());
  pm.addPass(fnc::createLowerTosaBroadcast());
  pm.addPass(tosa::createTosaToLinalgNamed());
  pm.addPass(tosa::createTosaToLinalg());
  pm.addPass(createTosaToArithPass());
  pm.addPass(createTosaToTensorPass());
  return pm;
}

void resolveDims(RewritePatternSet &patterns) {
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  memref::populateResolveShapedTypeResultDimsPatterns(patterns);
}

} // namespace

void fnc::buildTensorPipeline(OpPassManager &pm, const LowerToLinalgOptions &lower,
                              const ExpandMathOptions &math,
                              const FormContractionsOptions &registers, bool winograd,
                              bool fastMath) {
  // First: arithmetic on tensors is what fuses below.
  pm.addNestedPass<func::FuncOp>(createWhereAny(isTosa, tosaLowerings()));
  pm.addPass(createChannelsLast());
  pm.addPass(createLowerToLinalg(lower));
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  // Sizes of intermediates become sizes of arguments, so that equal shapes are equal values. Equal
  // ones first: resolving each along a chain of its own is quadratic.
  pm.addPass(createSimplify());
  pm.addPass(createCSEPass());
  pm.addPass(createSimplify(isOpenDim, resolveDims));
  // Before loops are fused: a transpose would become part of one and go no further.
  pm.addPass(createSinkTransposes());
  // Each buffer that goes is memory traffic and workspace saved.
  pm.addPass(createFuseElementwise());
  pm.addPass(createSimplify(isOpenDim, resolveDims));
  pm.addPass(createCSEPass());
  // Once what they reduce has moved into them.
  pm.addPass(createFuseReductions());
  // What comes after a sum of products is one loop by now.
  pm.addPass(createFormContractions(registers));
  if (winograd)
    pm.addPass(createFormWinograd({registers.vectorBits, registers.registers}));
  pm.addPass(createPackConstants());
  pm.addPass(createFillBorders());
  pm.addPass(createSimplify());
  if (fastMath)
    pm.addPass(createRelaxMath());
  pm.addPass(createRelaxMaxima());
  // After fusion: an expansion would hide which bodies are small enough to fuse.
  pm.addPass(createExpandMath(math));
  pm.addPass(createExpandArith());
  pm.addPass(createVerifyTensor());
}
