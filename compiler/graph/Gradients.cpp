//===- Gradients.cpp - reverse mode on a kernel ---------------------------===//
//
// A kernel is one block of pure ops in an order in which each follows what it uses. One walk
// forward finds what depends on the targets; one walk back from the output hands every op on such
// a path the gradients of its results, and takes those of its operands.
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Gradients.h"
#include "compiler/graph/Effects.h"
#include "compiler/graph/ReverseMode.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace fn;
using namespace fnc;

bool fnc::isFloatTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

bool ReverseMode::isWanted(Value value) const {
  return isFloatTensor(value) && dependents.contains(forward.original(value));
}

void ReverseMode::findDependents(ValueRange targets) {
  for (Value target : targets)
    if (target)
      dependents.insert(target);
  for (Operation &each : *b.getInsertionBlock()) {
    ops.push_back(&each);
    if (isa<StopGradientOp>(each) ||
        llvm::none_of(dependencies(&each), [&](Value value) { return isWanted(value); }))
      continue;
    for (Value result : each.getResults())
      if (isFloatTensor(result))
        dependents.insert(result);
  }
}

LogicalResult ReverseMode::propagate(ArrayRef<std::pair<Value, Value>> seeds) {
  for (auto [value, seed] : seeds) {
    Value &sum = gradients[value];
    sum = sum ? AddOp::create(b, op.getLoc(), sum, seed).getResult() : seed;
    used.insert(value);
  }
  for (Operation *each : llvm::reverse(ops))
    if (failed(visit(each)))
      return failure();
  return success();
}

Value ReverseMode::gradientOrZeros(Value value) {
  Value found = gradients.lookup(value);
  if (!found)
    return Expr(b, op.getLoc(), value).filled(0);
  if (found.getType() == value.getType())
    return found;
  // One of the types may know more sizes than the other.
  return tensor::CastOp::create(b, op.getLoc(), value.getType(), found);
}

LogicalResult ReverseMode::visit(Operation *each) {
  if (isa<StopGradientOp>(each) ||
      llvm::none_of(each->getResults(), [&](Value result) { return used.contains(result); }))
    return success();
  auto wanted = [&](Value value) { return isWanted(value); };
  SmallVector<Value> inputs = llvm::filter_to_vector(dependencies(each), wanted);
  for (Value input : inputs)
    used.insert(forward.original(input));
  SmallVector<Value> results;
  for (Value result : each->getResults())
    results.push_back(gradients.lookup(result));
  // A flat op on the way has left nothing to pass on.
  if (inputs.empty() || llvm::none_of(results, [](Value v) { return static_cast<bool>(v); }))
    return success();
  Operation *known = forward.again(each);
  auto add = [&](Value operand, Value gradient) {
    Value &sum = gradients[forward.original(operand)];
    sum = sum ? AddOp::create(b, each->getLoc(), sum, gradient).getResult() : gradient;
  };
  if (auto cast = dyn_cast<tensor::CastOp>(known)) {
    add(cast.getSource(),
        tensor::CastOp::create(b, each->getLoc(), cast.getSource().getType(), results[0]));
    return success();
  }
  if (auto branch = dyn_cast<IfOp>(known))
    return visitIf(branch, results, add);
  if (auto scan = dyn_cast<ScanOp>(known))
    return visitScan(scan, results, add);
  auto rule = dyn_cast<GradientRule>(known);
  if (StringAttr barrier = each->getAttrOfType<StringAttr>(noGradientAttr))
    return noRule(each, barrier.getValue());
  if (!rule)
    return noRule(each, each->getName().getStringRef());
  Gradient gradient(b, known, results, wanted, add);
  rule.differentiate(gradient);
  if (known != each)
    forward.useCheckpoints(known);
  return success();
}

LogicalResult ReverseMode::noRule(Operation *each, StringRef name) {
  InFlightDiagnostic error = emitError(op.getLoc())
                             << "'" << shownName(op) << "' op has a path through '" << name
                             << "', which has no gradient"
                             << (isa<WhileOp>(each) ? " without max_trips" : "");
  error.attachNote(each->getLoc()) << "'" << name << "' is here";
  // The way on from there to the targets.
  for (Operation *at = each; at && at->getNumOperands() > 0;) {
    Value next;
    for (Value value : dependencies(at))
      if (isWanted(value))
        next = value;
    at = next ? next.getDefiningOp() : nullptr;
    if (at)
      error.attachNote(at->getLoc()) << "which uses this";
  }
  return failure();
}

/// How messages name a target.
static std::string nameOf(Value value) {
  if (auto variable = value.getDefiningOp<VariableOp>())
    return ("variable '" + variable.getName() + "'").str();
  if (auto placeholder = value.getDefiningOp<PlaceholderOp>())
    return ("placeholder '" + placeholder.getName() + "'").str();
  return "the target";
}

FailureOr<SmallVector<Value>> fnc::expandGradients(OpBuilder &b, GradientsOp op, Value output,
                                                   ValueRange targets, Value seed,
                                                   Checkpoints &checkpoints) {
  Location loc = op.getLoc();
  if (!seed)
    seed = Expr(b, loc, output).filled(1);
  else if (seed.getType() != output.getType())
    seed = tensor::CastOp::create(b, loc, output.getType(), seed);

  ReverseMode reverse(b, op, &checkpoints);
  reverse.findDependents(targets);
  if (failed(reverse.propagate({{output, seed}})))
    return failure();

  SmallVector<Value> results;
  for (auto [target, inGraph] : llvm::zip(targets, op.getTargets())) {
    Value found = target ? reverse.gradientOf(target) : Value();
    if (op.getUnused() == "error" && !(target && reverse.isUsed(target))) {
      InFlightDiagnostic error = emitError(loc)
                                 << "'" << shownName(op) << "' op output does not depend on "
                                 << nameOf(inGraph);
      error.attachNote(inGraph.getLoc()) << "target is here";
      return failure();
    }
    if (!found)
      found = Expr(b, loc, target).filled(0);
    results.push_back(found);
  }
  return results;
}
