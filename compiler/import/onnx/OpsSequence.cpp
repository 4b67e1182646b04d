//===- OpsSequence.cpp - sequences and optionals --------------------------===//
//
// Lists of tensors that only the importer knows: their lengths are known when compiling.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

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

void fnc::onnx_import::addSequenceOps(OpTable &table) {
  table[":ConcatFromSequence"] = concatFromSequence;
  table[":Optional"] = optional;
  table[":OptionalGetElement"] = optionalGetElement;
  table[":OptionalHasElement"] = optionalHasElement;
  table[":SequenceAt"] = sequenceAt;
  table[":SequenceConstruct"] = sequenceConstruct;
  table[":SequenceEmpty"] = sequenceEmpty;
  table[":SequenceErase"] = sequenceErase;
  table[":SequenceInsert"] = sequenceInsert;
  table[":SequenceLength"] = sequenceLength;
  table[":SequenceMap"] = sequenceMap;
  table[":SplitToSequence"] = splitToSequence;
}
