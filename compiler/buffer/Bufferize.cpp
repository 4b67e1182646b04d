//===- Bufferize.cpp - tensors to memrefs ---------------------------------===//

#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_BUFFERIZE
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

bufferization::OneShotBufferizationOptions makeOptions() {
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.setFunctionBoundaryTypeConversion(bufferization::LayoutMapOption::IdentityLayoutMap);
  // A strided memref.copy becomes a call into a runtime library; linalg.copy becomes loops.
  options.memCpyFn = [](OpBuilder &b, Location loc, Value from, Value to) {
    linalg::CopyOp::create(b, loc, from, to);
    return success();
  };
  return options;
}

LogicalResult bufferize(ModuleOp module) {
  bufferization::BufferizationState state;
  return bufferization::runOneShotModuleBufferize(module, makeOptions(), state);
}

/// One analysis, which is the module's: of a function alone it would not know that arguments are
/// buffers, and find no destination.
LogicalResult eliminateEmptyTensors(ModuleOp module, ArrayRef<func::FuncOp> funcs) {
  bufferization::OneShotBufferizationOptions options;
  options.allowReturnAllocsFromLoops = true;
  options.bufferizeFunctionBoundaries = true;
  bufferization::OneShotAnalysisState analysis(module, options);
  if (failed(bufferization::analyzeModuleOp(module, analysis)))
    return failure();
  IRRewriter rewriter(module.getContext());
  return failure(llvm::any_of(funcs, [&](func::FuncOp func) {
    return failed(bufferization::eliminateEmptyTensors(rewriter, func, analysis));
  }));
}

/// Whether copies of the functions, in a module of their own, bufferize after the elimination.
bool eliminationWorks(ModuleOp module, ArrayRef<func::FuncOp> funcs) {
  OwningOpRef<ModuleOp> trial(ModuleOp::create(module.getLoc()));
  OpBuilder b = OpBuilder::atBlockEnd(trial->getBody());
  SmallVector<func::FuncOp> copies;
  for (Operation &op : module.getBodyRegion().getOps()) {
    auto func = dyn_cast<func::FuncOp>(op);
    bool one = llvm::is_contained(funcs, func);
    if (func && !func.isExternal() && !one)
      continue;
    Operation *copy = b.clone(op);
    if (one)
      copies.push_back(cast<func::FuncOp>(copy));
  }
  return succeeded(eliminateEmptyTensors(*trial, copies)) && succeeded(bufferize(*trial));
}

struct Bufferize : fnc::impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> kernels;
    for (auto func : module.getOps<func::FuncOp>())
      if (!func.isExternal())
        kernels.push_back(func);
    {
      // What a trial says is not the user's business.
      ScopedDiagnosticHandler silence(&getContext(), [](Diagnostic &) { return success(); });
      if (!eliminationWorks(module, kernels))
        llvm::erase_if(kernels, [&](func::FuncOp func) { return !eliminationWorks(module, func); });
    }
    if (!kernels.empty() && failed(eliminateEmptyTensors(module, kernels)))
      return signalPassFailure();
    if (failed(bufferize(module)))
      signalPassFailure();
  }
};

} // namespace
