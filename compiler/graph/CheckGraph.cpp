//===- CheckGraph.cpp - what verifiers of single ops cannot see -----------===//

#include "compiler/graph/Identifier.h"
#include "compiler/graph/Passes.h"
#include "compiler/graph/StateLayout.h"
#include "dialect/Fn.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"

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
  LogicalResult add(const std::string &id, StringRef display, Location loc) {
    if (!fnc::isIdentifier(id))
      return emitError(loc) << "'" << id << "' is not a C++ identifier";
    if (fnc::isReservedIdentifier(id))
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
  llvm::StringMap<Party> parties;
};

LogicalResult checkNames(GraphOp graph) {
  Scope graphs;
  if (failed(graphs.add(graph.getSymName().str(), graph.getSymName(), graph.getLoc())))
    return failure();
  Scope members, functions;
  Block &body = graph.getBody().front();
  for (auto variable : body.getOps<VariableOp>())
    if (failed(
            members.add(fnc::variableIdentifier(variable), variable.getName(), variable.getLoc())))
      return failure();
  for (auto spec : body.getOps<FunctionOp>()) {
    std::string id = fnc::functionIdentifier(spec);
    if (id == "init")
      return emitError(spec.getLoc()) << "the identifier 'init' of '" << spec.getSymName()
                                      << "' is reserved: choose another one with `as`";
    if (failed(functions.add(id, spec.getSymName(), spec.getLoc())))
      return failure();
    Scope inputs, outputs;
    for (unsigned i = 0, e = spec.getInputs().size(); i < e; ++i)
      if (failed(
              inputs.add(fnc::inputIdentifier(spec, i), spec.getInputName(i), spec.getItemLoc(i))))
        return failure();
    for (auto [i, name] : llvm::enumerate(spec.getOutputNames().getAsRange<StringAttr>()))
      if (failed(outputs.add(fnc::escapeIdentifier(name.getValue()), name.getValue(),
                             spec.getItemLoc(spec.getInputs().size() + i))))
        return failure();
  }
  return success();
}

/// Tensors, control, and the scalars that ops on tensors take (sizes, say).
bool isGraphType(Type type) {
  return isa<RankedTensorType, ControlType, IndexType, IntegerType, FloatType>(type) ||
         type.getDialect().getNamespace() == "tosa";
}

LogicalResult checkBody(GraphOp graph) {
  static const llvm::StringSet<> accepted = {"fn", "arith", "math", "tensor", "linalg", "tosa"};
  for (Operation &op : graph.getBody().front()) {
    if (!accepted.contains(op.getName().getDialectNamespace()))
      return emitError(op.getLoc())
             << "'" << op.getName() << "' op cannot stand in a graph: its ops are of fn, arith, "
             << "math, tensor, linalg or tosa";
    for (Type type : op.getResultTypes())
      if (!isGraphType(type))
        return emitError(op.getLoc())
               << "'" << op.getName() << "' op cannot stand in a graph: " << type
               << " is not a ranked tensor";
  }
  return success();
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
