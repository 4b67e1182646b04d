//===- Compile.cpp - fnc compile and fnc import -----------------------===//

#include "Commands.h"
#include "Files.h"
#include "Source.h"
#include "compiler/Pipeline.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

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

int write(const std::vector<OutputFile> &files) {
  std::optional<std::string> problem = writeAll(files);
  if (!problem)
    return kDone;
  llvm::errs() << "fnc: error: " << *problem << "\n";
  return kBadInput;
}

} // namespace

fnc::CompileOptions fnc::tool::compileOptions(const CompileCommand &command) {
  CompileOptions options;
  options.graph = command.graph;
  options.functions = command.functions;
  options.winograd = !command.noWinograd;
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

int fnc::tool::compile(const CompileCommand &command) {
  CompileOptions options = compileOptions(command);
  bool isObject = command.emit == "obj";
  options.assembly = command.emit == "asm";
  if (!isObject && !options.assembly)
    options.stopAfter = command.emit;

  if (!isUsableTarget(options.target))
    return kBadUsage;

  Source source;
  if (!source.open(command.input, command.import))
    return kBadInput;
  auto result = fnc::compile(source.module(), options);
  if (failed(result))
    return kBadInput;
  std::vector<OutputFile> outputs = {
      {command.output, std::string_view(result->code.data(), result->code.size())}};
  if (std::string header = headerPath(command); isObject && !header.empty())
    outputs.push_back({header, result->header});
  return write(outputs);
}

int fnc::tool::compileObject(const CompileCommand &command, std::string_view bytes,
                             CompiledObject &object) {
  CompileOptions options = compileOptions(command);
  if (!isUsableTarget(options.target))
    return kBadUsage;
  Source source;
  if (!source.open(command.input, llvm::MemoryBuffer::getMemBuffer(bytes, nameOf(command.input)),
                   command.import))
    return kBadInput;
  auto result = fnc::compile(source.module(), options);
  if (failed(result))
    return kBadInput;
  object.bytes.assign(result->code.data(), result->code.size());
  object.externalFiles = source.externalFiles();
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
  return write({{command.output, text}});
}
