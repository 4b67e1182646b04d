//===- Compile.cpp - fnc compile, fnc inspect and fnc import -------------===//

#include "Commands.h"
#include "Files.h"
#include "Source.h"
#include "compiler/Pipeline.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>

using namespace fnc;
using namespace fnc::tool;

namespace {

bool setTarget(const CompileCommand &command, TargetOptions &target) {
  target.triple = command.target;
  target.cpu = command.cpu;
  target.features = command.features;
  target.abi = command.abi;
  target.forSize = command.level == "s";
  target.level = target.forSize ? 2 : command.level[0] - '0';
  return true;
}

std::string headerPath(const CompileCommand &command) {
  if (!command.header.empty() || command.output == "-")
    return command.header;
  llvm::SmallString<128> path(command.output);
  llvm::sys::path::replace_extension(path, "h");
  return path.str().str();
}

} // namespace

int fnc::tool::compile(const CompileCommand &command) {
  CompileOptions options;
  options.graph = command.graph;
  options.functions = command.functions;
  setTarget(command, options.target);
  bool isObject = command.emit == "obj";
  options.assembly = command.emit == "asm";
  if (!isObject && !options.assembly)
    options.stopAfter = command.emit;

  Source source;
  if (!source.open(command.input, command.import))
    return kBadInput;
  auto result = fnc::compile(source.module(), options);
  if (failed(result))
    return kBadInput;
  std::vector<std::pair<std::string, llvm::StringRef>> outputs = {
      {command.output, llvm::StringRef(result->code.data(), result->code.size())}};
  if (std::string header = headerPath(command); isObject && !header.empty())
    outputs.push_back({header, result->header});
  if (llvm::Error error = writeAll(outputs)) {
    llvm::errs() << "fnc: error: " << llvm::toString(std::move(error)) << "\n";
    return kBadInput;
  }
  return kDone;
}

int fnc::tool::import(const ImportCommand &command) {
  Source source;
  if (!source.open(command.input, command))
    return kBadInput;
  std::string text;
  llvm::raw_string_ostream os(text);
  for (mlir::Operation &graph : *source.module().getBody())
    os << graph << "\n";
  if (llvm::Error error = writeAll({{command.output, text}})) {
    llvm::errs() << "fnc: error: " << llvm::toString(std::move(error)) << "\n";
    return kBadInput;
  }
  return kDone;
}

int fnc::tool::inspect(const InspectCommand &command) {
  Source source;
  if (!source.open(command.input, command.import))
    return kBadInput;
  auto result = fnc::compile(source.module(), {});
  if (failed(result))
    return kBadInput;
  const Graph &graph = result->graph;
  if (command.json) {
    llvm::outs() << llvm::formatv("{0:2}\n", graph.toJSON());
    return kDone;
  }
  auto shape = [](const Tensor &tensor) {
    std::string out;
    for (mlir::AffineExpr dim : tensor.dims) {
      auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(dim);
      out += (constant ? std::to_string(constant.getValue()) : "?") + "x";
    }
    return out + tensor.type.name;
  };
  std::string out = fmt::format("graph {}: {} bytes of state, {} bytes of object\n", graph.name,
                                graph.stateBytes, result->code.size());
  for (const Variable &variable : graph.variables)
    out += fmt::format("  variable {:24} {:20} {}\n", variable.name, shape(variable),
                       variable.readOnly ? "read-only" : fmt::format("at {}", variable.offset));
  for (const Function &function : graph.functions) {
    if (function.isInit)
      continue;
    out += fmt::format("function {}\n", function.name);
    for (const Tensor &tensor : function.inputs)
      out += fmt::format("  input    {:24} {}\n", tensor.name, shape(tensor));
    for (const Tensor &tensor : function.outputs)
      out += fmt::format("  output   {:24} {}\n", tensor.name, shape(tensor));
    for (unsigned index : function.writes)
      out += fmt::format("  updates  {}\n", graph.variables[index].name);
    int64_t bytes = function.boundedWorkspaceBytes();
    out += bytes < 0 ? fmt::format("  workspace by sizes; {} buffers\n", function.workspace.size())
                     : fmt::format("  workspace {} bytes, at most {} live at one time\n", bytes,
                                   function.liveBytes);
  }
  if (!result->undefined.empty())
    out += fmt::format("needs {}\n", fmt::join(result->undefined, ", "));
  llvm::outs() << out;
  return kDone;
}
