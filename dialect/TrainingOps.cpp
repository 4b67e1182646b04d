//===- TrainingOps.cpp - gradients and losses -----------------------------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnTrainingOps.cpp.inc"

void FnDialect::registerTrainingOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnTrainingOps.cpp.inc"
      >();
}

LogicalResult GradientsOp::verify() {
  if (getTargets().empty())
    return emitOpError("needs a target");
  if (getTargets().size() != getGradients().size())
    return emitOpError("has ") << getTargets().size() << " targets but " << getGradients().size()
                               << " results";
  for (auto [i, target, gradient] : llvm::enumerate(getTargets(), getGradients()))
    if (target.getType() != gradient.getType())
      return emitOpError("has a target of type ")
             << target.getType() << " whose gradient is declared " << gradient.getType();
  if (getSeed() && !compatibleTypes(getSeed().getType(), getOutput().getType()))
    return emitOpError("has a seed of type ")
           << getSeed().getType() << " for an output of type " << getOutput().getType();
  if (getUnused() != "error" && getUnused() != "zeros")
    return emitOpError("has unused = \"") << getUnused() << "\", expected \"error\" or \"zeros\"";
  return success();
}

LogicalResult SoftmaxCrossEntropyOp::inferShape(Adaptor op, ShapeContext &shapes,
                                                SmallVectorImpl<Shape> &results) {
  if (shapes.rank(op.getLogits()) < 1)
    return shapes.error("needs logits of rank 1 or more");
  SmallVector<Shape> both;
  if (failed(inferElementwise(shapes, {op.getLogits(), op.getLabels()}, {}, both)))
    return failure();
  results.push_back({{}, shapes.elementType(op.getLogits())});
  return success();
}

SmallVector<Value> SoftmaxCrossEntropyOp::expand(OpBuilder &b, ValueRange operands) {
  Expr logits(b, getLoc(), operands[0]), labels = logits.with(operands[1]);
  int64_t last = logits.rank() - 1;
  Expr logs = logits.with(LogSoftmaxOp::create(b, getLoc(), logits, last));
  Expr losses = -(labels * logs).sum(last);
  return {ReduceMeanOp::create(b, getLoc(), losses, DenseI64ArrayAttr(), UnitAttr())};
}

//===-- Minimize -----------------------------------------------------------===//

StringRef MinimizeOp::getInstance() {
  return getName() ? *getName() : getOptimizer().defaultName();
}

/// What is wrong with the axes of a constraint's norms, or nothing.
static std::string axesError(WeightConstraint constraint, Value weights) {
  int64_t rank = cast<RankedTensorType>(weights.getType()).getRank();
  for (int64_t axis : constraint.normAxes())
    if (axis >= rank)
      return ("constraint's axis " + Twine(axis) + " is out of range for rank " + Twine(rank))
          .str();
  return {};
}

static LogicalResult verifyScalar(MinimizeOp op, StringRef what, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 0
             ? success()
             : LogicalResult(op.emitOpError("needs a ") << what << " of rank 0, got " << type);
}

LogicalResult MinimizeOp::verify() {
  if (getVariables().empty())
    return emitOpError("needs a variable");
  llvm::SmallDenseSet<Value> seen;
  for (Value value : getVariables()) {
    FailureOr<VariableOp> variable = targetOf(*this, value, /*writes=*/true);
    if (failed(variable))
      return failure();
    if (!seen.insert(value).second)
      return emitOpError("names variable '") << variable->getName() << "' twice";
  }
  if (failed(verifyScalar(*this, "loss", getLoss())) ||
      (getRate() && failed(verifyScalar(*this, "rate", getRate()))) ||
      (getCondition() && failed(verifyScalar(*this, "condition", getCondition()))))
    return failure();
  if (getRate() && getScheduleAttr())
    return emitOpError("has a rate and a schedule: one of them decides");
  if (getInstance().empty())
    return emitOpError("needs a name that is not empty");
  if (getAccumulate() && *getAccumulate() < 1)
    return emitOpError("accumulates over ") << *getAccumulate() << " calls, expected 1 or more";
  if (getClipNorm() && getGlobalClipNorm())
    return emitOpError("has clip_norm and global_clip_norm: one of them decides");
  std::pair<StringRef, std::optional<llvm::APFloat>> bounds[] = {
      {"clip_value", getClipValue()},
      {"clip_norm", getClipNorm()},
      {"global_clip_norm", getGlobalClipNorm()}};
  for (auto &[name, bound] : bounds)
    if (bound && !(bound->convertToDouble() > 0))
      return emitOpError("has ") << name << " = " << bound->convertToDouble()
                                 << ", expected a positive number";
  if (getAverage() &&
      !(getAverage()->convertToDouble() >= 0 && getAverage()->convertToDouble() < 1))
    return emitOpError("has average = ")
           << getAverage()->convertToDouble() << ", expected a number in [0, 1)";
  std::optional<ArrayAttr> constraints = getConstraints();
  if (!constraints)
    return success();
  if (constraints->size() != getVariables().size())
    return emitOpError("has ") << constraints->size() << " constraints for "
                               << getVariables().size() << " variables";
  for (auto [attr, variable] : llvm::zip(*constraints, getVariables())) {
    if (!isa<WeightConstraint, UnitAttr>(attr))
      return emitOpError("cannot constrain weights by ") << attr;
    if (auto constraint = dyn_cast<WeightConstraint>(attr))
      if (std::string why = axesError(constraint, variable); !why.empty())
        return emitOpError(why);
  }
  return success();
}

//===-- Rates, regularizers, constraints -----------------------------------===//

LogicalResult ScheduledRateOp::inferShape(Adaptor op, ShapeContext &shapes,
                                          SmallVectorImpl<Shape> &results) {
  results.push_back({shapes.dims(op.getSteps()), Float32Type::get(shapes.getContext())});
  return success();
}

SmallVector<Value> ScheduledRateOp::expand(OpBuilder &b, ValueRange operands) {
  Expr steps(b, getLoc(), operands[0]);
  Expr rate = getSchedule().rateAfter(steps.cast(b.getF32Type()));
  return {rate.broadcastLike(steps)};
}

LogicalResult RegularizerOp::inferShape(Adaptor op, ShapeContext &shapes,
                                        SmallVectorImpl<Shape> &results) {
  results.push_back({{}, shapes.elementType(op.getWeights())});
  return success();
}

SmallVector<Value> RegularizerOp::expand(OpBuilder &b, ValueRange operands) {
  Expr weights(b, getLoc(), operands[0]);
  double l1 = getL1().convertToDouble(), l2 = getL2().convertToDouble();
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(weights.rank()));
  Expr cost;
  if (l1 != 0)
    cost = weights.apply<AbsOp>().sum(all) * l1;
  if (l2 != 0) {
    Expr squares = weights.apply<SquareOp>().sum(all) * l2;
    cost = cost ? cost + squares : squares;
  }
  return {cost ? cost : weights.number(0)};
}

LogicalResult ConstrainOp::inferShape(Adaptor op, ShapeContext &shapes,
                                      SmallVectorImpl<Shape> &results) {
  if (std::string why = axesError(op.getConstraint(), op.getWeights()); !why.empty())
    return shapes.error(why);
  results.push_back({shapes.dims(op.getWeights()), shapes.elementType(op.getWeights())});
  return success();
}

SmallVector<Value> ConstrainOp::expand(OpBuilder &b, ValueRange operands) {
  return {getConstraint().project(Expr(b, getLoc(), operands[0]))};
}
