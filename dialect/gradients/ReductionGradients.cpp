//===- ReductionGradients.cpp - gradient rules of reductions --------------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace fn;

/// The axes of a reduction, all of them written out.
template <typename Op> static SmallVector<int64_t> axesOf(Op op) {
  if (std::optional<ArrayRef<int64_t>> axes = op.getAxes()) {
    SmallVector<int64_t> sorted(*axes);
    llvm::sort(sorted);
    return sorted;
  }
  return llvm::to_vector(
      llvm::seq<int64_t>(0, cast<RankedTensorType>(op.getInput().getType()).getRank()));
}

/// A tensor shaped like the result, with size 1 where dimensions were reduced.
template <typename Op> static Expr kept(Op op, Expr reduced) {
  return op.getKeepDims() ? reduced : reduced.expand(axesOf(op));
}

void ReduceSumOp::differentiate(Gradient &g) { g.add(0, kept(*this, g.dy())); }

void ReduceMeanOp::differentiate(Gradient &g) {
  Expr x = g.x(), dy = kept(*this, g.dy());
  int64_t count = 1;
  Expr dynamic;
  for (int64_t axis : axesOf(*this)) {
    if (!x.type().isDynamicDim(axis))
      count *= x.type().getDimSize(axis);
    else
      dynamic = dynamic ? dynamic * x.size(axis) : x.size(axis);
  }
  double known = 1.0 / static_cast<double>(count);
  if (!dynamic)
    return g.add(0, dy * known);
  // An f16 does not reach far enough to count.
  Type wide = x.element().isF64() ? x.element() : x.builder().getF32Type();
  g.add(0, dy * (known / dynamic.cast(wide)).cast(x.element()));
}

/// What is equal to the extreme shares the gradient.
template <typename Op> static void differentiateExtreme(Op op, Gradient &g) {
  Expr dy = kept(op, g.dy());
  Expr chosen = equal(g.x(), kept(op, g.y())).cast(g.x().element());
  g.add(0, chosen * (dy / chosen.sum(axesOf(op), /*keepDims=*/true)));
}
void ReduceMaxOp::differentiate(Gradient &g) { differentiateExtreme(*this, g); }
void ReduceMinOp::differentiate(Gradient &g) { differentiateExtreme(*this, g); }

void ReduceProdOp::differentiate(Gradient &g) {
  Expr x = g.x(), zero = equal(x, 0);
  Expr others = where(zero, x.number(1), x);
  Expr product = x.with(ReduceProdOp::create(x.builder(), x.location(), others, getAxesAttr(),
                                             x.builder().getUnitAttr()));
  auto total = [&](Expr terms) { return terms.sum(axesOf(*this), /*keepDims=*/true); };
  g.add(0, kept(*this, g.dy()) *
               otherFactors(x, product, total(zero.cast(x.element())), total(where(zero, x, 0))));
}

void LogSumExpOp::differentiate(Gradient &g) {
  // Where all are -inf there is no slope rather than NaN.
  Expr y = kept(*this, g.y());
  Expr finite = where(equal(y - y, 0), y, 0);
  g.add(0, kept(*this, g.dy()) * (g.x() - finite).apply<ExpOp>());
}

void SoftmaxOp::differentiate(Gradient &g) {
  Expr scaled = g.dy() * g.y();
  g.add(0, scaled - g.y() * scaled.sum(static_cast<int64_t>(getAxis()), /*keepDims=*/true));
}

void LogSoftmaxOp::differentiate(Gradient &g) {
  Expr total = g.dy().sum(static_cast<int64_t>(getAxis()), /*keepDims=*/true);
  g.add(0, g.dy() - g.y().apply<ExpOp>() * total);
}
