//===- OpsControl.cpp - control flow, sequences, optionals ----------------===//
//
// Resolved while importing: a known condition chooses its branch, a known count unrolls a loop.
// Sequences and optionals are lists of tensors that only the importer knows.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

constexpr int64_t maxIterations = 4096;

/// Chooses between two items by an i1 of one element.
FailureOr<Item> chosen(Node &n, Ops &o, Value condition, const Item &yes, const Item &no) {
  if (yes.kind != Item::Kind::Tensor || no.kind != Item::Kind::Tensor || !yes.value || !no.value)
    return n.error("the condition must be known: it chooses between sequences or optionals");
  if (yes.value == no.value)
    return yes;
  if (yes.value.getType() != no.value.getType()) {
    std::string types;
    llvm::raw_string_ostream(types) << yes.value.getType() << " and " << no.value.getType();
    return n.requireKnown(condition, "the condition, which chooses between " + types + ",");
  }
  Value value = o.where(condition, yes.value, no.value);
  if (!value)
    return failure();
  return Item(value);
}

/// The one element of a condition: known, or to be computed.
Value scalarCondition(Node &n, Ops &o, Value condition) {
  if (!condition)
    return condition;
  if (!Ops::isBool(condition) || !Ops::isStatic(condition) ||
      Ops::type(condition).getNumElements() != 1)
    return o.error("a condition of rank " + Twine(Ops::rank(condition)) + " is not one boolean");
  return o.reshape(condition, {});
}

LogicalResult branch(Node &n, Ops &o) {
  Value condition = scalarCondition(n, o, n.in(0));
  const onnx::GraphProto *yes = n.graph("then_branch"), *no = n.graph("else_branch");
  if (!condition || !yes || !no)
    return failure();
  auto import = [&](const onnx::GraphProto *graph) {
    return n.importer.importSubgraph(*graph, n.frame, {});
  };
  if (std::optional<Ints> known = Ops::knownInts(condition)) {
    FailureOr<std::vector<Item>> items = import(known->front() ? yes : no);
    if (failed(items))
      return failure();
    for (size_t i = 0; i < n.numOutputs() && i < items->size(); ++i)
      if (failed(n.set(i, (*items)[i])))
        return failure();
    return success();
  }
  // A branch that would never be taken need not make sense: then the condition decides.
  std::string why;
  FailureOr<std::vector<Item>> a, b;
  {
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
    a = import(yes);
    if (succeeded(a))
      b = import(no);
  }
  if (failed(a) || failed(b))
    return n.requireKnown(condition,
                          "the condition, where a branch cannot be computed (" + why + "),");
  if (a->size() != b->size())
    return n.error("its branches have ") << a->size() << " and " << b->size() << " outputs";
  for (size_t i = 0; i < n.numOutputs() && i < a->size(); ++i) {
    FailureOr<Item> item = chosen(n, o, condition, (*a)[i], (*b)[i]);
    if (failed(item) || failed(n.set(i, *item)))
      return failure();
  }
  return success();
}

LogicalResult loop(Node &n, Ops &o) {
  const onnx::GraphProto *body = n.graph("body");
  if (!body)
    return failure();
  int64_t limit = maxIterations + 1;
  if (n.has(0)) {
    FailureOr<Ints> given = n.ints(0);
    if (failed(given))
      return failure();
    if (given->size() != 1)
      return n.error("has ") << given->size() << " trip counts";
    limit = std::min(limit, given->front());
  }
  Value active = o.scalar(1, o.i1());
  if (n.has(1) && !(active = scalarCondition(n, o, n.in(1))))
    return failure();
  std::vector<Item> carried;
  for (size_t i = 2; i < n.numInputs(); ++i) {
    const Item *item = n.item(i);
    if (!item)
      return failure();
    carried.push_back(*item);
  }
  size_t scans = body->output_size() - 1 - carried.size();
  if (body->output_size() < static_cast<int>(1 + carried.size()))
    return n.error("its body has ")
           << body->output_size() << " outputs, expected at least " << 1 + carried.size();
  std::vector<SmallVector<Value>> collected(scans);
  for (int64_t i = 0; i < limit; ++i) {
    std::optional<Ints> known = Ops::knownInts(active);
    if (known && !known->front())
      break;
    if (i == maxIterations)
      return n.error("does not end within ") << maxIterations << " iterations";
    if (!known && !n.has(0))
      return n.error("its condition depends on data and it has no trip count");
    if (!known && scans > 0)
      return n.error("its condition depends on data, which leaves the sizes of outputs open");
    std::vector<Item> inputs = {Item(o.ints({i}, {}, o.i64())), Item(active)};
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    FailureOr<std::vector<Item>> results = n.importer.importSubgraph(*body, n.frame, inputs);
    if (failed(results))
      return failure();
    for (size_t k = 0; k < carried.size(); ++k) {
      if (known) {
        carried[k] = (*results)[k + 1];
        continue;
      }
      // After its end a loop of data-dependent length changes nothing.
      FailureOr<Item> item = chosen(n, o, active, (*results)[k + 1], carried[k]);
      if (failed(item))
        return failure();
      carried[k] = *item;
    }
    for (size_t k = 0; k < scans; ++k)
      if (collected[k].push_back((*results)[1 + carried.size() + k].value); !collected[k].back())
        return n.error("a scan output is not a tensor");
    Value goOn = scalarCondition(n, o, (*results)[0].value);
    active = known ? goOn : o.both(active, goOn);
    if (!active)
      return failure();
  }
  for (auto [i, item] : llvm::enumerate(carried))
    if (failed(n.set(i, item)))
      return failure();
  for (size_t k = 0; k < scans; ++k) {
    if (!n.wants(carried.size() + k))
      continue;
    if (collected[k].empty())
      return n.error("makes no iteration: the types of its scan outputs are not known");
    if (failed(n.set(carried.size() + k, o.stack(collected[k], 0))))
      return failure();
  }
  return success();
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
  int64_t batches = batched ? Ops::shape(given[0])[0] : 1, steps = -1;
  if (batches == kDynamic || batches < 1 || batches > maxIterations)
    return n.error("the size of the batch must be known: give --shape");
  std::vector<SmallVector<Value>> finals(numStates), stacked(scans);
  for (int64_t b = 0; b < batches; ++b) {
    auto ofBatch = [&](Value v) { return batched ? o.at(v, 0, b) : v; };
    std::vector<Item> states;
    for (size_t i = 0; i < numStates; ++i)
      states.push_back(ofBatch(given[i]));
    SmallVector<Value> sources;
    for (size_t i = 0; i < count; ++i) {
      Value source = ofBatch(given[numStates + i]);
      if (!source)
        return failure();
      FailureOr<int64_t> axis = n.axis(inAxes[i], Ops::rank(source));
      if (failed(axis))
        return failure();
      inAxes[i] = *axis;
      int64_t size = Ops::shape(source)[*axis];
      if (size == kDynamic || size > maxIterations || (steps >= 0 && size != steps))
        return n.error("scans ") << size << " steps, expected "
                                 << (steps < 0 ? maxIterations : steps);
      steps = size;
      sources.push_back(source);
    }
    std::vector<SmallVector<Value>> collected(scans);
    for (int64_t t = 0; t < steps; ++t) {
      std::vector<Item> inputs = states;
      for (size_t i = 0; i < count; ++i) {
        Value element = o.at(sources[i], inAxes[i], inDirections[i] ? steps - 1 - t : t);
        if (!element)
          return failure();
        inputs.push_back(element);
      }
      FailureOr<std::vector<Item>> results = n.importer.importSubgraph(*body, n.frame, inputs);
      if (failed(results))
        return failure();
      for (const Item &item : *results)
        if (!item.value)
          return n.error("its body gives something that is not a tensor");
      states.assign(results->begin(), results->begin() + numStates);
      for (size_t k = 0; k < scans; ++k)
        collected[k].push_back((*results)[numStates + k].value);
    }
    for (size_t i = 0; i < numStates; ++i)
      finals[i].push_back(states[i].value);
    for (size_t k = 0; k < scans; ++k) {
      if (collected[k].empty())
        return n.error("has no steps");
      if (outDirections[k])
        std::reverse(collected[k].begin(), collected[k].end());
      FailureOr<int64_t> axis = n.axis(outAxes[k], Ops::rank(collected[k][0]) + 1);
      if (failed(axis))
        return failure();
      stacked[k].push_back(o.stack(collected[k], *axis));
    }
  }
  for (size_t i = 0; i < numStates; ++i)
    if (failed(n.set(i, batched ? o.stack(finals[i], 0) : finals[i][0])))
      return failure();
  for (size_t k = 0; k < scans; ++k)
    if (failed(n.set(numStates + k, batched ? o.stack(stacked[k], 0) : stacked[k][0])))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

const Item *sequence(Node &n, size_t i) {
  const Item *item = n.item(i);
  if (item && item->kind == Item::Kind::Optional && item->items.size() == 1)
    item = &item->items[0];
  if (item && item->kind != Item::Kind::Sequence) {
    n.error("input ") << i << " '" << n.inputName(i) << "' is not a sequence";
    return nullptr;
  }
  return item;
}

/// A position in a sequence of `size`, given by input `i`, from the end where it is negative.
FailureOr<int64_t> position(Node &n, size_t i, int64_t size) {
  FailureOr<Ints> given = n.ints(i);
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return n.error("has ") << given->size() << " positions, expected 1";
  return n.axis(given->front(), size, "position");
}

LogicalResult sequenceConstruct(Node &n, Ops &o) {
  std::vector<Item> items;
  for (size_t i = 0; i < n.numInputs(); ++i) {
    Value value = n.in(i);
    if (!value)
      return failure();
    items.push_back(value);
  }
  return n.set(0, Item::sequence(items));
}

LogicalResult sequenceEmpty(Node &n, Ops &o) { return n.set(0, Item::sequence({})); }

LogicalResult sequenceInsert(Node &n, Ops &o) {
  const Item *list = sequence(n, 0);
  Value value = n.in(1);
  if (!list || !value)
    return failure();
  std::vector<Item> items = list->items;
  int64_t at = items.size();
  if (n.has(2)) {
    FailureOr<int64_t> given = position(n, 2, items.size() + 1);
    if (failed(given))
      return failure();
    // From the end of what is there, not of what will be.
    FailureOr<Ints> raw = n.ints(2);
    at = raw->front() < 0 ? *given - 1 : *given;
  }
  items.insert(items.begin() + at, value);
  return n.set(0, Item::sequence(items));
}

LogicalResult sequenceErase(Node &n, Ops &o) {
  const Item *list = sequence(n, 0);
  if (!list)
    return failure();
  std::vector<Item> items = list->items;
  int64_t at = static_cast<int64_t>(items.size()) - 1;
  if (n.has(1)) {
    FailureOr<int64_t> given = position(n, 1, items.size());
    if (failed(given))
      return failure();
    at = *given;
  }
  if (items.empty())
    return n.error("has nothing to erase");
  items.erase(items.begin() + at);
  return n.set(0, Item::sequence(items));
}

LogicalResult sequenceAt(Node &n, Ops &o) {
  const Item *list = sequence(n, 0);
  if (!list)
    return failure();
  FailureOr<int64_t> at = position(n, 1, list->items.size());
  return succeeded(at) ? n.set(0, list->items[*at]) : failure();
}

LogicalResult sequenceLength(Node &n, Ops &o) {
  const Item *list = sequence(n, 0);
  if (!list)
    return failure();
  return n.result(o.ints({static_cast<int64_t>(list->items.size())}, {}, o.i64()));
}

LogicalResult splitToSequence(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(x));
  if (failed(axis))
    return failure();
  int64_t size = Ops::shape(x)[*axis];
  if (size == kDynamic)
    return n.error("the size of axis ") << *axis << " must be known: give --shape";
  Ints parts;
  bool keep = true;
  if (n.has(1)) {
    FailureOr<Ints> given = n.ints(1);
    if (failed(given))
      return failure();
    parts = *given;
    if (Ops::rank(n.in(1)) == 0) {
      int64_t part = parts.front();
      if (part < 1)
        return n.error("splits into parts of ") << part;
      parts.clear();
      for (int64_t begin = 0; begin < size; begin += part)
        parts.push_back(std::min(part, size - begin));
    }
  } else {
    parts.assign(size, 1);
    keep = n.i("keepdims", 1);
  }
  std::vector<Item> items;
  int64_t begin = 0;
  for (int64_t part : parts) {
    if (part < 0 || begin + part > size)
      return n.error("splits ") << size << " elements beyond their end";
    Value piece = o.slice(x, *axis, begin, begin + part);
    if (!keep)
      piece = o.squeeze(piece, {*axis});
    if (!piece)
      return failure();
    items.push_back(piece);
    begin += part;
  }
  return n.set(0, Item::sequence(items));
}

LogicalResult concatFromSequence(Node &n, Ops &o) {
  const Item *list = sequence(n, 0);
  if (!list)
    return failure();
  SmallVector<Value> values;
  for (const Item &item : list->items)
    values.push_back(item.value);
  if (values.empty() || llvm::is_contained(values, Value()))
    return n.error("has no tensors to join");
  bool newAxis = n.i("new_axis", 0);
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(values[0]) + newAxis);
  if (failed(axis))
    return failure();
  return n.result(newAxis ? o.stack(values, *axis) : o.concat(values, *axis));
}

LogicalResult sequenceMap(Node &n, Ops &o) {
  const onnx::GraphProto *body = n.graph("body");
  const Item *list = sequence(n, 0);
  if (!body || !list)
    return failure();
  std::vector<std::vector<Item>> results(n.numOutputs());
  for (size_t k = 0; k < list->items.size(); ++k) {
    std::vector<Item> inputs = {list->items[k]};
    for (size_t i = 1; i < n.numInputs(); ++i) {
      const Item *item = n.item(i);
      if (!item)
        return failure();
      if (item->kind == Item::Kind::Sequence && item->items.size() <= k)
        return n.error("input ") << i << " has " << item->items.size() << " elements, expected "
                                 << list->items.size();
      inputs.push_back(item->kind == Item::Kind::Sequence ? item->items[k] : *item);
    }
    FailureOr<std::vector<Item>> out = n.importer.importSubgraph(*body, n.frame, inputs);
    if (failed(out))
      return failure();
    if (out->size() != results.size())
      return n.error("its body has ") << out->size() << " outputs, expected " << results.size();
    for (auto [result, item] : llvm::zip(results, *out))
      result.push_back(item);
  }
  for (auto [i, items] : llvm::enumerate(results))
    if (failed(n.set(i, Item::sequence(items))))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Optionals
//===----------------------------------------------------------------------===//

LogicalResult optional(Node &n, Ops &o) {
  if (!n.has(0))
    return n.set(0, Item::optional({}));
  const Item *item = n.item(0);
  return item ? n.set(0, Item::optional({*item})) : failure();
}

LogicalResult optionalGetElement(Node &n, Ops &o) {
  const Item *item = n.item(0);
  if (!item)
    return failure();
  if (item->kind != Item::Kind::Optional)
    return n.set(0, *item);
  if (item->items.empty())
    return n.error("the optional is empty");
  return n.set(0, item->items[0]);
}

LogicalResult optionalHasElement(Node &n, Ops &o) {
  bool has = n.has(0);
  if (has) {
    const Item *item = n.item(0);
    if (!item)
      return failure();
    has = item->kind != Item::Kind::Optional || !item->items.empty();
  }
  return n.result(o.ints({has}, {}, o.i1()));
}

} // namespace

void fnc::onnx_import::addControlOps(OpTable &table) {
  table[":ConcatFromSequence"] = concatFromSequence;
  table[":If"] = branch;
  table[":Loop"] = loop;
  table[":Optional"] = optional;
  table[":OptionalGetElement"] = optionalGetElement;
  table[":OptionalHasElement"] = optionalHasElement;
  table[":Scan"] = scan;
  table[":SequenceAt"] = sequenceAt;
  table[":SequenceConstruct"] = sequenceConstruct;
  table[":SequenceEmpty"] = sequenceEmpty;
  table[":SequenceErase"] = sequenceErase;
  table[":SequenceInsert"] = sequenceInsert;
  table[":SequenceLength"] = sequenceLength;
  table[":SequenceMap"] = sequenceMap;
  table[":SplitToSequence"] = splitToSequence;
}
