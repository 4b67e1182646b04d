//===- Optimizers.cpp - formulas of optimizers ----------------------------===//
//
// Roundings matter: training repeats them. The order of operations is that of tf_keras.
//
//===----------------------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/Optimizer.h"

using namespace mlir;
using namespace fn;

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

namespace {

LogicalResult notNegative(EmitError error, StringRef name, double value) {
  return value >= 0 ? success() : LogicalResult(error() << name << " " << value << " is negative");
}

LogicalResult isShare(EmitError error, StringRef name, double value) {
  return value >= 0 && value < 1
             ? success()
             : LogicalResult(error() << name << " " << value << " is not in [0, 1)");
}

/// 1 - beta as the legacy optimizers take it: of numbers of the type of `like`.
double complement(Expr like, double beta) {
  return like.element().isF64() ? 1 - beta : 1.0f - static_cast<float>(beta);
}

/// before * beta + now * rest.
Expr average(Expr before, Expr now, double beta, double rest) { return before * beta + now * rest; }

Expr power(double base, Expr exponent) { return exponent.number(base).apply<PowOp>(exponent); }

/// Adam's step, without the decay of AdamW; `rest` is 1 - beta.
Expr adam(OptimizerStep &step, double beta1, double rest1, double beta2, double rest2,
          double epsilon, bool amsgrad) {
  Expr g = step.gradient;
  Expr m = average(step.slot("m", 0), g, beta1, rest1);
  Expr v = average(step.slot("v", 0), g.apply<SquareOp>(), beta2, rest2);
  step.setSlot("m", m);
  step.setSlot("v", v);
  if (amsgrad) {
    v = step.slot("vhat", 0).apply<MaximumOp>(v);
    step.setSlot("vhat", v);
  }
  Expr t = step.number;
  Expr alpha = step.rate * ((1 - power(beta2, t)).apply<SqrtOp>() / (1 - power(beta1, t)));
  return alpha * m / (v.apply<SqrtOp>() + epsilon);
}

LogicalResult verifyAdam(EmitError error, double beta1, double beta2, double epsilon) {
  return success(succeeded(isShare(error, "beta_1", beta1)) &&
                 succeeded(isShare(error, "beta_2", beta2)) &&
                 succeeded(notNegative(error, "epsilon", epsilon)));
}

} // namespace

//===-- SGD ----------------------------------------------------------------===//

LogicalResult SgdAttr::verify(EmitError error, Number rate, Number momentum, bool, Number decay) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(isShare(error, "momentum", momentum)) &&
                 succeeded(notNegative(error, "weight decay", decay)));
}

void SgdAttr::apply(OptimizerStep &step) const {
  Expr change = step.rate * step.gradient;
  double momentum = getMomentum();
  if (momentum == 0)
    return step.setVariable(step.variable - change);
  Expr velocity = step.slot("momentum", 0) * momentum - change;
  step.setSlot("momentum", velocity);
  step.setVariable(step.variable + (getNesterov() ? velocity * momentum - change : velocity));
}

double SgdAttr::decay() const { return getWeightDecay(); }

//===-- The gradient over its size -----------------------------------------===//

LogicalResult RmspropAttr::verify(EmitError error, Number rate, Number rho, Number momentum,
                                  Number epsilon, bool) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(isShare(error, "rho", rho)) &&
                 succeeded(isShare(error, "momentum", momentum)) &&
                 succeeded(notNegative(error, "epsilon", epsilon)));
}

void RmspropAttr::apply(OptimizerStep &step) const {
  Expr g = step.gradient;
  double rho = getRho(), rest = complement(g, rho);
  Expr size = average(step.slot("rms", 0), g.apply<SquareOp>(), rho, rest);
  step.setSlot("rms", size);
  if (getCentered()) {
    Expr mean = average(step.slot("mg", 0), g, rho, rest);
    step.setSlot("mg", mean);
    size = size - mean.apply<SquareOp>();
  }
  Expr change = step.rate * g;
  double momentum = getMomentum(), epsilon = getEpsilon();
  if (momentum == 0)
    return step.setVariable(step.variable - change / (size.apply<SqrtOp>() + epsilon));
  Expr velocity = step.slot("momentum", 0) * momentum + change / (size + epsilon).apply<SqrtOp>();
  step.setSlot("momentum", velocity);
  step.setVariable(step.variable - velocity);
}

LogicalResult AdagradAttr::verify(EmitError error, Number rate, Number initial, Number epsilon) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(notNegative(error, "initial accumulator value", initial)) &&
                 succeeded(notNegative(error, "epsilon", epsilon)));
}

void AdagradAttr::apply(OptimizerStep &step) const {
  Expr sum =
      step.slot("accumulator", getInitialAccumulatorValue()) + step.gradient.apply<SquareOp>();
  step.setSlot("accumulator", sum);
  step.setVariable(step.variable -
                   step.rate * step.gradient / (sum.apply<SqrtOp>() + getEpsilon()));
}

LogicalResult AdadeltaAttr::verify(EmitError error, Number rate, Number rho, Number epsilon) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(isShare(error, "rho", rho)) &&
                 succeeded(notNegative(error, "epsilon", epsilon)));
}

void AdadeltaAttr::apply(OptimizerStep &step) const {
  Expr g = step.gradient;
  double rho = getRho(), rest = complement(g, rho), epsilon = getEpsilon();
  Expr size = average(step.slot("accum_grad", 0), g.apply<SquareOp>(), rho, rest);
  Expr steps = step.slot("accum_var", 0);
  Expr change = (steps + epsilon).apply<SqrtOp>() / (size + epsilon).apply<SqrtOp>() * g;
  step.setSlot("accum_grad", size);
  step.setSlot("accum_var", average(steps, change.apply<SquareOp>(), rho, rest));
  step.setVariable(step.variable - step.rate * change);
}

//===-- Moments ------------------------------------------------------------===//

LogicalResult AdamAttr::verify(EmitError error, Number rate, Number beta1, Number beta2,
                               Number epsilon, bool) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(verifyAdam(error, beta1, beta2, epsilon)));
}

void AdamAttr::apply(OptimizerStep &step) const {
  Expr g = step.gradient;
  step.setVariable(step.variable - adam(step, getBeta_1(), complement(g, getBeta_1()), getBeta_2(),
                                        complement(g, getBeta_2()), getEpsilon(), getAmsgrad()));
}

LogicalResult AdamwAttr::verify(EmitError error, Number rate, Number decay, Number beta1,
                                Number beta2, Number epsilon, bool) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(notNegative(error, "weight decay", decay)) &&
                 succeeded(verifyAdam(error, beta1, beta2, epsilon)));
}

void AdamwAttr::apply(OptimizerStep &step) const {
  step.setVariable(step.variable - adam(step, getBeta_1(), 1 - getBeta_1(), getBeta_2(),
                                        1 - getBeta_2(), getEpsilon(), getAmsgrad()));
}

double AdamwAttr::decay() const { return getWeightDecay(); }

LogicalResult AdamaxAttr::verify(EmitError error, Number rate, Number beta1, Number beta2,
                                 Number epsilon) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(verifyAdam(error, beta1, beta2, epsilon)));
}

void AdamaxAttr::apply(OptimizerStep &step) const {
  Expr g = step.gradient;
  Expr m = average(step.slot("m", 0), g, getBeta_1(), complement(g, getBeta_1()));
  Expr v = (step.slot("v", 0) * getBeta_2()).apply<MaximumOp>(g.apply<AbsOp>());
  step.setSlot("m", m);
  step.setSlot("v", v);
  Expr alpha = step.rate / (1 - power(getBeta_1(), step.number));
  step.setVariable(step.variable - alpha * (m / (v + getEpsilon())));
}

LogicalResult NadamAttr::verify(EmitError error, Number rate, Number beta1, Number beta2,
                                Number epsilon) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(verifyAdam(error, beta1, beta2, epsilon)));
}

void NadamAttr::apply(OptimizerStep &step) const {
  Expr g = step.gradient, t = step.number;
  double beta1 = getBeta_1(), beta2 = getBeta_2();
  auto mu = [&](Expr t) { return beta1 * (1 - 0.5 * power(0.96, 0.004 * t)); };
  Expr now = mu(t), next = mu(t + 1);
  Expr product = step.shared("m_cache", 1) * now;
  step.setShared("m_cache", product);
  Expr m = average(step.slot("m", 0), g, beta1, complement(g, beta1));
  Expr v = average(step.slot("v", 0), g.apply<SquareOp>(), beta2, complement(g, beta2));
  step.setSlot("m", m);
  step.setSlot("v", v);
  Expr ahead = (1 - now) * (g / (1 - product)) + next * (m / (1 - product * next));
  Expr size = (v / (1 - power(beta2, t))).apply<SqrtOp>();
  step.setVariable(step.variable - step.rate * ahead / (size + getEpsilon()));
}

LogicalResult LionAttr::verify(EmitError error, Number rate, Number beta1, Number beta2,
                               Number decay) {
  return success(succeeded(notNegative(error, "learning rate", rate)) &&
                 succeeded(notNegative(error, "weight decay", decay)) &&
                 succeeded(verifyAdam(error, beta1, beta2, 0)));
}

void LionAttr::apply(OptimizerStep &step) const {
  Expr g = step.gradient, m = step.slot("m", 0);
  Expr direction = average(m, g, getBeta_1(), 1 - getBeta_1()).apply<SignOp>();
  step.setSlot("m", average(m, g, getBeta_2(), 1 - getBeta_2()));
  step.setVariable(step.variable - step.rate * direction);
}

double LionAttr::decay() const { return getWeightDecay(); }

//===-- Ftrl ---------------------------------------------------------------===//

LogicalResult FtrlAttr::verify(EmitError error, Number rate, Number power, Number initial,
                               Number l1, Number l2, Number shrinkage, Number beta) {
  if (power > 0)
    return error() << "learning rate power " << static_cast<double>(power) << " is positive";
  if (!(rate > 0))
    return error() << "learning rate " << static_cast<double>(rate) << " is not positive";
  return success(succeeded(notNegative(error, "initial accumulator value", initial)) &&
                 succeeded(notNegative(error, "l1", l1)) &&
                 succeeded(notNegative(error, "l2", l2)) &&
                 succeeded(notNegative(error, "l2 shrinkage", shrinkage)) &&
                 succeeded(notNegative(error, "beta", beta)));
}

void FtrlAttr::apply(OptimizerStep &step) const {
  Expr p = step.variable, g = step.gradient, rate = step.rate;
  double exponent = -getLearningRatePower(), l1 = getL1(), l2 = getL2();
  auto root = [&](Expr x) {
    return exponent == 0.5 ? x.apply<SqrtOp>() : x.apply<PowOp>(x.number(exponent));
  };
  Expr before = step.slot("accumulator", getInitialAccumulatorValue());
  Expr after = before + g.apply<SquareOp>();
  step.setSlot("accumulator", after);
  if (double shrinkage = getL2Shrinkage())
    g = g + p * (2 * shrinkage);
  Expr linear = step.slot("linear", 0) + g - (root(after) - root(before)) / rate * p;
  step.setSlot("linear", linear);
  Expr slope = root(after) / rate;
  if (double beta = getBeta())
    slope = slope + beta / rate;
  Expr moved = (linear.apply<SignOp>() * l1 - linear) / (slope + 2 * l2);
  step.setVariable(where(linear.apply<AbsOp>() > l1, moved, 0));
}
