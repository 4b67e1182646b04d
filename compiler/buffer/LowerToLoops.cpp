//===- LowerToLoops.cpp - linalg on memrefs to loops ----------------------===//

#include "compiler/buffer/Contraction.h"
#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_LOWERTOLOOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What stepping along a strided or dynamic dimension is taken to cost, in elements.
constexpr int64_t kFar = 1 << 20;

/// Elements by which one step of loop `dim` moves in `operand`.
int64_t strideAlong(AffineMap map, MemRefType type, unsigned dim) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return kFar;
  int64_t total = 0;
  for (auto [expr, stride] : llvm::zip(map.getResults(), strides)) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    total += ShapedType::isDynamic(stride) ? kFar : std::abs(stride);
  }
  return std::min(total, kFar);
}

/// The cost of having `dim` innermost: far strides of every operand; a reduction innermost is a
/// chain of dependent additions, which cannot be vectorized without changing the sum.
int64_t innermostCost(linalg::GenericOp op, unsigned dim) {
  int64_t cost = 0;
  for (OpOperand &operand : op->getOpOperands())
    if (auto type = dyn_cast<MemRefType>(operand.get().getType())) {
      int64_t stride = strideAlong(op.getMatchingIndexingMap(&operand), type, dim);
      // Contiguous and constant are both free; writes that jump cost twice.
      cost += stride <= 1 ? 0 : std::min<int64_t>(stride, 16) * (op.isDpsInit(&operand) ? 2 : 1);
    }
  if (op.getIteratorTypesArray()[dim] == utils::IteratorType::reduction)
    cost += 24;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  if (!ShapedType::isDynamic(sizes[dim]) && sizes[dim] < 4)
    cost += 64 / (1 + sizes[dim]);
  return cost;
}

/// Loops outermost first. Only the innermost one moves: the order of the others, and with it the
/// order of summation, stays.
SmallVector<unsigned> loopOrder(linalg::GenericOp op) {
  unsigned loops = op.getNumLoops();
  unsigned best = loops - 1;
  for (unsigned dim = 0; dim < loops; ++dim)
    if (innermostCost(op, dim) < innermostCost(op, best))
      best = dim;
  SmallVector<unsigned> order;
  for (unsigned dim = 0; dim < loops; ++dim)
    if (dim != best)
      order.push_back(dim);
  order.push_back(best);
  return order;
}

struct LowerToLoops : fnc::impl::LowerToLoopsBase<LowerToLoops> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::GenericOp> generic =
          isa<linalg::GenericOp>(op.getOperation())
              ? FailureOr<linalg::GenericOp>(cast<linalg::GenericOp>(op.getOperation()))
              : linalg::generalizeNamedOp(rewriter, op);
      if (failed(generic)) {
        op.emitError("cannot lower this op to loops");
        return signalPassFailure();
      }
      if (fnc::lowerContraction(rewriter, *generic))
        continue;
      if (generic->getNumLoops() > 1) {
        SmallVector<unsigned> order = loopOrder(*generic);
        rewriter.setInsertionPoint(*generic);
        generic = linalg::interchangeGenericOp(rewriter, *generic, order);
        if (failed(generic))
          return signalPassFailure();
      }
      rewriter.setInsertionPoint(*generic);
      if (failed(linalg::linalgOpToLoops(
              rewriter, cast<linalg::LinalgOp>(generic->getOperation())))) {
        generic->emitError("cannot lower this op to loops");
        return signalPassFailure();
      }
      rewriter.eraseOp(*generic);
    }
  }
};

} // namespace
