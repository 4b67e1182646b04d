//===- FuseElementwise.cpp - elementwise loops into their consumers -------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

// A body is copied at each fusion: without a bound, long chains would take quadratic time. More
// inputs than this and pointers no longer stay in registers.
constexpr size_t maxBodyOps = 64;
constexpr int64_t maxInputs = 8;
// What may be computed again for every element that a broadcast makes of it.
constexpr size_t maxRepeatedOps = 3;
// What may be computed again for every loop that reads it.
constexpr size_t maxChainOps = 6;
// Ops between a loop and the last one that reads it.
constexpr unsigned maxDistance = 64;

size_t bodySize(linalg::GenericOp op) { return op.getBody()->getOperations().size(); }

/// A few instructions, none of them long.
bool isShort(linalg::GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return !isa<math::MathDialect>(inner.getDialect()) && !isa<fnc::kernel::PhiloxOp>(inner) &&
           !isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemFOp, arith::RemSIOp,
                arith::RemUIOp>(inner) &&
           inner.getNumRegions() == 0;
  });
}

/// Cheaper to compute again than to load.
bool isCheap(linalg::GenericOp op) { return bodySize(op) <= maxRepeatedOps + 1 && isShort(op); }

bool onlyFeeds(Operation *producer, Operation *consumer) {
  return llvm::all_of(producer->getUsers(), [&](Operation *user) { return user == consumer; });
}

/// Whether `operand`'s producer may move into the loop that reads it.
bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer)
    return false;
  // Computed once, used once: anything else would be computed again or keep both buffers.
  if (!onlyFeeds(producer, operand->getOwner()))
    return false;
  // A sum over no dimension has parallel loops only, yet adds to what lies in its result: in a loop
  // that runs more often it would add again.
  if (llvm::any_of(producer.getDpsInitsMutable(),
                   [&](OpOperand &init) { return producer.payloadUsesValueFromOperand(&init); }))
    return false;
  if (!consumer)
    return true;
  if (bodySize(producer) + bodySize(consumer) > maxBodyOps ||
      producer.getNumDpsInputs() + consumer.getNumDpsInputs() - 1 > maxInputs)
    return false;
  if (consumer.getMatchingIndexingMap(operand).isPermutation())
    return true;
  // The consumer reads an element more than once. A contraction does so in its innermost loop,
  // where even a cheap producer is felt.
  return consumer.getNumReductionLoops() == 0 && isCheap(producer);
}

/// Loops whose results cost less to compute again in each loop that reads them than to write and
/// read: these get a copy for each reader, which then moves into it.
class Repeats {
public:
  void run(Block &block) {
    SmallVector<linalg::GenericOp> ops;
    for (auto op : block.getOps<linalg::GenericOp>())
      ops.push_back(op);
    for (linalg::GenericOp op : ops)
      if (std::optional<Cost> cost = costOf(op))
        costs[op] = *cost;
    // Readers first: each copy of one is another reader of what it reads.
    for (linalg::GenericOp op : llvm::reverse(ops))
      if (costs.contains(op))
        repeat(op);
  }

private:
  /// What an element of the result takes: operations, and tensors of its size to read.
  struct Cost {
    size_t ops = 0;
    int64_t whole = 0;
  };

  /// From what is stored; none where that has to be the result itself.
  std::optional<Cost> costOf(linalg::GenericOp op) {
    if (op.getNumReductionLoops() != 0 || op->getNumResults() != 1 || op.getNumLoops() == 0 ||
        op->use_empty() || op.hasIndexSemantics() || !isShort(op) ||
        op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) ||
        !op.getIndexingMapsArray().back().isPermutation())
      return std::nullopt;
    Cost cost = {bodySize(op) - 1, 0};
    for (OpOperand *input : op.getDpsInputOperands()) {
      // What comes after its sums alone is part of that loop.
      if (isContraction(input->get().getDefiningOp()) && input->get().hasOneUse())
        return std::nullopt;
      bool isWhole = op.getMatchingIndexingMap(input).isPermutation();
      auto found = costs.find(input->get().getDefiningOp());
      cost.ops += found != costs.end() ? found->second.ops : 0;
      if (isWhole)
        cost.whole += found != costs.end() ? found->second.whole : 1;
    }
    llvm::SmallSetVector<Operation *, 4> readers;
    for (OpOperand &use : op->getUses()) {
      auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
      if (!reader || reader->getBlock() != op->getBlock() || !reader.isDpsInput(&use) ||
          !readsOnce(reader, use) || bodySize(reader) + cost.ops > maxBodyOps ||
          reader.getNumDpsInputs() + op.getNumDpsInputs() - 1 > maxInputs)
        return std::nullopt;
      readers.insert(reader);
    }
    // In tensors that go through memory: what is read more often against what is written, which
    // counts twice, and read again.
    int64_t count = readers.size();
    if (cost.ops > maxChainOps || count * cost.whole >= cost.whole + 2 + count)
      return std::nullopt;
    // Several inputs take more room than one result: not for long.
    if (cost.whole > 1 && count > 1 && passesContraction(op, readers.getArrayRef()))
      return std::nullopt;
    return cost;
  }

  /// Whether each element is read once, and not for one of many products.
  static bool readsOnce(linalg::GenericOp reader, OpOperand &use) {
    return reader.getMatchingIndexingMap(&use).isPermutation() &&
           (reader.getNumReductionLoops() == 0 ||
            reader.getMatchingIndexingMap(&use).getNumResults() == reader.getNumLoops());
  }

  /// Whether a contraction stands between, or too much to look through.
  static bool passesContraction(Operation *from, ArrayRef<Operation *> readers) {
    Operation *last = *llvm::max_element(
        readers, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    unsigned left = maxDistance;
    for (Operation *at = from->getNextNode(); at != last; at = at->getNextNode())
      if (left-- == 0 || isContraction(at))
        return true;
    return false;
  }

  /// A sum for which elements are read many times.
  static bool isContraction(Operation *op) {
    auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
    return generic && generic.getNumReductionLoops() != 0 && generic.getNumDpsInputs() > 1 &&
           llvm::none_of(generic.getDpsInputOperands(),
                         [&](OpOperand *input) { return readsOnce(generic, *input); });
  }

  static void repeat(linalg::GenericOp op) {
    OpBuilder b(op);
    llvm::SmallDenseMap<Operation *, Value> copies;
    for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
      Value &copy = copies[use.getOwner()];
      if (!copy)
        copy = copies.size() == 1 ? op.getResult(0) : b.clone(*op)->getResult(0);
      use.set(copy);
    }
  }

  llvm::DenseMap<Operation *, Cost> costs;
};

struct FuseElementwise : fnc::impl::FuseElementwiseBase<FuseElementwise> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet all(context);
    linalg::populateElementwiseOpsFusionPatterns(all, shouldFuse);
    // Reshapes between two loops hide that they match.
    linalg::populateFoldReshapeOpsByExpansionPatterns(all, shouldFuse);
    tensor::populateBubbleUpExpandShapePatterns(all);
    affine::AffineApplyOp::getCanonicalizationPatterns(all, context);
    linalg::GenericOp::getCanonicalizationPatterns(all, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(all, context);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(all, context);
    context->getLoadedDialect<linalg::LinalgDialect>()->getCanonicalizationPatterns(all);
    patterns = std::move(all);
    return success();
  }

  void runOnOperation() override {
    if (!getOperation().isExternal())
      Repeats().run(getOperation().front());
    // A run that stops early has fused less, not wrongly.
    (void)applyPatternsGreedily(
        getOperation(), patterns,
        GreedyRewriteConfig().setUseTopDownTraversal().setRegionSimplificationLevel(
            GreedySimplifyRegionLevel::Disabled));
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
