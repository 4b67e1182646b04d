//===- Run.cpp - fnc run --------------------------------------------------===//
//
// Loads an object, of the cache where the model was compiled before, calls one of its functions
// once or in a loop, and writes what came out: all of it, or nothing.
//
//===----------------------------------------------------------------------===//

#include "Cache.h"
#include "Error.h"
#include "Npy.h"
#include "Outputs.h"
#include "Print.h"
#include "Progress.h"
#include "SafeTensors.h"
#include "Sources.h"
#include "compiler/graph/Nearest.h"
#include "tools/fnc/Compiler.h"
#include "tools/fnc/Files.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

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

std::shared_ptr<Object> loadModel(const RunCommand &run) {
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
  const Compiler *compiler = loadCompiler();
  if (!compiler)
    throw LoadFailed();
  CompiledObject object;
  if (int code = compiler->compileObject(command, file->bytes(), object))
    throw CompileFailed{code};
  if (!run.noCache)
    cache.add(object);
  return std::make_shared<Object>(MappedFile::of(std::move(object.bytes)), command.input);
}

void loadState(const std::string &path, Instance &instance) {
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

std::vector<std::pair<std::string, Array>> stateOf(const Instance &instance) {
  std::vector<std::pair<std::string, Array>> tensors;
  for (const VariableType &variable : instance.graph().variables)
    if (!variable.isReadOnly)
      tensors.push_back({variable.name, instance.variable(variable)});
  return tensors;
}

/// A folder that is there, or was made; in that case gone again unless it was of use.
class OutputFolder {
public:
  explicit OutputFolder(const std::string &path) : path(path) {
    if (path.empty())
      return;
    isNew = ::mkdir(path.c_str(), 0777) == 0;
    if (!isNew && errno != EEXIST)
      fail("fnc", "cannot write '{}': {}", path, std::strerror(errno));
  }
  ~OutputFolder() {
    if (isNew)
      ::rmdir(path.c_str());
  }
  void keep() { isNew = false; }

private:
  std::string path;
  bool isNew = false;
};

using NamedArrays = std::vector<std::pair<std::string, Array>>;

/// The lines of a file.
std::vector<std::string> readLabels(const std::string &path) {
  std::vector<std::string> lines;
  std::shared_ptr<MappedFile> file = MappedFile::open(path);
  for (std::string_view rest = file->bytes(); !rest.empty();) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    lines.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

void print(const NamedArrays &outputs, const std::string &labelFile) {
  std::string text;
  std::vector<std::string> labels;
  if (!labelFile.empty())
    labels = readLabels(labelFile);
  auto isLabelled = [&](const Array &array) {
    return !labels.empty() && !array.shape.empty() &&
           array.shape.back() == static_cast<int64_t>(labels.size());
  };
  for (const auto &[name, array] : outputs)
    text += isLabelled(array) ? printedTop(name, array, labels, 5) : printed(name, array);
  if (!labelFile.empty() && std::none_of(outputs.begin(), outputs.end(), [&](const auto &output) {
        return isLabelled(output.second);
      }))
    fail(labelFile, "has {} lines, and no output has as many elements in a row", labels.size());
  errno = 0;
  std::cout << text << std::flush;
  if (!std::cout)
    fail("fnc", "cannot write 'standard output': {}", std::strerror(errno));
}

void write(const RunCommand &command, const NamedArrays &outputs, const Instance &instance) {
  // What the pieces of files point at.
  std::vector<std::string> texts;
  texts.reserve(outputs.size() + 2);
  std::vector<OutputFile> files;
  OutputFolder folder(command.outputFolder);
  if (!command.outputFolder.empty())
    for (const auto &[name, array] : outputs)
      files.push_back({command.outputFolder + "/" + fileNameOf(name) + ".npy",
                       {texts.emplace_back(npyHeader(array)), array.view()}});
  if (command.outputFile.ends_with(".npy"))
    files.push_back(
        {command.outputFile,
         {texts.emplace_back(npyHeader(outputs.front().second)), outputs.front().second.view()}});
  else if (!command.outputFile.empty())
    files.push_back({command.outputFile, texts.emplace_back(npzBytes(outputs))});
  if (!command.saveState.empty()) {
    NamedArrays state = stateOf(instance);
    std::vector<std::string_view> pieces = {texts.emplace_back(safeTensorsHeader(state))};
    for (const auto &[name, array] : state)
      pieces.push_back(array.view());
    files.push_back({command.saveState, pieces});
  }
  if (std::optional<std::string> problem = writeAll(files))
    fail("fnc", "{}", *problem);
  folder.keep();
}

/// What is wrong with options before anything is read.
void check(const RunCommand &command) {
  if (!parseBytes(command.cacheLimit))
    throw UsageError("fnc run: error: --cache-limit expects a size as 512M, got '" +
                     command.cacheLimit + "'");
  if (command.batchSize && command.batchAxis < 0)
    throw UsageError("fnc run: error: --batch-size needs --batch-axis");
  if (!command.outputFile.empty() && !command.outputFile.ends_with(".npz") &&
      !command.outputFile.ends_with(".npy"))
    throw UsageError("fnc run: error: --output expects a .npz or .npy file, got '" +
                     command.outputFile + "'");
}

void runChecked(const RunCommand &command) {
  check(command);
  const std::string &path = command.compile.input;
  Instance instance(loadModel(command), path == "-" ? "<stdin>" : path);
  const FunctionType &function = instance.graph().function(command.function, path);
  if (command.outputFile.ends_with(".npy") && function.outputs.size() != 1)
    fail("fnc", "function '{}' has {} outputs: write them to a .npz", function.name,
         function.outputs.size());
  if (!command.saveState.empty() && stateOf(instance).empty())
    fail("fnc", "graph @{} has no variables to save", instance.graph().name);
  if (!command.loadState.empty())
    loadState(command.loadState, instance);

  Inputs inputs(command, function);
  std::vector<std::vector<Array>> calls;
  {
    Progress progress(command.repeat * inputs.calls(), command.progress);
    instance.beforePrint = [&] { progress.hide(); };
    for (int64_t round = 0; round < command.repeat; ++round)
      for (int64_t call = 0; call < inputs.calls(); ++call) {
        std::vector<Array> outputs = instance.call(function, inputs.feeds(call));
        // Outputs are those of the last round.
        if (round + 1 == command.repeat)
          calls.push_back(std::move(outputs));
        progress.advance();
      }
  }
  std::vector<Array> arrays =
      gather(function, inputs, static_cast<size_t>(std::max<int64_t>(command.batchAxis, 0)), calls);
  NamedArrays outputs;
  for (size_t i = 0; i < arrays.size(); ++i)
    outputs.push_back({function.outputs[i].name, arrays[i]});
  if (!command.quiet)
    print(outputs, command.labels);
  write(command, outputs, instance);
}

} // namespace

int fnc::tool::run(const RunCommand &command) {
  try {
    runChecked(command);
    return kDone;
  } catch (const CompileFailed &failed) {
    return failed.code;
  } catch (const LoadFailed &) {
    return kBadInput;
  } catch (const InputError &error) {
    std::cerr << error.what() << "\n";
    return kBadInput;
  } catch (const UsageError &error) {
    std::cerr << error.what() << "\n'fnc run --help' describes its options\n";
    return kBadUsage;
  } catch (const std::bad_alloc &) {
    std::cerr << "fnc: error: out of memory\n";
    return kBadInput;
  }
}
