//===- Passes.cpp - the order of the buffer stage -------------------------===//

#include "compiler/buffer/Passes.h"
#include "compiler/ShareValues.h"
#include "compiler/Simplify.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

void fnc::buildBufferPipeline(OpPassManager &pm, const SkewRowsOptions &registers, bool profile) {
  OpPassManager &before = pm.nest<func::FuncOp>();
  // Destinations first: bufferization then computes into them instead of copying.
  before.addPass(createPlaceResults());
  before.addPass(createSeparateReaders());
  pm.addPass(createBufferize());
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // Aliases that bufferization left as casts and dead views would look like copies to Commit.
  functions.addPass(createSimplify());
  functions.addPass(createCommit());
  // Sizes are shared once equal computations are one value.
  functions.addPass(createShareValues());
  // One pass over a variable and its slots; then where it can be done in place, since the status
  // is known; then without a gradient in between.
  functions.addPass(createMergeLoops());
  functions.addPass(createSinkUpdates());
  functions.addPass(createFuseUpdates());
  // Before lifetimes count: what lies between ops of a strip, then of one row, need not live
  // longer.
  functions.addPass(createStripRows());
  functions.addPass(createFuseRows());
  functions.addPass(createChainContractions());
  functions.addPass(createSimplify());
  // Once it is known which contractions there are.
  functions.addPass(createPackBlocks());
  // Views of rows have their final form, by which ops are seen to share elements.
  functions.addPass(createSkewRows(registers));
  functions.addPass(createSimplify());
  functions.addPass(createPlanWorkspace());
  functions.addPass(createVerifyWorkspace());
  functions.addPass(createFetchAhead());
  // While ops are still whole.
  if (profile)
    pm.addPass(createMarkRegions());
}

void fnc::buildLoopPipeline(OpPassManager &pm, const LowerToLoopsOptions &registers,
                            const OutlineLoopsOptions &outline) {
  // What is lowered once need not be simplified, optimized and encoded twice.
  pm.addPass(createShareOps());
  OpPassManager &functions = pm.nest<func::FuncOp>();
  functions.addPass(createLowerToLoops(registers));
  functions.addPass(createSimplify());
  functions.addPass(createShareValues());
  // Last: what is known around a nest has been used in it.
  pm.addPass(createOutlineLoops(outline));
}
