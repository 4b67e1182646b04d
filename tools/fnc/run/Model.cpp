//===- Model.cpp - what a command calls, from files -----------------------===//

#include "Model.h"
#include "Cache.h"
#include "Error.h"
#include "SafeTensors.h"
#include "Sources.h"
#include "compiler/graph/Nearest.h"
#include "tools/fnc/Compiler.h"
#include <cstring>
#include <iostream>
#include <new>

using namespace fnc;
using namespace fnc::tool;

namespace {

/// Whether a file is an ONNX model rather than the text of a graph, which begins with no such byte.
bool isModel(const std::string &path, std::string_view bytes) {
  return path.ends_with(".onnx") || bytes.starts_with('\x08');
}

/// A compile command that failed, and has said why.
struct CompileFailed {
  int code;
};

} // namespace

std::shared_ptr<Object> fnc::tool::loadModel(const RunCommand &run) {
  CompileCommand command = run.compile;
  std::shared_ptr<MappedFile> file = MappedFile::open(command.input);
  if (Object::isObject(file->bytes()))
    return std::make_shared<Object>(file, command.input);
  // Most models are more general than their compiler: sizes that are known make them simple.
  if (isModel(command.input, file->bytes()) && run.batchAxis < 0)
    addShapes(run.inputs, command.import.shapes);
  Cache cache(*parseBytes(run.cacheLimit));
  if (std::optional<std::string> path =
          run.noCache ? std::nullopt : cache.find(command, file->bytes()))
    try {
      return std::make_shared<Object>(MappedFile::open(*path), *path);
    } catch (const InputError &) {
      // Damaged, or dropped by another process: made anew.
    }
  CompiledObject object;
  if (int code = compileObject(command, *file, object))
    throw CompileFailed{code};
  if (!run.noCache)
    cache.add(object);
  return std::make_shared<Object>(object.file, command.input);
}

/// Of one file; `onlyWeights`: it need not have the other variables.
static void loadVariables(const std::string &path, Instance &instance, bool onlyWeights) {
  std::map<std::string, Array> tensors = readSafeTensors(path);
  const GraphType &graph = instance.graph();
  std::vector<std::string> names;
  for (const VariableType &variable : graph.variables)
    names.push_back(variable.name);
  for (const auto &[name, tensor] : tensors) {
    const VariableType *variable = graph.variable(name);
    if (!variable)
      fail(path, "graph @{} has no variable '{}'{}", graph.name, name, didYouMean(name, names));
    if (variable->isReadOnly)
      fail(path, "variable '{}' of graph @{} is read-only", name, graph.name);
    if (variable->type != tensor.type || variable->shape != tensor.shape)
      fail(path, "variable '{}' is {}, the file holds {}", name, variable->describe(),
           describe(*tensor.type, tensor.shape));
  }
  for (const VariableType &variable : graph.variables) {
    auto found = tensors.find(variable.name);
    if (variable.isReadOnly)
      continue;
    if (found == tensors.end() && variable.isExternal < onlyWeights)
      continue;
    if (found == tensors.end())
      fail(path, "has no variable '{}' of graph @{}", variable.name, graph.name);
    Array to = instance.variable(variable);
    const Array &from = found->second;
    std::memcpy(to.data.get(), from.data.get(), from.bytes());
    if (variable.type->kind == DType::Bool)
      for (size_t i = 0; i < from.bytes(); ++i)
        to.data.get()[i] = to.data.get()[i] != 0;
  }
}

void fnc::tool::loadState(const RunCommand &run, Instance &instance) {
  if (!run.loadWeights.empty())
    loadVariables(run.loadWeights, instance, /*onlyWeights=*/true);
  if (!run.loadState.empty())
    return loadVariables(run.loadState, instance, /*onlyWeights=*/false);
  for (const VariableType &variable : instance.graph().variables)
    if (variable.isExternal && run.loadWeights.empty())
      fail("fnc", "variable '{}' of graph @{} is in a file of weights: give --load-weights",
           variable.name, instance.graph().name);
}

int fnc::tool::exitCodeOf(const char *command, const std::function<void()> &work) {
  try {
    work();
    return kDone;
  } catch (const CompileFailed &failed) {
    return failed.code;
  } catch (const LoadFailed &) {
    return kBadInput;
  } catch (const InputError &error) {
    std::cerr << error.what() << "\n";
    return kBadInput;
  } catch (const UsageError &error) {
    std::cerr << error.what() << "\n'" << command << " --help' describes its options\n";
    return kBadUsage;
  } catch (const std::bad_alloc &) {
    std::cerr << "fnc: error: out of memory\n";
    return kBadInput;
  }
}
