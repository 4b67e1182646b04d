//===- ForwardValues.cpp - what gradients know of the way there -----------===//

#include "compiler/graph/ForwardValues.h"
#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace fn;
using namespace fnc;

ForwardValues::ForwardValues(OpBuilder &b, Checkpoints *checkpoints)
    : b(b), checkpoints(checkpoints) {
  if (!checkpoints || checkpoints->values.empty())
    return;
  for (Operation &op : *b.getInsertionBlock())
    places.try_emplace(&op, places.size());
  for (Value value : checkpoints->values)
    if (Operation *op = value.getDefiningOp())
      ends.push_back(places.lookup(op));
  llvm::sort(ends);
  ends.erase(llvm::unique(ends), ends.end());
  segment = ends.size();
}

/// The number of the segment; that behind the last checkpoint has the number of checkpoints.
unsigned ForwardValues::segmentOf(Operation *op) const {
  return llvm::lower_bound(ends, places.lookup(op)) - ends.begin();
}

bool ForwardValues::isKept(Value value) const {
  Operation *op = value.getDefiningOp();
  return !op || !places.contains(op) || op->hasTrait<OpTrait::ConstantLike>() ||
         llvm::is_contained(checkpoints->values, value);
}

Value ForwardValues::keptValue(Value value) {
  Operation *op = value.getDefiningOp();
  if ((op && op->hasTrait<OpTrait::ConstantLike>()) || isSparse(value))
    return value;
  Value &barrier = barriers[value];
  if (!barrier) {
    barrier = BarrierOp::create(b, value.getLoc(), value);
    checkpoints->originals[barrier] = value;
  }
  return barrier;
}

Operation *ForwardValues::again(Operation *op) {
  if (ends.empty() || segmentOf(op) == ends.size())
    return op;
  if (unsigned at = segmentOf(op); at != segment) {
    segment = at;
    copies.clear();
    barriers.clear();
  }
  // All that is needed and not there yet, in the order of the block.
  SmallVector<Operation *> needed;
  llvm::DenseSet<Operation *> seen;
  auto need = [&](Operation *each) {
    if (!copies.contains(each) && seen.insert(each).second)
      needed.push_back(each);
  };
  need(op);
  for (size_t i = 0; i < needed.size(); ++i)
    for (Value value : dependencies(needed[i]))
      if (!isKept(value))
        need(value.getDefiningOp());
  llvm::sort(needed,
             [&](Operation *x, Operation *y) { return places.lookup(x) < places.lookup(y); });
  for (Operation *each : needed) {
    IRMapping map;
    for (Value value : dependencies(each)) {
      if (isKept(value))
        map.map(value, keptValue(value));
      else
        map.map(value, copies.lookup(value.getDefiningOp())
                           ->getResult(cast<OpResult>(value).getResultNumber()));
    }
    Operation *copy = b.clone(*each, map);
    copies[each] = copy;
    for (auto [from, to] : llvm::zip(each->getResults(), copy->getResults()))
      checkpoints->originals[to] = from;
  }
  // In front of the gradients that will use them.
  for (Value result : op->getResults())
    if (isKept(result))
      keptValue(result);
  return copies.lookup(op);
}

void ForwardValues::useCheckpoints(Operation *copy) {
  for (Value result : copy->getResults()) {
    Value from = original(result);
    if (from != result && isKept(from))
      result.replaceAllUsesWith(keptValue(from));
  }
}
