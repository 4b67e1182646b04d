//===- Schedules.cpp - learning rates, constraints, loss scales -----------===//

#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"
#include <numbers>

using namespace mlir;
using namespace fn;

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

//===-- Schedules ----------------------------------------------------------===//

static LogicalResult verifySteps(EmitError error, double steps) {
  return steps > 0 ? success()
                   : LogicalResult(error() << "decay steps " << steps << " is not positive");
}

LogicalResult ConstantRateAttr::verify(EmitError, Number) { return success(); }
Expr ConstantRateAttr::rateAfter(Expr done) const { return done.number(getLearningRate()); }

/// n / N, perhaps whole.
static Expr progress(Expr done, double steps, bool whole) {
  Expr share = done / steps;
  return whole ? share.apply<FloorOp>() : share;
}

LogicalResult ExponentialDecayAttr::verify(EmitError error, Number, Number steps, Number, bool) {
  return verifySteps(error, steps);
}
Expr ExponentialDecayAttr::rateAfter(Expr done) const {
  Expr share = progress(done, getDecaySteps(), getStaircase());
  return getLearningRate() * done.number(getDecayRate()).apply<PowOp>(share);
}

LogicalResult InverseTimeDecayAttr::verify(EmitError error, Number, Number steps, Number, bool) {
  return verifySteps(error, steps);
}
Expr InverseTimeDecayAttr::rateAfter(Expr done) const {
  Expr share = progress(done, getDecaySteps(), getStaircase());
  return getLearningRate() / (1 + getDecayRate() * share);
}

LogicalResult PolynomialDecayAttr::verify(EmitError error, Number, Number steps, Number, Number,
                                          bool) {
  return verifySteps(error, steps);
}
Expr PolynomialDecayAttr::rateAfter(Expr done) const {
  Expr steps = done.number(getDecaySteps());
  if (getCycle()) {
    // At step 0 the first cycle has begun already.
    Expr cycles = (done / steps).apply<CeilOp>().apply<MaximumOp>(done.number(1));
    steps = steps * cycles;
  } else {
    done = done.apply<MinimumOp>(steps);
  }
  Expr left = 1 - done / steps;
  return (getLearningRate() - getEnd()) * left.apply<PowOp>(left.number(getPower())) + getEnd();
}

LogicalResult CosineDecayAttr::verify(EmitError error, Number, Number steps, Number) {
  return verifySteps(error, steps);
}
Expr CosineDecayAttr::rateAfter(Expr done) const {
  Expr share = done.apply<MinimumOp>(done.number(getDecaySteps())) / getDecaySteps();
  Expr cosine = 0.5 * (1 + (std::numbers::pi * share).apply<CosOp>());
  return getLearningRate() * ((1 - getAlpha()) * cosine + getAlpha());
}

LogicalResult PiecewiseConstantAttr::verify(EmitError error, DenseI64ArrayAttr boundaries,
                                            DenseF64ArrayAttr values) {
  if (values.size() != boundaries.size() + 1)
    return error() << boundaries.size() << " boundaries need " << boundaries.size() + 1
                   << " values, got " << values.size();
  if (!llvm::is_sorted(boundaries.asArrayRef(), std::less_equal<int64_t>()))
    return error() << "boundaries do not grow";
  return success();
}
Expr PiecewiseConstantAttr::rateAfter(Expr done) const {
  ArrayRef<double> values = getValues();
  Expr rate = done.number(values.back());
  for (auto [boundary, value] :
       llvm::reverse(llvm::zip(getBoundaries().asArrayRef(), values.drop_back())))
    rate = where(done <= done.number(static_cast<double>(boundary)), done.number(value), rate);
  return rate;
}
double PiecewiseConstantAttr::first() const { return getValues()[0]; }

LogicalResult WarmupAttr::verify(EmitError error, int64_t steps, Number, Schedule then) {
  if (steps < 1)
    return error() << "warm-up steps " << steps << " are below 1";
  if (!then)
    return error() << "a warm-up needs a schedule for what follows";
  return success();
}
Expr WarmupAttr::rateAfter(Expr done) const {
  double steps = static_cast<double>(getSteps()), rise = getThen().first() - getStart();
  Expr warm = getStart() + rise * (done / steps);
  return where(done < steps, warm,
               getThen().rateAfter((done - steps).apply<MaximumOp>(done.number(0))));
}
double WarmupAttr::first() const { return getStart(); }

//===-- Constraints --------------------------------------------------------===//

static LogicalResult verifyAxes(EmitError error, DenseI64ArrayAttr axes) {
  for (auto [i, axis] : llvm::enumerate(axes.asArrayRef())) {
    if (axis < 0)
      return error() << "axis " << axis << " is negative";
    if (llvm::is_contained(axes.asArrayRef().take_front(i), axis))
      return error() << "axis " << axis << " is named twice";
  }
  return success();
}

static Expr normOf(Expr x, DenseI64ArrayAttr axes) {
  return x.apply<SquareOp>().sum(axes, /*keepDims=*/true).apply<SqrtOp>();
}

/// What Keras adds to norms that it divides by.
static constexpr double epsilon = 1e-7;

LogicalResult MaxNormAttr::verify(EmitError error, Number max, DenseI64ArrayAttr axes) {
  if (!(max > 0))
    return error() << "max " << static_cast<double>(max) << " is not positive";
  return verifyAxes(error, axes);
}
Expr MaxNormAttr::project(Expr weights) const {
  Expr norm = normOf(weights, getAxes());
  return weights * (norm.apply<MinimumOp>(norm.number(getMax())) / (epsilon + norm));
}

LogicalResult MinMaxNormAttr::verify(EmitError error, Number min, Number max, Number rate,
                                     DenseI64ArrayAttr axes) {
  if (!(min >= 0 && min <= max))
    return error() << "min " << static_cast<double>(min) << " and max " << static_cast<double>(max)
                   << " are no range of norms";
  if (!(rate >= 0 && rate <= 1))
    return error() << "rate " << static_cast<double>(rate) << " is not in [0, 1]";
  return verifyAxes(error, axes);
}
Expr MinMaxNormAttr::project(Expr weights) const {
  Expr norm = normOf(weights, getAxes());
  Expr wanted =
      norm.apply<MaximumOp>(norm.number(getMin())).apply<MinimumOp>(norm.number(getMax()));
  if (double rate = getRate(); rate != 1)
    wanted = rate * wanted + (1 - rate) * norm;
  return weights * (wanted / (epsilon + norm));
}

LogicalResult UnitNormAttr::verify(EmitError error, DenseI64ArrayAttr axes) {
  return verifyAxes(error, axes);
}
Expr UnitNormAttr::project(Expr weights) const {
  return weights / (epsilon + normOf(weights, getAxes()));
}

Expr NonNegAttr::project(Expr weights) const { return weights.apply<MaximumOp>(weights.number(0)); }

//===-- Loss scaling -------------------------------------------------------===//

LogicalResult LossScaleAttr::verify(EmitError error, Number initial, int64_t growthSteps) {
  if (!(initial >= 1))
    return error() << "initial scale " << static_cast<double>(initial) << " is below 1";
  if (growthSteps < 0)
    return error() << "growth steps " << growthSteps << " are negative";
  return success();
}
