//===- ExpandMinimize.cpp - optimizers as variables and update ops --------===//

#include "compiler/graph/Effects.h"
#include "compiler/graph/Passes.h"
#include "dialect/Fn.h"
#include "dialect/Optimizer.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace fn;

namespace fnc {
#define GEN_PASS_DEF_EXPANDMINIMIZE
#include "compiler/graph/Passes.h.inc"
} // namespace fnc

namespace {

/// The type that a variable's step is computed in.
Type computeType(Type element) {
  return element.isF16() || element.isBF16() ? Float32Type::get(element.getContext()) : element;
}

std::optional<double> toDouble(std::optional<llvm::APFloat> value) {
  return value ? std::optional(value->convertToDouble()) : std::nullopt;
}

class Expansion {
public:
  Expansion(MinimizeOp op, llvm::StringMap<Operation *> &leaves)
      : op(op), leaves(leaves), b(op), loc(op.getLoc()) {}

  LogicalResult run();

private:
  friend class Step;

  Expr expr(Value value) { return Expr(b, loc, value); }
  Expr makeVariable(const Twine &name, RankedTensorType type, Attribute init);
  Expr makeVariable(const Twine &name, RankedTensorType type, double init);
  Expr makeNumber(StringRef name, Type element, double init);
  void write(Expr variable, Expr value, Expr when);
  Expr both(Expr a, Expr b) { return !a ? b : !b ? a : fn::both(a, b); }
  void scaleLoss();
  void adjustScale(Expr finite);
  void findGradients();
  Expr allFinite();
  Expr accumulate();
  void clip();
  void findRate();
  void stepOne(unsigned i);

  MinimizeOp op;
  llvm::StringMap<Operation *> &leaves;
  OpBuilder b;
  Location loc;
  bool broken = false;

  Expr scale, step, rate;
  SmallVector<Expr> gradients;
  /// Of accumulated gradients, what becomes of them.
  struct Update {
    Expr variable, value, when;
  };
  SmallVector<Update> sums;
  /// What must hold for a variable to change; null for always.
  Expr applies;
  llvm::StringMap<Expr> shared, sharedNow;
  SmallVector<Value> writes;
};

/// A step of one variable.
class Step : public OptimizerStep {
public:
  Step(Expansion &all, VariableOp op) : all(all), op(op) {}

  Expr slot(StringRef name, double initial) override {
    Expr &slot = slots[name];
    if (!slot)
      slot = all.makeVariable(op.getName() + "/" + all.op.getInstance() + "/" + name,
                              variable.type(), initial);
    return slot;
  }
  void setSlot(StringRef name, Expr value) override { values.insert({name, value}); }
  Expr shared(StringRef name, double initial) override {
    Expr &number = all.shared[name];
    if (!number)
      number = all.makeNumber(name, variable.element(), initial);
    return number.cast(variable.element());
  }
  void setShared(StringRef name, Expr value) override {
    Expr &now = all.sharedNow[name];
    if (now)
      return;
    now = value;
    all.write(all.shared[name], value, all.applies);
  }
  void setVariable(Expr value) override { result = value; }

  Expr result;
  llvm::StringMap<Expr> slots;
  llvm::MapVector<StringRef, Expr> values;

private:
  Expansion &all;
  VariableOp op;
};

/// A new variable; it stands before the op that it is for.
Expr Expansion::makeVariable(const Twine &name, RankedTensorType type, Attribute init) {
  std::string text = name.str();
  auto made =
      VariableOp::create(b, loc, type, b.getStringAttr(text), StringAttr(), UnitAttr(), init);
  auto [it, isNew] = leaves.try_emplace(text, made);
  if (!isNew && !broken) {
    InFlightDiagnostic error = op.emitOpError("needs a variable '")
                               << text << "', but the graph has one: give the op another `name`";
    error.attachNote(it->second->getLoc()) << "'" << text << "' is here";
    broken = true;
  }
  return expr(made);
}

Expr Expansion::makeVariable(const Twine &name, RankedTensorType type, double init) {
  Type element = type.getElementType();
  Attribute value = isa<FloatType>(element) ? Attribute(b.getFloatAttr(element, init))
                                            : b.getIntegerAttr(element, static_cast<int64_t>(init));
  return makeVariable(name, type, DenseElementsAttr::get(type, value));
}

Expr Expansion::makeNumber(StringRef name, Type element, double init) {
  return makeVariable(op.getInstance() + "/" + name, RankedTensorType::get({}, element), init);
}

/// Writes a variable, where `when` holds.
void Expansion::write(Expr variable, Expr value, Expr when) {
  value = value.cast(variable.element());
  if (when)
    value = where(when, value, variable);
  auto assign =
      AssignOp::create(b, loc, ControlType::get(b.getContext()), variable, value, op.getAfter());
  assign->setAttr(fnc::originAttr, b.getStringAttr(op->getName().getStringRef()));
  writes.push_back(assign);
}

void Expansion::scaleLoss() {
  if (LossScaleAttr attr = op.getLossScaleAttr())
    scale = attr.getGrowthSteps() == 0
                ? expr(op.getLoss()).cast(b.getF32Type()).number(attr.getInitial())
                : makeNumber("loss_scale", b.getF32Type(), attr.getInitial());
}

void Expansion::findGradients() {
  Expr loss = expr(op.getLoss());
  Value seed = scale ? Value(scale.cast(loss.element())) : Value();
  auto all = GradientsOp::create(b, loc, op.getVariables().getTypes(), loss, op.getVariables(),
                                 seed, b.getStringAttr("error"));
  all->setAttr(fnc::originAttr, b.getStringAttr(op->getName().getStringRef()));
  for (auto [variable, value] : llvm::zip(op.getVariables(), all.getGradients())) {
    Expr gradient = expr(value);
    gradient = gradient.cast(computeType(gradient.element()));
    if (scale)
      gradient = gradient / scale.cast(gradient.element());
    // A step that is left out has nothing to fail.
    if (op.getCheckFinite() && op.getCondition())
      gradient = where(expr(op.getCondition()), gradient, 0);
    if (op.getCheckFinite())
      gradient = expr(CheckFiniteOp::create(
          b, loc, gradient.type(), gradient,
          b.getStringAttr("gradient of '" + variable.getDefiningOp<VariableOp>().getName() + "'")));
    gradients.push_back(gradient);
  }
}

Expr Expansion::allFinite() {
  Expr finite;
  for (Expr gradient : gradients) {
    Expr each = expr(IsFiniteOp::create(b, loc, gradient));
    each = expr(ReduceAllOp::create(b, loc, each, DenseI64ArrayAttr(), UnitAttr()));
    finite = both(finite, each);
  }
  return finite;
}

/// Doubles the scale after enough finite steps, halves it after one that is not.
void Expansion::adjustScale(Expr finite) {
  Expr good = makeNumber("good_steps", b.getI64Type(), 0);
  Expr counted = good + 1;
  Expr grows = counted >= good.number(static_cast<double>(op.getLossScaleAttr().getGrowthSteps()));
  Expr halved = (scale * 0.5).apply<MaximumOp>(scale.number(1));
  Expr doubled = scale * 2;
  doubled = where(expr(IsFiniteOp::create(b, loc, doubled)), doubled, scale);
  Expr when = op.getCondition() ? expr(op.getCondition()) : Expr();
  write(scale, where(finite, where(grows, doubled, scale), halved), when);
  write(
      good,
      where(fn::both(finite, counted < static_cast<double>(op.getLossScaleAttr().getGrowthSteps())),
            counted, 0),
      when);
}

/// Adds up gradients; whether this call makes a step of them.
Expr Expansion::accumulate() {
  int64_t calls = op.getAccumulate().value_or(1);
  if (calls == 1)
    return {};
  Expr count = makeNumber("calls", b.getI64Type(), 0);
  Expr last = equal(count, static_cast<double>(calls - 1));
  write(count, where(last, count.number(0), count + 1), applies);
  for (auto [variable, gradient] : llvm::zip(op.getVariables(), gradients)) {
    Expr sum = makeVariable(variable.getDefiningOp<VariableOp>().getName() + "/" +
                                op.getInstance() + "/gradient",
                            gradient.type(), 0.0);
    Expr total = sum + gradient;
    sums.push_back({sum, where(last, sum.number(0), total), applies});
    gradient = total / static_cast<double>(calls);
  }
  return last;
}

Expr sumOfSquares(Expr x) {
  return x.apply<SquareOp>().sum(llvm::to_vector(llvm::seq<int64_t>(x.rank())));
}

void Expansion::clip() {
  if (std::optional<double> bound = toDouble(op.getClipValue()))
    for (Expr &g : gradients)
      g = g.apply<MaximumOp>(g.number(-*bound)).apply<MinimumOp>(g.number(*bound));
  if (std::optional<double> bound = toDouble(op.getClipNorm()))
    for (Expr &g : gradients) {
      Expr norm = sumOfSquares(g).apply<SqrtOp>();
      g = g * *bound / norm.apply<MaximumOp>(norm.number(*bound));
    }
  if (std::optional<double> bound = toDouble(op.getGlobalClipNorm())) {
    Expr squares;
    for (Expr g : gradients) {
      Expr mine = sumOfSquares(g).cast(gradients.front().element());
      squares = squares ? squares + mine : mine;
    }
    Expr norm = squares.apply<SqrtOp>();
    Expr factor = *bound / norm.apply<MaximumOp>(norm.number(*bound));
    for (Expr &g : gradients)
      g = g * factor.cast(g.element());
  }
}

void Expansion::findRate() {
  if (op.getRate())
    rate = expr(op.getRate());
  else if (Schedule schedule = op.getScheduleAttr())
    rate = schedule.rateAfter(step.cast(gradients.front().element()));
  else
    rate = gradients.front().number(op.getOptimizer().rate());
}

void Expansion::stepOne(unsigned i) {
  auto variable = op.getVariables()[i].getDefiningOp<VariableOp>();
  Step one(*this, variable);
  Type element = gradients[i].element();
  Expr stored = expr(variable.getResult());
  one.variable = stored.cast(element);
  one.gradient = gradients[i];
  // A number is rounded once, to the type that it is used in.
  one.rate = op.getRate() || op.getScheduleAttr() ? rate.cast(element)
                                                  : one.variable.number(op.getOptimizer().rate());
  one.number = (step + 1).cast(element);
  op.getOptimizer().apply(one);

  Expr result = one.result;
  double decay = op.getOptimizer().decay() + toDouble(op.getWeightDecay()).value_or(0);
  if (decay != 0)
    result = result - one.variable * decay * one.rate;
  if (std::optional<ArrayAttr> constraints = op.getConstraints())
    if (auto constraint = dyn_cast<WeightConstraint>((*constraints)[i]))
      result = constraint.project(result);
  // All that one variable has follows in a row: the sum of its gradients, slots, itself.
  if (!sums.empty())
    write(sums[i].variable, sums[i].value, sums[i].when);
  for (auto &[name, value] : one.values)
    write(one.slots[name], value, applies);
  write(stored, result, applies);
  if (std::optional<double> keep = toDouble(op.getAverage())) {
    // Random initial values are the same again for the same seed.
    Attribute init = variable.getInit();
    auto type = cast<RankedTensorType>(one.variable.type());
    if (auto dense = dyn_cast<DenseElementsAttr>(init); dense && dense.getType() != Type(type)) {
      const llvm::fltSemantics &to = cast<FloatType>(element).getFloatSemantics();
      init = cast<DenseFPElementsAttr>(dense).mapValues(element, [&](const APFloat &value) {
        APFloat wide = value;
        bool loses;
        wide.convert(to, APFloat::rmNearestTiesToEven, &loses);
        return wide.bitcastToAPInt();
      });
    }
    Expr average =
        makeVariable(variable.getName() + "/" + op.getInstance() + "/average", type, init);
    write(average, average * *keep + result * (1 - *keep), applies);
  }
}

LogicalResult Expansion::run() {
  step = makeNumber("step", b.getI64Type(), 0);
  scaleLoss();
  findGradients();
  if (op.getCondition())
    applies = expr(op.getCondition());
  if (LossScaleAttr attr = op.getLossScaleAttr(); attr && attr.getGrowthSteps() != 0) {
    Expr finite = allFinite();
    adjustScale(finite);
    applies = both(applies, finite);
  }
  if (Expr last = accumulate())
    applies = both(applies, last);
  clip();
  findRate();
  for (unsigned i = 0; i < gradients.size(); ++i)
    stepOne(i);
  write(step, step + 1, applies);
  if (broken)
    return failure();
  op.getDone().replaceAllUsesWith(GroupOp::create(b, loc, op.getDone().getType(), writes));
  op.erase();
  return success();
}

struct ExpandMinimize : fnc::impl::ExpandMinimizeBase<ExpandMinimize> {
  void runOnOperation() override {
    for (GraphOp graph : getOperation().getOps<GraphOp>()) {
      llvm::StringMap<Operation *> leaves;
      for (Operation &op : graph.getBody().front())
        if (isa<PlaceholderOp, VariableOp>(op))
          leaves[op.getAttrOfType<StringAttr>("name").getValue()] = &op;
      for (MinimizeOp op : llvm::make_early_inc_range(graph.getBody().front().getOps<MinimizeOp>()))
        if (failed(Expansion(op, leaves).run()))
          return signalPassFailure();
    }
  }
};

} // namespace
