//===- Import.cpp - ONNX models as graphs ---------------------------------===//

#include "compiler/import/onnx/Import.h"
#include "compiler/graph/Identifier.h"
#include "compiler/import/onnx/Importer.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/stubs/logging.h>
#include <onnx.pb.h>

#include <set>

using namespace mlir;
using namespace fnc;

bool fnc::looksLikeOnnx(StringRef bytes) {
  // The first field of a model is the version of the format; no text begins with this byte.
  return bytes.starts_with("\x08");
}

std::string fnc::graphNameOf(StringRef path) {
  std::string name;
  for (char c : llvm::sys::path::stem(path))
    name += llvm::isAlnum(c) ? c : '_';
  while (!name.empty() && name.back() == '_')
    name.pop_back();
  if (name.empty() || llvm::isDigit(name.front()) || isReservedIdentifier(name))
    name = "model_" + name;
  return name.back() == '_' ? "model" : name;
}

static void addExternal(const onnx::TensorProto &tensor, std::set<std::string> &files) {
  if (tensor.data_location() != onnx::TensorProto::EXTERNAL)
    return;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data())
    if (entry.key() == "location")
      files.insert(entry.value());
}

/// Of a graph, and those inside of its nodes.
static void addExternal(const onnx::GraphProto &graph, std::set<std::string> &files);
static void addExternal(const onnx::NodeProto &node, std::set<std::string> &files) {
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    addExternal(attribute.t(), files);
    addExternal(attribute.g(), files);
    for (const onnx::TensorProto &tensor : attribute.tensors())
      addExternal(tensor, files);
    for (const onnx::GraphProto &graph : attribute.graphs())
      addExternal(graph, files);
  }
}
static void addExternal(const onnx::GraphProto &graph, std::set<std::string> &files) {
  for (const onnx::TensorProto &tensor : graph.initializer())
    addExternal(tensor, files);
  for (const onnx::NodeProto &node : graph.node())
    addExternal(node, files);
}

OwningOpRef<ModuleOp> fnc::importOnnx(std::unique_ptr<llvm::MemoryBuffer> bytes,
                                      const OnnxOptions &options, MLIRContext &context,
                                      std::vector<std::string> *external) {
  context.loadDialect<fn::FnDialect>();
  Location file = FileLineColLoc::get(&context, bytes->getBufferIdentifier(), 0, 0);
  // The library would print on its own.
  google::protobuf::LogSilencer silence;
  onnx::ModelProto model;
  if (bytes->getBufferSize() > INT_MAX ||
      !model.ParseFromArray(bytes->getBufferStart(), bytes->getBufferSize())) {
    emitError(file) << "not an ONNX model: the protobuf of " << bytes->getBufferSize()
                    << " bytes is damaged";
    return {};
  }
  bytes.reset();
  if (!model.has_graph()) {
    emitError(file) << "not an ONNX model: it has no graph";
    return {};
  }
  if (external) {
    std::set<std::string> files;
    addExternal(model.graph(), files);
    for (const onnx::FunctionProto &function : model.functions())
      for (const onnx::NodeProto &node : function.node())
        addExternal(node, files);
    external->assign(files.begin(), files.end());
  }
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module(ModuleOp::create(builder, file));
  builder.setInsertionPointToEnd(module->getBody());
  onnx_import::Importer importer(model, options, builder, file);
  if (failed(importer.importModel()) || failed(verify(*module)))
    return {};
  return module;
}
