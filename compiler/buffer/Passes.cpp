//===- Passes.cpp - the order of the buffer stage -------------------------===//

#include "compiler/buffer/Passes.h"
#include "compiler/Simplify.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void fnc::buildBufferPipeline(OpPassManager &pm, const SkewRowsOptions &registers, bool profile) {
  // Destinations first: bufferization then computes into them instead of copying.
  pm.addPass(createPlaceResults());
  pm.addNestedPass<func::FuncOp>(createSeparateReaders());
  pm.addPass(createBufferize());
  // Aliases that bufferization left as casts and dead views would look like copies to Commit.
  pm.addPass(createSimplify());
  pm.addPass(createCommit());
  // Sizes are shared once equal computations are one value.
  pm.addPass(createCSEPass());
  // One pass over a variable and its slots; then where it can be done in place, since the status
  // is known; then without a gradient in between.
  pm.addPass(createMergeLoops());
  pm.addPass(createSinkUpdates());
  pm.addPass(createFuseUpdates());
  // Before lifetimes count: what lies between ops of a strip, then of one row, need not live
  // longer.
  pm.addPass(createStripRows());
  pm.addPass(createFuseRows());
  pm.addPass(createChainContractions());
  pm.addPass(createSimplify());
  // Once it is known which contractions there are.
  pm.addPass(createPackBlocks());
  // Views of rows have their final form, by which ops are seen to share elements.
  pm.addPass(createSkewRows(registers));
  pm.addPass(createSimplify());
  pm.addPass(createPlanWorkspace());
  pm.addPass(createVerifyWorkspace());
  pm.addPass(createFetchAhead());
  // While ops are still whole.
  if (profile)
    pm.addPass(createMarkRegions());
}

void fnc::buildLoopPipeline(OpPassManager &pm, const LowerToLoopsOptions &registers,
                            const OutlineLoopsOptions &outline) {
  // What is lowered once need not be simplified, optimized and encoded twice.
  pm.addPass(createShareOps());
  pm.addNestedPass<func::FuncOp>(createLowerToLoops(registers));
  pm.addPass(createSimplify());
  pm.addPass(createCSEPass());
  // Last: what is known around a nest has been used in it.
  pm.addPass(createOutlineLoops(outline));
}
