//===- Effects.cpp - what effects need and how they are ordered -----------===//

#include "compiler/graph/Effects.h"
#include "dialect/OpSupport.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace fn;

bool fnc::namesVariable(Operation *op) { return writesVariable(op) || isa<ReadOp>(op); }

StringRef fnc::shownName(Operation *op) {
  auto origin = op->getAttrOfType<StringAttr>(originAttr);
  return origin ? origin.getValue() : op->getName().getStringRef();
}

bool fnc::writesVariable(Operation *op) {
  return isa<AssignOp, AssignAddOp, AssignSubOp, ScatterUpdateOp, ScatterAddOp, ScatterSubOp,
             ScatterMaxOp, ScatterMinOp>(op);
}

SmallVector<Value> fnc::usedValues(Operation *op) {
  SmallVector<Value> values = dependencies(op);
  // A target is a place on the way to the output, which alone is computed; only zeros in its shape
  // need a target that lies elsewhere.
  if (auto gradients = dyn_cast<GradientsOp>(op); gradients && gradients.getUnused() != "zeros") {
    values = {gradients.getOutput()};
    if (Value seed = gradients.getSeed())
      values.push_back(seed);
  }
  if (namesVariable(op))
    values.erase(values.begin());
  return values;
}

namespace {

/// For every needed op, which effects on variables lie on a path to it.
class EffectOrder {
public:
  EffectOrder(ArrayRef<Operation *> order, llvm::function_ref<bool(Value)> isFed) {
    for (Operation *op : order)
      if (fnc::namesVariable(op))
        number.try_emplace(op, number.size());
    if (number.empty())
      return;
    for (Operation *op : order) {
      llvm::BitVector bits(number.size());
      for (Value value : fnc::usedValues(op)) {
        if (isFed(value))
          continue;
        Operation *def = value.getDefiningOp();
        if (auto it = behind.find(def); it != behind.end())
          bits |= it->second;
        if (auto it = number.find(def); it != number.end())
          bits.set(it->second);
      }
      if (bits.any())
        behind[op] = std::move(bits);
    }
  }

  bool follows(Operation *later, Operation *earlier) const {
    auto it = behind.find(later);
    return it != behind.end() && it->second.test(number.lookup(earlier));
  }

private:
  llvm::DenseMap<Operation *, unsigned> number;
  llvm::DenseMap<Operation *, llvm::BitVector> behind;
};

/// "the update by 'fn.assign'" or "the read".
void describe(Diagnostic &note, Operation *effect) {
  if (isa<ReadOp>(effect))
    note << "variable read here";
  else
    note << "variable written by '" << fnc::shownName(effect) << "' here";
}

} // namespace

LogicalResult fnc::checkRaces(FunctionOp spec, ArrayRef<Operation *> order,
                              llvm::function_ref<bool(Value)> isFed) {
  EffectOrder effects(order, isFed);
  llvm::MapVector<Operation *, SmallVector<Operation *>> byVariable;
  for (Operation *op : order)
    if (namesVariable(op))
      byVariable[op->getOperand(0).getDefiningOp()].push_back(op);

  auto nameOf = [](Operation *variable) { return cast<VariableOp>(variable).getName(); };
  for (auto &[variable, ops] : byVariable) {
    // `ops` stand in one order that paths allow. Where each write follows the effects since the
    // write before, and each read the last write, all others follow by way of these.
    SmallVector<Operation *> sinceWrite;
    Operation *lastWrite = nullptr;
    for (Operation *op : ops) {
      bool writes = writesVariable(op);
      Operation *other = lastWrite && !effects.follows(op, lastWrite) ? lastWrite : nullptr;
      for (Operation *read : sinceWrite)
        if (writes && !other && !effects.follows(op, read))
          other = read;
      if (other) {
        InFlightDiagnostic error =
            emitError(op->getLoc())
            << "'" << shownName(op) << "' op " << (writes ? "writes" : "reads") << " variable '"
            << nameOf(variable) << "' in function @" << spec.getSymName() << ", which '"
            << shownName(other) << "' " << (writesVariable(other) ? "writes" : "reads")
            << " too, and nothing orders the two: use after(...)";
        describe(error.attachNote(other->getLoc()), other);
        error.attachNote(spec.getLoc()) << "function @" << spec.getSymName() << " reaches both";
        return failure();
      }
      if (writes) {
        lastWrite = op;
        sinceWrite.clear();
      } else {
        sinceWrite.push_back(op);
      }
    }
  }

  unsigned firstTarget = spec.getInputs().size() + spec.getOutputs().size();
  for (auto [i, target, value] : llvm::enumerate(spec.getTargets(), spec.getValues())) {
    Operation *variable = target.getDefiningOp();
    auto it = byVariable.find(variable);
    if (it == byVariable.end())
      continue;
    Value condition = spec.getCondition(i);
    for (Operation *op : it->second) {
      // The pair is written last; a read that its value or condition comes from lies before it.
      auto comesFrom = [&](Value used) {
        Operation *def = !used || isFed(used) ? nullptr : used.getDefiningOp();
        return def && (def == op || effects.follows(def, op));
      };
      if (isa<ReadOp>(op) && (comesFrom(value) || comesFrom(condition)))
        continue;
      InFlightDiagnostic error =
          emitError(spec.getItemLoc(firstTarget + i))
          << "'fn.function' op @" << spec.getSymName() << " updates variable '" << nameOf(variable)
          << "', which '" << shownName(op) << "' " << (writesVariable(op) ? "writes" : "reads")
          << " too, and nothing orders the two";
      describe(error.attachNote(op->getLoc()), op);
      return failure();
    }
  }
  return success();
}
