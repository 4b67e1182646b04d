//===- SelectFunctions.cpp - one kernel per function spec -----------------===//

#include "compiler/graph/CloneControl.h"
#include "compiler/graph/Effects.h"
#include "compiler/graph/Gradients.h"
#include "compiler/graph/Identifier.h"
#include "compiler/graph/Nearest.h"
#include "compiler/graph/Passes.h"
#include "compiler/graph/StateLayout.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fn;

namespace fnc {
#define GEN_PASS_DEF_SELECTFUNCTIONS
#include "compiler/graph/Passes.h.inc"
} // namespace fnc

namespace {

/// Makes the kernel of one function spec.
class KernelBuilder {
public:
  KernelBuilder(GraphOp graph, FunctionOp spec, OpBuilder &module)
      : graph(graph), spec(spec), module(module), b(graph.getContext()) {}

  LogicalResult build();

private:
  LogicalResult findNeeded();
  LogicalResult visit(Value root, Location requestedAt);
  void declareArguments();
  LogicalResult emit(Operation *op);
  LogicalResult emitGradients(GradientsOp op);
  void define(Value value, Value inKernel);
  Value guarded(Location loc, StringRef what, Value value);
  void removeGuards();
  Value stored(VariableOp variable);
  std::string display(Value value);
  void emitWrite(Operation *op, VariableOp variable);
  void addCheck(Location loc, StringRef code, StringRef name, Value value, Value like,
                int64_t axis);
  void recordCheck(const fnc::Check &check);
  void finish();

  Value get(Value value) { return map.lookup(value); }
  DictionaryAttr roleAttrs(StringRef role, StringRef name, StringRef id);

  GraphOp graph;
  FunctionOp spec;
  OpBuilder &module;
  OpBuilder b;

  llvm::DenseMap<Value, unsigned> fed;
  /// Needed ops, each after what it depends on.
  SmallVector<Operation *> order;
  llvm::DenseSet<Operation *> seen;
  llvm::DenseSet<Operation *> usedInputs;
  /// Variables whose entry value or place the kernel needs, and those that it writes.
  llvm::DenseSet<Operation *> touched, written;

  func::FuncOp kernel;
  IRMapping map;
  llvm::DenseMap<Operation *, Value> current;
  SmallVector<Value> oks, gots;
  SmallVector<Attribute> checks, prints;
  bool hasGradients = false;
  fnc::Checkpoints checkpoints;
};

/// Depth first from `root`, with a stack of our own: chains of thousands of ops are normal.
LogicalResult KernelBuilder::visit(Value root, Location requestedAt) {
  struct Frame {
    Operation *op;
    SmallVector<Value> values;
    unsigned next = 0;
  };
  SmallVector<Frame, 0> stack;
  auto enter = [&](Value value) -> LogicalResult {
    Operation *op = value.getDefiningOp();
    if (fed.contains(value) || !seen.insert(op).second)
      return success();
    if (auto placeholder = dyn_cast<PlaceholderOp>(op);
        placeholder && !placeholder.getDefaultValueAttr()) {
      InFlightDiagnostic error = emitError(requestedAt)
                                 << "'fn.function' op @" << spec.getSymName()
                                 << " needs placeholder '" << placeholder.getName()
                                 << "', which is neither among its inputs nor has a default";
      error.attachNote(placeholder.getLoc()) << "placeholder declared here";
      return failure();
    }
    if (fnc::namesVariable(op)) {
      Operation *variable = op->getOperand(0).getDefiningOp();
      touched.insert(variable);
      if (fnc::writesVariable(op))
        written.insert(variable);
    } else if (isa<VariableOp>(op)) {
      touched.insert(op);
    }
    stack.push_back({op, fnc::usedValues(op)});
    return success();
  };
  if (failed(enter(root)))
    return failure();
  while (!stack.empty()) {
    Frame &top = stack.back();
    if (top.next == top.values.size()) {
      order.push_back(top.op);
      stack.pop_back();
    } else if (failed(enter(top.values[top.next++]))) {
      return failure();
    }
  }
  return success();
}

LogicalResult KernelBuilder::findNeeded() {
  for (auto [i, input] : llvm::enumerate(spec.getInputs()))
    fed[input] = i;
  unsigned firstOutput = spec.getInputs().size();
  unsigned firstCheckpoint = spec->getNumOperands() - spec.getCheckpoints().size();
  for (unsigned i = firstOutput; i < firstCheckpoint; ++i) {
    Value root = spec->getOperand(i);
    unsigned firstTarget = firstOutput + spec.getOutputs().size();
    if (i >= firstTarget && i < firstTarget + spec.getTargets().size()) {
      touched.insert(root.getDefiningOp());
      written.insert(root.getDefiningOp());
      continue;
    }
    if (failed(visit(root, spec.getItemLoc(i))))
      return failure();
  }

  hasGradients = llvm::any_of(order, [](Operation *op) { return isa<GradientsOp>(op); });
  for (auto [i, checkpoint] : llvm::enumerate(spec.getCheckpoints())) {
    bool computed = fed.contains(checkpoint) || seen.contains(checkpoint.getDefiningOp());
    if (computed && hasGradients)
      continue;
    InFlightDiagnostic error = emitError(spec.getItemLoc(firstCheckpoint + i))
                               << "'fn.function' op @" << spec.getSymName() << " has a checkpoint "
                               << (computed ? "but takes no gradient" : "that it does not compute");
    if (!computed)
      error.attachNote(checkpoint.getLoc()) << "the checkpoint is here";
    return failure();
  }

  llvm::DenseSet<Value> used;
  for (Operation *op : order)
    for (Value value : fnc::usedValues(op))
      used.insert(value);
  for (ValueRange roots : {ValueRange(spec.getOutputs()), ValueRange(spec.getValues()),
                           ValueRange(spec.getConditions())})
    used.insert(roots.begin(), roots.end());
  for (auto [i, input] : llvm::enumerate(spec.getInputs()))
    if (!used.contains(input))
      emitWarning(spec.getItemLoc(i)) << "'fn.function' op @" << spec.getSymName()
                                      << " does not use its input '" << spec.getInputName(i) << "'";
  return success();
}

DictionaryAttr KernelBuilder::roleAttrs(StringRef role, StringRef name, StringRef id) {
  SmallVector<NamedAttribute> attrs = {b.getNamedAttr("fn.role", b.getStringAttr(role))};
  if (!name.empty()) {
    attrs.push_back(b.getNamedAttr("fn.name", b.getStringAttr(name)));
    attrs.push_back(b.getNamedAttr("fn.id", b.getStringAttr(id)));
  }
  return b.getDictionaryAttr(attrs);
}

void KernelBuilder::declareArguments() {
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;
  bool hasPrints = llvm::any_of(order, [](Operation *op) { return isa<PrintOp>(op); });
  if (hasPrints) {
    types.push_back(b.getIndexType());
    attrs.push_back(roleAttrs("context", "", ""));
  }
  for (auto [i, input] : llvm::enumerate(spec.getInputs())) {
    StringRef name = spec.getInputName(i);
    DictionaryAttr dict = roleAttrs("input", name, fnc::inputIdentifier(spec, i));
    auto placeholder = input.getDefiningOp<PlaceholderOp>();
    if (DenseI64ArrayAttr bounds = placeholder ? placeholder.getBoundsAttr() : nullptr) {
      NamedAttrList list(dict);
      list.set("fn.bounds", bounds);
      dict = list.getDictionary(b.getContext());
    }
    if (IntegerAttr max = placeholder ? placeholder.getMaxNnzAttr() : nullptr) {
      NamedAttrList list(dict);
      list.set("fn.max_nnz", max);
      dict = list.getDictionary(b.getContext());
    }
    types.push_back(input.getType());
    attrs.push_back(dict);
  }
  SmallVector<VariableOp> variables;
  for (auto variable : graph.getBody().front().getOps<VariableOp>())
    if (touched.contains(variable) && !fnc::isConstant(variable)) {
      variables.push_back(variable);
      types.push_back(variable.getType());
      attrs.push_back(roleAttrs("variable", variable.getName(), fnc::variableIdentifier(variable)));
    }

  kernel =
      func::FuncOp::create(module, spec.getLoc(), spec.getSymName(), b.getFunctionType(types, {}));
  kernel.setAllArgAttrs(attrs);
  Block *entry = kernel.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  unsigned next = hasPrints ? 1 : 0;
  for (Value input : spec.getInputs())
    map.map(input, entry->getArgument(next++));
  for (VariableOp variable : variables) {
    Value arg = entry->getArgument(next++);
    if (!fed.contains(variable.getResult()))
      map.map(variable.getResult(), arg);
    current[variable] = arg;
  }
}

void KernelBuilder::addCheck(Location loc, StringRef code, StringRef name, Value value, Value like,
                             int64_t axis) {
  recordCheck(fnc::makeCheck(b, loc, code, name, value, like, axis));
}

void KernelBuilder::recordCheck(const fnc::Check &check) {
  oks.push_back(check.ok);
  gots.push_back(check.got);
  SmallVector<NamedAttribute> entry = {b.getNamedAttr("code", b.getStringAttr(check.code)),
                                       b.getNamedAttr("name", b.getStringAttr(check.name))};
  if (check.limit)
    entry.push_back(b.getNamedAttr("limit", b.getI64IntegerAttr(*check.limit)));
  checks.push_back(b.getDictionaryAttr(entry));
}

void KernelBuilder::emitWrite(Operation *op, VariableOp variable) {
  Location loc = op->getLoc();
  Value &now = current[variable];
  Type type = now.getType();
  auto scatter = [&](StringRef kind) {
    Value indices = get(op->getOperand(1)), updates = get(op->getOperand(2));
    addCheck(loc, "index", ("scatter into '" + variable.getName() + "'").str(), indices, now, 0);
    now = ScatterOp::create(b, loc, type, now, indices, updates, b.getStringAttr(kind));
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](AssignOp assign) {
        Value value = get(assign.getValue());
        now = value.getType() == type
                  ? value
                  : BroadcastToOp::create(b, loc, type, value, Value()).getResult();
      })
      .Case([&](AssignAddOp add) { now = AddOp::create(b, loc, type, now, get(add.getValue())); })
      .Case([&](AssignSubOp sub) { now = SubOp::create(b, loc, type, now, get(sub.getValue())); })
      .Case([&](ScatterUpdateOp) { scatter("update"); })
      .Case([&](ScatterAddOp) { scatter("add"); })
      .Case([&](ScatterSubOp) { scatter("sub"); })
      .Case([&](ScatterMaxOp) { scatter("max"); })
      .Case([&](ScatterMinOp) { scatter("min"); });
}

/// A fed value keeps what was fed.
void KernelBuilder::define(Value value, Value inKernel) {
  if (!fed.contains(value))
    map.map(value, inKernel);
}

/// The variable's value at this point of the kernel, or the constant that it is.
Value KernelBuilder::stored(VariableOp variable) {
  Value &now = current[variable];
  if (!now)
    now = fnc::initialValue(b, variable);
  return now;
}

/// How messages of the call name a tensor.
std::string KernelBuilder::display(Value value) {
  if (auto it = fed.find(value); it != fed.end())
    return ("'" + spec.getInputName(it->second) + "'").str();
  if (auto placeholder = value.getDefiningOp<PlaceholderOp>())
    return ("'" + placeholder.getName() + "'").str();
  if (auto variable = value.getDefiningOp<VariableOp>())
    return ("'" + variable.getName() + "'").str();
  return "a tensor";
}

/// A value that is the same as another one in the kernel, but for gradients a different one:
/// `what` they must not pass, or nothing.
Value KernelBuilder::guarded(Location loc, StringRef what, Value value) {
  if (!hasGradients)
    return value;
  auto guard = IdentityOp::create(b, loc, value);
  if (!what.empty())
    guard->setAttr(fnc::noGradientAttr, b.getStringAttr(what));
  return guard;
}

/// What only gradients had to see.
void KernelBuilder::removeGuards() {
  kernel.walk([](Operation *op) {
    if (isa<IdentityOp, StopGradientOp>(op)) {
      op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      op->erase();
    }
  });
}

LogicalResult KernelBuilder::emitGradients(GradientsOp op) {
  SmallVector<Value> targets;
  for (Value target : op.getTargets())
    targets.push_back(map.lookupOrNull(target));
  Value seed = op.getSeed() ? get(op.getSeed()) : Value();
  checkpoints.values.clear();
  for (Value checkpoint : spec.getCheckpoints())
    if (Value there = map.lookupOrNull(checkpoint))
      checkpoints.values.push_back(there);
  auto gradients = fnc::expandGradients(b, op, get(op.getOutput()), targets, seed, checkpoints);
  if (failed(gradients))
    return failure();
  for (auto [result, gradient] : llvm::zip(op.getGradients(), *gradients))
    define(result, gradient);
  return success();
}

LogicalResult KernelBuilder::emit(Operation *op) {
  Location loc = op->getLoc();
  if (auto gradients = dyn_cast<GradientsOp>(op))
    return emitGradients(gradients);
  llvm::TypeSwitch<Operation *>(op)
      .Case<AssignOp, AssignAddOp, AssignSubOp, ScatterUpdateOp, ScatterAddOp, ScatterSubOp,
            ScatterMaxOp, ScatterMinOp>(
          [&](auto) { emitWrite(op, op->getOperand(0).getDefiningOp<VariableOp>()); })
      .Case([&](ReadOp read) {
        auto variable = read.getVariable().getDefiningOp<VariableOp>();
        define(read.getResult(), guarded(loc, "fn.read", stored(variable)));
      })
      .Case<Composite, IfOp, WhileOp, ScanOp>([&](auto) {
        SmallVector<fnc::Check> found;
        auto displayed = [&](Value value) { return display(value); };
        SmallVector<Value> results =
            fnc::ControlCloner(hasGradients, displayed).clone(b, op, map, found);
        for (const fnc::Check &check : found)
          recordCheck(check);
        for (auto [result, value] : llvm::zip(op->getResults(), results))
          define(result, value);
      })
      .Case([&](PlaceholderOp placeholder) {
        define(placeholder.getResult(), fn::ConstantOp::create(b, loc, placeholder.getType(),
                                                               placeholder.getDefaultValueAttr()));
      })
      .Case([&](VariableOp variable) {
        if (fnc::isConstant(variable))
          define(variable.getResult(), stored(variable));
      })
      .Case([&](GroupOp) {})
      .Case([&](AssertOp check) {
        addCheck(loc, "assert", check.getMessage(), get(check.getCondition()), Value(), 0);
      })
      .Case([&](CheckFiniteOp check) {
        Value value = get(check.getValue());
        addCheck(loc, "not_finite", check.getMessage(), value, Value(), 0);
        define(check.getResult(), guarded(loc, "", value));
      })
      .Case([&](PrintOp print) {
        Value value = get(print.getValue());
        std::string name = ("fn.print." + spec.getSymName() + "." + Twine(prints.size())).str();
        auto callee = func::FuncOp::create(
            module, loc, name, b.getFunctionType({b.getIndexType(), value.getType()}, {}));
        callee.setPrivate();
        callee.setArgAttr(1, "bufferization.access", b.getStringAttr("read"));
        func::CallOp::create(b, loc, callee, ValueRange{kernel.getArgument(0), value});
        prints.push_back(b.getDictionaryAttr(
            {b.getNamedAttr("callee", b.getStringAttr(name)),
             b.getNamedAttr("dtype", b.getStringAttr(fnc::dtypeName(
                                         print.getValue().getType().getElementType()))),
             b.getNamedAttr("label", print.getLabelAttr())}));
      })
      .Default([&](Operation *) {
        SmallVector<fnc::Check> found;
        fnc::implicitChecks(b, op, map, [&](Value value) { return display(value); }, found);
        for (const fnc::Check &check : found)
          recordCheck(check);
        // Of several results one may be fed.
        SmallVector<std::pair<Value, Value>> kept;
        for (Value result : op->getResults())
          if (fed.contains(result))
            kept.push_back({result, get(result)});
        b.clone(*op, map);
        for (auto [result, value] : kept)
          map.map(result, value);
      });
  return success();
}

void KernelBuilder::finish() {
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> attrs;
  for (auto [i, name, value] : llvm::enumerate(spec.getOutputNames(), spec.getOutputs())) {
    StringRef display = cast<StringAttr>(name).getValue();
    results.push_back(get(value));
    attrs.push_back(roleAttrs("output", display, fnc::outputIdentifier(spec, i)));
  }
  for (auto [i, target, value] : llvm::enumerate(spec.getTargets(), spec.getValues())) {
    Value &now = current[target.getDefiningOp()];
    Value next = get(value);
    if (Value condition = spec.getCondition(i))
      next = WhereOp::create(b, spec.getLoc(), now.getType(), get(condition), next, now);
    now = next;
  }
  for (auto variable : graph.getBody().front().getOps<VariableOp>())
    if (written.contains(variable)) {
      results.push_back(current[variable]);
      attrs.push_back(roleAttrs("variable", variable.getName(), fnc::variableIdentifier(variable)));
    }
  if (!oks.empty()) {
    auto type = RankedTensorType::get({2}, b.getI64Type());
    results.push_back(StatusOp::create(b, spec.getLoc(), type, oks, gots));
    attrs.push_back(roleAttrs("status", "", ""));
  }
  func::ReturnOp::create(b, spec.getLoc(), results);
  SmallVector<Type> types;
  for (Value result : results)
    types.push_back(result.getType());
  kernel.setFunctionType(b.getFunctionType(kernel.getArgumentTypes(), types));
  kernel.setAllResultAttrs(attrs);
  kernel->setAttr("fn.kernel", b.getUnitAttr());
  kernel->setAttr("fn.id", b.getStringAttr(fnc::functionIdentifier(spec)));
  if (!checks.empty())
    kernel->setAttr("fn.checks", b.getArrayAttr(checks));
  if (!prints.empty())
    kernel->setAttr("fn.prints", b.getArrayAttr(prints));
}

LogicalResult KernelBuilder::build() {
  auto isFed = [&](Value value) { return fed.contains(value); };
  if (failed(findNeeded()) || failed(fnc::checkRaces(spec, order, isFed)))
    return failure();
  declareArguments();
  for (Operation *op : order)
    if (failed(emit(op)))
      return failure();
  finish();
  removeGuards();
  return success();
}

struct SelectFunctions : fnc::impl::SelectFunctionsBase<SelectFunctions> {
  using SelectFunctionsBase::SelectFunctionsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<GraphOp> graph = chooseGraph(module);
    if (failed(graph))
      return signalPassFailure();
    OpBuilder b(module.getBody(), module.getBody()->end());
    module->setAttr("fn.graph", fnc::describeState(*graph));

    llvm::StringSet<llvm::MallocAllocator> wanted;
    for (const std::string &name : functions)
      wanted.insert(StringRef(name).ltrim('@'));
    llvm::StringSet<llvm::MallocAllocator> found;
    for (auto spec : graph->getBody().front().getOps<FunctionOp>()) {
      if (!wanted.empty() && !wanted.contains(spec.getSymName()))
        continue;
      found.insert(spec.getSymName());
      if (failed(KernelBuilder(*graph, spec, b).build()))
        return signalPassFailure();
    }
    for (const auto &name : wanted.keys())
      if (!found.contains(name)) {
        SmallVector<StringRef> known;
        for (auto spec : graph->getBody().front().getOps<FunctionOp>())
          known.push_back(spec.getSymName());
        graph->emitError("graph @")
            << graph->getSymName() << " has no function @" << name << fnc::didYouMean(name, known);
        return signalPassFailure();
      }
    fnc::buildInitKernel(*graph, b);
    for (GraphOp done : llvm::make_early_inc_range(module.getOps<GraphOp>()))
      done.erase();
  }

  FailureOr<GraphOp> chooseGraph(ModuleOp module) {
    SmallVector<GraphOp> graphs(module.getOps<GraphOp>());
    if (graphs.empty()) {
      module.emitError("the file has no fn.graph");
      return failure();
    }
    if (graph.empty() && graphs.size() == 1)
      return graphs.front();
    for (GraphOp candidate : graphs)
      if (candidate.getSymName() == StringRef(graph).ltrim('@'))
        return candidate;
    InFlightDiagnostic error =
        graph.empty() ? module.emitError("the file has several graphs: choose one")
                      : module.emitError("the file has no graph @") << StringRef(graph).ltrim('@');
    if (!graph.empty())
      error << fnc::didYouMean(StringRef(graph).ltrim('@'),
                               llvm::map_range(graphs, [](GraphOp op) { return op.getSymName(); }));
    for (GraphOp candidate : graphs)
      error.attachNote(candidate.getLoc()) << "graph @" << candidate.getSymName();
    return failure();
  }
};

} // namespace
