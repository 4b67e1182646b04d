//===- Signature.cpp - what an object offers ------------------------------===//

#include "Signature.h"
#include "Error.h"
#include "compiler/graph/Nearest.h"
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace fnc;
using namespace fnc::tool;
using nlohmann::json;

namespace {

/// What a manifest lacks: it is damaged, or of another version of fnc.
struct Malformed {};

const json &field(const json &object, const char *key) {
  if (!object.is_object() || !object.contains(key))
    throw Malformed();
  return object[key];
}

std::string text(const json &object, const char *key) {
  const json &value = field(object, key);
  if (!value.is_string())
    throw Malformed();
  return value.get<std::string>();
}

int64_t number(const json &value) {
  if (!value.is_number_integer())
    throw Malformed();
  return value.get<int64_t>();
}

bool flag(const json &object, const char *key) {
  const json &value = field(object, key);
  if (!value.is_boolean())
    throw Malformed();
  return value.get<bool>();
}

const json &list(const json &object, const char *key) {
  const json &value = field(object, key);
  if (!value.is_array())
    throw Malformed();
  return value;
}

Size parseSize(const json &value, int64_t symbols, int depth = 0) {
  if (value.is_number_integer())
    return {Size::Number, value.get<int64_t>(), {}};
  if (value.is_string()) {
    const std::string name = value.get<std::string>();
    char *end;
    int64_t symbol = name.size() > 1 ? std::strtoll(name.c_str() + 1, &end, 10) : -1;
    if (symbol < 0 || symbol >= symbols || *end)
      throw Malformed();
    return {Size::Symbol, symbol, {}};
  }
  if (!value.is_array() || value.size() != 3 || !value[0].is_string() || depth > 1000)
    throw Malformed();
  static constexpr std::string_view names[] = {"+", "*", "floordiv", "ceildiv", "mod"};
  auto known = std::find(std::begin(names), std::end(names), value[0].get<std::string>());
  if (known == std::end(names))
    throw Malformed();
  return {static_cast<Size::Kind>(Size::Add + (known - names)),
          0,
          {parseSize(value[1], symbols, depth + 1), parseSize(value[2], symbols, depth + 1)}};
}

void parseTensor(const json &object, int64_t symbols, TensorType &tensor) {
  tensor.name = text(object, "name");
  tensor.type = dtypeNamed(text(object, "dtype"));
  if (!tensor.type)
    throw Malformed();
  for (const json &size : list(object, "shape"))
    tensor.shape.push_back(size.is_null() ? -1 : number(size));
  if (object.contains("sizes"))
    for (const json &size : list(object, "sizes"))
      tensor.sizes.push_back(parseSize(size, symbols));
  else
    for (int64_t size : tensor.shape)
      tensor.sizes.push_back({Size::Number, size, {}});
  if (tensor.sizes.size() != tensor.shape.size() ||
      (!object.contains("sizes") && !elementCount(tensor.shape)))
    throw Malformed();
  if (object.contains("sparse")) {
    const json &sparse = object["sparse"];
    tensor.indexType = dtypeNamed(text(sparse, "index"));
    tensor.nnz = parseSize(field(sparse, "nnz"), symbols);
    if (!tensor.indexType || tensor.nnz.kind != Size::Symbol)
      throw Malformed();
  }
}

RegionType parseRegion(const json &object, int64_t symbols) {
  RegionType region;
  region.kind = text(object, "kind");
  for (const json &place : list(object, "places"))
    if (place.is_string())
      region.places.push_back(place.get<std::string>());
  auto size = [&](const char *key) -> std::optional<Size> {
    const json &value = field(object, key);
    return value.is_null() ? std::nullopt : std::optional(parseSize(value, symbols));
  };
  region.operations = size("operations");
  region.bytes = size("bytes");
  region.bits = static_cast<unsigned>(number(field(object, "bits")));
  return region;
}

FunctionType parseFunction(const json &object) {
  FunctionType function;
  function.name = text(object, "name");
  function.symbol = text(object, "symbol");
  function.symbolCount = number(field(object, "symbols"));
  if (function.symbolCount < 0 || function.symbolCount > 1'000'000)
    throw Malformed();
  function.usesState = flag(object, "uses_state");
  function.prints = flag(object, "prints");
  function.hasWorkspace = number(field(object, "workspace_buffers")) > 0;
  for (const json &input : list(object, "inputs"))
    parseTensor(input, function.symbolCount, function.inputs.emplace_back());
  for (const json &output : list(object, "outputs"))
    parseTensor(output, function.symbolCount, function.outputs.emplace_back());
  for (const json &check : list(object, "checks"))
    function.checks.push_back(text(check, "name"));
  if (object.contains("regions"))
    for (const json &entry : list(object, "regions"))
      function.regions.push_back(parseRegion(entry, function.symbolCount));
  return function;
}

GraphType parseGraph(const json &object) {
  GraphType graph;
  graph.name = text(object, "graph");
  graph.stateBytes = number(field(object, "state_bytes"));
  for (const json &entry : list(object, "variables")) {
    VariableType variable;
    parseTensor(entry, 0, variable);
    variable.isReadOnly = flag(entry, "read_only");
    variable.isExternal = entry.contains("external") && flag(entry, "external");
    if (!variable.isReadOnly) {
      variable.offset = number(field(entry, "offset"));
      std::optional<int64_t> count = elementCount(variable.shape);
      if (!count || variable.offset < 0 || variable.offset > graph.stateBytes ||
          *count > (graph.stateBytes - variable.offset) / variable.type->bytes)
        throw Malformed();
    }
    graph.variables.push_back(std::move(variable));
  }
  for (const json &function : list(object, "functions"))
    graph.functions.push_back(parseFunction(function));
  return graph;
}

/// Python's division, as the sizes of shapes use it.
int64_t floorDiv(int64_t n, int64_t d) {
  if (d == 0)
    return 0;
  return d == -1 ? 0 - n : n / d - (n % d != 0 && (n < 0) != (d < 0));
}

} // namespace

int64_t Size::at(const std::vector<int64_t> &symbols) const {
  if (kind == Number)
    return value;
  if (kind == Symbol)
    return symbols[static_cast<size_t>(value)];
  int64_t x = operands[0].at(symbols), y = operands[1].at(symbols), result = 0;
  switch (kind) {
  case Add:
    (void)__builtin_add_overflow(x, y, &result);
    return result;
  case Mul:
    (void)__builtin_mul_overflow(x, y, &result);
    return result;
  case FloorDiv:
    return floorDiv(x, y);
  case CeilDiv:
    return -floorDiv(-x, y);
  default:
    return x - floorDiv(x, y) * y;
  }
}

bool TensorType::isStatic() const {
  return std::all_of(shape.begin(), shape.end(), [](int64_t size) { return size >= 0; });
}

const TensorType *FunctionType::input(std::string_view name) const {
  for (const TensorType &input : inputs)
    if (input.name == name)
      return &input;
  return nullptr;
}

const VariableType *GraphType::variable(std::string_view name) const {
  for (const VariableType &variable : variables)
    if (variable.name == name)
      return &variable;
  return nullptr;
}

GraphType GraphType::parse(std::string_view manifest, std::string_view where) {
  json object = json::parse(manifest, nullptr, /*allow_exceptions=*/false);
  try {
    return parseGraph(object);
  } catch (const Malformed &) {
    fail(where, "has a manifest that this version of fnc cannot read");
  }
}

const FunctionType &GraphType::function(std::string_view wanted, std::string_view where) const {
  if (!wanted.empty() && wanted.front() == '@')
    wanted.remove_prefix(1);
  std::vector<std::string> names;
  for (const FunctionType &function : functions)
    names.push_back(function.name);
  if (wanted.empty() && functions.size() == 1)
    return functions.front();
  for (const FunctionType &function : functions)
    if (function.name == wanted)
      return function;
  if (functions.empty())
    fail(where, "graph @{} has no function", name);
  if (wanted.empty())
    fail(where, "graph @{} has {} functions: say which with --function: {}", name, functions.size(),
         fmt::join(names, ", "));
  fail(where, "graph @{} has no function @{}{}", name, wanted, didYouMean(wanted, names));
}
