//===- Run.cpp - fnc run --------------------------------------------------===//
//
// Loads an object, of the cache where the model was compiled before, calls one of its functions
// once or in a loop, and writes what came out: all of it, or nothing.
//
//===----------------------------------------------------------------------===//

#include "Cache.h"
#include "Error.h"
#include "Model.h"
#include "Npy.h"
#include "Outputs.h"
#include "Print.h"
#include "Progress.h"
#include "SafeTensors.h"
#include "tools/fnc/Files.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>

using namespace fnc;
using namespace fnc::tool;

namespace {

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
    std::vector<std::string_view> pieces = {texts.emplace_back(headerOf(state))};
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
  loadState(command, instance);

  Inputs inputs(command, function);
  std::vector<std::vector<Array>> calls;
  {
    Progress progress(command.repeat * inputs.calls(), command.progress);
    instance.beforePrint = [&] { progress.hide(); };
    for (int64_t round = 0; round < command.repeat; ++round)
      for (int64_t call = 0; call < inputs.calls(); ++call) {
        Call made = instance.prepare(function, inputs.feeds(call));
        made();
        // Outputs are those of the last round.
        if (round + 1 == command.repeat)
          calls.push_back(made.outputs());
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
  return exitCodeOf("fnc run", [&] { runChecked(command); });
}
