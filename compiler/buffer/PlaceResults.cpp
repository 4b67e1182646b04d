//===- PlaceResults.cpp - destinations for the results of kernels ---------===//

#include "compiler/buffer/Passes.h"
#include "compiler/kernel/Aliases.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_PLACERESULTS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

constexpr StringLiteral kRole = "fn.role", kName = "fn.name", kWritten = "fn.written";

StringRef roleOf(DictionaryAttr attrs) {
  auto role = attrs ? attrs.getAs<StringAttr>(kRole) : StringAttr();
  return role ? role.getValue() : StringRef();
}

/// Whether `value` is where a loop carries `destination` to.
bool isInPlace(Value value, Value destination) {
  while (Value begin = fnc::carriedFrom(value))
    value = begin;
  return value == destination;
}

/// Loops carry their state in place. A loop of one round is gone by now: what was the place of its
/// state is the value it began with, which others read and which may not be written at all.
void dropPlacesOfNoLoop(func::FuncOp func) {
  func.walk([](bufferization::MaterializeInDestinationOp op) {
    auto place = dyn_cast<BlockArgument>(op.getDest());
    if (place && isa<LoopLikeOpInterface>(place.getOwner()->getParentOp()))
      return;
    op.getResult().replaceAllUsesWith(op.getSource());
    op.erase();
  });
}

struct PlaceResults : fnc::impl::PlaceResultsBase<PlaceResults> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func->hasAttr("fn.kernel") && !func.isExternal() && failed(place(func)))
      signalPassFailure();
  }

  LogicalResult place(func::FuncOp func) {
    MLIRContext *context = &getContext();
    OpBuilder b(context);
    dropPlacesOfNoLoop(func);
    auto ret = cast<func::ReturnOp>(func.front().getTerminator());
    auto setWritable = [&](unsigned arg, bool writable) {
      func.setArgAttr(arg, "bufferization.writable", b.getBoolAttr(writable));
    };

    // Destinations: a variable's own argument; a new argument for everything else.
    llvm::StringMap<unsigned> variables;
    for (unsigned i = 0; i < func.getNumArguments(); ++i) {
      if (roleOf(func.getArgAttrDict(i)) == "variable")
        variables[func.getArgAttrOfType<StringAttr>(i, kName).getValue()] = i;
      if (isa<TensorType>(func.getArgument(i).getType()))
        setWritable(i, false);
    }
    bool canFail = false;
    SmallVector<Value> destinations;
    for (unsigned i = 0, e = func.getNumResults(); i < e; ++i) {
      DictionaryAttr attrs = func.getResultAttrDict(i);
      StringRef role = roleOf(attrs);
      if (role == "variable") {
        auto found = variables.find(attrs.getAs<StringAttr>(kName).getValue());
        if (found == variables.end())
          return func.emitOpError("returns a new value of variable '")
                 << attrs.getAs<StringAttr>(kName).getValue() << "' that is not an argument";
        func.setArgAttr(found->second, kWritten, b.getUnitAttr());
        destinations.push_back(func.getArgument(found->second));
        continue;
      }
      canFail |= role == "status";
      unsigned arg = func.getNumArguments();
      if (failed(func.insertArgument(arg, ret.getOperand(i).getType(), attrs, func.getLoc())))
        return failure();
      setWritable(arg, true);
      destinations.push_back(func.getArgument(arg));
    }
    if (!canFail)
      for (Value destination : destinations)
        setWritable(cast<BlockArgument>(destination).getArgNumber(), true);

    // Outputs: stored as soon as they are computed, so that no later write stands between.
    for (unsigned i = 0, e = func.getNumResults(); i < e; ++i) {
      if (roleOf(func.getResultAttrDict(i)) == "variable")
        continue;
      Value value = ret.getOperand(i);
      Operation *def = value.getDefiningOp();
      bool stored = def && def->hasTrait<OpTrait::ConstantLike>();
      if (isa<BlockArgument>(fnc::viewedTensor(value)) || stored ||
          isa_and_nonnull<bufferization::MaterializeInDestinationOp>(def)) {
        b.setInsertionPoint(ret);
        ret.setOperand(i, materialize(b, value, destinations[i]));
        continue;
      }
      b.setInsertionPointAfter(def);
      Value placed = materialize(b, value, destinations[i]);
      value.replaceAllUsesExcept(placed, placed.getDefiningOp());
    }

    // Updates: last, from entry values.
    if (canFail)
      return success();
    b.setInsertionPoint(ret);
    for (unsigned i = 0, e = func.getNumResults(); i < e; ++i) {
      if (roleOf(func.getResultAttrDict(i)) != "variable")
        continue;
      Value value = ret.getOperand(i);
      bool overwritten = llvm::any_of(fnc::viewedArguments(value), [&](Value viewed) {
        auto arg = cast<BlockArgument>(viewed);
        return arg.getOwner() == &func.front() && func.getArgAttr(arg.getArgNumber(), kWritten);
      });
      if (!overwritten || isInPlace(value, destinations[i]))
        continue;
      auto copy = bufferization::AllocTensorOp::create(
          b, func.getLoc(), cast<RankedTensorType>(value.getType()), ValueRange{}, value);
      ret.setOperand(i, copy);
    }
    for (unsigned i = 0, e = func.getNumResults(); i < e; ++i)
      if (roleOf(func.getResultAttrDict(i)) == "variable" &&
          !isInPlace(ret.getOperand(i), destinations[i]))
        ret.setOperand(i, materialize(b, ret.getOperand(i), destinations[i]));
    return success();
  }

  static Value materialize(OpBuilder &b, Value value, Value destination) {
    return bufferization::MaterializeInDestinationOp::create(b, value.getLoc(), value, destination)
        .getResult();
  }
};

} // namespace
