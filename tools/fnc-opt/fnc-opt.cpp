//===- fnc-opt.cpp - run passes by name -----------------------------------===//

#include "compiler/Pipeline.h"
#include "compiler/ShareValues.h"
#include "compiler/buffer/Passes.h"
#include "compiler/graph/Passes.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  fnc::registerInputDialects(registry);
  fnc::registerGraphPasses();
  fnc::registerTensorPasses();
  fnc::registerBufferPasses();
  fnc::registerShareValues();
  mlir::registerTransformsPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "fnc's passes, by name\n", registry));
}
