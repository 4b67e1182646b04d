//===- OpsControl.cpp - control flow --------------------------------------===//
//
// A known condition chooses its branch, and loops of a few rounds are unrolled: their bodies often
// need to know the round. Else they become fn.if, fn.while and fn.scan. A longer loop is unrolled
// after all where its body cannot do without known values.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Control.h"
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

// Loops of fewer rounds are unrolled.
static constexpr int64_t maxUnrolled = 8;

/// Runs a trial whose errors may not matter; the first of them.
static std::string quietly(Ops &o, llvm::function_ref<void()> trial) {
  std::string why;
  ScopedDiagnosticHandler quiet(o.b.getContext(), [&](Diagnostic &diagnostic) {
    if (why.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      diagnostic.getLocation()->walk([&](Location at) {
        if (auto name = dyn_cast<NameLoc>(at); name && why.empty())
          why = name.getName().str() + ": ";
        return WalkResult::advance();
      });
      why += diagnostic.str();
    }
    return success();
  });
  trial();
  return why;
}

/// The tensors of an item, in order.
static void addLeaves(const Item &item, SmallVector<Value> &values) {
  if (item.kind == Item::Kind::Tensor)
    values.push_back(item.value);
  for (const Item &inner : item.items)
    addLeaves(inner, values);
}
SmallVector<Value> fnc::onnx_import::leaves(ArrayRef<Item> items) {
  SmallVector<Value> values;
  for (const Item &item : items)
    addLeaves(item, values);
  return values;
}

/// An item like `item` of other tensors, which are taken from the front of `values`.
static Item rebuilt(const Item &item, ValueRange &values) {
  Item result = item;
  if (item.kind == Item::Kind::Tensor) {
    result.value = values.front();
    values = values.drop_front();
  }
  for (auto [inner, from] : llvm::zip(result.items, item.items))
    inner = rebuilt(from, values);
  return result;
}
std::vector<Item> fnc::onnx_import::rebuilt(ArrayRef<Item> items, ValueRange values) {
  std::vector<Item> result;
  for (const Item &item : items)
    result.push_back(::rebuilt(item, values));
  return result;
}

LogicalResult fnc::onnx_import::addStacked(Node &n, ArrayRef<Value> tensors, int64_t count,
                                           SmallVector<Type> &types) {
  for (Value tensor : tensors) {
    Ints shape = {count};
    llvm::append_range(shape, Ops::shape(tensor));
    if (!isReasonable(shape))
      return n.error("makes a tensor of more than ") << kMaxElements << " elements";
    types.push_back(RankedTensorType::get(shape, Ops::element(tensor)));
  }
  return success();
}

Items fnc::onnx_import::runOrUnroll(Node &n, Ops &o, Value trips, int64_t count,
                                    llvm::function_ref<Items()> run,
                                    llvm::function_ref<Items()> unrolled) {
  if (count <= maxUnrolled)
    std::swap(run, unrolled);
  std::string why;
  for (auto form : {run, unrolled}) {
    Items items;
    std::string reason = quietly(o, [&] { items = form(); });
    if (succeeded(items))
      return items;
    if (why.empty())
      why = reason;
    n.forgive();
  }
  // A body that needs to know its round can be unrolled once the number of rounds is known.
  if (trips && !Ops::known(trips) && !StringRef(why).contains("--bind")) {
    (void)n.requireKnown(trips, "the number of iterations, of which each must know its number (" +
                                    why + "),");
    return failure();
  }
  // What keeps the loop from its better form is the better reason.
  return run();
}

namespace {

std::string shown(const Item &item) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (item.kind == Item::Kind::Tensor)
    item.value ? void(os << item.value.getType()) : void(os << "nothing");
  else
    os << (item.kind == Item::Kind::Sequence ? "a sequence of " : "an optional with ")
       << item.items.size();
  return text;
}

/// Whether one may stand for the other at run time: tensors of the same type; sequences and
/// optionals of as many.
bool sameForm(const Item &a, const Item &b) {
  if (a.kind != b.kind || a.items.size() != b.items.size() || a.small != b.small)
    return false;
  if (a.kind == Item::Kind::Tensor &&
      (!a.value || !b.value || a.value.getType() != b.value.getType()))
    return false;
  return llvm::all_of(llvm::zip(a.items, b.items),
                      [](auto pair) { return sameForm(std::get<0>(pair), std::get<1>(pair)); });
}

/// The one element of a condition: known, or to be computed.
Value scalarCondition(Ops &o, Value condition) {
  if (!condition)
    return condition;
  if (!Ops::isBool(condition) || !Ops::isStatic(condition) ||
      Ops::type(condition).getNumElements() != 1)
    return o.error("a condition of rank " + Twine(Ops::rank(condition)) + " is not one boolean");
  return o.reshape(condition, {});
}

LogicalResult setAll(Node &n, ArrayRef<Item> items) {
  for (size_t i = 0; i < n.numOutputs() && i < items.size(); ++i)
    if (failed(n.set(i, items[i])))
      return failure();
  return success();
}

LogicalResult branch(Node &n, Ops &o) {
  Value condition = scalarCondition(o, n.in(0));
  const onnx::GraphProto *yes = n.graph("then_branch"), *no = n.graph("else_branch");
  if (!condition || !yes || !no)
    return failure();
  auto import = [&](const onnx::GraphProto *graph) {
    return n.importer.importSubgraph(*graph, n.frame, {});
  };
  if (std::optional<Ints> known = Ops::knownInts(condition)) {
    Items items = import(known->front() ? yes : no);
    return failed(items) ? failure() : setAll(n, *items);
  }
  // A branch that would never be taken need not make sense: then the condition decides.
  Items a, b;
  Body then(o, false);
  std::string why = quietly(o, [&] { a = import(yes); });
  if (succeeded(a))
    then.yield(leaves(*a));
  then.close();
  Body otherwise(o, false);
  if (succeeded(a))
    why = quietly(o, [&] { b = import(no); });
  if (succeeded(b))
    otherwise.yield(leaves(*b));
  otherwise.close();
  if (failed(a) || failed(b))
    return n.requireKnown(condition,
                          "the condition, where a branch cannot be computed (" + why + "),");
  if (a->size() != b->size())
    return n.error("its branches have ") << a->size() << " and " << b->size() << " outputs";
  for (auto [x, y] : llvm::zip(*a, *b))
    if (!sameForm(x, y))
      return n.requireKnown(condition, "the condition, which chooses between " + shown(x) +
                                           " and " + shown(y) + ",");
  SmallVector<Value> first = leaves(*a), second = leaves(*b), values;
  if (then.isEmpty() && otherwise.isEmpty()) {
    for (auto [x, y] : llvm::zip(first, second))
      values.push_back(x == y ? x : o.where(condition, x, y));
  } else {
    auto op = fn::IfOp::create(o.b, o.loc, ValueRange(first).getTypes(), condition);
    op.getThenRegion().takeBody(then.region);
    op.getElseRegion().takeBody(otherwise.region);
    llvm::append_range(values, op.getResults());
  }
  return llvm::is_contained(values, Value()) ? failure() : setAll(n, rebuilt(*a, values));
}

struct Loop {
  Node &n;
  Ops &o;
  const onnx::GraphProto &body;
  Value trips; ///< an i64 of rank 0, or null
  Value start; ///< whether to begin
  std::vector<Item> carried;
  size_t scans = 0;

  std::optional<int64_t> knownTrips() const {
    std::optional<Ints> known = Ops::knownInts(trips);
    return known ? std::optional(known->front()) : std::nullopt;
  }
  /// The outputs; the second is of a loop that runs as one.
  Items unrolled();
  Items run();
  /// At most `bound` rounds, of which those that take place come first in what is stacked.
  Items bounded(int64_t bound);

private:
  Items counted(Body &round, ArrayRef<Item> results, Value next);
  Items conditional(Body &round, ArrayRef<Item> results, Value next, Value goOn);
};

Items Loop::unrolled() {
  int64_t limit = std::min(maxIterations + 1, knownTrips().value_or(maxIterations + 1));
  std::vector<Item> state = carried;
  std::vector<SmallVector<Value>> collected(scans);
  Value active = start;
  for (int64_t i = 0; i < limit; ++i) {
    std::optional<Ints> known = Ops::knownInts(active);
    if (!known)
      return n.requireKnown(active, "the condition");
    if (!known->front())
      break;
    if (i == maxIterations)
      return n.error("does not end within ") << maxIterations << " iterations";
    std::vector<Item> inputs = {Item(o.ints({i}, {}, o.i64())), Item(active)};
    inputs.insert(inputs.end(), state.begin(), state.end());
    Items results = n.importer.importSubgraph(body, n.frame, inputs);
    if (failed(results))
      return failure();
    state.assign(results->begin() + 1, results->begin() + 1 + carried.size());
    for (size_t k = 0; k < scans; ++k)
      if (collected[k].push_back((*results)[1 + carried.size() + k].value); !collected[k].back())
        return n.error("a scan output is not a tensor");
    if (!(active = scalarCondition(o, (*results)[0].value)))
      return failure();
  }
  for (size_t k = 0; k < scans; ++k) {
    if (collected[k].empty())
      return n.error("makes no iteration: the types of its scan outputs are not known");
    state.push_back(n.wants(state.size()) ? o.stack(collected[k], 0) : collected[k].front());
  }
  return state;
}

Items Loop::run() {
  std::optional<Ints> begins = Ops::knownInts(start);
  if (begins && !begins->front())
    trips = o.ints({0}, {}, o.i64());
  Body round(o, true);
  std::vector<Item> inputs = {round.argument(o.type(o.ints({0}, {}, o.i64())))};
  // In a round that takes place the condition holds.
  inputs.push_back(o.scalar(1, o.i1()));
  SmallVector<Value> args;
  for (Value value : leaves(carried)) {
    if (!value)
      return n.error("a state is not a tensor");
    args.push_back(round.argument(value.getType()));
  }
  llvm::append_range(inputs, rebuilt(carried, args));
  Items results = n.importer.importSubgraph(body, n.frame, inputs);
  if (failed(results))
    return failure();
  Value goOn = scalarCondition(o, (*results)[0].value);
  Value next = o.add(inputs[0].value, 1);
  if (!goOn || !next)
    return failure();
  ArrayRef<Item> outputs = ArrayRef(*results).drop_front();
  for (auto [before, after] : llvm::zip(carried, outputs))
    if (!sameForm(before, after))
      return n.error("a state changes from ") << shown(before) << " to " << shown(after);
  for (const Item &item : outputs.drop_front(carried.size()))
    if (item.kind != Item::Kind::Tensor || !item.value)
      return n.error("a scan output is not a tensor");
  std::optional<Ints> always = Ops::knownInts(goOn);
  if (always && always->front() && begins && knownTrips())
    return counted(round, outputs, next);
  for (size_t k = 0; k < scans; ++k) {
    if (!n.wants(carried.size() + k))
      continue;
    // What leaves open how many there are.
    Value open = !begins ? start : !always ? goOn : trips;
    if (open && !Ops::known(open)) {
      (void)n.requireKnown(open, "the number of iterations, which tells the sizes of outputs,");
      return failure();
    }
    return n.error("the number of its iterations, which tells the sizes of outputs, is not known");
  }
  return conditional(round, outputs, next, goOn);
}

Items Loop::counted(Body &round, ArrayRef<Item> results, Value next) {
  int64_t count = std::max<int64_t>(0, *knownTrips());
  SmallVector<Value> inits = {o.ints({0}, {}, o.i64())}, yields = {next};
  llvm::append_range(inits, leaves(carried));
  llvm::append_range(yields, leaves(results));
  round.yield(yields);
  round.close();
  SmallVector<Type> types(ValueRange(inits).getTypes());
  if (failed(addStacked(n, ArrayRef(yields).drop_front(inits.size()), count, types)))
    return failure();
  auto op = fn::ScanOp::create(o.b, o.loc, types, inits, ValueRange(), UnitAttr(),
                               o.b.getI64IntegerAttr(count), o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  return rebuilt(results, op.getResults().drop_front());
}

Items Loop::conditional(Body &round, ArrayRef<Item> results, Value next, Value goOn) {
  // The counter, whether to go on, and the state.
  round.region.front().insertArgument(1u, start.getType(), o.loc);
  results = results.take_front(carried.size());
  SmallVector<Value> inits = {o.ints({0}, {}, o.i64()), start}, yields = {next, goOn};
  llvm::append_range(inits, leaves(carried));
  llvm::append_range(yields, leaves(results));
  round.yield(yields);
  round.close();
  Body test(o, true);
  SmallVector<Value> args;
  for (Value init : inits)
    args.push_back(test.argument(init.getType()));
  Value go = args[1];
  if (trips)
    go = o.both(go, o.less(args[0], trips));
  if (!go)
    return failure();
  test.yield(go);
  test.close();
  auto op = fn::WhileOp::create(o.b, o.loc, ValueRange(inits).getTypes(), inits, IntegerAttr());
  op.getCondition().takeBody(test.region);
  op.getBody().takeBody(round.region);
  std::vector<Item> items = rebuilt(results, op.getResults().drop_front(2));
  // Nobody asks for the stacks of this form.
  items.resize(carried.size() + scans);
  return items;
}

Items Loop::bounded(int64_t bound) {
  Type flag = RankedTensorType::get({}, o.i1());
  Body round(o, true);
  Value count = round.argument(RankedTensorType::get({}, o.i64())), goes = round.argument(flag);
  SmallVector<Value> args;
  for (Value value : leaves(carried)) {
    if (!value)
      return n.error("a state is not a tensor");
    args.push_back(round.argument(value.getType()));
  }
  auto isOn = [&](Value go, Value count) { return trips ? o.both(go, o.less(count, trips)) : go; };
  Value takesPlace = isOn(goes, count);
  if (!takesPlace)
    return failure();

  Body then(o, false);
  std::vector<Item> inputs = {Item(count), Item(o.scalar(1, o.i1()))};
  llvm::append_range(inputs, rebuilt(carried, args));
  Items results = n.importer.importSubgraph(body, n.frame, inputs);
  if (failed(results))
    return failure();
  ArrayRef<Item> outputs = ArrayRef(*results).drop_front();
  SmallVector<Value> made = {scalarCondition(o, (*results)[0].value)};
  llvm::append_range(made, leaves(outputs));
  for (auto [before, after] : llvm::zip(carried, outputs))
    if (!sameForm(before, after))
      return n.error("a state changes from ") << shown(before) << " to " << shown(after);
  if (llvm::is_contained(made, Value()))
    return n.error("a scan output is not a tensor");
  then.yield(made);
  then.close();

  Body otherwise(o, false);
  SmallVector<Value> kept = {o.scalar(0, o.i1())};
  llvm::append_range(kept, args);
  for (Value stacked : ArrayRef(made).drop_front(kept.size())) {
    if (!Ops::isStatic(stacked))
      return n.error("stacks ") << stacked.getType() << ", whose sizes must be known";
    kept.push_back(o.splat(0, Ops::shape(stacked), Ops::element(stacked)));
  }
  otherwise.yield(kept);
  otherwise.close();
  auto choice = fn::IfOp::create(o.b, o.loc, ValueRange(made).getTypes(), takesPlace);
  choice.getThenRegion().takeBody(then.region);
  choice.getElseRegion().takeBody(otherwise.region);
  SmallVector<Value> yields = {o.add(count, o.cast(takesPlace, o.i64()))};
  llvm::append_range(yields, choice.getResults());
  round.yield(yields);
  round.close();

  SmallVector<Value> inits = {o.ints({0}, {}, o.i64()), start};
  llvm::append_range(inits, leaves(carried));
  SmallVector<Type> types(ValueRange(inits).getTypes());
  if (failed(addStacked(n, ArrayRef(yields).drop_front(inits.size()), bound, types)))
    return failure();
  auto op = fn::ScanOp::create(o.b, o.loc, types, inits, ValueRange(), UnitAttr(),
                               o.b.getI64IntegerAttr(bound), o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  // One round more than there is room for is one too many.
  Value all = o.add(op.getResult(0), o.cast(isOn(op.getResult(1), op.getResult(0)), o.i64()));
  std::vector<Item> items = rebuilt(outputs, op.getResults().drop_front(2));
  for (size_t i = carried.size(); i < items.size(); ++i)
    if (n.wants(i) && failed(n.bounded(i, items[i].value, all, bound)))
      return failure();
  items.resize(carried.size());
  return items;
}

LogicalResult loop(Node &n, Ops &o) {
  const onnx::GraphProto *body = n.graph("body");
  if (!body)
    return failure();
  Loop l{n, o, *body, {}, o.scalar(1, o.i1()), {}};
  if (n.has(0)) {
    Value given = n.in(0);
    if (!given)
      return failure();
    if (!Ops::isStatic(given) || Ops::type(given).getNumElements() != 1 || Ops::isFloat(given))
      return n.error("has a trip count of type ") << Ops::type(given);
    l.trips = o.cast(o.reshape(given, {}), o.i64());
  }
  if (n.has(1) && !(l.start = scalarCondition(o, n.in(1))))
    return failure();
  for (size_t i = 2; i < n.numInputs(); ++i) {
    const Item *item = n.item(i);
    if (!item)
      return failure();
    l.carried.push_back(*item);
  }
  if (body->output_size() < static_cast<int>(1 + l.carried.size()))
    return n.error("its body has ")
           << body->output_size() << " outputs, expected at least " << 1 + l.carried.size();
  l.scans = body->output_size() - 1 - l.carried.size();
  std::optional<int64_t> most;
  for (size_t i = 0; i < l.scans; ++i)
    if (std::optional<int64_t> bound = n.bound(l.carried.size() + i, {}))
      most = std::min(*bound, most.value_or(*bound));
  if (most) {
    Items items = l.bounded(*most);
    return failed(items) ? failure() : setAll(n, *items);
  }
  Items items = runOrUnroll(
      n, o, l.trips, l.knownTrips().value_or(maxIterations + 1), [&] { return l.run(); },
      [&] { return l.unrolled(); });
  return failed(items) ? failure() : setAll(n, *items);
}

} // namespace

void fnc::onnx_import::addControlOps(OpTable &table) {
  table[":If"] = branch;
  table[":Loop"] = loop;
}
