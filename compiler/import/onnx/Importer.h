//===- Importer.h - the walk over a model -----------------------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_IMPORTER_H
#define FNC_IMPORT_ONNX_IMPORTER_H

#include "compiler/import/onnx/Import.h"
#include "compiler/import/onnx/Ops.h"
#include "compiler/import/onnx/Qdq.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace onnx {
class AttributeProto;
class FunctionProto;
class GraphProto;
class ModelProto;
class NodeProto;
class TensorProto;
class TypeProto;
class ValueInfoProto;
} // namespace onnx

namespace fnc::onnx_import {

class Node;

/// An identifier to give a tensor whose own name makes one that generated code keeps for itself;
/// else nothing.
std::string freeIdentifier(StringRef name, StringRef prefix);

using Handler = LogicalResult (*)(Node &, Ops &);

/// Handlers by "domain:Op"; the ai.onnx domain is empty.
using OpTable = llvm::StringMap<Handler>;
const OpTable &opTable();

/// What a name stands for: a tensor; or, resolved while importing, a sequence or an optional (with
/// one item or none).
struct Item {
  enum class Kind { Tensor, Sequence, Optional } kind = Kind::Tensor;
  Value value;
  /// How to read the bytes of a tensor of small elements (SmallTypes.h); else null.
  Type small;
  std::vector<Item> items;

  Item() = default;
  Item(Value value, Type small = {}) : value(value), small(small) {}
  static Item sequence(std::vector<Item> items) {
    Item item;
    item.kind = Kind::Sequence;
    item.items = std::move(items);
    return item;
  }
  static Item optional(std::vector<Item> items) {
    Item item;
    item.kind = Kind::Optional;
    item.items = std::move(items);
    return item;
  }
};

/// Names of one graph, and what a function body sees of its caller.
struct Frame {
  Frame *outer = nullptr; ///< enclosing graph of a subgraph
  llvm::StringMap<Item> items;
  const llvm::StringMap<int64_t> *opsets = nullptr;
  /// Attributes of the call, where this is the body of a function.
  Node *call = nullptr;

  const Item *lookup(StringRef name) const {
    for (const Frame *frame = this; frame; frame = frame->outer)
      if (auto it = frame->items.find(name); it != frame->items.end())
        return &it->second;
    return nullptr;
  }
};

class Importer {
public:
  Importer(onnx::ModelProto &model, const OnnxOptions &options, mlir::OpBuilder builder,
           mlir::Location file)
      : ops(builder, options.simplify), model(model), options(options), file(file) {}

  LogicalResult importModel();

  /// Imports the nodes of a subgraph whose inputs stand for `inputs`; its outputs.
  FailureOr<std::vector<Item>> importSubgraph(const onnx::GraphProto &graph, Frame &outer,
                                              ArrayRef<Item> inputs);

  /// A tensor with room for more than what is there; or, without `value`, a number that decides
  /// how much room there is.
  struct Bounded {
    std::string name;
    Value value, count, check;
  };
  std::vector<Bounded> boundedTensors;
  /// What random numbers come from: a variable, and its state after the last draw.
  struct Generator {
    Value variable, next;
  } generator;
  /// The state that the next draw begins with. The first draw says what the key is.
  Value generatorState(int64_t key);
  llvm::StringSet<> usedBounds;
  /// What a value is where each number that has a bound is as large as that; null where that leaves
  /// it open.
  DenseElementsAttr atMost(Value value);
  Quantization quantization;

  Ops ops;
  onnx::ModelProto &model;
  const OnnxOptions &options;
  mlir::Location file;

private:
  LogicalResult readOpsets();
  /// As read-only variables of the model where `owned` is the graph, whose tensors are let go.
  LogicalResult importInitializers(const onnx::GraphProto &graph, Frame &frame,
                                   onnx::GraphProto *owned);
  LogicalResult importInput(const onnx::ValueInfoProto &info, Frame &frame);
  LogicalResult importNested(const onnx::ValueInfoProto &info, Frame &frame);
  FailureOr<Item> placeholder(mlir::Location loc, const std::string &name,
                              const onnx::TypeProto &type, const std::vector<int64_t> *sizes);
  FailureOr<Value> boundValue(const onnx::ValueInfoProto &info, RankedTensorType type,
                              StringRef text);
  template <typename Nodes> LogicalResult importNodes(const Nodes &nodes, Frame &frame);
  LogicalResult importNode(const onnx::NodeProto &proto, Frame &frame);
  /// An op that moves elements, on the bytes that its inputs stand for; none where they do not.
  std::optional<LogicalResult> importOnBytes(Node &node, Handler handler);
  /// Remembers what Relu and Clip make of scaled sums.
  void boundSums(Node &node);
  LogicalResult importCall(Node &node, const onnx::FunctionProto &function);
  /// Takes the bound of an output that is one integer, if the command line has one.
  LogicalResult boundSize(StringRef output, Value value);
  LogicalResult checkDeclared(const onnx::ValueInfoProto &info, StringRef kind, const Item &item);
  LogicalResult checkOutput(const onnx::ValueInfoProto &info, Frame &frame);
  LogicalResult makeFunction(const OnnxFunction &function, const onnx::GraphProto &graph,
                             Frame &frame);
  /// Whether some function fetches all outputs of the model.
  bool fetchesAll() const;
  /// The nodes that something which is fetched is made of, in order.
  std::vector<const onnx::NodeProto *> neededNodes(const onnx::GraphProto &graph) const;
  void dropDead();

  llvm::StringMap<int64_t> opsets;
  llvm::StringMap<const onnx::FunctionProto *> functions;
  llvm::StringMap<std::unique_ptr<llvm::StringMap<int64_t>>> functionOpsets;
  SmallVector<Value> inputs;
  /// Variables made of inputs, by the input's name.
  llvm::StringMap<Value> states;
  mlir::Block *body = nullptr;
  /// Numbers that have a bound, as large as that; and, in `greatest`, what else `atMost` has found.
  llvm::DenseMap<Value, DenseElementsAttr> sizeBounds, greatest;
  /// What the model says of inner tensors.
  llvm::StringMap<const onnx::ValueInfoProto *> declarations;
  unsigned depth = 0;
};

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_IMPORTER_H
