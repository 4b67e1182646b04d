//===- Passes.cpp - the order of the graph stage --------------------------===//

#include "compiler/graph/Passes.h"
#include "compiler/ShareValues.h"
#include "compiler/Simplify.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

void fnc::buildGraphPipeline(OpPassManager &pm, const SelectFunctionsOptions &options) {
  // Slots of optimizers have names as other variables have.
  pm.addPass(createExpandMinimize());
  pm.addPass(createCheckGraph());
  pm.addPass(createSelectFunctions(options));
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // Behind gradients, which are written with sparse tensors; before dimensions, of which the
  // number of entries is one.
  functions.addPass(createExpandSparse());
  // Dimensions before simplification: a fold must not hide what a call has to check.
  functions.addPass(createInferDims());
  functions.addPass(createSimplify());
  // Once zeros are seen to be zeros; equal sums of rows are shared behind.
  functions.addPass(createRowUpdates());
  functions.addPass(createShareValues());
}
