//===- Source.cpp - a graph file, in whichever form ------------------------===//

#include "Source.h"
#include "compiler/Pipeline.h"
#include "compiler/import/onnx/Import.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace fnc;
using namespace fnc::tool;

/// "NAME=..." of each option; false where one has no name.
static bool splitNamed(llvm::StringRef option, const std::vector<std::string> &given,
                       llvm::function_ref<bool(std::string, llvm::StringRef)> each) {
  for (llvm::StringRef text : given) {
    // A tensor's name may hold '=': the value does not.
    auto [name, value] = text.rsplit('=');
    if (name.empty() || name.size() == text.size() || !each(name.str(), value)) {
      llvm::errs() << "fnc: error: " << option << " expects NAME=VALUE, got '" << text << "'\n";
      return false;
    }
  }
  return true;
}

/// "1,3,?" as sizes; false where it is none.
static bool readSizes(llvm::StringRef text, std::vector<int64_t> &sizes) {
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    int64_t size = mlir::ShapedType::kDynamic;
    if (part != "?" && (part.getAsInteger(10, size) || size < 0))
      return false;
    sizes.push_back(size);
  }
  return true;
}

/// Sizes of one tensor; "[2,3][4]" of each element of a sequence; "none" of what is not there.
static bool readShape(OnnxOptions &options, const std::string &name, llvm::StringRef text) {
  if (text != "none" && !text.starts_with("["))
    return readSizes(text, options.shapes[name]);
  std::vector<std::vector<int64_t>> &elements = options.elements[name];
  if (text == "none")
    return true;
  while (!text.empty()) {
    size_t end = text.find(']');
    if (!text.starts_with("[") || end == llvm::StringRef::npos ||
        !readSizes(text.slice(1, end), elements.emplace_back()))
      return false;
    text = text.drop_front(end + 1);
  }
  return true;
}

static bool readOptions(const ImportCommand &command, const std::string &path,
                        OnnxOptions &options) {
  options.graph = command.graph.empty() ? graphNameOf(path) : command.graph;
  for (const ImportCommand::Function &function : command.functions)
    options.functions.push_back({function.name, function.feeds, function.fetches});
  options.simplify = !command.noSimplify;
  options.folder = llvm::sys::path::parent_path(path).str();
  if (options.folder.empty())
    options.folder = ".";
  return splitNamed("--shape", command.shapes,
                    [&](std::string name, llvm::StringRef text) {
                      return readShape(options, name, text);
                    }) &&
         splitNamed("--dim", command.dims,
                    [&](std::string name, llvm::StringRef text) {
                      int64_t size;
                      if (text.getAsInteger(10, size) || size < 0)
                        return false;
                      options.dims[name] = size;
                      return true;
                    }) &&
         splitNamed("--bind", command.binds,
                    [&](std::string name, llvm::StringRef text) {
                      options.binds[name] = text.str();
                      return true;
                    }) &&
         splitNamed("--bound", command.bounds,
                    [&](std::string name, llvm::StringRef text) {
                      int64_t bound;
                      if (text.getAsInteger(10, bound) || bound < 1)
                        return false;
                      options.bounds[name] = bound;
                      return true;
                    }) &&
         splitNamed("--state", command.states, [&](std::string name, llvm::StringRef text) {
           options.states[name] = text.str();
           return !text.empty();
         });
}

/// Errors of a model have no lines: they name the file and the node.
static mlir::LogicalResult printOfModel(mlir::Diagnostic &diagnostic) {
  llvm::raw_ostream &os = llvm::errs();
  std::string file = "model", what;
  diagnostic.getLocation()->walk([&](mlir::Location at) {
    if (auto name = mlir::dyn_cast<mlir::NameLoc>(at); name && what.empty())
      what = name.getName().str() + ": ";
    if (auto line = mlir::dyn_cast<mlir::FileLineColLoc>(at))
      file = line.getFilename().str();
    return mlir::WalkResult::advance();
  });
  auto severity = diagnostic.getSeverity();
  os << file << ": "
     << (severity == mlir::DiagnosticSeverity::Error     ? "error: "
         : severity == mlir::DiagnosticSeverity::Warning ? "warning: "
                                                         : "note: ")
     << what << diagnostic << "\n";
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    (void)printOfModel(note);
  return mlir::success();
}

/// Where showing the line would be too much.
static mlir::LogicalResult printOfLine(mlir::Diagnostic &diagnostic) {
  if (auto at = mlir::dyn_cast<mlir::FileLineColLoc>(diagnostic.getLocation()))
    llvm::errs() << at.getFilename().str() << ":" << at.getLine() << ":" << at.getColumn() << ": ";
  auto severity = diagnostic.getSeverity();
  // Messages may quote the text, too.
  llvm::errs() << (severity == mlir::DiagnosticSeverity::Error     ? "error: "
                   : severity == mlir::DiagnosticSeverity::Warning ? "warning: "
                                                                   : "note: ")
               << llvm::StringRef(diagnostic.str()).take_front(1000) << "\n";
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    (void)printOfLine(note);
  return mlir::success();
}

std::unique_ptr<llvm::MemoryBuffer> fnc::tool::readInput(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false);
  if (buffer)
    return std::move(*buffer);
  llvm::errs() << path << ": error: " << buffer.getError().message() << "\n";
  return nullptr;
}

int fnc::tool::writeOutputs(const std::vector<OutputFile> &files) {
  std::optional<std::string> problem = writeAll(files);
  if (!problem)
    return kDone;
  llvm::errs() << "fnc: error: " << *problem << "\n";
  return kBadInput;
}

bool Source::open(const std::string &path, const ImportCommand &import) {
  auto buffer = readInput(path);
  return buffer && open(path, std::move(buffer), import);
}

/// Whether a message may show the line it is about: lines can hold megabytes of weights.
static bool hasShortLines(llvm::StringRef text) {
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    if (line.size() > 4096)
      return false;
    text = rest;
  }
  return true;
}

/// Where the text has `array<index`, or null: MLIR 22 takes the type for one with a width and dies.
/// No array has such elements. test_errors.py tells when this can go.
static const char *findIndexArray(llvm::StringRef text) {
  auto isWord = [](char c) { return llvm::isAlnum(c) || llvm::StringRef("_.$#!%@").contains(c); };
  llvm::StringRef before, last;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (llvm::isSpace(text[i])) {
      i = end;
      continue;
    }
    if (text.substr(i).starts_with("//")) {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (text[i] == '"')
      while (end < text.size() && text[end++] != '"')
        end += text[end - 1] == '\\';
    else if (isWord(text[i]))
      while (end < text.size() && isWord(text[end]))
        ++end;
    llvm::StringRef token = text.slice(i, end);
    if (token == "index" && last == "<" && before == "array")
      return token.data();
    before = last;
    last = token;
    i = end;
  }
  return nullptr;
}

bool fnc::tool::isUsableTarget(const fnc::TargetOptions &target) {
  auto machine = createTargetMachine(target);
  if (machine)
    return true;
  llvm::errs() << "fnc: error: " << llvm::toString(machine.takeError()) << "\n";
  return false;
}

bool Source::open(const std::string &path, std::unique_ptr<llvm::MemoryBuffer> buffer,
                  const ImportCommand &import) {
  registerInputDialects(registry);
  context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  // Messages name places of the user's file; IR in the middle of being compiled helps nobody.
  context->printOpOnDiagnostic(false);
  bool isModel = import.isModel || llvm::sys::path::extension(path) == ".onnx" ||
                 looksLikeOnnx(buffer->getBuffer());
  if (!isModel) {
    bool isShown = hasShortLines(buffer->getBuffer());
    files.AddNewSourceBuffer(std::move(buffer), {});
    if (isShown)
      diagnostics = std::make_shared<mlir::SourceMgrDiagnosticHandler>(files, context.get());
    else
      diagnostics = std::make_shared<mlir::ScopedDiagnosticHandler>(context.get(), printOfLine);
    llvm::StringRef text = files.getMemoryBuffer(files.getMainFileID())->getBuffer();
    if (const char *place = findIndexArray(text)) {
      auto [line, column] = files.getLineAndColumn(llvm::SMLoc::getFromPointer(place));
      mlir::emitError(mlir::FileLineColLoc::get(context.get(), path, line, column))
          << "an array has elements of i1, i8, i16, i32, i64, f32 or f64, got index";
      return false;
    }
    parsed = mlir::parseSourceFile<mlir::ModuleOp>(files, context.get());
    return static_cast<bool>(parsed);
  }
  OnnxOptions options;
  if (!readOptions(import, path, options))
    return false;
  diagnostics = std::make_shared<mlir::ScopedDiagnosticHandler>(context.get(), printOfModel);
  parsed = importOnnx(std::move(buffer), options, *context, &external);
  return static_cast<bool>(parsed);
}
