//===- Passes.cpp - the order of the tensor stage -------------------------===//

#include "compiler/tensor/Passes.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

void fnc::buildTensorPipeline(OpPassManager &pm) { pm.addPass(createLowerToLinalg()); }
