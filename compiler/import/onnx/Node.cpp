//===- Node.cpp - one node, as its handler sees it ------------------------===//

#include "compiler/import/onnx/Node.h"
#include "compiler/import/onnx/FoldArray.h"
#include "compiler/import/onnx/Tensors.h"
#include "llvm/ADT/SetVector.h"
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;
using onnx::AttributeProto;

InFlightDiagnostic Node::error(const Twine &message) {
  bad = true;
  return emitError(o.loc) << message;
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

size_t Node::numInputs() const { return proto.input_size(); }
StringRef Node::inputName(size_t i) const { return proto.input(i); }

bool Node::has(size_t i) const {
  if (i >= numInputs() || proto.input(i).empty())
    return false;
  // An absent optional input of a function is an absent input of the nodes in its body.
  const Item *found = frame.lookup(proto.input(i));
  return !found || found->kind != Item::Kind::Tensor || found->value;
}

const Item *Node::item(size_t i) {
  if (!has(i)) {
    error("needs input ") << i;
    return nullptr;
  }
  const Item *found = frame.lookup(proto.input(i));
  if (!found)
    error("input ") << i << " '" << proto.input(i) << "' is computed by nothing before it";
  return found;
}

/// Ops that move elements and do not look at them.
static bool onlyMoves(StringRef op) {
  return llvm::is_contained({"Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "Reshape",
                             "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose",
                             "Unsqueeze"},
                            op);
}

Type Node::small(size_t i) {
  const Item *found = has(i) ? frame.lookup(proto.input(i)) : nullptr;
  return found ? found->small : Type();
}

Value Node::in(size_t i) {
  Type type = small(i);
  if (!type)
    return stored(i);
  if (!onlyMoves(proto.op_type())) {
    error("input ") << i << " '" << proto.input(i) << "' holds " << type
                    << ", which this op does not take";
    return {};
  }
  movedSmall = type;
  return stored(i);
}

Value Node::stored(size_t i) {
  const Item *found = item(i);
  if (!found)
    return {};
  if (found->kind == Item::Kind::Optional && found->items.size() == 1 &&
      found->items[0].kind == Item::Kind::Tensor)
    return found->items[0].value;
  if (found->kind != Item::Kind::Tensor) {
    error("input ") << i << " '" << proto.input(i) << "' is not a tensor";
    return {};
  }
  return found->value;
}

LogicalResult Node::requireKnown(Value value, const Twine &what) {
  if (!value)
    return failure();
  if (Ops::known(value))
    return success();
  // What it is computed from tells which inputs would make it known.
  llvm::SetVector<Operation *> work;
  std::string names;
  auto add = [&](Value v) {
    if (Operation *def = v.getDefiningOp())
      work.insert(def);
  };
  add(value);
  for (size_t n = 0; n < work.size(); ++n) {
    if (auto placeholder = dyn_cast<fn::PlaceholderOp>(work[n]))
      names += " --bind " + placeholder.getName().str() + "=...";
    work[n]->walk([&](Operation *inner) { llvm::for_each(inner->getOperands(), add); });
  }
  InFlightDiagnostic diagnostic = error(what) << " must be known when compiling";
  if (!names.empty())
    diagnostic << ": give" << names << boundHint;
  return failure();
}

FailureOr<Ints> Node::ints(Value value, const Twine &what) {
  if (mlir::failed(requireKnown(value, what)))
    return failure();
  std::optional<Ints> values = Ops::knownInts(value);
  if (!values)
    return error(what) << " has type " << value.getType() << ", expected integers";
  return *values;
}

FailureOr<Ints> Node::ints(size_t i) {
  Value value = in(i);
  if (!value)
    return failure();
  return ints(value, "input " + Twine(i) + " '" + inputName(i) + "'");
}

FailureOr<Ints> Node::sizes(size_t i) {
  Value value = in(i);
  DenseElementsAttr greatest = value ? importer.atMost(value) : DenseElementsAttr();
  if (!greatest || !isa<IntegerType>(greatest.getElementType()))
    return ints(i);
  std::vector<int64_t> elements = Array(greatest).i;
  return Ints(elements.begin(), elements.end());
}

FailureOr<SmallVector<double>> Node::reals(size_t i) {
  Value value = in(i);
  if (!value || mlir::failed(requireKnown(value, "input " + Twine(i) + " '" + inputName(i) + "'")))
    return failure();
  return *Ops::knownReals(value);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const AttributeProto *Node::attribute(StringRef name) {
  for (const AttributeProto &attribute : proto.attribute()) {
    if (attribute.name() != name)
      continue;
    if (attribute.ref_attr_name().empty())
      return &attribute;
    // In the body of a function: an attribute of the call.
    for (Frame *f = &frame; f; f = f->outer)
      if (f->call)
        return f->call->attribute(attribute.ref_attr_name());
    error("attribute '") << name << "' refers to '" << attribute.ref_attr_name()
                         << "' outside of a function";
    return nullptr;
  }
  return nullptr;
}

const AttributeProto *Node::typed(StringRef name, int type) {
  const AttributeProto *attribute = this->attribute(name);
  if (!attribute || attribute->type() == type)
    return attribute;
  // Old models leave the type out.
  if (attribute->type() == AttributeProto::UNDEFINED)
    return attribute;
  error("attribute '") << name << "' has type "
                       << AttributeProto::AttributeType_Name(attribute->type()) << ", expected "
                       << AttributeProto::AttributeType_Name(
                              static_cast<AttributeProto::AttributeType>(type));
  return nullptr;
}

int64_t Node::i(StringRef name, int64_t otherwise) {
  const AttributeProto *attribute = typed(name, AttributeProto::INT);
  return attribute ? attribute->i() : otherwise;
}

double Node::f(StringRef name, double otherwise) {
  const AttributeProto *attribute = typed(name, AttributeProto::FLOAT);
  return attribute ? attribute->f() : otherwise;
}

std::string Node::s(StringRef name, StringRef otherwise) {
  const AttributeProto *attribute = typed(name, AttributeProto::STRING);
  return attribute ? attribute->s() : otherwise.str();
}

std::optional<Ints> Node::is(StringRef name) {
  const AttributeProto *attribute = typed(name, AttributeProto::INTS);
  if (!attribute)
    return std::nullopt;
  return Ints(attribute->ints().begin(), attribute->ints().end());
}

std::optional<SmallVector<double>> Node::fs(StringRef name) {
  const AttributeProto *attribute = typed(name, AttributeProto::FLOATS);
  if (!attribute)
    return std::nullopt;
  return SmallVector<double>(attribute->floats().begin(), attribute->floats().end());
}

std::optional<std::vector<std::string>> Node::ss(StringRef name) {
  const AttributeProto *attribute = typed(name, AttributeProto::STRINGS);
  if (!attribute)
    return std::nullopt;
  return std::vector<std::string>(attribute->strings().begin(), attribute->strings().end());
}

DenseElementsAttr Node::tensor(StringRef name) {
  const AttributeProto *attribute = typed(name, AttributeProto::TENSOR);
  if (!attribute)
    return {};
  FailureOr<DenseElementsAttr> value =
      tensorValue(o.loc, "attribute '" + name + "'", attribute->t(), importer.options.folder);
  bad |= mlir::failed(value);
  return mlir::failed(value) ? DenseElementsAttr() : *value;
}

const onnx::GraphProto *Node::graph(StringRef name) {
  const AttributeProto *attribute = typed(name, AttributeProto::GRAPH);
  if (!attribute && !bad)
    error("needs the attribute '") << name << "'";
  return attribute ? &attribute->g() : nullptr;
}

FailureOr<int64_t> Node::axis(int64_t axis, int64_t rank, const Twine &what) {
  if (axis < -rank || axis >= rank)
    return error(what) << " " << axis << " is out of range for rank " << rank;
  return axis < 0 ? axis + rank : axis;
}

FailureOr<Ints> Node::axes(ArrayRef<int64_t> axes, int64_t rank) {
  Ints result;
  for (int64_t given : axes) {
    FailureOr<int64_t> one = axis(given, rank);
    if (mlir::failed(one))
      return failure();
    if (llvm::is_contained(result, *one))
      return error("axis ") << given << " is named twice";
    result.push_back(*one);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

size_t Node::numOutputs() const { return proto.output_size(); }

bool Node::wants(size_t i) const { return i < numOutputs() && !proto.output(i).empty(); }

std::optional<int64_t> Node::bound(size_t i, ArrayRef<size_t> inputs) {
  if (!wants(i))
    return std::nullopt;
  boundHint = ", or --bound " + proto.output(i) + "=COUNT";
  auto given = importer.options.bounds.find(proto.output(i));
  bool isOpen = inputs.empty() || llvm::any_of(inputs, [&](size_t input) {
                  return has(input) && in(input) && !Ops::known(in(input));
                });
  if (given != importer.options.bounds.end())
    importer.usedBounds.insert(given->first);
  return given == importer.options.bounds.end() || !isOpen ? std::nullopt
                                                           : std::optional(given->second);
}

Value Node::random(StringRef op, ValueRange operands, ArrayRef<NamedAttribute> attrs) {
  if (!o.isOutside()) {
    error("draws random numbers, and stands in a loop or branch");
    return {};
  }
  // Dropout's seed is an integer.
  const AttributeProto *seed = attribute("seed");
  int64_t key = !seed                                 ? 0
                : seed->type() == AttributeProto::INT ? seed->i()
                                                      : llvm::bit_cast<int32_t>(seed->f());
  SmallVector<Value> all = {importer.generatorState(key)};
  llvm::append_range(all, operands);
  Value drawn = o.make(op, all, attrs);
  if (drawn)
    importer.generator.next = drawn.getDefiningOp()->getResult(1);
  return drawn;
}

LogicalResult Node::bounded(size_t i, Value value, Value count, int64_t bound) {
  if (!value || !count)
    return failure();
  if (!o.isOutside())
    return error("has a size that is data, and stands in a loop or branch");
  std::string name = proto.output(i);
  Value fits = o.make<fn::LessEqualOp>({count, o.ints({bound}, {}, o.i64())});
  auto check = fn::AssertOp::create(
      o.b, o.loc, fits, o.b.getStringAttr(name + " has at most " + std::to_string(bound)),
      ValueRange());
  importer.boundedTensors.push_back({name, value, count, check.getResult()});
  return set(i, value);
}

LogicalResult Node::set(size_t i, Item item) {
  if (item.kind == Item::Kind::Tensor && !item.value)
    return failure();
  if (!wants(i))
    return success();
  auto [it, isNew] = frame.items.try_emplace(proto.output(i), std::move(item));
  if (!isNew)
    return error("output '") << proto.output(i) << "' is computed twice";
  return success();
}
