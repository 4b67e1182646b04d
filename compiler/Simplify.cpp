//===- Simplify.cpp - folds and canonical forms ---------------------------===//

#include "compiler/Simplify.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

std::unique_ptr<Pass> fnc::createSimplify() {
  GreedyRewriteConfig config;
  config.setMaxIterations(1);
  // Regions have one block each until they become LLVM's: nothing to look for there.
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return createCanonicalizerPass(config);
}
