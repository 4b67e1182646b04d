//===- FuseReductions.cpp - reductions of the same tensors in one loop ----===//

#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_FUSEREDUCTIONS
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

// Accumulators and pointers stay in registers.
constexpr unsigned kMostResults = 4, kMostInputs = 8;
constexpr size_t kMostOps = 64;

/// Whether `op` reads an element of this input at each step, so that the input's shape says how
/// often it runs.
bool isWhole(linalg::GenericOp op, OpOperand *input) {
  AffineMap map = op.getMatchingIndexingMap(input);
  return map.isPermutation() && map.getNumResults() == op.getNumLoops();
}

/// A reduction that reads what it reduces once.
bool isReduction(linalg::GenericOp op) {
  return op.hasPureTensorSemantics() && op.getNumReductionLoops() != 0 && !op.hasIndexSemantics() &&
         llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *in) { return isWhole(op, in); });
}

/// A tensor that holds one value, which can be made anywhere.
linalg::FillOp constantFill(Value init) {
  auto fill = init.getDefiningOp<linalg::FillOp>();
  auto empty = fill ? fill.output().getDefiningOp<tensor::EmptyOp>() : nullptr;
  return empty && empty.getDynamicSizes().empty() && matchPattern(fill.value(), m_Constant())
             ? fill
             : nullptr;
}

bool isBefore(Value value, Operation *op) {
  Operation *def = value.getDefiningOp();
  return !def || def->getBlock() != op->getBlock() || def->isBeforeInBlock(op);
}

struct FuseReductions : fnc::impl::FuseReductionsBase<FuseReductions> {
  void runOnOperation() override {
    if (!getOperation().isExternal())
      fuse(getOperation().front());
  }

  void fuse(Block &block) {
    SmallVector<linalg::GenericOp> ops;
    for (auto op : block.getOps<linalg::GenericOp>())
      if (isReduction(op))
        ops.push_back(op);
    // The last reduction of each tensor; one that takes in others reads all that they read.
    llvm::DenseMap<Value, linalg::GenericOp> open;
    for (linalg::GenericOp op : ops) {
      linalg::GenericOp made = op;
      for (OpOperand *input : op.getDpsInputOperands()) {
        linalg::GenericOp other = isWhole(op, input) ? open.lookup(input->get()) : nullptr;
        if (!other || !areAlike(other, op, input->get()))
          continue;
        Operation *place = placeOf(other, op);
        if (!place)
          continue;
        made = merge(other, op, place);
        other.erase();
        op.erase();
        break;
      }
      for (OpOperand *input : made.getDpsInputOperands())
        if (isWhole(made, input))
          open[input->get()] = made;
    }
  }

  /// Whether both go through `shared` in the same loops, to results of one form.
  static bool areAlike(linalg::GenericOp a, linalg::GenericOp b, Value shared) {
    auto mapOf = [&](linalg::GenericOp op) {
      for (OpOperand *input : op.getDpsInputOperands())
        if (input->get() == shared && isWhole(op, input))
          return op.getMatchingIndexingMap(input);
      return AffineMap();
    };
    llvm::SmallSetVector<Value, 8> inputs;
    inputs.insert_range(a.getInputs());
    inputs.insert_range(b.getInputs());
    auto size = [](linalg::GenericOp op) { return op.getBody()->getOperations().size(); };
    return a.getIteratorTypes() == b.getIteratorTypes() && mapOf(a) && mapOf(a) == mapOf(b) &&
           a.getIndexingMapsArray().back() == b.getIndexingMapsArray().back() &&
           a->getNumResults() + b->getNumResults() <= kMostResults &&
           inputs.size() <= kMostInputs && size(a) + size(b) <= kMostOps;
  }

  /// Where both can be computed: `a`, which comes first, or `b`.
  static Operation *placeOf(linalg::GenericOp a, linalg::GenericOp b) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(b->getRegions(), captured);
    if (llvm::all_of(
            b->getOperands(),
            [&](Value operand) { return isBefore(operand, a) || constantFill(operand); }) &&
        llvm::all_of(captured, [&](Value value) { return isBefore(value, a); }))
      return a;
    bool waits = llvm::all_of(a->getUsers(), [&](Operation *user) {
      Operation *at = a->getBlock()->findAncestorOpInBlock(*user);
      return at && b->isBeforeInBlock(at);
    });
    return waits ? b.getOperation() : nullptr;
  }

  static linalg::GenericOp merge(linalg::GenericOp a, linalg::GenericOp b, Operation *place) {
    OpBuilder builder(place);
    llvm::MapVector<std::pair<Value, AffineMap>, unsigned> inputs;
    SmallVector<Value> inits;
    SmallVector<AffineMap> initMaps;
    for (linalg::GenericOp op : {a, b}) {
      for (OpOperand *input : op.getDpsInputOperands())
        inputs.try_emplace({input->get(), op.getMatchingIndexingMap(input)}, inputs.size());
      for (OpOperand &init : op.getDpsInitsMutable()) {
        Value value = init.get();
        if (linalg::FillOp fill = constantFill(value); fill && !isBefore(value, place)) {
          IRMapping map;
          for (Value operand : {fill.value(), fill.output()})
            builder.clone(*operand.getDefiningOp(), map);
          value = builder.clone(*fill, map)->getResult(0);
        }
        inits.push_back(value);
        initMaps.push_back(op.getMatchingIndexingMap(&init));
      }
    }
    SmallVector<Value> values;
    SmallVector<AffineMap> maps;
    for (auto &[key, number] : inputs) {
      values.push_back(key.first);
      maps.push_back(key.second);
    }
    maps.append(initMaps);
    auto made = linalg::GenericOp::create(
        builder, builder.getFusedLoc({a.getLoc(), b.getLoc()}), ValueRange(inits).getTypes(),
        values, inits, maps, a.getIteratorTypesArray(),
        [&](OpBuilder &nested, Location loc, ValueRange arguments) {
          SmallVector<Value> results;
          unsigned next = values.size();
          for (linalg::GenericOp op : {a, b}) {
            IRMapping map;
            for (OpOperand *input : op.getDpsInputOperands())
              map.map(op.getMatchingBlockArgument(input),
                      arguments[inputs.lookup({input->get(), op.getMatchingIndexingMap(input)})]);
            for (OpOperand &init : op.getDpsInitsMutable())
              map.map(op.getMatchingBlockArgument(&init), arguments[next++]);
            for (Operation &inner : op.getBody()->without_terminator())
              nested.clone(inner, map);
            for (Value result : op.getBody()->getTerminator()->getOperands())
              results.push_back(map.lookupOrDefault(result));
          }
          linalg::YieldOp::create(nested, loc, results);
        });
    a->replaceAllUsesWith(made->getResults().take_front(a->getNumResults()));
    b->replaceAllUsesWith(made->getResults().drop_front(a->getNumResults()));
    return made;
  }
};

} // namespace
