//===- Importer.cpp - the walk over a model -------------------------------===//

#include "compiler/import/onnx/Importer.h"
#include "compiler/graph/Nearest.h"
#include "compiler/import/onnx/Node.h"
#include "compiler/import/onnx/Simplify.h"
#include "compiler/import/onnx/SmallTypes.h"
#include "compiler/import/onnx/Tensors.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/MemoryBuffer.h"
#include <functional>
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

// The newest version of ai.onnx that the handlers know.
static constexpr int64_t newestOpset = 28;
// Bodies of functions and control flow inside each other.
static constexpr unsigned maxDepth = 32;

static StringRef domainOf(StringRef domain) { return domain == "ai.onnx" ? "" : domain; }

template <typename Imports>
static LogicalResult addOpsets(Location loc, const Imports &imports,
                               llvm::StringMap<int64_t> &out) {
  for (const onnx::OperatorSetIdProto &import : imports) {
    StringRef domain = domainOf(import.domain());
    if (domain.empty() && (import.version() < 1 || import.version() > newestOpset))
      return emitError(loc) << "the model needs opset " << import.version()
                            << " of ai.onnx, known are 1 to " << newestOpset;
    out[domain] = import.version();
  }
  return success();
}

/// Where a node stands: its name and op in front of each message.
static Location nodeLocation(Location file, const onnx::NodeProto &node) {
  std::string name = node.name();
  if (name.empty() && node.output_size() > 0)
    name = node.output(0);
  std::string op = (node.domain().empty() ? "" : node.domain() + ":") + node.op_type();
  return NameLoc::get(StringAttr::get(file.getContext(), "node '" + name + "' (" + op + ")"), file);
}

LogicalResult Importer::readOpsets() {
  if (failed(addOpsets(file, model.opset_import(), opsets)))
    return failure();
  if (opsets.empty())
    opsets[""] = 1;
  for (const onnx::FunctionProto &function : model.functions()) {
    std::string name = (domainOf(function.domain()) + ":" + function.name()).str();
    functions[name] = &function;
    auto own = std::make_unique<llvm::StringMap<int64_t>>(opsets);
    if (failed(addOpsets(file, function.opset_import(), *own)))
      return failure();
    functionOpsets[name] = std::move(own);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Inputs and initializers
//===----------------------------------------------------------------------===//

LogicalResult Importer::importInitializers(const onnx::GraphProto &graph, Frame &frame,
                                           onnx::GraphProto *owned) {
  auto define = [&](const std::string &name, const onnx::TensorProto &tensor,
                    FailureOr<DenseElementsAttr> value) -> LogicalResult {
    if (failed(value))
      return failure();
    if (name.empty())
      return emitError(file) << "an initializer has no name";
    Value result;
    if (owned && value->getNumElements() > 0) {
      std::string identifier = freeIdentifier(name, "v_");
      auto variable = fn::VariableOp::create(
          ops.b, NameLoc::get(ops.b.getStringAttr("initializer '" + name + "'"), file),
          value->getType(), ops.b.getStringAttr(name),
          identifier.empty() ? StringAttr() : ops.b.getStringAttr(identifier), ops.b.getUnitAttr(),
          *value);
      result = variable.getResult();
    } else {
      result = ops.constant(*value);
    }
    Type small = smallType(ops.b.getContext(), tensor.data_type());
    if (!frame.items.try_emplace(name, result, small).second)
      return emitError(file) << "two initializers are named '" << name << "'";
    return success();
  };
  for (int i = 0; i < graph.initializer_size(); ++i) {
    const onnx::TensorProto &tensor = graph.initializer(i);
    if (failed(define(
            tensor.name(), tensor,
            tensorValue(file, "initializer '" + tensor.name() + "'", tensor, options.folder))))
      return failure();
    if (owned)
      onnx::TensorProto().Swap(owned->mutable_initializer(i));
  }
  for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer())
    if (failed(define(tensor.values().name(), tensor.values(),
                      sparseValue(file, "initializer '" + tensor.values().name() + "'", tensor,
                                  options.folder))))
      return failure();
  return success();
}

FailureOr<Value> Importer::boundValue(const onnx::ValueInfoProto &info, RankedTensorType type,
                                      StringRef text) {
  std::string what = "the value bound to input '" + info.name() + "'";
  if (text.consume_front("@")) {
    auto buffer = llvm::MemoryBuffer::getFile(text, false, /*RequiresNullTerminator=*/false);
    if (!buffer)
      return emitError(file) << what << ": '" << text << "': " << buffer.getError().message();
    onnx::TensorProto tensor;
    if (!tensor.ParseFromArray((*buffer)->getBufferStart(), (*buffer)->getBufferSize()))
      return emitError(file) << what << ": '" << text << "' is not a serialized TensorProto";
    FailureOr<DenseElementsAttr> value = tensorValue(file, what, tensor, options.folder);
    if (failed(value))
      return failure();
    auto given = cast<RankedTensorType>(value->getType());
    if (type && !fn::compatibleTypes(given, type))
      return emitError(file) << what << " has type " << given << ", the input has " << type;
    return ops.constant(*value);
  }
  SmallVector<double> numbers;
  Ints wholes;
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t whole = 0;
    double number = 0;
    bool isWhole = !part.trim().getAsInteger(10, whole);
    if (!isWhole && part.trim().getAsDouble(number))
      return emitError(file) << what << ": '" << part << "' is not a number";
    wholes.push_back(isWhole ? whole : static_cast<int64_t>(number));
    numbers.push_back(isWhole ? static_cast<double>(whole) : number);
  }
  if (!type)
    return emitError(file) << "input '" << info.name() << "' has no shape: give --shape "
                           << info.name() << "=...";
  int64_t count = numbers.size();
  Ints shape(type.getShape());
  if (shape.size() == 1 && shape[0] == kDynamic)
    shape[0] = count;
  auto given = RankedTensorType::get(shape, type.getElementType());
  if (!given.hasStaticShape() || given.getNumElements() != count)
    return emitError(file) << what << " has " << count << " numbers, the input has type " << type;
  return isa<FloatType>(type.getElementType()) ? ops.reals(numbers, shape, type.getElementType())
                                               : ops.ints(wholes, shape, type.getElementType());
}

/// An input of the graph; `sizes` are given on the command line.
FailureOr<Item> Importer::placeholder(Location loc, const std::string &name,
                                      const onnx::TypeProto &type,
                                      const std::vector<int64_t> *sizes) {
  if (!type.has_tensor_type())
    return emitError(loc) << "has a type that is not made of dense tensors, which cannot be fed";
  const onnx::TypeProto::Tensor &tensor = type.tensor_type();
  Type small = smallType(ops.b.getContext(), tensor.elem_type());
  FailureOr<Type> element =
      small ? storageType(small) : checkedElementType(loc, tensor.elem_type());
  if (failed(element))
    return failure();
  Ints shape;
  if (sizes)
    shape.assign(sizes->begin(), sizes->end());
  else if (!tensor.has_shape())
    return emitError(loc) << "has no shape: give --shape " << name << "=...";
  else
    for (const auto &dim : tensor.shape().dim())
      shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : kDynamic);
  if (!isReasonable(shape))
    return emitError(loc) << "has more than " << kMaxElements << " elements";
  std::string id = freeIdentifier(name, "in_");
  Value value = fn::PlaceholderOp::create(ops.b, loc, RankedTensorType::get(shape, *element),
                                          ops.b.getStringAttr(name),
                                          id.empty() ? StringAttr() : ops.b.getStringAttr(id),
                                          DenseI64ArrayAttr(), IntegerAttr(), ElementsAttr());
  inputs.push_back(value);
  return Item(value, small);
}

/// A sequence or an optional: the command line says what is in it.
LogicalResult Importer::importNested(const onnx::ValueInfoProto &info, Frame &frame) {
  const std::string &name = info.name();
  Location loc = NameLoc::get(ops.b.getStringAttr("input '" + name + "'"), file);
  const onnx::TypeProto *type = &info.type();
  bool isOptional = type->has_optional_type();
  if (isOptional)
    type = &type->optional_type().elem_type();
  auto elements = options.elements.find(name);
  bool isGiven = elements != options.elements.end();
  Item item;
  if (isOptional && isGiven && elements->second.empty()) {
    item = Item::optional({});
  } else if (type->has_sequence_type()) {
    if (!isGiven)
      return emitError(loc) << "is a sequence: give --shape " << name
                            << "=[SIZES][SIZES]... with the sizes of each element";
    std::vector<Item> items;
    for (const std::vector<int64_t> &sizes : elements->second) {
      FailureOr<Item> one = placeholder(loc, name + "[" + std::to_string(items.size()) + "]",
                                        type->sequence_type().elem_type(), &sizes);
      if (failed(one))
        return failure();
      items.push_back(*one);
    }
    item = Item::sequence(std::move(items));
  } else {
    auto sizes = options.shapes.find(name);
    FailureOr<Item> one =
        placeholder(loc, name, *type, sizes == options.shapes.end() ? nullptr : &sizes->second);
    if (failed(one))
      return failure();
    item = *one;
  }
  if (isOptional && item.kind != Item::Kind::Optional)
    item = Item::optional({item});
  if (!frame.items.try_emplace(name, item).second)
    return emitError(file) << "two inputs are named '" << name << "'";
  return success();
}

LogicalResult Importer::importInput(const onnx::ValueInfoProto &info, Frame &frame) {
  const std::string &name = info.name();
  Location loc = NameLoc::get(ops.b.getStringAttr("input '" + name + "'"), file);
  if (name.empty())
    return emitError(file) << "an input has no name";
  if (info.type().has_sequence_type() || info.type().has_optional_type())
    return importNested(info, frame);
  if (!info.type().has_tensor_type())
    return emitError(loc) << "has a type that is not a dense tensor, which cannot be fed";
  const onnx::TypeProto::Tensor &tensor = info.type().tensor_type();
  Type small = smallType(ops.b.getContext(), tensor.elem_type());
  FailureOr<Type> element =
      small ? storageType(small) : checkedElementType(loc, tensor.elem_type());
  if (failed(element))
    return failure();
  Ints shape;
  bool hasShape = tensor.has_shape();
  for (const auto &dim : tensor.shape().dim()) {
    auto symbol = options.dims.find(dim.dim_param());
    if (dim.has_dim_value() && dim.dim_value() < -1)
      return emitError(loc) << "has a dimension of size " << dim.dim_value();
    if (dim.has_dim_value() && dim.dim_value() >= 0)
      shape.push_back(dim.dim_value());
    else
      shape.push_back(symbol == options.dims.end() ? kDynamic : symbol->second);
  }
  if (auto given = options.shapes.find(name); given != options.shapes.end()) {
    Ints sizes(given->second.begin(), given->second.end());
    if (hasShape && sizes.size() != shape.size())
      return emitError(loc) << "has rank " << shape.size() << ", --shape gives rank "
                            << sizes.size();
    for (size_t i = 0; hasShape && i < sizes.size(); ++i)
      if (shape[i] != kDynamic && shape[i] != sizes[i])
        return emitError(loc) << "has size " << shape[i] << " in dimension " << i
                              << ", --shape gives " << sizes[i];
    shape = sizes;
    hasShape = true;
  }
  if (!isReasonable(shape))
    return emitError(loc) << "has more than " << kMaxElements << " elements";
  RankedTensorType type = hasShape ? RankedTensorType::get(shape, *element) : RankedTensorType();
  Value value;
  auto bound = options.binds.find(name);
  if (bound != options.binds.end()) {
    FailureOr<Value> constant = boundValue(info, type, bound->second);
    if (failed(constant))
      return failure();
    value = *constant;
  }
  if (options.states.count(name)) {
    if (value)
      type = Ops::type(value);
    if (!type || !type.hasStaticShape())
      return emitError(loc) << "is a state, whose sizes must be known: give --shape " << name
                            << "=...";
    DenseElementsAttr init =
        value ? Ops::known(value) : DenseElementsAttr::get(type, ops.b.getZeroAttr(*element));
    std::string id = freeIdentifier(name, "v_");
    value = fn::VariableOp::create(ops.b, loc, type, ops.b.getStringAttr(name),
                                   id.empty() ? StringAttr() : ops.b.getStringAttr(id), UnitAttr(),
                                   init);
    states[name] = value;
  } else if (bound == options.binds.end()) {
    if (!type)
      return emitError(loc) << "has no shape: give --shape " << name << "=...";
    std::string id = freeIdentifier(name, "in_");
    value = fn::PlaceholderOp::create(ops.b, loc, type, ops.b.getStringAttr(name),
                                      id.empty() ? StringAttr() : ops.b.getStringAttr(id),
                                      DenseI64ArrayAttr(), IntegerAttr(), ElementsAttr());
    inputs.push_back(value);
  }
  if (!frame.items.try_emplace(name, value, small).second)
    return emitError(file) << "two inputs are named '" << name << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult Importer::importNode(const onnx::NodeProto &proto, Frame &frame) {
  Location before = ops.loc;
  ops.loc = nodeLocation(file, proto);
  auto restore = llvm::make_scope_exit([&] { ops.loc = before; });
  StringRef domain = domainOf(proto.domain());
  auto opset = frame.opsets->find(domain);
  Node node(*this, frame, proto, opset == frame.opsets->end() ? 1 : opset->second);
  std::string name = (domain + ":" + proto.op_type()).str();
  // A function of the model goes first: it says what its op means.
  if (auto function = functions.find(name); function != functions.end())
    return importCall(node, *function->second);
  auto handler = opTable().find(name);
  if (handler == opTable().end())
    return node.error(opset == frame.opsets->end() && !domain.empty() ? "unknown domain or op"
                                                                      : "this op is not supported");
  std::optional<LogicalResult> onBytes =
      domain.empty() ? importOnBytes(node, handler->second) : std::nullopt;
  if (failed(onBytes ? *onBytes : handler->second(node, ops)) || node.failed())
    return failure();
  if (domain.empty())
    boundSums(node);
  if (Type small = node.carried())
    for (const std::string &output : proto.output())
      if (auto item = frame.items.find(output); item != frame.items.end())
        item->second.small = small;
  for (const std::string &output : proto.output()) {
    if (output.empty())
      continue;
    auto item = frame.items.find(output);
    if (item == frame.items.end())
      return node.error("output '") << output << "' is not supported";
    auto declared = declarations.find(output);
    if (ops.isOutside() && failed(boundSize(output, item->second.value)))
      return failure();
    if (!frame.outer && !frame.call && declared != declarations.end() &&
        failed(checkDeclared(*declared->second, "tensor", item->second)))
      return failure();
  }
  return success();
}

template <typename Nodes> LogicalResult Importer::importNodes(const Nodes &nodes, Frame &frame) {
  for (const onnx::NodeProto &node : nodes)
    if (failed(importNode(node, frame)))
      return failure();
  return success();
}

LogicalResult Importer::importCall(Node &node, const onnx::FunctionProto &function) {
  if (++depth > maxDepth)
    return node.error("functions are nested more than ") << maxDepth << " deep";
  auto leave = llvm::make_scope_exit([&] { --depth; });
  Frame frame;
  frame.opsets = functionOpsets[(domainOf(function.domain()) + ":" + function.name()).str()].get();
  frame.call = &node;
  for (int i = 0; i < function.input_size(); ++i) {
    Item item;
    if (node.has(i)) {
      const Item *given = node.item(i);
      if (!given)
        return failure();
      item = *given;
    }
    frame.items.try_emplace(function.input(i), item);
  }
  if (failed(importNodes(function.node(), frame)))
    return failure();
  for (int i = 0; i < function.output_size(); ++i) {
    if (!node.wants(i))
      continue;
    const Item *item = frame.lookup(function.output(i));
    if (!item)
      return node.error("output '") << function.output(i) << "' of the function is not computed";
    if (failed(node.set(i, *item)))
      return failure();
  }
  return success();
}

FailureOr<std::vector<Item>> Importer::importSubgraph(const onnx::GraphProto &graph, Frame &outer,
                                                      ArrayRef<Item> given) {
  if (++depth > maxDepth)
    return emitError(ops.loc) << "graphs are nested more than " << maxDepth << " deep";
  auto leave = llvm::make_scope_exit([&] { --depth; });
  if (static_cast<size_t>(graph.input_size()) != given.size())
    return emitError(ops.loc) << "the graph '" << graph.name() << "' has " << graph.input_size()
                              << " inputs, expected " << given.size();
  Frame frame;
  frame.outer = &outer;
  frame.opsets = outer.opsets;
  for (auto [input, item] : llvm::zip(graph.input(), given))
    frame.items.try_emplace(input.name(), item);
  if (failed(importInitializers(graph, frame, nullptr)) || failed(importNodes(graph.node(), frame)))
    return failure();
  std::vector<Item> results;
  for (const onnx::ValueInfoProto &output : graph.output()) {
    const Item *item = frame.lookup(output.name());
    if (!item)
      return emitError(ops.loc) << "output '" << output.name() << "' of the graph '" << graph.name()
                                << "' is not computed";
    results.push_back(*item);
  }
  return results;
}

Value Importer::generatorState(int64_t key) {
  if (generator.variable)
    return generator.next;
  llvm::StringSet<> taken;
  for (fn::VariableOp variable : body->getOps<fn::VariableOp>())
    taken.insert(variable.getName());
  for (fn::PlaceholderOp placeholder : body->getOps<fn::PlaceholderOp>())
    taken.insert(placeholder.getName());
  std::string name = "rng";
  while (taken.contains(name))
    name += "_";
  auto type = RankedTensorType::get({3}, ops.i64());
  generator.variable =
      fn::VariableOp::create(ops.b, file, type, ops.b.getStringAttr(name), StringAttr(), UnitAttr(),
                             DenseElementsAttr::get(type, ArrayRef<int64_t>{0, 0, key}));
  return generator.next = generator.variable;
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

LogicalResult Importer::checkDeclared(const onnx::ValueInfoProto &info, StringRef kind,
                                      const Item &item) {
  if (!info.type().has_tensor_type() || item.kind != Item::Kind::Tensor || !item.value)
    return success();
  Location loc = NameLoc::get(ops.b.getStringAttr(kind + " '" + info.name() + "'"), file);
  RankedTensorType type = Ops::type(item.value);
  const onnx::TypeProto::Tensor &tensor = info.type().tensor_type();
  Type element = smallType(ops.b.getContext(), tensor.elem_type());
  if (!element)
    element = elementType(ops.b.getContext(), tensor.elem_type());
  Type given = item.small ? item.small : type.getElementType();
  if (tensor.elem_type() != 0 && element != given)
    return emitError(loc) << "is declared to hold " << elementTypeName(tensor.elem_type())
                          << ", its nodes give " << given;
  if (!tensor.has_shape())
    return success();
  Ints shape;
  for (const auto &dim : tensor.shape().dim())
    shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : kDynamic);
  auto declared = RankedTensorType::get(shape, type.getElementType());
  if (fn::compatibleTypes(type, declared))
    return success();
  // Exporters guess where sizes are open, and sizes given here may be others than the model was
  // made with: what the nodes give counts.
  bool isGuess = !declared.hasStaticShape() || !options.shapes.empty() || !options.dims.empty() ||
                 !options.binds.empty();
  InFlightDiagnostic diagnostic = isGuess ? emitWarning(loc) : emitError(loc);
  diagnostic << "is declared as " << declared << ", its nodes give " << type;
  return failure(!isGuess);
}

LogicalResult Importer::checkOutput(const onnx::ValueInfoProto &info, Frame &frame) {
  Location loc = NameLoc::get(ops.b.getStringAttr("output '" + info.name() + "'"), file);
  const Item *item = frame.lookup(info.name());
  if (!item)
    return emitError(loc) << "is computed by nothing";
  if (item->kind == Item::Kind::Tensor && !item->value)
    return emitError(loc) << "is not a tensor, which cannot be fetched";
  return checkDeclared(info, "output", *item);
}

void Importer::dropDead() {
  body->walk([](Operation *op) { op->removeDiscardableAttr(Ops::knownAttr); });
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*body)))
    if (op.use_empty() && op.getNumResults() > 0 && !isa<fn::PlaceholderOp>(op))
      op.erase();
}

LogicalResult Importer::importModel() {
  const onnx::GraphProto &graph = model.graph();
  auto top = fn::GraphOp::create(ops.b, file, options.graph);
  body = &top.getBody().emplaceBlock();
  ops.b.setInsertionPointToEnd(body);
  Frame frame;
  frame.opsets = &opsets;
  if (failed(readOpsets()) || failed(importInitializers(graph, frame, model.mutable_graph())))
    return failure();
  for (const onnx::ValueInfoProto &input : graph.input())
    // Older models list initializers among the inputs.
    if (!frame.items.count(input.name()) && failed(importInput(input, frame)))
      return failure();
  auto isInput = [&](const std::string &name) {
    return llvm::any_of(graph.input(), [&](const auto &input) { return input.name() == name; });
  };
  std::vector<std::string> names;
  for (const onnx::ValueInfoProto &input : graph.input())
    names.push_back(input.name());
  for (const auto &[name, unused] : options.shapes)
    if (!isInput(name))
      return emitError(file) << "the model has no input '" << name << "'"
                             << didYouMean(name, names);
  for (const auto &[name, unused] : options.elements)
    if (!isInput(name))
      return emitError(file) << "the model has no input '" << name << "'"
                             << didYouMean(name, names);
  for (const auto &[name, unused] : options.binds)
    if (!isInput(name))
      return emitError(file) << "--bind names '" << name << "', which is not an input";
  for (const auto &[name, unused] : options.states)
    if (!isInput(name))
      return emitError(file) << "--state names '" << name << "', which is not an input";
  for (const onnx::ValueInfoProto &info : graph.value_info())
    declarations[info.name()] = &info;
  if (failed(importNodes(llvm::make_pointee_range(neededNodes(graph)), frame)))
    return failure();
  for (const auto &[name, bound] : options.bounds)
    if (!usedBounds.contains(name))
      return emitError(file) << "--bound names '" << name
                             << "', which no node makes with a size that is data";
  for (const onnx::ValueInfoProto &output : graph.output())
    if ((fetchesAll() || frame.lookup(output.name())) && failed(checkOutput(output, frame)))
      return failure();
  std::vector<OnnxFunction> functions = options.functions;
  if (functions.empty())
    functions.emplace_back();
  for (const OnnxFunction &function : functions)
    if (failed(makeFunction(function, graph, frame)))
      return failure();
  if (options.simplify)
    foldScales(*body);
  dropDead();
  return success();
}
