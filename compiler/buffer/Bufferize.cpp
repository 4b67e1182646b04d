//===- Bufferize.cpp - tensors to memrefs ---------------------------------===//

#include "compiler/buffer/Passes.h"
#include "compiler/buffer/SeparateReaders.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SubsetOpInterface.h"
#include "llvm/ADT/MapVector.h"

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

/// Empty tensors with a copy for each further use: which use of one becomes the destination would
/// differ from run to run.
class SeparateEmptyTensors {
public:
  explicit SeparateEmptyTensors(ModuleOp module) {
    SmallVector<tensor::EmptyOp> ops;
    module.walk([&](tensor::EmptyOp op) { ops.push_back(op); });
    for (tensor::EmptyOp op : ops) {
      OpBuilder b(op->getContext());
      b.setInsertionPointAfter(op);
      for (OpOperand &use : llvm::make_early_inc_range(op->getUses()))
        if (!op->hasOneUse()) {
          copies.push_back({cast<tensor::EmptyOp>(b.clone(*op)), op});
          use.set(copies.back().first);
        }
    }
  }
  /// What became no destination is one buffer again, as long as lives are apart.
  ~SeparateEmptyTensors() {
    for (auto [copy, op] : copies) {
      // Upstream moves up what a destination needs, with the copy.
      if (copy->getBlock() == op->getBlock() && copy->isBeforeInBlock(op))
        op->moveBefore(copy);
      copy.replaceAllUsesWith(op.getResult());
      copy.erase();
    }
  }

private:
  SmallVector<std::pair<tensor::EmptyOp, tensor::EmptyOp>> copies;
};

/// What may be in place of what. Whether that was right before is looked at when the module is
/// bufferized.
LogicalResult analyze(func::FuncOp func, bufferization::OneShotAnalysisState &analysis) {
  DominanceInfo dominance(func);
  if (failed(analysis.analyzeOp(func, dominance)))
    return failure();
  analysis.gatherUndefinedTensorUses(func);
  auto failed = func.walk([&](bufferization::BufferizableOpInterface op) {
    return WalkResult(op.verifyAnalysis(analysis));
  });
  return failure(failed.wasInterrupted());
}

/// One analysis, which is the module's: of a function alone it would not know that arguments are
/// buffers, and find no destination.
LogicalResult eliminateEmptyTensors(ModuleOp module, ArrayRef<func::FuncOp> funcs) {
  bufferization::OneShotBufferizationOptions options;
  SeparateEmptyTensors separate(module);
  options.allowReturnAllocsFromLoops = true;
  options.bufferizeFunctionBoundaries = true;
  bufferization::OneShotAnalysisState analysis(module, options);
  for (func::FuncOp func : funcs)
    if (failed(analyze(func, analysis)))
      return failure();
  IRRewriter rewriter(module.getContext());
  // The last insertion first: what is inserted into an empty tensor that itself becomes a part of
  // another one has to see that part.
  for (func::FuncOp func : funcs) {
    SmallVector<SubsetInsertionOpInterface> insertions;
    func.walk([&](SubsetInsertionOpInterface op) { insertions.push_back(op); });
    for (SubsetInsertionOpInterface op : llvm::reverse(insertions))
      if (failed(bufferization::eliminateEmptyTensors(rewriter, op, analysis)))
        return failure();
  }
  return success();
}

/// The module with those functions only, bufferized; of some of them, empty tensors are eliminated
/// first. Null if that does not work.
OwningOpRef<ModuleOp> bufferized(ModuleOp module, ArrayRef<func::FuncOp> funcs,
                                 ArrayRef<func::FuncOp> eliminated) {
  OwningOpRef<ModuleOp> trial(ModuleOp::create(module.getLoc()));
  OpBuilder b = OpBuilder::atBlockEnd(trial->getBody());
  SmallVector<func::FuncOp> copies;
  for (Operation &op : module.getBodyRegion().getOps()) {
    auto func = dyn_cast<func::FuncOp>(op);
    if (func && !func.isExternal() && !llvm::is_contained(funcs, func))
      continue;
    Operation *copy = b.clone(op);
    if (func && llvm::is_contained(eliminated, func))
      copies.push_back(cast<func::FuncOp>(copy));
  }
  if (failed(eliminateEmptyTensors(*trial, copies)) || failed(bufferize(*trial)))
    return {};
  return trial;
}

/// As above, with as many functions eliminated as works. What has worked is kept, not done again:
/// the elimination need not choose the same destinations twice.
OwningOpRef<ModuleOp> bufferized(ModuleOp module, ArrayRef<func::FuncOp> kernels) {
  if (OwningOpRef<ModuleOp> all = bufferized(module, kernels, kernels))
    return all;
  auto some = llvm::filter_to_vector(
      kernels, [&](func::FuncOp func) { return bool(bufferized(module, func, func)); });
  if (OwningOpRef<ModuleOp> most = bufferized(module, kernels, some))
    return most;
  // The analysis gives up where one of several tensors that a result may be cannot be in the memory
  // of the others.
  for (func::FuncOp func : kernels)
    if (!llvm::is_contained(some, func) && !bufferized(module, func, {}))
      fnc::copyChoices(func);
  return bufferized(module, kernels, some);
}

/// Constants in the order of their first users, and named by it: bufferization makes them in an
/// order that differs from run to run, as would the object.
void orderConstants(ModuleOp module) {
  llvm::MapVector<StringAttr, SmallVector<memref::GetGlobalOp>> users;
  module.walk([&](memref::GetGlobalOp op) { users[op.getNameAttr().getAttr()].push_back(op); });
  llvm::DenseMap<StringAttr, memref::GlobalOp> globals;
  for (auto global : module.getOps<memref::GlobalOp>())
    globals[global.getSymNameAttr()] = global;
  llvm::DenseSet<StringAttr> taken;
  for (auto func : module.getOps<func::FuncOp>())
    taken.insert(func.getSymNameAttr());
  unsigned number = 0;
  Operation *last = nullptr;
  for (auto &[name, ops] : users) {
    memref::GlobalOp global = globals.lookup(name);
    if (!global)
      continue;
    StringAttr ordered;
    do
      ordered = StringAttr::get(module.getContext(), "constant_" + Twine(number++));
    while (taken.contains(ordered));
    global.setSymNameAttr(ordered);
    for (memref::GetGlobalOp op : ops)
      op.setNameAttr(FlatSymbolRefAttr::get(ordered));
    if (last)
      global->moveAfter(last);
    else
      global->moveBefore(&module.getBody()->front());
    last = global;
  }
}

/// Users of each value from the last one to the first, as they would be after a parser:
/// bufferization leaves them in an order that differs from run to run, too.
void orderUses(ModuleOp module) {
  llvm::DenseMap<Operation *, unsigned> position;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) { position[op] = position.size(); });
  auto order = [&](Value value) {
    if (value.use_empty() || value.hasOneUse())
      return;
    SmallVector<std::pair<unsigned, unsigned>> uses; // by op and operand, from the last one
    for (OpOperand &use : value.getUses())
      uses.push_back({~position[use.getOwner()], ~use.getOperandNumber()});
    auto sorted = llvm::to_vector(llvm::seq<unsigned>(0, uses.size()));
    SmallVector<unsigned> places(uses.size());
    llvm::sort(sorted, [&](unsigned a, unsigned b) { return uses[a] < uses[b]; });
    for (auto [place, use] : llvm::enumerate(sorted))
      places[use] = place;
    value.shuffleUseList(places);
  };
  module.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), order);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), order);
  });
}

struct Bufferize : fnc::impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    if (failed(bufferizeAll(getOperation())))
      return signalPassFailure();
    orderConstants(getOperation());
    orderUses(getOperation());
  }

  LogicalResult bufferizeAll(ModuleOp module) {
    auto kernels = llvm::filter_to_vector(module.getOps<func::FuncOp>(),
                                          [](func::FuncOp func) { return !func.isExternal(); });
    {
      // What a trial says is not the user's business.
      ScopedDiagnosticHandler silence(&getContext(), [](Diagnostic &) { return success(); });
      if (OwningOpRef<ModuleOp> done = bufferized(module, kernels)) {
        module.getBodyRegion().takeBody(done->getBodyRegion());
        return success();
      }
    }
    return bufferize(module);
  }
};

} // namespace
