//===- Bufferize.cpp - tensors to memrefs ---------------------------------===//

#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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

/// Makes uninitialized tensors in the region that uses them. What a branch yields in memory from
/// outside of a loop would tie that memory to the state of the loop, which then is copied to a new
/// buffer in each round.
void sinkFreshTensors(func::FuncOp func) {
  func.walk([](tensor::EmptyOp empty) {
    for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
      Operation *user = use.getOwner();
      if (user->getBlock() != empty->getBlock())
        use.set(OpBuilder(user).clone(*empty)->getResult(0));
    }
  });
}

/// Gives each user of a filled tensor, and every few users of an uninitialized one, a tensor of
/// their own. Few users of one tensor compute in place; many tie their buffers together, and the
/// analysis takes cubic time in the number of ops that are.
void splitFreshTensors(func::FuncOp func) {
  constexpr unsigned kFew = 16;
  auto split = [](Operation *op, unsigned users) {
    SmallVector<OpOperand *> uses(llvm::make_pointer_range(op->getUses()));
    auto place = [&](OpOperand *use) {
      return op->getBlock()->findAncestorOpInBlock(*use->getOwner());
    };
    llvm::stable_sort(
        uses, [&](OpOperand *a, OpOperand *b) { return place(a)->isBeforeInBlock(place(b)); });
    for (size_t i = users; i < uses.size(); i += users) {
      // Outside of loops that the tensor is outside of.
      Value own = OpBuilder(place(uses[i])).clone(*op)->getResult(0);
      for (size_t k = i; k < std::min(i + users, uses.size()); ++k)
        uses[k]->set(own);
    }
  };
  // All fills first: each is a use of what it fills.
  func.walk([&](linalg::FillOp fill) {
    if (fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>())
      split(fill, 1);
  });
  func.walk([&](tensor::EmptyOp empty) { split(empty, kFew); });
}

/// Gives each reader of an argument that nothing writes a tensor of its own. The analysis compares
/// all readers of a tensor with each other, once for each of them.
void separateReaders(func::FuncOp func) {
  constexpr unsigned kFew = 32;
  OpBuilder b = OpBuilder::atBlockBegin(&func.front());
  for (BlockArgument arg : func.getArguments()) {
    auto writable = func.getArgAttrOfType<BoolAttr>(arg.getArgNumber(), "bufferization.writable");
    if (!writable || writable.getValue() || func.getArgAttr(arg.getArgNumber(), "fn.written") ||
        !arg.hasNUsesOrMore(kFew))
      continue;
    auto type = cast<RankedTensorType>(arg.getType());
    Location loc = arg.getLoc();
    SmallVector<OpOperand *> uses(llvm::make_pointer_range(arg.getUses()));
    Value buffer = bufferization::ToBufferOp::create(
        b, loc, MemRefType::get(type.getShape(), type.getElementType()), arg, /*read_only=*/true);
    for (OpOperand *use : uses)
      use->set(bufferization::ToTensorOp::create(b, loc, type, buffer, /*restrict=*/true));
  }
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
    for (func::FuncOp func : kernels) {
      sinkFreshTensors(func);
      splitFreshTensors(func);
      separateReaders(func);
    }
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
