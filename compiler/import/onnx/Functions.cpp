//===- Functions.cpp - what is fed and fetched ----------------------------===//

#include "compiler/graph/Identifier.h"
#include "compiler/import/onnx/Importer.h"
#include "llvm/ADT/SetVector.h"
#include <functional>
#include <onnx.pb.h>

using namespace mlir;
using namespace fnc::onnx_import;

std::string fnc::onnx_import::freeIdentifier(StringRef name, StringRef prefix) {
  static const llvm::StringSet<> members = {"state",       "workspace",      "workspace_bytes",
                                            "context",     "result",         "status",
                                            "info",        "State",          "StateView",
                                            "state_bytes", "state_align",    "layout_hash",
                                            "variables",   "reset",          "variable_offsets",
                                            "bytes",       "variable_count", "variable_external"};
  std::string id = fnc::escapeIdentifier(name);
  return fnc::isReservedIdentifier(id) || members.contains(id) ? (prefix + id).str() : "";
}

bool Importer::fetchesAll() const {
  return options.functions.empty() ||
         llvm::any_of(options.functions, [](const OnnxFunction &f) { return f.fetches.empty(); });
}

/// Adds what the nodes of a graph take from outside, and the names inside too.
static void addUses(const onnx::GraphProto &graph, llvm::StringSet<> &names);
static void addUses(const onnx::NodeProto &node, llvm::StringSet<> &names) {
  for (const std::string &input : node.input())
    names.insert(input);
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    addUses(attribute.g(), names);
    for (const onnx::GraphProto &graph : attribute.graphs())
      addUses(graph, names);
  }
}
static void addUses(const onnx::GraphProto &graph, llvm::StringSet<> &names) {
  for (const onnx::NodeProto &node : graph.node())
    addUses(node, names);
  for (const onnx::ValueInfoProto &output : graph.output())
    names.insert(output.name());
}

std::vector<const onnx::NodeProto *> Importer::neededNodes(const onnx::GraphProto &graph) const {
  std::vector<const onnx::NodeProto *> nodes;
  llvm::StringSet<> names;
  for (const OnnxFunction &function : options.functions) {
    names.insert(function.fetches.begin(), function.fetches.end());
    names.insert(function.feeds.begin(), function.feeds.end());
  }
  if (fetchesAll())
    for (const onnx::ValueInfoProto &output : graph.output())
      names.insert(output.name());
  for (const auto &[input, output] : options.states)
    names.insert(output);
  for (const auto &[output, bound] : options.bounds)
    names.insert(output);
  for (const onnx::NodeProto &node : llvm::reverse(graph.node())) {
    auto isNamed = [&](const std::string &name) { return names.contains(name); };
    if (llvm::none_of(node.output(), isNamed))
      continue;
    nodes.push_back(&node);
    addUses(node, names);
  }
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

LogicalResult Importer::makeFunction(const OnnxFunction &function, const onnx::GraphProto &graph,
                                     Frame &frame) {
  SmallVector<Value> outputs, targets, values, fed;
  SmallVector<Attribute> inputNames, names, identifiers;
  auto tensorNamed = [&](StringRef name, StringRef option) -> Value {
    const Item *item = frame.lookup(name);
    if (item && item->kind == Item::Kind::Tensor && item->value)
      return item->value;
    emitError(file) << option << " names '" << name << "', which is not a tensor of the model";
    return {};
  };
  for (const std::string &name : function.feeds) {
    Value value = tensorNamed(name, "--feed");
    if (!value)
      return failure();
    if (Ops::known(value) && !value.getDefiningOp<fn::VariableOp>())
      return emitError(file) << "--feed names '" << name << "', whose value is a constant";
    fed.push_back(value);
    inputNames.push_back(ops.b.getStringAttr(
        value.getDefiningOp<fn::PlaceholderOp>() ? StringRef() : StringRef(name)));
  }
  for (const auto &[input, output] : options.states) {
    Value variable = states[input], value = tensorNamed(output, "--state");
    if (!value)
      return failure();
    if (llvm::is_contained(function.feeds, input))
      continue;
    if (value.getType() != variable.getType())
      return emitError(file) << "--state updates '" << input << "' of type " << variable.getType()
                             << " with '" << output << "' of type " << value.getType();
    targets.push_back(variable);
    values.push_back(value);
  }
  std::vector<std::string> fetches = function.fetches;
  auto isState = [&](const std::string &name) {
    return llvm::any_of(options.states, [&](const auto &state) { return state.second == name; });
  };
  if (fetches.empty())
    for (const onnx::ValueInfoProto &info : graph.output())
      if (!isState(info.name()))
        fetches.push_back(info.name());
  if (fetches.empty() && values.empty())
    return emitError(file) << "the model has no outputs";
  llvm::StringSet<> seen;
  for (const std::string &name : fetches) {
    if (!seen.insert(name).second)
      return emitError(file) << "output '" << name << "' is named twice";
    // The elements of a sequence, or what an optional holds.
    std::function<LogicalResult(const std::string &, const Item *)> fetch =
        [&](const std::string &name, const Item *item) -> LogicalResult {
      if (item && item->kind == Item::Kind::Optional)
        return item->items.empty() ? success() : fetch(name, &item->items.front());
      if (item && item->kind == Item::Kind::Sequence) {
        for (auto [i, element] : llvm::enumerate(item->items))
          if (failed(fetch(name + "[" + std::to_string(i) + "]", &element)))
            return failure();
        return success();
      }
      if (!item || !item->value)
        return emitError(file) << "--fetch names '" << name
                               << "', which is not a tensor of the model";
      outputs.push_back(item->value);
      names.push_back(ops.b.getStringAttr(name));
      identifiers.push_back(ops.b.getStringAttr(freeIdentifier(name, "out_")));
      return success();
    };
    if (failed(fetch(name, frame.lookup(name))))
      return failure();
  }

  // What is fed needs nothing: of the inputs, those that are still reached.
  llvm::SetVector<Value> reached(outputs.begin(), outputs.end());
  reached.insert(values.begin(), values.end());
  auto follow = [&] {
    for (size_t i = 0; i < reached.size(); ++i)
      if (Operation *def = reached[i].getDefiningOp(); def && !llvm::is_contained(fed, reached[i]))
        def->walk([&](Operation *inner) {
          reached.insert(inner->operand_begin(), inner->operand_end());
        });
  };
  follow();
  if (generator.variable && reached.contains(generator.variable)) {
    targets.push_back(generator.variable);
    values.push_back(generator.next);
  }
  SmallVector<Value> controls;
  for (const Bounded &bounded : boundedTensors) {
    if (bounded.value &&
        (!reached.contains(bounded.value) || llvm::is_contained(fed, bounded.value)))
      continue;
    controls.push_back(bounded.check);
    std::string name = bounded.name + ".count";
    if (!seen.insert(name).second)
      return emitError(file) << "output '" << name << "' is named twice";
    outputs.push_back(bounded.count);
    names.push_back(ops.b.getStringAttr(name));
    identifiers.push_back(ops.b.getStringAttr(freeIdentifier(name, "out_")));
    reached.insert(bounded.count);
  }
  follow();
  SmallVector<Value> arguments(fed);
  for (Value input : inputs)
    if (!llvm::is_contained(fed, input) && (function.feeds.empty() || reached.contains(input))) {
      arguments.push_back(input);
      inputNames.push_back(ops.b.getStringAttr(""));
    }

  OperationState state(file, fn::FunctionOp::getOperationName());
  auto &properties = state.getOrAddProperties<fn::FunctionOp::Properties>();
  properties.sym_name = ops.b.getStringAttr(function.name);
  properties.input_names = ops.b.getArrayAttr(inputNames);
  properties.output_names = ops.b.getArrayAttr(names);
  if (llvm::any_of(identifiers, [](Attribute id) { return !cast<StringAttr>(id).empty(); }))
    properties.output_identifiers = ops.b.getArrayAttr(identifiers);
  auto count = [](ArrayRef<Value> values) { return static_cast<int32_t>(values.size()); };
  properties.operandSegmentSizes = {count(arguments), count(outputs),  count(targets),
                                    count(values),    count(controls), 0};
  for (const SmallVector<Value> *operands : {&arguments, &outputs, &targets, &values, &controls})
    state.addOperands(*operands);
  ops.b.create(state);
  return success();
}
