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

/// The analysis is the module's: of a function alone it would not know that arguments are buffers,
/// and find no destination.
LogicalResult eliminateEmptyTensors(func::FuncOp func) {
  bufferization::OneShotBufferizationOptions options;
  options.allowReturnAllocsFromLoops = true;
  options.bufferizeFunctionBoundaries = true;
  auto module = func->getParentOfType<ModuleOp>();
  bufferization::OneShotAnalysisState analysis(module, options);
  if (failed(bufferization::analyzeModuleOp(module, analysis)))
    return failure();
  IRRewriter rewriter(func.getContext());
  return bufferization::eliminateEmptyTensors(rewriter, func, analysis);
}

/// Whether a copy of the module that keeps just `func` bufferizes after the elimination.
bool eliminationWorks(ModuleOp module, StringRef name) {
  OwningOpRef<ModuleOp> trial(module.clone());
  for (auto func : llvm::make_early_inc_range(trial->getOps<func::FuncOp>()))
    if (!func.isExternal() && func.getName() != name)
      func.erase();
  auto func = trial->lookupSymbol<func::FuncOp>(name);
  return succeeded(eliminateEmptyTensors(func)) && succeeded(bufferize(*trial));
}

struct Bufferize : fnc::impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> kernels;
    for (auto func : module.getOps<func::FuncOp>())
      if (!func.isExternal())
        kernels.push_back(func);
    llvm::DenseSet<StringRef> eliminate;
    {
      // What a trial says is not the user's business.
      ScopedDiagnosticHandler silence(&getContext(), [](Diagnostic &) { return success(); });
      OwningOpRef<ModuleOp> trial(module.clone());
      bool all = true;
      for (auto func : trial->getOps<func::FuncOp>())
        all &= func.isExternal() || succeeded(eliminateEmptyTensors(func));
      all = all && succeeded(bufferize(*trial));
      for (func::FuncOp func : kernels)
        if (all || eliminationWorks(module, func.getName()))
          eliminate.insert(func.getName());
    }
    for (func::FuncOp func : kernels)
      if (eliminate.contains(func.getName()) && failed(eliminateEmptyTensors(func)))
        return signalPassFailure();
    if (failed(bufferize(module)))
      signalPassFailure();
  }
};

} // namespace
