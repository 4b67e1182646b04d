//===- CheckGraph.cpp - what verifiers of single ops cannot see -----------===//

#include "compiler/graph/Identifier.h"
#include "compiler/graph/Nearest.h"
#include "compiler/graph/Passes.h"
#include "compiler/graph/StateLayout.h"
#include "dialect/Fn.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace fn;

namespace fnc {
#define GEN_PASS_DEF_CHECKGRAPH
#include "compiler/graph/Passes.h.inc"
} // namespace fnc

namespace {

/// Identifiers of one scope of the generated code.
class Scope {
public:
  /// `members`: what generated code declares in this scope.
  explicit Scope(std::initializer_list<StringRef> members = {}) : members(members) {}

  LogicalResult add(const std::string &id, StringRef display, Location loc) {
    if (!fnc::isIdentifier(id))
      return emitError(loc) << "'" << id << "' is not a C++ identifier";
    if (fnc::isReservedIdentifier(id) || members.contains(id))
      return emitError(loc) << "the identifier '" << id << "' of '" << display
                            << "' is reserved: choose another one with `as`";
    auto [it, isNew] = parties.try_emplace(id, Party{display.str(), loc});
    if (isNew)
      return success();
    InFlightDiagnostic error = emitError(loc)
                               << "the identifier '" << id << "' of '" << display
                               << "' collides with that of '" << it->second.display << "'";
    error.attachNote(it->second.loc) << "'" << it->second.display << "' is named here";
    return failure();
  }

private:
  struct Party {
    std::string display;
    Location loc;
  };
  llvm::StringSet<> members;
  llvm::StringMap<Party> parties;
};

/// Inputs are fields of the C struct and parameters, outputs members of the result.
LogicalResult checkNames(FunctionOp spec) {
  Scope inputs({"state", "workspace", "workspace_bytes", "context", "result"});
  Scope outputs({"status", "result", "info"});
  for (auto [i, input] : llvm::enumerate(spec.getInputs()))
    if (failed(inputs.add(fnc::inputIdentifier(spec, i), spec.getInputName(i), spec.getItemLoc(i))))
      return failure();
  for (auto [i, input] : llvm::enumerate(spec.getInputs()))
    for (StringRef more : {"_dims", "_indices", "_nnz"}) {
      bool isThere = isSparse(input) ||
                     (more == "_dims" && !cast<RankedTensorType>(input.getType()).hasStaticShape());
      if (isThere && failed(inputs.add(fnc::inputIdentifier(spec, i) + more.str(),
                                       spec.getInputName(i), spec.getItemLoc(i))))
        return failure();
    }
  for (auto [i, attr] : llvm::enumerate(spec.getOutputNames().getAsRange<StringAttr>())) {
    StringRef name = attr.getValue();
    Location loc = spec.getItemLoc(spec.getInputs().size() + i);
    std::string id = fnc::outputIdentifier(spec, i);
    if (failed(outputs.add(id, name, loc)) || failed(inputs.add("out_" + id, name, loc)))
      return failure();
  }
  return success();
}

LogicalResult checkNames(GraphOp graph) {
  Scope graphs;
  if (failed(graphs.add(graph.getSymName().str(), graph.getSymName(), graph.getLoc())))
    return failure();
  Scope members({"State", "StateView", "state_bytes", "state_align", "layout_hash", "variables",
                 "variable_offsets", "variable_count", "variable_external", "reset", "bytes"});
  Scope functions({"State", "StateView", "init", "result", "call", "info", "tensor_table",
                   "check_names", "workspace_bytes"});
  Block &body = graph.getBody().front();
  for (auto variable : body.getOps<VariableOp>())
    if (failed(
            members.add(fnc::variableIdentifier(variable), variable.getName(), variable.getLoc())))
      return failure();
  // C has one scope for all functions and their structs.
  for (auto spec : body.getOps<FunctionOp>()) {
    if (spec.getSymName() == (graph.getSymName() + ".init").str())
      return emitError(spec.getLoc()) << "the name '" << spec.getSymName()
                                      << "' is kept for the initial values of variables";
    if (std::string id = fnc::functionIdentifier(spec);
        failed(functions.add(id, spec.getSymName(), spec.getLoc())) ||
        failed(functions.add(id + "_args", spec.getSymName(), spec.getLoc())) ||
        failed(checkNames(spec)))
      return failure();
  }
  return success();
}

/// Tensors, control, and the scalars that ops on tensors take (sizes, say).
bool isGraphType(Type type) {
  return isa<RankedTensorType, ControlType, IndexType, IntegerType, FloatType>(type) ||
         type.getDialect().getNamespace() == "tosa";
}

/// The largest tensor: more than the 47 bits of an address that machines give a program, and small
/// enough for sums and products of sizes by small numbers.
constexpr int64_t mostBytes = int64_t(1) << 47;
/// What code can address relative to itself.
constexpr int64_t mostConstantBytes = std::numeric_limits<int32_t>::max();

/// The bytes of a tensor with every `?` taken as 1; nothing if above `mostBytes`.
std::optional<int64_t> leastBytes(RankedTensorType type) {
  Type element = type.getElementType();
  int64_t bytes = element.isIntOrFloat() ? llvm::divideCeil(element.getIntOrFloatBitWidth(), 8) : 8;
  if (llvm::is_contained(type.getShape(), 0))
    return 0;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size) &&
        (llvm::MulOverflow(bytes, size, bytes) || bytes > mostBytes))
      return std::nullopt;
  return bytes;
}

LogicalResult checkSizes(Operation &op) {
  for (Type result : op.getResultTypes()) {
    auto type = dyn_cast<RankedTensorType>(result);
    if (!type)
      continue;
    std::optional<int64_t> bytes = leastBytes(type);
    if (!bytes)
      return emitError(op.getLoc()) << "'" << op.getName() << "' op makes " << type
                                    << ", which is larger than memory can be";
    auto variable = dyn_cast<VariableOp>(op);
    bool isStored = op.hasTrait<OpTrait::ConstantLike>() ||
                    (variable && isa<ElementsAttr, ZerosAttr, OnesAttr>(variable.getInit()));
    if (isStored && *bytes > mostConstantBytes)
      return emitError(op.getLoc())
             << "'" << op.getName() << "' op stores " << *bytes
             << " bytes in the object, which has room for " << mostConstantBytes;
  }
  return success();
}

/// Attributes that an op of fn does not have: typing errors, which would change nothing silently.
LogicalResult checkAttributes(Operation &op) {
  if (op.getName().getDialectNamespace() != "fn")
    return success();
  for (NamedAttribute attribute : op.getDiscardableAttrs()) {
    StringRef name = attribute.getName();
    if (name.contains('.'))
      continue;
    auto known = llvm::map_range(op.getName().getAttributeNames(),
                                 [](StringAttr attr) { return std::string_view(attr.getValue()); });
    return emitError(op.getLoc()) << "'" << op.getName() << "' op has no attribute '" << name << "'"
                                  << fnc::didYouMean(name, known);
  }
  return success();
}

LogicalResult checkBody(GraphOp graph) {
  static const llvm::StringSet<> accepted = {"fn", "arith", "math", "tensor", "linalg", "tosa"};
  WalkResult walked = graph.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) -> WalkResult {
    // Regions of pasted ops compute elements.
    if (Operation *parent = op->getParentOp(); parent->getDialect() != graph->getDialect())
      return WalkResult::skip();
    if (!accepted.contains(op->getName().getDialectNamespace()))
      return emitError(op->getLoc())
             << "'" << op->getName() << "' op cannot stand in a graph: its ops are of fn, arith, "
             << "math, tensor, linalg or tosa";
    for (Type type : op->getResultTypes())
      if (!isGraphType(type))
        return emitError(op->getLoc())
               << "'" << op->getName() << "' op cannot stand in a graph: " << type
               << " is not a ranked tensor";
    if (failed(checkAttributes(*op)) || failed(checkSizes(*op)))
      return failure();
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

struct CheckGraph : fnc::impl::CheckGraphBase<CheckGraph> {
  void runOnOperation() override {
    for (Operation &op : *getOperation().getBody()) {
      auto graph = dyn_cast<GraphOp>(op);
      if (!graph)
        emitError(op.getLoc()) << "'" << op.getName() << "' op cannot stand beside a graph";
      if (!graph || failed(checkBody(graph)) || failed(checkNames(graph)))
        return signalPassFailure();
    }
  }
};

} // namespace
