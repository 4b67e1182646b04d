//===- Import.cpp - ONNX models as graphs ---------------------------------===//

#include "compiler/import/onnx/Import.h"
#include "compiler/graph/Identifier.h"
#include "compiler/import/onnx/Importer.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/stubs/logging.h>
#include <onnx.pb.h>

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

OwningOpRef<ModuleOp> fnc::importOnnx(llvm::MemoryBufferRef bytes, const OnnxOptions &options,
                                      MLIRContext &context) {
  context.loadDialect<fn::FnDialect>();
  Location file = FileLineColLoc::get(&context, bytes.getBufferIdentifier(), 0, 0);
  // The library would print on its own.
  google::protobuf::LogSilencer silence;
  onnx::ModelProto model;
  if (bytes.getBufferSize() > INT_MAX ||
      !model.ParseFromArray(bytes.getBufferStart(), bytes.getBufferSize())) {
    emitError(file) << "not an ONNX model: the protobuf of " << bytes.getBufferSize()
                    << " bytes is damaged";
    return {};
  }
  if (!model.has_graph()) {
    emitError(file) << "not an ONNX model: it has no graph";
    return {};
  }
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module(ModuleOp::create(builder, file));
  builder.setInsertionPointToEnd(module->getBody());
  onnx_import::Importer importer(model, options, builder, file);
  if (failed(importer.importModel()) || failed(verify(*module)))
    return {};
  return module;
}
