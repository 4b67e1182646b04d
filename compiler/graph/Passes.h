//===- Passes.h - the graph stage -------------------------------*- C++ -*-===//

#ifndef FNC_GRAPH_PASSES_H
#define FNC_GRAPH_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace fnc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/graph/Passes.h.inc"

/// An fn.graph to kernels (func.func on tensors, one per function spec).
void buildGraphPipeline(mlir::OpPassManager &pm, const SelectFunctionsOptions &options = {});

} // namespace fnc

#endif // FNC_GRAPH_PASSES_H
