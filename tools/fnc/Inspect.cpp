//===- Inspect.cpp - fnc inspect ------------------------------------------===//
//
// One page for graphs and objects: a graph is compiled first, so both are told from an object.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Source.h"
#include "compiler/Pipeline.h"
#include "compiler/emit/ObjectInfo.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>

using namespace fnc;
using namespace fnc::tool;
namespace json = llvm::json;

namespace {

std::string text(const json::Object &object, llvm::StringRef key) {
  return object.getString(key).value_or("").str();
}

int64_t number(const json::Object &object, llvm::StringRef key) {
  return object.getInteger(key).value_or(0);
}

/// The objects of a list; what a damaged manifest has in their place is left out.
std::vector<const json::Object *> objects(const json::Object &object, llvm::StringRef key) {
  std::vector<const json::Object *> result;
  if (const json::Array *array = object.getArray(key))
    for (const json::Value &value : *array)
      if (const json::Object *entry = value.getAsObject())
        result.push_back(entry);
  return result;
}

std::vector<std::string> strings(const json::Object &object, llvm::StringRef key) {
  std::vector<std::string> result;
  if (const json::Array *array = object.getArray(key))
    for (const json::Value &value : *array)
      result.push_back(value.getAsString().value_or("").str());
  return result;
}

/// "?x64", or nothing for a scalar.
std::string sizes(const json::Object &tensor, llvm::StringRef key) {
  std::vector<std::string> result;
  if (const json::Array *array = tensor.getArray(key))
    for (const json::Value &value : *array)
      result.push_back(value.getAsInteger() ? std::to_string(*value.getAsInteger()) : "?");
  return fmt::format("{}", fmt::join(result, "x"));
}

std::string type(const json::Object &tensor) {
  std::string shape = sizes(tensor, "shape");
  return shape + (shape.empty() ? "" : "x") + text(tensor, "dtype");
}

std::string tensorLine(const char *role, const json::Object &tensor) {
  std::string line = fmt::format("  {:<9} {:<20} {}", role, text(tensor, "name"), type(tensor));
  if (tensor.getArray("largest_shape"))
    line += fmt::format(", at most {}", sizes(tensor, "largest_shape"));
  if (const json::Object *sparse = tensor.getObject("sparse")) {
    line += fmt::format(", sparse with {} indices", text(*sparse, "index"));
    if (std::optional<int64_t> most = sparse->getInteger("max_nnz"))
      line += fmt::format(", at most {} entries", *most);
  }
  return line + "\n";
}

std::string describeFunction(const json::Object &function) {
  std::string out = fmt::format("\nfunction {}: {} bytes of code\n", text(function, "name"),
                                number(function, "code_bytes"));
  for (const json::Object *tensor : objects(function, "inputs"))
    out += tensorLine("input", *tensor);
  for (const json::Object *tensor : objects(function, "outputs"))
    out += tensorLine("output", *tensor);
  for (const std::string &name : strings(function, "updates"))
    out += fmt::format("  {:<9} {}\n", "updates", name);
  for (const json::Object *check : objects(function, "checks"))
    out += fmt::format("  {:<9} {} ({})\n", "checks", text(*check, "name"), text(*check, "code"));
  if (std::optional<int64_t> bytes = function.getInteger("workspace_bytes"))
    out += fmt::format("  {:<9} {} bytes, at most {} live at one time\n", "workspace", *bytes,
                       number(function, "live_bytes"));
  else
    out += fmt::format("  {:<9} by the sizes of the call, {} buffers\n", "workspace",
                       number(function, "workspace_buffers"));
  return out;
}

std::string describe(const json::Object &object) {
  std::string features = text(object, "features");
  std::string out = fmt::format("graph {}\n  for {}, CPU {}{}, -O{}, by fnc {}\n"
                                "  {} bytes of code, {} of constants, {} of data\n",
                                text(object, "graph"), text(object, "target"), text(object, "cpu"),
                                features.empty() ? "" : " " + features, text(object, "optimize"),
                                text(object, "version"), number(object, "code_bytes"),
                                number(object, "constant_bytes"), number(object, "data_bytes"));
  std::vector<std::string> undefined = strings(object, "undefined");
  out += fmt::format("  needs {}\n", undefined.empty()
                                         ? "no other symbol"
                                         : fmt::format("{}", fmt::join(undefined, ", ")));
  if (auto variables = objects(object, "variables"); !variables.empty()) {
    out += fmt::format("\nstate: {} bytes, layout {}\n", number(object, "state_bytes"),
                       text(object, "layout_hash"));
    out += fmt::format("  {:>9} {:>9}  {:<20} {}\n", "offset", "bytes", "variable", "type");
    for (const json::Object *variable : variables)
      out += fmt::format("  {:>9} {:>9}  {:<20} {}{}\n",
                         variable->getBoolean("read_only").value_or(false)
                             ? "read-only"
                             : std::to_string(number(*variable, "offset")),
                         number(*variable, "bytes"), text(*variable, "name"), type(*variable),
                         variable->getBoolean("external").value_or(false) ? ", to be loaded" : "");
  }
  for (const json::Object *function : objects(object, "functions"))
    out += describeFunction(*function);
  return out;
}

} // namespace

int fnc::tool::inspect(const InspectCommand &command, Source &source) {
  const std::string &path = command.compile.input;
  auto buffer = readInput(path);
  if (!buffer)
    return kBadInput;
  llvm::SmallVector<char> compiled;
  llvm::StringRef object = buffer->getBuffer();
  if (!isBinaryFile(object)) {
    if (!isUsableTarget(compileOptions(command.compile).target))
      return kBadUsage;
    if (!source.open(path, std::move(buffer), command.compile.import))
      return kBadInput;
    auto result = fnc::compile(source.module(), compileOptions(command.compile));
    if (failed(result))
      return kBadInput;
    compiled = std::move(result->code);
    object = llvm::StringRef(compiled.data(), compiled.size());
  }
  auto described = describeObject(object);
  if (!described) {
    llvm::errs() << path << ": error: " << llvm::toString(described.takeError()) << "\n";
    return kBadInput;
  }
  std::string page = command.json
                         ? llvm::formatv("{0:2}\n", json::Value(std::move(*described))).str()
                         : describe(*described);
  return writeOutputs({{"-", page}});
}
