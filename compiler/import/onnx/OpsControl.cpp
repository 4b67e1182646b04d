//===- OpsControl.cpp - control flow --------------------------------------===//
//
// A known condition chooses its branch, and loops of a few rounds are unrolled: their bodies often
// need to know the round. Else they become fn.if, fn.while and fn.scan. A longer loop is unrolled
// after all where its body cannot do without known values.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

constexpr int64_t maxIterations = 4096;
// Loops of fewer rounds are unrolled.
constexpr int64_t maxUnrolled = 8;

using Items = FailureOr<std::vector<Item>>;

/// Runs a trial whose errors may not matter; the first of them.
std::string quietly(Ops &o, llvm::function_ref<void()> trial) {
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
void leaves(const Item &item, SmallVector<Value> &values, SmallVector<Type> *small = nullptr) {
  if (item.kind == Item::Kind::Tensor) {
    values.push_back(item.value);
    if (small)
      small->push_back(item.small);
  }
  for (const Item &inner : item.items)
    leaves(inner, values, small);
}
SmallVector<Value> leaves(ArrayRef<Item> items) {
  SmallVector<Value> values;
  for (const Item &item : items)
    leaves(item, values);
  return values;
}

/// An item like `item` of other tensors, which are taken from the front of `values`.
Item rebuilt(const Item &item, ValueRange &values) {
  Item result = item;
  if (item.kind == Item::Kind::Tensor) {
    result.value = values.front();
    values = values.drop_front();
  }
  for (auto [inner, from] : llvm::zip(result.items, item.items))
    inner = rebuilt(from, values);
  return result;
}
std::vector<Item> rebuilt(ArrayRef<Item> items, ValueRange values) {
  std::vector<Item> result;
  for (const Item &item : items)
    result.push_back(rebuilt(item, values));
  return result;
}

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

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// A loop of `trips` rounds, which may be open, in the form that is better, or in the one that is
/// possible.
Items runOrUnroll(Node &n, Ops &o, Value trips, int64_t count, llvm::function_ref<Items()> run,
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

/// Axis `from` of x at place `to`.
Value moved(Ops &o, Value x, int64_t from, int64_t to) {
  if (!x || from == to)
    return x;
  Ints perm;
  for (int64_t i = 0; i < Ops::rank(x); ++i)
    if (i != from)
      perm.push_back(i);
  perm.insert(perm.begin() + to, from);
  return o.transpose(x, perm);
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
  for (Value stacked : ArrayRef(yields).drop_front(inits.size())) {
    Ints shape = {count};
    shape.append(Ops::shape(stacked).begin(), Ops::shape(stacked).end());
    if (!isReasonable(shape))
      return n.error("makes a tensor of more than ") << kMaxElements << " elements";
    types.push_back(RankedTensorType::get(shape, Ops::element(stacked)));
  }
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
  Items items = runOrUnroll(
      n, o, l.trips, l.knownTrips().value_or(maxIterations + 1), [&] { return l.run(); },
      [&] { return l.unrolled(); });
  return failed(items) ? failure() : setAll(n, *items);
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// A Scan over tensors whose first dimension is that of the rounds, in order.
struct Rounds {
  Node &n;
  Ops &o;
  const onnx::GraphProto &body;
  SmallVector<Value> states, sources;
  size_t scans;
  int64_t steps;

  Items unrolled();
  Items run();
  Items import(ArrayRef<Value> values);
};

/// The body of one round, of tensors alone.
Items Rounds::import(ArrayRef<Value> values) {
  if (llvm::is_contained(values, Value()))
    return failure();
  Items results =
      n.importer.importSubgraph(body, n.frame, std::vector<Item>(values.begin(), values.end()));
  if (failed(results))
    return failure();
  for (const Item &item : *results)
    if (!item.value)
      return n.error("its body gives something that is not a tensor");
  return results;
}

Items Rounds::unrolled() {
  if (steps == kDynamic || steps > maxIterations)
    return n.error("scans ") << steps << " steps, expected at most " << maxIterations;
  SmallVector<Value> state = states;
  std::vector<SmallVector<Value>> collected(scans);
  for (int64_t t = 0; t < steps; ++t) {
    SmallVector<Value> inputs = state;
    for (Value source : sources)
      inputs.push_back(o.at(source, 0, t));
    Items results = import(inputs);
    if (failed(results))
      return failure();
    for (size_t i = 0; i < state.size(); ++i)
      state[i] = (*results)[i].value;
    for (size_t k = 0; k < scans; ++k)
      collected[k].push_back((*results)[state.size() + k].value);
  }
  std::vector<Item> results(state.begin(), state.end());
  for (size_t k = 0; k < scans; ++k) {
    if (collected[k].empty())
      return n.error("has no steps");
    results.push_back(o.stack(collected[k], 0));
  }
  return results;
}

Items Rounds::run() {
  Body round(o, true);
  SmallVector<Value> args;
  for (Value state : states)
    args.push_back(round.argument(state.getType()));
  for (Value source : sources)
    args.push_back(round.argument(
        RankedTensorType::get(Ops::shape(source).drop_front(), Ops::element(source))));
  Items results = import(args);
  if (failed(results))
    return failure();
  SmallVector<Value> yields = leaves(*results);
  SmallVector<Type> types(ValueRange(states).getTypes());
  for (auto [state, next] : llvm::zip(states, yields))
    if (state.getType() != next.getType())
      return n.error("a state changes from ") << state.getType() << " to " << next.getType();
  for (Value stacked : ArrayRef(yields).drop_front(states.size())) {
    Ints shape = {steps};
    shape.append(Ops::shape(stacked).begin(), Ops::shape(stacked).end());
    if (!isReasonable(shape))
      return n.error("makes a tensor of more than ") << kMaxElements << " elements";
    types.push_back(RankedTensorType::get(shape, Ops::element(stacked)));
  }
  round.yield(yields);
  round.close();
  auto op = fn::ScanOp::create(o.b, o.loc, types, states, sources, UnitAttr(), IntegerAttr(),
                               o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  return rebuilt(*results, op.getResults());
}

LogicalResult scan(Node &n, Ops &o) {
  const onnx::GraphProto *body = n.graph("body");
  if (!body)
    return failure();
  // Opset 8 has a batch in front of everything, and lengths of sequences as the first input.
  bool batched = n.opset < 9;
  size_t first = batched ? 1 : 0, count = n.i("num_scan_inputs", 0);
  if (batched && n.has(0))
    return n.error("lengths of sequences are not supported");
  if (count < 1 || n.numInputs() < first + count)
    return n.error("has ") << n.numInputs() << " inputs, " << count << " of them to scan";
  size_t numStates = n.numInputs() - first - count;
  if (static_cast<size_t>(body->output_size()) < numStates)
    return n.error("its body has ") << body->output_size() << " outputs";
  size_t scans = body->output_size() - numStates;
  Ints inAxes = n.is("scan_input_axes", Ints(count, 0));
  Ints inDirections = n.is(batched ? "directions" : "scan_input_directions", Ints(count, 0));
  Ints outAxes = n.is("scan_output_axes", Ints(scans, 0));
  Ints outDirections = n.is("scan_output_directions", Ints(scans, 0));
  if (inAxes.size() != count || inDirections.size() != count || outAxes.size() != scans ||
      outDirections.size() != scans)
    return n.error("its axes or directions do not match its inputs and outputs");
  SmallVector<Value> given;
  for (size_t i = first; i < n.numInputs(); ++i)
    if (given.push_back(n.in(i)); !given.back())
      return failure();
  if (batched && llvm::any_of(given, [](Value v) { return Ops::rank(v) == 0; }))
    return n.error("has an input without a batch");
  int64_t batches = batched ? Ops::shape(given[0])[0] : 1;
  if (batches == kDynamic || batches < 1 || batches > maxIterations)
    return n.error("the size of the batch must be known: give --shape");
  std::vector<SmallVector<Value>> outputs(numStates + scans);
  for (int64_t b = 0; b < batches; ++b) {
    auto ofBatch = [&](Value v) { return batched ? o.at(v, 0, b) : v; };
    Rounds rounds{n, o, *body, {}, {}, scans, kDynamic};
    for (size_t i = 0; i < numStates; ++i)
      rounds.states.push_back(ofBatch(given[i]));
    for (size_t i = 0; i < count; ++i) {
      Value source = ofBatch(given[numStates + i]);
      FailureOr<int64_t> axis =
          source ? n.axis(inAxes[i], Ops::rank(source)) : FailureOr<int64_t>();
      if (failed(axis))
        return failure();
      int64_t size = Ops::shape(source)[*axis];
      if (size != kDynamic && rounds.steps != kDynamic && size != rounds.steps)
        return n.error("scans ") << size << " and " << rounds.steps << " steps";
      rounds.steps = size == kDynamic ? rounds.steps : size;
      source = moved(o, source, *axis, 0);
      rounds.sources.push_back(inDirections[i] ? o.reverse(source, {0}) : source);
    }
    if (llvm::is_contained(rounds.sources, Value()) || llvm::is_contained(rounds.states, Value()))
      return failure();
    Items results = runOrUnroll(
        n, o, Value(), rounds.steps == kDynamic ? maxIterations + 1 : rounds.steps,
        [&] { return rounds.run(); }, [&] { return rounds.unrolled(); });
    if (failed(results))
      return failure();
    for (auto [i, result] : llvm::enumerate(*results)) {
      Value value = result.value;
      if (i >= numStates && value) {
        size_t k = i - numStates;
        if (outDirections[k])
          value = o.reverse(value, {0});
        FailureOr<int64_t> axis = n.axis(outAxes[k], Ops::rank(value));
        if (failed(axis))
          return failure();
        value = moved(o, value, 0, *axis);
      }
      outputs[i].push_back(value);
    }
  }
  for (auto [i, values] : llvm::enumerate(outputs))
    if (failed(n.set(i, batched ? o.stack(values, 0) : values[0])))
      return failure();
  return success();
}

} // namespace

void fnc::onnx_import::addControlOps(OpTable &table) {
  table[":If"] = branch;
  table[":Loop"] = loop;
  table[":Scan"] = scan;
}
