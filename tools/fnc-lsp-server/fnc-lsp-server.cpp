//===- fnc-lsp-server.cpp - graphs in editors -----------------------------===//
//
// Diagnostics, definitions, references and hovers over the Language Server Protocol.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  fnc::registerInputDialects(registry);
  return mlir::asMainReturnCode(mlir::MlirLspServerMain(argc, argv, registry));
}
