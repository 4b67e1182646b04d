//===- Passes.cpp - the order of the tensor stage -------------------------===//

#include "compiler/tensor/Passes.h"
#include "compiler/ShareValues.h"
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

using namespace mlir;

namespace {

bool isTosa(Operation *op) { return isa<tosa::TosaDialect>(op->getDialect()); }

/// Arithmetic on whole tensors, of graphs that other tools wrote.
bool isTensorArith(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), llvm::IsaPred<RankedTensorType>) &&
         OpTrait::hasElementwiseMappableTraits(op);
}

OpPassManager tensorArithLowering() {
  OpPassManager pm(func::FuncOp::getOperationName());
  pm.addPass(createConvertElementwiseToLinalgPass());
  return pm;
}

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
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // First: arithmetic on tensors is what fuses below.
  functions.addPass(createWhereAny(isTosa, tosaLowerings()));
  functions.addPass(createChannelsLast());
  functions.addPass(createLowerToLinalg(lower));
  functions.addPass(createWhereAny(isTensorArith, tensorArithLowering()));
  // Sizes of intermediates become sizes of arguments, so that equal shapes are equal values. Equal
  // ones first: resolving each along a chain of its own is quadratic.
  functions.addPass(createSimplify());
  functions.addPass(createShareValues());
  functions.addPass(createSimplify(isOpenDim, resolveDims));
  // Before loops are fused: a transpose would become part of one and go no further.
  functions.addPass(createSinkTransposes());
  // Each buffer that goes is memory traffic and workspace saved.
  functions.addPass(createFuseElementwise());
  functions.addPass(createSimplify(isOpenDim, resolveDims));
  functions.addPass(createShareValues());
  // Once what they reduce has moved into them.
  functions.addPass(createFuseReductions());
  // What comes after a sum of products is one loop by now.
  functions.addPass(createFormContractions(registers));
  // The one pass that weighs all functions against each other.
  if (winograd)
    pm.addPass(createFormWinograd({registers.vectorBits, registers.registers}));
  OpPassManager &rest = pm.nest<func::FuncOp>();
  rest.addPass(createPackConstants());
  rest.addPass(createFillBorders());
  rest.addPass(createSimplify());
  if (fastMath)
    rest.addPass(createRelaxMath());
  rest.addPass(createRelaxMaxima());
  // After fusion: an expansion would hide which bodies are small enough to fuse.
  rest.addPass(createExpandMath(math));
  rest.addPass(createExpandArith());
  rest.addPass(createVerifyTensor());
}
