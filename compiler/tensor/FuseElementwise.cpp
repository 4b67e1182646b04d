//===- FuseElementwise.cpp - elementwise loops into their consumers -------===//

#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

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

size_t bodySize(linalg::GenericOp op) { return op.getBody()->getOperations().size(); }

/// Cheaper to compute again than to load: a few instructions, none of them long.
bool isCheap(linalg::GenericOp op) {
  if (bodySize(op) > maxRepeatedOps + 1)
    return false;
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return !isa<math::MathDialect>(inner.getDialect()) &&
           !isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemFOp, arith::RemSIOp,
                arith::RemUIOp>(inner) &&
           inner.getNumRegions() == 0;
  });
}

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

struct FuseElementwise : fnc::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    // Reshapes between two loops hide that they match.
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, shouldFuse);
    tensor::populateBubbleUpExpandShapePatterns(patterns);
    affine::AffineApplyOp::getCanonicalizationPatterns(patterns, context);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    context->getLoadedDialect<linalg::LinalgDialect>()->getCanonicalizationPatterns(patterns);
    // A run that stops early has fused less, not wrongly.
    (void)applyPatternsGreedily(getOperation(), std::move(patterns),
                                GreedyRewriteConfig().setUseTopDownTraversal());
  }
};

} // namespace
