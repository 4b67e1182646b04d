//===- CloneControl.cpp - branches and loops into a kernel ----------------===//
//
// A status is known at the end of a call, so a check in a region has to come out of it: as a result
// of a branch, and as a state of a loop that stays with the first failure.
//
//===----------------------------------------------------------------------===//

#include "compiler/graph/CloneControl.h"
#include "compiler/graph/ReverseMode.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fn;
using namespace fnc;

Check fnc::describeCheck(CheckOp check) {
  auto name = check->getAttrOfType<StringAttr>("fn.name");
  Check described{check.getOk(), check.getGot(), check.getKind().str(),
                  name ? name.getValue().str() : std::string(), std::nullopt};
  if (described.code == "finite")
    described.code = "not_finite";
  if (Value like = check.getLike()) {
    int64_t limit = cast<RankedTensorType>(like.getType()).getDimSize(check.getAxis());
    described.limit = ShapedType::isDynamic(limit) ? -1 : limit;
  }
  return described;
}

Check fnc::makeCheck(OpBuilder &b, Location loc, StringRef code, StringRef name, Value value,
                     Value like, int64_t axis) {
  auto scalar = [&](Type type) { return RankedTensorType::get({}, type); };
  StringRef kind = code == "not_finite" ? "finite" : code;
  auto check = CheckOp::create(b, loc, scalar(b.getI1Type()), scalar(b.getI64Type()), value, like,
                               b.getStringAttr(kind), b.getI64IntegerAttr(axis));
  Check described = describeCheck(check);
  described.name = name.str();
  return described;
}

void fnc::implicitChecks(OpBuilder &b, Operation *op, IRMapping &map,
                         llvm::function_ref<std::string(Value)> display,
                         SmallVectorImpl<Check> &checks) {
  auto add = [&](const Twine &name, Value indices, Value like, int64_t axis) {
    checks.push_back(makeCheck(b, op->getLoc(), "index", name.str(), map.lookupOrDefault(indices),
                               map.lookupOrDefault(like), axis));
  };
  if (auto gather = dyn_cast<GatherOp>(op))
    add("gather of " + display(gather.getInput()), gather.getIndices(), gather.getInput(),
        gather.getAxis());
  if (auto scatter = dyn_cast<ScatterOp>(op))
    add("scatter into " + display(scatter.getInput()), scatter.getIndices(), scatter.getInput(), 0);
}

namespace {

Value constant(OpBuilder &b, Location loc, Type element, int64_t value) {
  auto type = RankedTensorType::get({}, element);
  return fn::ConstantOp::create(
      b, loc, type, DenseElementsAttr::get(type, Attribute(b.getIntegerAttr(element, value))));
}

/// Of a check that has not run.
Value holds(OpBuilder &b, Location loc) { return constant(b, loc, b.getI1Type(), 1); }
Value nothing(OpBuilder &b, Location loc) { return constant(b, loc, b.getI64Type(), 0); }

/// Whether an op of the region can fail a call.
bool mayFail(Region &region) {
  return region
      .walk([](Operation *op) {
        return isa<GatherOp, ScatterOp, CheckFiniteOp, Composite>(op) ? WalkResult::interrupt()
                                                                      : WalkResult::advance();
      })
      .wasInterrupted();
}

/// The first failure of a loop: what came before, or what this round has found. `ok` and `got` are
/// the state of the check.
void append(OpBuilder &b, Location loc, SmallVectorImpl<Value> &yields, Value ok, Value got,
            const Check &check) {
  yields.push_back(LogicalAndOp::create(b, loc, ok, check.ok));
  yields.push_back(WhereOp::create(b, loc, ok, check.got, got));
}

/// Checks of a loop, whose states are results `first, first + 1, ...` of it.
void appendResults(ValueRange results, size_t first, ArrayRef<Check> inside,
                   SmallVectorImpl<Check> &checks) {
  for (Check check : inside) {
    check.ok = results[first++];
    check.got = results[first++];
    checks.push_back(check);
  }
}

/// States of a loop for its checks, behind the first `count` arguments of its body.
SmallVector<Value> addCheckStates(Block &body, unsigned count, size_t checks, Location loc) {
  MLIRContext *context = loc.getContext();
  SmallVector<Value> states;
  for (size_t i = 0; i < 2 * checks; ++i) {
    Type element = IntegerType::get(context, i % 2 == 0 ? 1 : 64);
    states.push_back(body.insertArgument(count + i, RankedTensorType::get({}, element), loc));
  }
  return states;
}

} // namespace

SmallVector<Value> ControlCloner::expand(OpBuilder &b, Composite op, IRMapping &map,
                                         SmallVectorImpl<Check> &checks) {
  SmallVector<Value> operands = llvm::map_to_vector(
      op->getOperands(), [&](Value value) { return map.lookupOrDefault(value); });
  Block &block = *b.getInsertionBlock();
  Operation *before = block.empty() ? nullptr : &block.back();
  SmallVector<Value> results = op.expand(b, operands);
  for (Operation *made = before ? before->getNextNode() : &block.front(); made;) {
    Operation *next = made->getNextNode();
    if (auto check = dyn_cast<CheckOp>(made))
      checks.push_back(describeCheck(check));
    if (auto scan = dyn_cast<ScanOp>(made); scan && forGradients) {
      SmallVector<Value> old(scan.getResults());
      ScanOp kept = withResiduals(scan);
      for (auto [from, to] : llvm::zip(old, kept.getResults()))
        llvm::replace(results, from, static_cast<Value>(to));
    }
    made = next;
  }
  return results;
}

SmallVector<Value> ControlCloner::cloneBlock(OpBuilder &b, Block &block, IRMapping &map,
                                             SmallVectorImpl<Check> &checks) {
  for (Operation &op : block.without_terminator()) {
    SmallVector<Value> results = clone(b, &op, map, checks);
    for (auto [from, to] : llvm::zip(op.getResults(), results))
      map.map(from, to);
  }
  return llvm::map_to_vector(block.getTerminator()->getOperands(),
                             [&](Value value) { return map.lookupOrDefault(value); });
}

SmallVector<Value> ControlCloner::clone(OpBuilder &b, Operation *op, IRMapping &map,
                                        SmallVectorImpl<Check> &checks) {
  return llvm::TypeSwitch<Operation *, SmallVector<Value>>(op)
      .Case([&](IfOp branch) { return cloneIf(b, branch, map, checks); })
      .Case([&](ScanOp scan) { return cloneScan(b, scan, map, checks); })
      .Case([&](WhileOp loop) { return cloneWhile(b, loop, map, checks); })
      .Case([&](Composite composite) { return expand(b, composite, map, checks); })
      .Case([&](CheckFiniteOp check) {
        Value value = map.lookupOrDefault(check.getValue());
        checks.push_back(
            makeCheck(b, op->getLoc(), "not_finite", check.getMessage(), value, Value(), 0));
        return SmallVector<Value>{value};
      })
      .Default([&](Operation *) {
        implicitChecks(b, op, map, display, checks);
        return SmallVector<Value>(b.clone(*op, map)->getResults());
      });
}

SmallVector<Value> ControlCloner::cloneIf(OpBuilder &b, IfOp op, IRMapping &map,
                                          SmallVectorImpl<Check> &checks) {
  Location loc = op.getLoc();
  OperationState state(loc, IfOp::getOperationName());
  state.addOperands(map.lookup(op.getCondition()));
  state.addTypes(op.getResultTypes());
  Checks inside[2];
  SmallVector<Value> yields[2];
  OpBuilder nested[2] = {b, b};
  for (auto [i, region] : llvm::enumerate(op->getRegions())) {
    nested[i] = builderIn(b, state.addRegion()->emplaceBlock());
    yields[i] = cloneBlock(nested[i], region.front(), map, inside[i]);
  }
  for (int i : {0, 1})
    for (int from : {0, 1})
      for (const Check &check : inside[from]) {
        yields[i].push_back(i == from ? check.ok : holds(nested[i], loc));
        yields[i].push_back(i == from ? check.got : nothing(nested[i], loc));
      }
  for (Value value : ArrayRef(yields[0]).drop_front(op.getNumResults()))
    state.addTypes(value.getType());
  for (int i : {0, 1})
    YieldOp::create(nested[i], loc, yields[i]);
  SmallVector<Value> results(b.create(state)->getResults());
  inside[0].append(inside[1]);
  appendResults(results, op.getNumResults(), inside[0], checks);
  results.truncate(op.getNumResults());
  return results;
}

SmallVector<Value> ControlCloner::cloneScan(OpBuilder &b, ScanOp op, IRMapping &map,
                                            SmallVectorImpl<Check> &checks) {
  Location loc = op.getLoc();
  size_t states = op.getInits().size();
  auto mapped = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value value) { return map.lookup(value); });
  };
  SmallVector<Value> inits = mapped(op.getInits()), inputs = mapped(op.getInputs());
  Region body;
  Block &block = body.emplaceBlock();
  for (BlockArgument arg : op.getBlock().getArguments())
    map.map(arg, block.addArgument(arg.getType(), arg.getLoc()));
  auto nested = builderIn(b, block);
  Checks inside;
  SmallVector<Value> all = cloneBlock(nested, op.getBlock(), map, inside);
  SmallVector<Value> yields(ArrayRef(all).take_front(states));
  SmallVector<Type> types(op.getInits().getTypes());
  SmallVector<Value> found = addCheckStates(block, states, inside.size(), loc);
  for (auto [i, check] : llvm::enumerate(inside)) {
    inits.append({holds(b, loc), nothing(b, loc)});
    append(nested, loc, yields, found[2 * i], found[2 * i + 1], check);
    types.append({found[2 * i].getType(), found[2 * i + 1].getType()});
  }
  yields.append(all.begin() + states, all.end());
  llvm::append_range(types, op.getResults().drop_front(states).getTypes());
  YieldOp::create(nested, loc, yields);
  auto made = ScanOp::create(b, loc, types, inits, inputs, op.getReverseAttr(), op.getTripsAttr(),
                             op.getResidualsAttr());
  made.getBody().takeBody(body);
  if (forGradients)
    made = withResiduals(made);
  appendResults(made.getResults(), states, inside, checks);
  SmallVector<Value> results(made.getResults().take_front(states));
  llvm::append_range(results,
                     made.getResults().slice(states + 2 * inside.size(), all.size() - states));
  return results;
}

SmallVector<Value> ControlCloner::cloneWhile(OpBuilder &b, WhileOp op, IRMapping &map,
                                             SmallVectorImpl<Check> &checks) {
  if (forGradients && op.getMaxTrips())
    return boundedWhile(b, op, map, checks);
  Location loc = op.getLoc();
  size_t states = op.getInits().size();
  Type i1 = b.getI1Type(), i64 = b.getI64Type();
  SmallVector<Value> inits =
      llvm::map_to_vector(op.getInits(), [&](Value value) { return map.lookup(value); });
  Region regions[2];
  OpBuilder nested[2] = {b, b};
  for (int i : {0, 1}) {
    Block &block = regions[i].emplaceBlock();
    for (BlockArgument arg : op->getRegion(i).getArguments())
      map.map(arg, block.addArgument(arg.getType(), arg.getLoc()));
    nested[i] = builderIn(b, block);
  }
  Block &before = regions[0].front(), &after = regions[1].front();
  auto addState = [&](Type element, Value init) {
    inits.push_back(init);
    auto type = RankedTensorType::get({}, element);
    before.addArgument(type, loc);
    after.addArgument(type, loc);
  };

  Checks inside;
  SmallVector<Value> yields = cloneBlock(nested[1], op.getBody().front(), map, inside);
  Value flag;
  if (mayFail(op.getCondition())) {
    // What the condition checks is checked where its value is made: before the loop, and at the end
    // of each round.
    auto conditionOf = [&](OpBuilder &at, ValueRange values, SmallVectorImpl<Check> &found) {
      IRMapping inner = map;
      for (auto [arg, value] : llvm::zip(op.getCondition().getArguments(), values))
        inner.map(arg, value);
      return cloneBlock(at, op.getCondition().front(), inner, found)[0];
    };
    Value first = conditionOf(b, inits, checks);
    yields.push_back(conditionOf(nested[1], yields, inside));
    addState(i1, first);
    flag = before.getArguments().back();
  } else {
    Checks none;
    flag = cloneBlock(nested[0], op.getCondition().front(), map, none)[0];
  }
  if (std::optional<uint64_t> bound = op.getMaxTrips()) {
    addState(i64, nothing(b, loc));
    Value one = constant(nested[1], loc, i64, 1);
    yields.push_back(AddOp::create(nested[1], loc, after.getArguments().back(), one));
    Value limit = constant(nested[0], loc, i64, static_cast<int64_t>(*bound));
    Value more = LessOp::create(nested[0], loc, before.getArguments().back(), limit);
    flag = LogicalAndOp::create(nested[0], loc, flag, more);
  }
  size_t firstCheck = inits.size();
  for (const Check &check : inside) {
    addState(i1, holds(b, loc));
    addState(i64, nothing(b, loc));
    ValueRange args = after.getArguments();
    append(nested[1], loc, yields, args.drop_back().back(), args.back(), check);
    // A loop whose values are wrong may never end by itself.
    Value ok = before.getArguments().drop_back().back();
    flag = LogicalAndOp::create(nested[0], loc, flag, ok);
  }
  YieldOp::create(nested[0], loc, flag);
  YieldOp::create(nested[1], loc, yields);
  auto made = WhileOp::create(b, loc, ValueRange(inits).getTypes(), inits, IntegerAttr());
  made.getCondition().takeBody(regions[0]);
  made.getBody().takeBody(regions[1]);
  appendResults(made.getResults(), firstCheck, inside, checks);
  return SmallVector<Value>(made.getResults().take_front(states));
}

/// As many rounds as it may have, of which those behind the last change nothing.
SmallVector<Value> ControlCloner::boundedWhile(OpBuilder &b, WhileOp op, IRMapping &map,
                                               SmallVectorImpl<Check> &checks) {
  Location loc = op.getLoc();
  SmallVector<Value> inits =
      llvm::map_to_vector(op.getInits(), [&](Value value) { return map.lookup(value); });
  // As a graph op, of which the cloner then makes one for the kernel.
  auto scan =
      ScanOp::make(b, loc, op.getInits(), {}, /*reverse=*/false, op.getMaxTripsAttr(),
                   [&](OpBuilder &nested, ValueRange states, ValueRange) {
                     IRMapping inner;
                     for (auto [arg, value] : llvm::zip(op.getCondition().getArguments(), states))
                       inner.map(arg, value);
                     for (Operation &each : op.getCondition().front().without_terminator())
                       nested.clone(each, inner);
                     Value flag = inner.lookupOrDefault(
                         op.getCondition().front().getTerminator()->getOperand(0));
                     OperationState state(loc, IfOp::getOperationName());
                     state.addOperands(flag);
                     state.addTypes(op.getResultTypes());
                     for (auto [arg, value] : llvm::zip(op.getBody().getArguments(), states))
                       inner.map(arg, value);
                     auto then = builderIn(b, state.addRegion()->emplaceBlock());
                     for (Operation &each : op.getBody().front())
                       then.clone(each, inner);
                     auto otherwise = builderIn(b, state.addRegion()->emplaceBlock());
                     YieldOp::create(otherwise, loc, states);
                     return SmallVector<Value>(nested.create(state)->getResults());
                   });
  SmallVector<Value> results = cloneScan(b, scan, map, checks);
  scan.erase();
  return results;
}
