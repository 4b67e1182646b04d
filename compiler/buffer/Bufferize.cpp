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
#include "mlir/IR/Threading.h"
#include "mlir/Interfaces/SubsetOpInterface.h"

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
  explicit SeparateEmptyTensors(func::FuncOp func) {
    SmallVector<tensor::EmptyOp> ops;
    func.walk([&](tensor::EmptyOp op) { ops.push_back(op); });
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

/// The analysis is the module's: of a function alone it would not know that arguments are buffers,
/// and find no destination.
LogicalResult eliminateEmptyTensors(ModuleOp module, func::FuncOp func) {
  bufferization::OneShotBufferizationOptions options;
  SeparateEmptyTensors separate(func);
  options.allowReturnAllocsFromLoops = true;
  options.bufferizeFunctionBoundaries = true;
  bufferization::OneShotAnalysisState analysis(module, options);
  if (failed(analyze(func, analysis)))
    return failure();
  IRRewriter rewriter(module.getContext());
  // The last insertion first: what is inserted into an empty tensor that itself becomes a part of
  // another one has to see that part.
  SmallVector<SubsetInsertionOpInterface> insertions;
  func.walk([&](SubsetInsertionOpInterface op) { insertions.push_back(op); });
  for (SubsetInsertionOpInterface op : llvm::reverse(insertions))
    if (failed(bufferization::eliminateEmptyTensors(rewriter, op, analysis)))
      return failure();
  return success();
}

/// A module of its own for the function, with all that is only declared, bufferized; empty tensors
/// are eliminated first or not. Null if that does not work.
OwningOpRef<ModuleOp> bufferized(func::FuncOp func, bool eliminated) {
  auto module = cast<ModuleOp>(func->getParentOp());
  OwningOpRef<ModuleOp> trial(ModuleOp::create(module.getLoc()));
  OpBuilder b = OpBuilder::atBlockEnd(trial->getBody());
  for (auto other : module.getOps<func::FuncOp>())
    if (other.isExternal())
      b.clone(*other);
  auto copy = cast<func::FuncOp>(b.clone(*func));
  if ((eliminated && failed(eliminateEmptyTensors(*trial, copy))) || failed(bufferize(*trial)))
    return {};
  return trial;
}

/// As above, with empty tensors eliminated if that works. What has worked is kept, not done again:
/// the elimination need not choose the same destinations twice.
OwningOpRef<ModuleOp> bufferized(func::FuncOp func) {
  for (bool eliminated : {true, false})
    if (OwningOpRef<ModuleOp> done = bufferized(func, eliminated))
      return done;
  // The analysis gives up where one of several tensors that a result may be cannot be in the memory
  // of the others.
  fnc::copyChoices(func);
  return bufferized(func, /*eliminated=*/false);
}

/// Users of each value from the last one to the first, as they would be after a parser:
/// bufferization leaves them in an order that differs from run to run.
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

/// Takes functions from modules of their own into one, with their constants: each once, in the
/// order of their first users and named by it. Bufferization makes them in an order that differs
/// from run to run, as would the object.
class Merge {
public:
  explicit Merge(ModuleOp module) : module(module) {
    for (auto func : module.getOps<func::FuncOp>())
      taken.insert(func.getSymNameAttr());
  }

  /// In place of `func`.
  void add(func::FuncOp func, ModuleOp from) {
    func::FuncOp done;
    llvm::DenseMap<StringAttr, memref::GlobalOp> globals;
    for (Operation &op : from.getBodyRegion().getOps())
      if (auto global = dyn_cast<memref::GlobalOp>(op))
        globals[global.getSymNameAttr()] = global;
      else if (auto other = dyn_cast<func::FuncOp>(op); other && other.getName() == func.getName())
        done = other;
    done.walk([&](memref::GetGlobalOp op) {
      if (memref::GlobalOp global = globals.lookup(op.getNameAttr().getAttr()))
        op.setNameAttr(FlatSymbolRefAttr::get(nameOf(global)));
    });
    done->moveBefore(func);
    func.erase();
  }

private:
  StringAttr nameOf(memref::GlobalOp global) {
    // One of another function may be the same; one of this function may have a name already.
    if (global->getParentOp() == module)
      return global.getSymNameAttr();
    memref::GlobalOp &known =
        constants[{global.getType(), global.getInitialValueAttr(), global.getAlignmentAttr()}];
    if (known)
      return known.getSymNameAttr();
    known = global;
    StringAttr name;
    do
      name = StringAttr::get(module.getContext(), "constant_" + Twine(number++));
    while (taken.contains(name));
    global.setSymNameAttr(name);
    if (last)
      global->moveAfter(last);
    else
      global->moveBefore(&module.getBody()->front());
    last = global;
    return name;
  }

  ModuleOp module;
  llvm::DenseSet<StringAttr> taken;
  llvm::DenseMap<std::tuple<Type, Attribute, Attribute>, memref::GlobalOp> constants;
  Operation *last = nullptr;
  unsigned number = 0;
};

struct Bufferize : fnc::impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> funcs(getOperation().getOps<func::FuncOp>());
    auto kernels =
        llvm::filter_to_vector(funcs, [](func::FuncOp func) { return !func.isExternal(); });
    if (kernels.empty())
      return;
    SmallVector<OwningOpRef<ModuleOp>> done(kernels.size());
    {
      // What a trial says is not the user's business.
      ScopedDiagnosticHandler silence(&getContext(), [](Diagnostic &) { return success(); });
      parallelFor(&getContext(), 0, kernels.size(), [&](size_t i) {
        done[i] = bufferized(kernels[i]);
        if (done[i])
          orderUses(*done[i]);
      });
    }
    for (auto [kernel, module] : llvm::zip(kernels, done))
      if (!module) {
        (void)bufferized(kernel, /*eliminated=*/false);
        return signalPassFailure();
      }
    Merge merge(getOperation());
    size_t next = 0;
    for (func::FuncOp func : funcs)
      merge.add(func, func.isExternal() ? *done.front() : *done[next++]);
  }
};

} // namespace
