//===- Compile.cpp - fnc compile and fnc import -----------------------===//

#include "Commands.h"
#include "Source.h"
#include "WeightsFile.h"
#include "compiler/Pipeline.h"
#include "compiler/graph/ExternalWeights.h"
#include "compiler/graph/StateLayout.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <list>
#include <unistd.h>

using namespace fnc;
using namespace fnc::tool;

namespace {

std::string headerPath(const CompileCommand &command) {
  if (!command.header.empty() || command.output == "-")
    return command.header;
  llvm::SmallString<128> path(command.output);
  llvm::sys::path::replace_extension(path, "h");
  return path.str().str();
}

/// As messages say it.
llvm::StringRef nameOf(const std::string &path) {
  return path == "-" ? llvm::StringRef("<stdin>") : path;
}

/// A file of weights, and what its pieces point at.
class WeightsFile {
public:
  /// Takes the weights out of the module's graph, or of the one of this name.
  WeightsFile(mlir::ModuleOp module, llvm::StringRef name) {
    for (auto graph : module.getOps<fn::GraphOp>())
      if (name.empty() || graph.getSymName() == name)
        for (Weight &weight : takeWeights(graph))
          weights.push_back(std::move(weight));
    // Larger elements first: each then lies at a multiple of its size.
    llvm::stable_sort(weights, [](const Weight &a, const Weight &b) {
      return a.value.getElementType().getIntOrFloatBitWidth() >
             b.value.getElementType().getIntOrFloatBitWidth();
    });
  }

  OutputFile write(const std::string &path) {
    std::vector<StoredTensor> tensors;
    OutputFile file(path, std::vector<std::string_view>{});
    file.pieces.emplace_back();
    for (const auto &[name, value] : weights) {
      std::string type = dtypeName(value.getElementType());
      type = type == "i1" ? "BOOL" : llvm::StringRef(type).upper();
      file.pieces.push_back(bytesOf(value));
      tensors.push_back({name, type, cast<mlir::ShapedType>(value.getType()).getShape().vec(),
                         file.pieces.back().size()});
    }
    texts.push_back(safeTensorsHeader(tensors));
    file.pieces.front() = texts.back();
    return file;
  }

private:
  std::string_view bytesOf(mlir::DenseElementsAttr value) {
    llvm::ArrayRef<char> raw = value.getRawData();
    if (value.getElementType().isInteger(1)) {
      std::string &text = texts.emplace_back();
      for (bool element : value.getValues<bool>())
        text += static_cast<char>(element);
      return text;
    }
    if (!value.isSplat())
      return {raw.data(), raw.size()};
    std::string &text = texts.emplace_back();
    for (int64_t i = 0; i < value.getNumElements(); ++i)
      text.append(raw.data(), raw.size());
    return text;
  }

  std::vector<Weight> weights;
  std::list<std::string> texts;
};

} // namespace

fnc::CompileOptions fnc::tool::compileOptions(const CompileCommand &command) {
  CompileOptions options;
  options.graph = command.graph;
  options.functions = command.functions;
  options.winograd = !command.noWinograd;
  options.fastMath = command.fastMath;
  options.debugLines = command.debugLines;
  options.profile = command.profile;
  options.target.triple = command.target;
  options.target.cpu = command.cpu;
  options.target.features = command.features;
  options.target.abi = command.abi;
  options.target.forSize = command.level == "s";
  options.target.level = options.target.forSize ? 2 : command.level[0] - '0';
  return options;
}

int fnc::tool::compile(const CompileCommand &command, Source &source) {
  CompileOptions options = compileOptions(command);
  bool isObject = command.emit == "obj";
  options.assembly = command.emit == "asm";
  if (!isObject && !options.assembly)
    options.stopAfter = command.emit;

  if (!isUsableTarget(options.target))
    return kBadUsage;

  if (!source.open(command.input, command.import))
    return kBadInput;
  std::optional<WeightsFile> weights;
  if (!command.import.weights.empty())
    weights.emplace(source.module(), options.graph);
  auto result = fnc::compile(source.module(), options);
  if (failed(result))
    return kBadInput;
  std::vector<OutputFile> outputs = {
      {command.output, std::string_view(result->code.data(), result->code.size())}};
  if (std::string header = headerPath(command); isObject && !header.empty())
    outputs.push_back({header, result->header});
  if (weights)
    outputs.push_back(weights->write(command.import.weights));
  return writeOutputs(outputs);
}

int fnc::tool::compileStream(const CompileCommand &command, Source &source) {
  CompileOptions options = compileOptions(command);
  if (!isUsableTarget(options.target))
    return kBadUsage;
  auto input =
      llvm::MemoryBuffer::getOpenFile(STDIN_FILENO, nameOf(command.input), /*FileSize=*/-1);
  if (!input) {
    llvm::errs() << nameOf(command.input) << ": error: " << input.getError().message() << "\n";
    return kBadInput;
  }
  if (!source.open(command.input, std::move(*input), command.import))
    return kBadInput;
  auto result = fnc::compile(source.module(), options);
  if (failed(result))
    return kBadInput;
  std::string names;
  for (const std::string &file : source.externalFiles())
    names += file + '\0';
  uint64_t size = result->code.size();
  return writeOutputs({{"-",
                        {std::string_view(result->code.data(), size), names,
                         std::string_view(reinterpret_cast<const char *>(&size), sizeof(size))}}});
}

int fnc::tool::import(const ImportCommand &command, Source &source) {
  if (!source.open(command.input, command))
    return kBadInput;
  std::vector<OutputFile> outputs;
  std::optional<WeightsFile> weights;
  if (!command.weights.empty())
    outputs.push_back(weights.emplace(source.module(), "").write(command.weights));
  std::string text;
  llvm::raw_string_ostream os(text);
  for (mlir::Operation &graph : *source.module().getBody())
    os << graph << "\n";
  outputs.push_back({command.output, text});
  return writeOutputs(outputs);
}
