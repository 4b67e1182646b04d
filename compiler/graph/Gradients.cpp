//===- Gradients.cpp - reverse mode on a kernel ---------------------------===//
//
// A kernel is one block of pure ops in an order in which each follows what it uses. One walk
// forward finds what depends on the targets; one walk back from the output hands every op on such
// a path the gradients of its results, and takes those of its operands.
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/Gradients.h"
#include "compiler/graph/Effects.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace fn;

namespace {

bool isFloatTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

/// How messages name a target.
std::string nameOf(Value value) {
  if (auto variable = value.getDefiningOp<VariableOp>())
    return ("variable '" + variable.getName() + "'").str();
  if (auto placeholder = value.getDefiningOp<PlaceholderOp>())
    return ("placeholder '" + placeholder.getName() + "'").str();
  return "the target";
}

class ReverseMode {
public:
  ReverseMode(OpBuilder &b, GradientsOp op) : b(b), op(op) {}

  /// Everything that depends on a target, from the first op on.
  void findDependents(ValueRange targets) {
    for (Value target : targets)
      if (target)
        dependents.insert(target);
    for (Operation &each : *b.getInsertionBlock()) {
      ops.push_back(&each);
      if (isa<StopGradientOp>(each) || llvm::none_of(dependencies(&each), [&](Value value) {
            return isFloatTensor(value) && dependents.contains(value);
          }))
        continue;
      for (Value result : each.getResults())
        if (isFloatTensor(result))
          dependents.insert(result);
    }
  }

  LogicalResult propagate(Value output, Value seed) {
    gradients[output] = seed;
    used.insert(output);
    for (Operation *each : llvm::reverse(ops))
      if (failed(visit(each)))
        return failure();
    return success();
  }

  Value gradientOf(Value value) const { return gradients.lookup(value); }
  bool isUsed(Value value) const { return used.contains(value); }

private:
  LogicalResult visit(Operation *each) {
    if (isa<StopGradientOp>(each) ||
        llvm::none_of(each->getResults(), [&](Value result) { return used.contains(result); }))
      return success();
    auto wanted = [&](Value value) { return isFloatTensor(value) && dependents.contains(value); };
    SmallVector<Value> inputs = llvm::filter_to_vector(dependencies(each), wanted);
    used.insert(inputs.begin(), inputs.end());
    SmallVector<Value> results;
    for (Value result : each->getResults())
      results.push_back(gradients.lookup(result));
    // A flat op on the way has left nothing to pass on.
    if (inputs.empty() || llvm::none_of(results, [](Value v) { return static_cast<bool>(v); }))
      return success();
    auto add = [&](Value operand, Value gradient) {
      Value &sum = gradients[operand];
      sum = sum ? AddOp::create(b, each->getLoc(), sum, gradient).getResult() : gradient;
    };
    if (auto cast = dyn_cast<tensor::CastOp>(each)) {
      add(cast.getSource(),
          tensor::CastOp::create(b, each->getLoc(), cast.getSource().getType(), results[0]));
      return success();
    }
    auto rule = dyn_cast<GradientRule>(each);
    if (StringAttr barrier = each->getAttrOfType<StringAttr>(fnc::noGradientAttr))
      return noRule(each, barrier.getValue());
    if (!rule)
      return noRule(each, each->getName().getStringRef());
    Gradient gradient(b, each, results, wanted, add);
    rule.differentiate(gradient);
    return success();
  }

  LogicalResult noRule(Operation *each, StringRef name) {
    InFlightDiagnostic error = emitError(op.getLoc())
                               << "'" << fnc::shownName(op) << "' op has a path through '" << name
                               << "', which has no gradient";
    error.attachNote(each->getLoc()) << "'" << name << "' is here";
    // The way on from there to the targets.
    for (Operation *at = each; at && at->getNumOperands() > 0;) {
      Value next;
      for (Value value : dependencies(at))
        if (isFloatTensor(value) && dependents.contains(value))
          next = value;
      at = next ? next.getDefiningOp() : nullptr;
      if (at)
        error.attachNote(at->getLoc()) << "which uses this";
    }
    return failure();
  }

  OpBuilder &b;
  GradientsOp op;
  SmallVector<Operation *> ops;
  /// What depends on a target, and what of that the output depends on.
  llvm::DenseSet<Value> dependents, used;
  llvm::DenseMap<Value, Value> gradients;
};

} // namespace

FailureOr<SmallVector<Value>> fnc::expandGradients(OpBuilder &b, GradientsOp op, Value output,
                                                   ValueRange targets, Value seed) {
  Location loc = op.getLoc();
  if (!seed)
    seed = Expr(b, loc, output).filled(1);
  else if (seed.getType() != output.getType())
    seed = tensor::CastOp::create(b, loc, output.getType(), seed);

  ReverseMode reverse(b, op);
  reverse.findDependents(targets);
  if (failed(reverse.propagate(output, seed)))
    return failure();

  SmallVector<Value> results;
  for (auto [target, inGraph] : llvm::zip(targets, op.getTargets())) {
    Value found = target ? reverse.gradientOf(target) : Value();
    if (op.getUnused() == "error" && !(target && reverse.isUsed(target))) {
      InFlightDiagnostic error = emitError(loc)
                                 << "'" << fnc::shownName(op) << "' op output does not depend on "
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
