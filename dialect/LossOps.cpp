//===- LossOps.cpp - losses as composites ---------------------------------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"
#include <cmath>

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnLossOps.cpp.inc"

void FnDialect::registerLossOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnLossOps.cpp.inc"
      >();
}

LogicalResult fn::inferLoss(ShapeContext &shapes, Value prediction, Value target, Value weights,
                            StringRef reduction, SmallVectorImpl<Shape> &results) {
  auto differ = [&](StringRef what, ArrayRef<Dim> dims, StringRef other, ArrayRef<Dim> others) {
    return shapes.error("has " + what + " of shape " + shapes.print(dims) + " for " + other +
                        " of shape " + shapes.print(others));
  };
  Dims dims = shapes.dims(prediction), targets = shapes.dims(target);
  Type element = shapes.elementType(prediction);
  if (dims.empty())
    return shapes.error("needs a prediction of rank 1 or more");
  Dims samples(ArrayRef<Dim>(dims).drop_back());
  bool classes = !isa<FloatType>(shapes.elementType(target));
  if (!classes && failed(checkSameElement(shapes, {prediction, target})))
    return failure();
  const Dims &wanted = classes ? samples : dims;
  if (targets.size() != wanted.size())
    return differ("targets", targets, classes ? "samples" : "predictions", wanted);
  for (auto [a, b] : llvm::zip(targets, wanted))
    if (!shapes.equal(a, b))
      return differ("targets", targets, classes ? "samples" : "predictions", wanted);
  if (weights) {
    Dims scale = shapes.dims(weights);
    if (failed(checkSameElement(shapes, {prediction, weights})))
      return failure();
    if (scale.size() > samples.size())
      return differ("weights", scale, "samples", samples);
    for (auto [a, b] : llvm::zip(scale, samples))
      if (!shapes.equal(a, b))
        return differ("weights", scale, "samples", samples);
  }
  if (reduction != "mean" && reduction != "sum" && reduction != "none")
    return shapes.error("has reduction = \"" + reduction +
                        "\", expected \"mean\", \"sum\" or \"none\"");
  for (Dim &dim : samples)
    dim = shapes.resolve(dim);
  results.push_back({reduction == "none" ? samples : Dims(), element});
  return success();
}

namespace {

constexpr double epsilon = 1e-7;

Expr meanOf(Expr x, std::optional<int64_t> axis = std::nullopt) {
  OpBuilder &b = x.builder();
  return x.with(ReduceMeanOp::create(
      b, x.location(), x, axis ? b.getDenseI64ArrayAttr(*axis) : DenseI64ArrayAttr(), UnitAttr()));
}

Expr clip(Expr x, double low, double high) {
  return x.apply<MaximumOp>(x.number(low)).apply<MinimumOp>(x.number(high));
}

Expr logSoftmax(Expr x) {
  return x.with(LogSoftmaxOp::create(x.builder(), x.location(), x, x.rank() - 1));
}

/// From the losses of samples, or of elements, whose mean over the last dimension is the loss of
/// their sample.
template <typename Op> SmallVector<Value> reduce(Op op, Expr losses, ValueRange operands) {
  Expr prediction = losses.with(operands[0]);
  bool elements = losses.rank() == prediction.rank();
  StringRef reduction = op.getReduction();
  bool weighted = operands.size() > 2;
  // The mean of means: one reduction instead of two.
  if (elements && (weighted || reduction != "mean"))
    losses = meanOf(losses, losses.rank() - 1);
  if (weighted) {
    Expr weights = losses.with(operands[2]);
    SmallVector<int64_t> trailing;
    for (int64_t i = weights.rank(); weights.rank() > 0 && i < losses.rank(); ++i)
      trailing.push_back(i);
    losses = losses * weights.expand(trailing);
  }
  if (reduction == "mean" && losses.rank() > 0)
    losses = meanOf(losses);
  if (reduction == "sum")
    losses = losses.sum(llvm::to_vector(llvm::seq<int64_t>(losses.rank())));
  return {losses};
}

/// t (1 - s) + s / n: certain labels made less so.
Expr smooth(Expr target, double smoothing, Expr share) {
  return smoothing == 0 ? target : target * (1 - smoothing) + share * smoothing;
}

} // namespace

SmallVector<Value> MseOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  return reduce(*this, (p - t).apply<SquareOp>(), operands);
}

SmallVector<Value> MaeOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  return reduce(*this, (p - t).apply<AbsOp>(), operands);
}

SmallVector<Value> HuberOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  double delta = getDelta().convertToDouble();
  Expr error = p - t, distance = error.apply<AbsOp>();
  Expr far = distance * delta - delta * delta / 2, near = error.apply<SquareOp>() * 0.5;
  return reduce(*this, where(distance > delta, far, near), operands);
}

SmallVector<Value> LogCoshOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  Expr error = p - t;
  return reduce(*this, error + (error * -2).apply<SoftplusOp>() - std::log(2.0), operands);
}

SmallVector<Value> HingeOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  return reduce(*this, (1 - t * p).apply<MaximumOp>(p.number(0)), operands);
}

SmallVector<Value> SquaredHingeOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  Expr margin = (1 - t * p).apply<MaximumOp>(p.number(0));
  return reduce(*this, margin.apply<SquareOp>(), operands);
}

SmallVector<Value> KlDivergenceOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  p = clip(p, epsilon, 1);
  t = clip(t, epsilon, 1);
  return reduce(*this, (t * (t / p).apply<LogOp>()).sum(p.rank() - 1), operands);
}

SmallVector<Value> PoissonOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  return reduce(*this, p - t * (p + epsilon).apply<LogOp>(), operands);
}

SmallVector<Value> BinaryCrossEntropyOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  t = smooth(t, getLabelSmoothing().convertToDouble(), p.number(0.5));
  if (getFromLogits()) {
    // No exponential of a positive number: nothing overflows.
    Expr tail = (-p.apply<AbsOp>()).apply<ExpOp>().apply<Log1pOp>();
    return reduce(*this, p.apply<ReluOp>() - p * t + tail, operands);
  }
  p = clip(p, epsilon, 1 - epsilon);
  Expr yes = t * (p + epsilon).apply<LogOp>();
  Expr no = (1 - t) * (1 - p + epsilon).apply<LogOp>();
  return reduce(*this, -(yes + no), operands);
}

SmallVector<Value> CategoricalCrossEntropyOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  int64_t last = p.rank() - 1;
  if (double smoothing = getLabelSmoothing().convertToDouble())
    t = smooth(t, smoothing, 1 / p.size(last).cast(p.element()));
  Expr logs = getFromLogits()
                  ? logSoftmax(p)
                  : clip(p / p.sum(last, /*keepDims=*/true), epsilon, 1 - epsilon).apply<LogOp>();
  return reduce(*this, -(t * logs).sum(last), operands);
}

SmallVector<Value> SparseCategoricalCrossEntropyOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), labels = p.with(operands[1]);
  int64_t last = p.rank() - 1;
  auto scalar = [&](Type type) { return RankedTensorType::get({}, type); };
  CheckOp check = CheckOp::create(b, getLoc(), scalar(b.getI1Type()), scalar(b.getI64Type()),
                                  labels, p, b.getStringAttr("index"), b.getI64IntegerAttr(last));
  check->setAttr("fn.name", b.getStringAttr("labels of a cross entropy"));
  Expr logs = logSoftmax(getFromLogits() ? p : clip(p, epsilon, 1 - epsilon).apply<LogOp>());
  // As narrow as the logarithms, where all labels and classes are: both go in the same vectors.
  bool isNarrow = labels.element().getIntOrFloatBitWidth() <= 32 && !p.type().isDynamicDim(last) &&
                  p.type().getDimSize(last) <= INT32_MAX;
  Type number = isNarrow ? b.getI32Type() : b.getI64Type();
  // Not a product with zeros and ones: the logarithm of another class may be infinite.
  Expr mine = equal(labels.cast(number).expand(last), p.places(last).cast(number));
  return reduce(*this, -where(mine, logs, 0).sum(last), operands);
}

SmallVector<Value> CosineSimilarityOp::expand(OpBuilder &b, ValueRange operands) {
  Expr p(b, getLoc(), operands[0]), t = p.with(operands[1]);
  int64_t last = p.rank() - 1;
  auto unit = [&](Expr x) {
    Expr square = x.apply<SquareOp>().sum(last, /*keepDims=*/true);
    return x * square.apply<MaximumOp>(x.number(1e-12)).apply<RsqrtOp>();
  };
  return reduce(*this, -(unit(p) * unit(t)).sum(last), operands);
}
