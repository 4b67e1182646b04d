//===- Import.h - ONNX models as graphs -------------------------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_IMPORT_H
#define FNC_IMPORT_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>
#include <string>
#include <vector>

namespace fnc {

/// One function of the graph that a model becomes.
struct OnnxFunction {
  std::string name = "predict";
  /// Tensors of the model that are given instead of computed, beside the inputs still needed.
  std::vector<std::string> feeds;
  /// Tensors of the model to compute; none: its outputs.
  std::vector<std::string> fetches;
};

struct OnnxOptions {
  /// Name of the fn.graph.
  std::string graph = "model";
  /// None: one with the model's inputs and outputs.
  std::vector<OnnxFunction> functions;
  /// Inputs that become variables, with the outputs that update them.
  std::map<std::string, std::string> states;
  /// Sizes of inputs by name, where the model leaves them open.
  std::map<std::string, std::vector<int64_t>> shapes;
  /// Sizes of the elements of inputs that are sequences, or that are optional and absent.
  std::map<std::string, std::vector<std::vector<int64_t>>> elements;
  /// Sizes of named dimensions.
  std::map<std::string, int64_t> dims;
  /// Values of inputs that are to be constants: numbers as "1,3,8,8", or the path of a file that
  /// holds a serialized TensorProto behind a '@'.
  std::map<std::string, std::string> binds;
  /// How many elements outputs of nodes have at most, where their number is data.
  std::map<std::string, int64_t> bounds;
  /// Where external data is found.
  std::string folder;
  /// Constants are folded and scales move into weights; else every op stays as the model has it.
  bool simplify = true;
};

/// Whether these bytes are rather a serialized model than text.
bool looksLikeOnnx(llvm::StringRef bytes);

/// A graph identifier made of a file's name: letters, digits and '_'.
std::string graphNameOf(llvm::StringRef path);

/// A module with one fn.graph, or null after a diagnostic that names the node. The bytes are let go
/// as soon as they are read: a model can be most of the memory. `external`, where it is given, has
/// the names of the files that hold data of the model, inside of its folder.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(std::unique_ptr<llvm::MemoryBuffer> bytes,
                                             const OnnxOptions &options, mlir::MLIRContext &context,
                                             std::vector<std::string> *external = nullptr);

} // namespace fnc

#endif // FNC_IMPORT_ONNX_IMPORT_H
