//===- MergeLoops.cpp - elementwise loops over the same places as one -----===//

#include "compiler/buffer/Accesses.h"
#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_MERGELOOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// More than this in a body and values no longer stay in registers; more operands, nor do pointers.
constexpr size_t kMostOps = 160;
constexpr unsigned kMostOperands = 20;

size_t bodySize(linalg::GenericOp op) { return op.getBody()->getOperations().size(); }

/// Whether both pass over one buffer from end to end.
bool shareBuffer(linalg::GenericOp first, linalg::GenericOp second) {
  for (OpOperand &x : first->getOpOperands())
    for (OpOperand &y : second->getOpOperands())
      if (x.get() == y.get() && first.getMatchingIndexingMap(&x).isIdentity() &&
          second.getMatchingIndexingMap(&y).isIdentity())
        return true;
  return false;
}

bool canMerge(linalg::GenericOp first, linalg::GenericOp second) {
  if (first.getStaticLoopRanges() != second.getStaticLoopRanges() ||
      bodySize(first) + bodySize(second) > kMostOps ||
      first->getNumOperands() + second->getNumOperands() > kMostOperands ||
      !shareBuffer(first, second))
    return false;
  // What one of them writes both touch only where they are.
  llvm::DenseMap<Value, Value> written;
  for (linalg::GenericOp op : {first, second})
    for (Value init : op.getDpsInits()) {
      Value buffer = fnc::bufferBehind(init);
      if (!buffer || written.try_emplace(buffer, init).first->second != init)
        return false;
    }
  return fnc::touchesInPlace(first, written) && fnc::touchesInPlace(second, written);
}

/// Whether only these two use an allocation: nothing is left to store.
bool isBetween(Value memref, Operation *first, Operation *second) {
  return memref.getDefiningOp<memref::AllocOp>() &&
         llvm::all_of(memref.getUsers(),
                      [&](Operation *user) { return user == first || user == second; });
}

/// One loop, where the second one stands.
linalg::GenericOp merge(IRRewriter &b, linalg::GenericOp first, linalg::GenericOp second) {
  SmallVector<Value> inputs, outputs, yields;
  SmallVector<AffineMap> inputMaps, outputMaps;
  SmallVector<unsigned> placeOf[2];
  llvm::MapVector<Value, unsigned> results; // of the first: by memref, which
  for (auto [i, init] : llvm::enumerate(first.getDpsInits()))
    results[init] = i;
  linalg::GenericOp both[] = {first, second};
  for (auto [which, op] : llvm::enumerate(both))
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      if (which == 1 && results.count(input->get())) {
        placeOf[1].push_back(-1);
        continue;
      }
      unsigned place = 0;
      while (place < inputs.size() && !(inputs[place] == input->get() && inputMaps[place] == map))
        ++place;
      if (place == inputs.size()) {
        inputs.push_back(input->get());
        inputMaps.push_back(map);
      }
      placeOf[which].push_back(place);
    }
  SmallVector<unsigned> stored; // results of the first that are still to be stored
  for (auto &[memref, i] : results)
    if (!llvm::is_contained(second.getDpsInits(), memref) && !isBetween(memref, first, second)) {
      stored.push_back(i);
      outputs.push_back(memref);
    }
  llvm::append_range(outputs, second.getDpsInits());
  outputMaps.assign(outputs.size(), b.getMultiDimIdentityMap(first.getNumLoops()));

  b.setInsertionPoint(second);
  SmallVector<AffineMap> maps(inputMaps);
  maps.append(outputMaps);
  auto merged = linalg::GenericOp::create(
      b, second.getLoc(), TypeRange(), inputs, outputs, maps, first.getIteratorTypesArray(),
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        IRMapping map;
        SmallVector<Value> made[2];
        for (auto [which, op] : llvm::enumerate(both)) {
          for (auto [input, place] : llvm::zip(op.getDpsInputOperands(), placeOf[which]))
            map.map(op.getMatchingBlockArgument(input),
                    place == unsigned(-1) ? made[0][results.lookup(input->get())] : args[place]);
          for (Operation &inner : op.getBody()->without_terminator())
            nested.clone(inner, map);
          for (Value value : op.getBody()->getTerminator()->getOperands())
            made[which].push_back(map.lookupOrDefault(value));
        }
        for (unsigned i : stored)
          yields.push_back(made[0][i]);
        llvm::append_range(yields, made[1]);
        linalg::YieldOp::create(nested, loc, yields);
      });
  SmallVector<Value> unused(first.getDpsInits());
  b.eraseOp(first);
  b.eraseOp(second);
  for (Value memref : unused)
    if (memref.use_empty() && memref.getDefiningOp<memref::AllocOp>())
      b.eraseOp(memref.getDefiningOp());
  return merged;
}

struct MergeLoops : fnc::impl::MergeLoopsBase<MergeLoops> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func->hasAttr("fn.kernel") || func.isExternal())
      return;
    IRRewriter rewriter(&getContext());
    for (Operation &op : llvm::make_early_inc_range(func.front()))
      if (auto generic = dyn_cast<linalg::GenericOp>(op); generic && isLoop(generic))
        while (linalg::GenericOp before = loopBefore(generic))
          generic = merge(rewriter, before, generic);
  }

  static bool isLoop(linalg::GenericOp op) { return fnc::isElementwiseLoop(op); }

  /// The last loop before `op` that can wait for it and become part of it. Only ops on a few
  /// numbers may stand between: what lies far apart would live longer.
  static linalg::GenericOp loopBefore(linalg::GenericOp op) {
    SmallVector<fnc::Accesses> between;
    for (Operation *at = op->getPrevNode(); at; at = at->getPrevNode()) {
      if (isa<memref::AllocOp>(at) || isMemoryEffectFree(at))
        continue;
      fnc::Accesses accesses = fnc::accessesOf(at);
      auto before = dyn_cast<linalg::GenericOp>(at);
      if (before && isLoop(before) && canMerge(before, op) &&
          llvm::none_of(
              between, [&](const fnc::Accesses &other) { return fnc::interfere(accesses, other); }))
        return before;
      if (!fnc::touchesLittle(accesses))
        return {};
      between.push_back(std::move(accesses));
    }
    return {};
  }
};

} // namespace
