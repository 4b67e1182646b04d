//===- OpsScan.cpp - loops over the slices of tensors ---------------------===//

#include "compiler/import/onnx/Control.h"
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

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
  if (failed(addStacked(n, ArrayRef(yields).drop_front(states.size()), steps, types)))
    return failure();
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

void fnc::onnx_import::addScanOps(OpTable &table) { table[":Scan"] = scan; }
