//===- ControlGradients.cpp - gradients of branches and loops -------------===//
//
// The gradient of a branch is a branch, that of a loop a loop the other way round. Both compute the
// forward values again from what a round began with, except for what contractions made: that, and
// the states, the forward loop stacks.
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/ReverseMode.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace fn;
using namespace fnc;

namespace {

/// Values from outside that a region op's regions use, each once.
SmallVector<Value> capturedBy(Operation *op) {
  SmallVector<Value> all = dependencies(op);
  return SmallVector<Value>(ArrayRef(all).drop_front(op->getNumOperands()));
}

Value withType(OpBuilder &b, Location loc, Value value, Type type) {
  return value.getType() == type ? value : tensor::CastOp::create(b, loc, type, value).getResult();
}

/// Worth the memory rather than the time of computing it again.
bool isKept(Operation &op) {
  return isa<MatmulOp, ConvOp, ConvTransposeOp, DepthwiseConvOp, ScanOp>(op);
}

/// The floats that `roots` are made of: of a value that is not among them the gradient is nothing
/// rather than a zero, which other factors could make a NaN of.
llvm::DenseSet<Value> influences(Block &block, ArrayRef<Value> roots) {
  llvm::DenseSet<Value> found(roots.begin(), roots.end());
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (isa<StopGradientOp>(op) ||
        llvm::none_of(op.getResults(), [&](Value result) { return found.contains(result); }))
      continue;
    for (Value value : dependencies(&op))
      if (isFloatTensor(value))
        found.insert(value);
  }
  return found;
}

/// What the results of a scan that have a gradient are made of, in its body and around it. A state
/// is among them if a later round's is.
llvm::DenseSet<Value> influencesOfScan(ScanOp scan, ArrayRef<Value> results) {
  size_t states = scan.getInits().size();
  SmallVector<Value> roots;
  for (auto [value, gradient] : llvm::zip(scan.getYield().getOperands(), results))
    if (gradient)
      roots.push_back(value);
  for (size_t known = 0;;) {
    llvm::DenseSet<Value> found = influences(scan.getBlock(), roots);
    for (size_t i = 0; i < states; ++i)
      if (found.contains(scan.getStates()[i]))
        roots.push_back(scan.getYield().getOperand(i));
    llvm::DenseSet<Value> all(roots.begin(), roots.end());
    if (all.size() == known)
      return found;
    known = all.size();
  }
}

} // namespace

ScanOp fnc::withResiduals(ScanOp scan) {
  YieldOp yield = scan.getYield();
  llvm::DenseSet<Value> stacked;
  for (Value value : yield.getOperands().drop_front(scan.getInits().size()))
    stacked.insert(value);
  SmallVector<Value> more;
  auto keep = [&](Value value) {
    if (stacked.insert(value).second)
      more.push_back(value);
  };
  for (Value state : scan.getStates())
    keep(state);
  for (Operation &op : scan.getBlock().without_terminator())
    if (isKept(op))
      for (Value result : op.getResults())
        keep(result);
  if (more.empty())
    return scan;

  OpBuilder b(scan);
  std::optional<int64_t> trips = scan.getKnownTrips();
  SmallVector<Type> types(scan.getResultTypes());
  for (Value value : more) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape = {trips.value_or(ShapedType::kDynamic)};
    shape.append(type.getShape().begin(), type.getShape().end());
    types.push_back(RankedTensorType::get(shape, type.getElementType()));
  }
  auto residuals = static_cast<int64_t>(scan.getResiduals() + more.size());
  auto made =
      ScanOp::create(b, scan.getLoc(), types, scan.getInits(), scan.getInputs(),
                     scan.getReverseAttr(), scan.getTripsAttr(), b.getI64IntegerAttr(residuals));
  made.getBody().takeBody(scan.getBody());
  yield->insertOperands(yield.getNumOperands(), more);
  scan->replaceAllUsesWith(made->getResults().take_front(scan->getNumResults()));
  scan->erase();
  return made;
}

LogicalResult ReverseMode::visitIf(IfOp branch, ArrayRef<Value> results, Sink add) {
  Location loc = branch.getLoc();
  llvm::DenseSet<Value> found;
  for (Region &region : branch->getRegions()) {
    SmallVector<Value> roots;
    for (auto [value, gradient] : llvm::zip(region.front().getTerminator()->getOperands(), results))
      if (gradient)
        roots.push_back(value);
    for (Value value : influences(region.front(), roots))
      found.insert(value);
  }
  SmallVector<Value> targets = llvm::filter_to_vector(
      capturedBy(branch), [&](Value value) { return isWanted(value) && found.contains(value); });
  if (targets.empty())
    return success();
  auto made = IfOp::create(b, loc, ValueRange(targets).getTypes(), branch.getCondition());
  for (auto [from, to] : llvm::zip(branch->getRegions(), made->getRegions())) {
    Block &block = to.emplaceBlock();
    auto nested = OpBuilder::atBlockEnd(&block);
    IRMapping map;
    for (Operation &each : from.front().without_terminator())
      nested.clone(each, map);
    ReverseMode inner(nested, op);
    inner.findDependents(targets);
    SmallVector<std::pair<Value, Value>> seeds;
    for (auto [value, seed] : llvm::zip(from.front().getTerminator()->getOperands(), results)) {
      Value inside = map.lookupOrDefault(value);
      if (seed && inner.isWanted(inside))
        seeds.push_back({inside, withType(nested, loc, seed, inside.getType())});
    }
    if (failed(inner.propagate(seeds)))
      return failure();
    SmallVector<Value> yields;
    for (Value target : targets)
      yields.push_back(inner.gradientOrZeros(target));
    YieldOp::create(nested, loc, yields);
  }
  for (auto [target, gradient] : llvm::zip(targets, made.getResults()))
    add(target, gradient);
  return success();
}

LogicalResult ReverseMode::visitScan(ScanOp scan, ArrayRef<Value> results, Sink add) {
  Location loc = scan.getLoc();
  size_t states = scan.getInits().size(), slices = scan.getInputs().size();
  YieldOp yield = scan.getYield();
  auto expr = [&](Value value) { return Expr(b, loc, value); };
  llvm::DenseSet<Value> found = influencesOfScan(scan, results);
  SmallVector<Value> captured = llvm::filter_to_vector(
      capturedBy(scan), [&](Value value) { return isWanted(value) && found.contains(value); });

  // The gradients of the state go back from round to round, those of values from outside add up.
  SmallVector<Value> inits, inputs(scan.getInputs());
  SmallVector<unsigned> carried;
  for (unsigned i = 0; i < states; ++i) {
    Value init = scan.getInits()[i];
    if (!isFloatTensor(init) || !(results[i] || found.contains(scan.getStates()[i])))
      continue;
    carried.push_back(i);
    inits.push_back(results[i] ? withType(b, loc, results[i], init.getType())
                               : Value(expr(init).filled(0)));
  }
  for (Value value : captured)
    inits.push_back(expr(value).filled(0));
  // What the forward loop has kept, and the gradients of what it stacked.
  SmallVector<Value> kept;
  for (size_t i = states; i < yield.getNumOperands(); ++i) {
    Value value = yield.getOperand(i);
    // A slice is there as it is, and may be what gradients are taken of.
    if (llvm::is_contained(kept, value) || llvm::is_contained(scan.getSlices(), value))
      continue;
    kept.push_back(value);
    inputs.push_back(scan.getResult(i));
  }
  SmallVector<std::pair<unsigned, size_t>> stackSeeds;
  for (size_t i = states; i < results.size(); ++i)
    if (results[i]) {
      stackSeeds.push_back({i, inputs.size()});
      inputs.push_back(results[i]);
    }

  LogicalResult outcome = success();
  SmallVector<unsigned> sliceTargets;
  for (unsigned i = 0; i < slices; ++i)
    if (isWanted(scan.getInputs()[i]) && found.contains(scan.getSlices()[i]))
      sliceTargets.push_back(i);
  if (inits.empty() && sliceTargets.empty())
    return success();
  auto backward = ScanOp::make(
      b, loc, inits, inputs, !scan.getReverse(), scan.getTripsAttr(),
      [&](OpBuilder &nested, ValueRange now, ValueRange given) {
        IRMapping map;
        for (auto [arg, slice] : llvm::zip(scan.getSlices(), given))
          map.map(arg, slice);
        for (auto [value, slice] : llvm::zip(kept, given.drop_front(slices)))
          if (isa<BlockArgument>(value))
            map.map(value, slice);
        for (Operation &each : scan.getBlock().without_terminator())
          nested.clone(each, map);

        ReverseMode inner(nested, op);
        SmallVector<Value> targets(captured);
        for (unsigned i : carried)
          targets.push_back(map.lookup(scan.getStates()[i]));
        for (unsigned i : sliceTargets)
          targets.push_back(given[i]);
        inner.findDependents(targets);
        SmallVector<std::pair<Value, Value>> seeds;
        auto seed = [&](Value value, Value gradient) {
          Value inside = map.lookupOrDefault(value);
          if (inner.isWanted(inside))
            seeds.push_back({inside, withType(nested, loc, gradient, inside.getType())});
        };
        for (auto [i, gradient] : llvm::zip(carried, now))
          seed(yield.getOperand(i), gradient);
        for (auto [i, input] : stackSeeds)
          seed(yield.getOperand(i), given[input]);
        outcome = inner.propagate(seeds);

        SmallVector<Value> yields;
        for (unsigned i : carried)
          yields.push_back(inner.gradientOrZeros(map.lookup(scan.getStates()[i])));
        for (auto [value, sum] : llvm::zip(captured, now.drop_front(carried.size()))) {
          Value more = inner.gradientOf(value);
          if (more)
            more = withType(nested, loc, AddOp::create(nested, loc, sum, more), sum.getType());
          yields.push_back(more ? more : sum);
        }
        for (unsigned i : sliceTargets)
          yields.push_back(inner.gradientOrZeros(given[i]));
        // The gradients know how values came about; now what was kept stands for them.
        for (auto [value, slice] : llvm::zip(kept, given.drop_front(slices))) {
          Value again = map.lookupOrDefault(value);
          if (again == slice || !again.getDefiningOp() ||
              again.getParentBlock() != nested.getInsertionBlock())
            continue;
          Value stored = withType(nested, loc, slice, again.getType());
          if (Operation *cast = stored.getDefiningOp())
            cast->moveBefore(&nested.getInsertionBlock()->front());
          again.replaceAllUsesWith(stored);
          llvm::replace(yields, again, stored);
        }
        return yields;
      });
  if (failed(outcome))
    return failure();
  backward = withResiduals(backward);
  unsigned next = 0;
  for (unsigned i : carried) {
    Value gradient = backward.getResult(next++);
    if (isWanted(scan.getInits()[i]))
      add(scan.getInits()[i], gradient);
  }
  for (Value value : captured)
    add(value, backward.getResult(next++));
  for (unsigned i : sliceTargets)
    add(scan.getInputs()[i],
        withType(b, loc, backward.getResult(next++), scan.getInputs()[i].getType()));
  return success();
}
