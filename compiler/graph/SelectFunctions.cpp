//===- SelectFunctions.cpp - one kernel per function spec -----------------===//

#include "compiler/graph/Identifier.h"
#include "compiler/graph/Passes.h"
#include "compiler/graph/StateLayout.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fn;

namespace fnc {
#define GEN_PASS_DEF_SELECTFUNCTIONS
#include "compiler/graph/Passes.h.inc"
} // namespace fnc

namespace {

/// Ops whose first operand names a variable rather than using its value.
bool namesVariable(Operation *op) {
  return isa<AssignOp, AssignAddOp, AssignSubOp, ScatterUpdateOp, ScatterAddOp, ScatterSubOp,
             ScatterMaxOp, ScatterMinOp, ReadOp>(op);
}

bool writesVariable(Operation *op) { return namesVariable(op) && !isa<ReadOp>(op); }

/// Makes the kernel of one function spec.
class KernelBuilder {
public:
  KernelBuilder(GraphOp graph, FunctionOp spec, OpBuilder &module)
      : graph(graph), spec(spec), module(module), b(graph.getContext()) {}

  LogicalResult build();

private:
  LogicalResult findNeeded();
  LogicalResult visit(Value root, Location requestedAt);
  LogicalResult checkRaces();
  void declareArguments();
  LogicalResult emit(Operation *op);
  void emitWrite(Operation *op, VariableOp variable);
  void emitIndexCheck(Location loc, Value indices, Value like, int64_t axis, StringRef what);
  void addCheck(Location loc, StringRef code, StringRef name, Value value, Value like,
                int64_t axis);
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
};

/// Depth first from `root`, with a stack of our own: chains of thousands of ops are normal.
LogicalResult KernelBuilder::visit(Value root, Location requestedAt) {
  if (fed.contains(root)) {
    return success();
  }
  Operation *top = root.getDefiningOp();
  if (!seen.insert(top).second)
    return success();
  SmallVector<std::pair<Operation *, unsigned>> stack = {{top, 0}};
  while (!stack.empty()) {
    auto &[op, next] = stack.back();
    if (next == 0) {
      if (auto placeholder = dyn_cast<PlaceholderOp>(op);
          placeholder && !placeholder.getDefaultValueAttr()) {
        InFlightDiagnostic error = emitError(requestedAt)
                                   << "'fn.function' op @" << spec.getSymName()
                                   << " needs placeholder '" << placeholder.getName()
                                   << "', which is neither among its inputs nor has a default";
        error.attachNote(placeholder.getLoc()) << "placeholder declared here";
        return failure();
      }
      if (namesVariable(op)) {
        Operation *variable = op->getOperand(0).getDefiningOp();
        touched.insert(variable);
        if (writesVariable(op))
          written.insert(variable);
        next = 1;
      }
    }
    if (next == op->getNumOperands()) {
      if (auto variable = dyn_cast<VariableOp>(op)) {
        if (!variable.getReadOnly())
          touched.insert(op);
      }
      order.push_back(op);
      stack.pop_back();
      continue;
    }
    Value operand = op->getOperand(next++);
    Operation *def = operand.getDefiningOp();
    if (!fed.contains(operand) && seen.insert(def).second)
      stack.push_back({def, 0});
  }
  return success();
}

LogicalResult KernelBuilder::findNeeded() {
  for (auto [i, input] : llvm::enumerate(spec.getInputs()))
    fed[input] = i;
  unsigned firstOutput = spec.getInputs().size();
  for (unsigned i = firstOutput, e = spec->getNumOperands(); i < e; ++i) {
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

  llvm::DenseSet<Value> used;
  for (Operation *op : order)
    for (Value operand : op->getOperands().drop_front(namesVariable(op) ? 1 : 0))
      used.insert(operand);
  for (Value root : spec->getOperands().drop_front(firstOutput))
    used.insert(root);
  for (auto [i, input] : llvm::enumerate(spec.getInputs()))
    if (!used.contains(input))
      emitWarning(spec.getItemLoc(i)) << "'fn.function' op @" << spec.getSymName()
                                      << " does not use its input '" << spec.getInputName(i)
                                      << "'";
  return success();
}

/// Two writes of a variable, or a write and a read, need a path between them.
LogicalResult KernelBuilder::checkRaces() {
  llvm::DenseMap<Operation *, SmallVector<Operation *>> effects;
  for (Operation *op : order)
    if (namesVariable(op))
      effects[op->getOperand(0).getDefiningOp()].push_back(op);
  if (effects.empty())
    return success();

  // By op: which effects lie behind it.
  llvm::DenseMap<Operation *, unsigned> number;
  for (Operation *op : order)
    if (namesVariable(op))
      number.try_emplace(op, number.size());
  llvm::DenseMap<Operation *, llvm::BitVector> behind;
  for (Operation *op : order) {
    llvm::BitVector bits(number.size());
    for (Value operand : op->getOperands().drop_front(namesVariable(op) ? 1 : 0))
      if (!fed.contains(operand)) {
        Operation *def = operand.getDefiningOp();
        if (auto it = behind.find(def); it != behind.end())
          bits |= it->second;
        if (auto it = number.find(def); it != number.end())
          bits.set(it->second);
      }
    if (bits.any())
      behind[op] = std::move(bits);
  }
  auto follows = [&](Operation *later, Operation *earlier) {
    auto it = behind.find(later);
    return it != behind.end() && it->second.test(number[earlier]);
  };
  auto race = [&](Location at, Operation *variable, Operation *first, Location otherAt,
                  Operation *second) {
    InFlightDiagnostic error =
        emitError(at) << "'fn.function' op @" << spec.getSymName() << " has effects on variable '"
                      << cast<VariableOp>(variable).getName() << "' that nothing orders";
    error.attachNote(first ? first->getLoc() : at) << "one effect";
    error.attachNote(second ? second->getLoc() : otherAt)
        << "the other: order them with after(...)";
    return failure();
  };
  unsigned firstTarget = spec.getInputs().size() + spec.getOutputs().size();
  for (auto [i, target] : llvm::enumerate(spec.getTargets())) {
    Operation *variable = target.getDefiningOp();
    Value value = spec.getValues()[i];
    for (Operation *op : effects.lookup(variable)) {
      Operation *def = fed.contains(value) ? nullptr : value.getDefiningOp();
      // The pair writes last; a read that its value depends on comes before it.
      if (isa<ReadOp>(op) && def && (def == op || follows(def, op)))
        continue;
      return race(spec.getItemLoc(firstTarget + i), variable, nullptr, op->getLoc(), op);
    }
  }
  for (auto &[variable, ops] : effects)
    for (auto [i, a] : llvm::enumerate(ops))
      for (Operation *other : llvm::ArrayRef(ops).drop_front(i + 1))
        if ((writesVariable(a) || writesVariable(other)) && !follows(a, other) &&
            !follows(other, a))
          return race(spec.getLoc(), variable, a, other->getLoc(), other);
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
    std::string id = fnc::escapeIdentifier(name);
    Operation *def = input.getDefiningOp();
    StringAttr given;
    DenseI64ArrayAttr bounds;
    if (auto placeholder = dyn_cast_or_null<PlaceholderOp>(def)) {
      given = placeholder.getIdentifierAttr();
      bounds = placeholder.getBoundsAttr();
    } else if (auto variable = dyn_cast_or_null<VariableOp>(def)) {
      given = variable.getIdentifierAttr();
    }
    DictionaryAttr dict = roleAttrs("input", name, given ? given.getValue() : StringRef(id));
    if (bounds) {
      NamedAttrList list(dict);
      list.set("fn.bounds", bounds);
      dict = list.getDictionary(b.getContext());
    }
    types.push_back(input.getType());
    attrs.push_back(dict);
  }
  SmallVector<VariableOp> variables;
  for (auto variable : graph.getBody().front().getOps<VariableOp>())
    if (touched.contains(variable)) {
      variables.push_back(variable);
      types.push_back(variable.getType());
      attrs.push_back(roleAttrs("variable", variable.getName(), fnc::variableIdentifier(variable)));
    }

  kernel = func::FuncOp::create(module, spec.getLoc(), spec.getSymName(),
                                b.getFunctionType(types, {}));
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
  auto scalar = [&](Type type) { return RankedTensorType::get({}, type); };
  StringRef kind = code == "not_finite" ? "finite" : code;
  auto check = CheckOp::create(b, loc, scalar(b.getI1Type()), scalar(b.getI64Type()), value, like,
                               b.getStringAttr(kind), b.getI64IntegerAttr(axis));
  oks.push_back(check.getOk());
  gots.push_back(check.getGot());
  SmallVector<NamedAttribute> entry = {b.getNamedAttr("code", b.getStringAttr(code)),
                                       b.getNamedAttr("name", b.getStringAttr(name))};
  if (like) {
    int64_t limit = cast<RankedTensorType>(like.getType()).getDimSize(axis);
    entry.push_back(b.getNamedAttr(
        "limit", b.getI64IntegerAttr(ShapedType::isDynamic(limit) ? -1 : limit)));
  }
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
      .Case([&](AssignAddOp add) {
        now = AddOp::create(b, loc, type, now, get(add.getValue()));
      })
      .Case([&](AssignSubOp sub) {
        now = SubOp::create(b, loc, type, now, get(sub.getValue()));
      })
      .Case([&](ScatterUpdateOp) { scatter("update"); })
      .Case([&](ScatterAddOp) { scatter("add"); })
      .Case([&](ScatterSubOp) { scatter("sub"); })
      .Case([&](ScatterMaxOp) { scatter("max"); })
      .Case([&](ScatterMinOp) { scatter("min"); });
}

LogicalResult KernelBuilder::emit(Operation *op) {
  Location loc = op->getLoc();
  if (namesVariable(op)) {
    auto variable = op->getOperand(0).getDefiningOp<VariableOp>();
    if (auto read = dyn_cast<ReadOp>(op)) {
      if (variable.getReadOnly() && !map.contains(read.getVariable()))
        if (failed(emit(variable)))
          return failure();
      map.map(read.getResult(),
              variable.getReadOnly() ? get(read.getVariable()) : current[variable]);
    } else {
      emitWrite(op, variable);
    }
    return success();
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](PlaceholderOp placeholder) {
        map.map(placeholder.getResult(),
                fn::ConstantOp::create(b, loc, placeholder.getType(),
                                       placeholder.getDefaultValueAttr())
                    .getResult());
        return success();
      })
      .Case([&](VariableOp variable) {
        if (variable.getReadOnly())
          map.map(variable.getResult(), fnc::initialValue(b, variable));
        return success();
      })
      .Case([&](GroupOp) { return success(); })
      .Case([&](AssertOp check) {
        addCheck(loc, "assert", check.getMessage(), get(check.getCondition()), Value(), 0);
        return success();
      })
      .Case([&](CheckFiniteOp check) {
        Value value = get(check.getValue());
        addCheck(loc, "not_finite", check.getMessage(), value, Value(), 0);
        map.map(check.getResult(), value);
        return success();
      })
      .Case([&](PrintOp print) {
        Value value = get(print.getValue());
        std::string name =
            ("fn.print." + spec.getSymName() + "." + Twine(prints.size())).str();
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
        return success();
      })
      .Default([&](Operation *) {
        if (auto gather = dyn_cast<GatherOp>(op))
          addCheck(loc, "index", "gather", get(gather.getIndices()), get(gather.getInput()),
                   gather.getAxis());
        b.clone(*op, map);
        return success();
      });
}

void KernelBuilder::finish() {
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> attrs;
  for (auto [name, value] : llvm::zip(spec.getOutputNames(), spec.getOutputs())) {
    StringRef display = cast<StringAttr>(name).getValue();
    results.push_back(get(value));
    attrs.push_back(roleAttrs("output", display, fnc::escapeIdentifier(display)));
  }
  for (auto [target, value] : llvm::zip(spec.getTargets(), spec.getValues()))
    current[target.getDefiningOp()] = get(value);
  for (auto variable : graph.getBody().front().getOps<VariableOp>())
    if (written.contains(variable)) {
      results.push_back(current[variable]);
      attrs.push_back(
          roleAttrs("variable", variable.getName(), fnc::variableIdentifier(variable)));
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
  StringAttr given = spec.getIdentifierAttr();
  kernel->setAttr("fn.id", given ? given
                                 : b.getStringAttr(fnc::escapeIdentifier(spec.getSymName())));
  if (!checks.empty())
    kernel->setAttr("fn.checks", b.getArrayAttr(checks));
  if (!prints.empty())
    kernel->setAttr("fn.prints", b.getArrayAttr(prints));
}

LogicalResult KernelBuilder::build() {
  if (failed(findNeeded()) || failed(checkRaces()))
    return failure();
  declareArguments();
  for (Operation *op : order)
    if (failed(emit(op)))
      return failure();
  finish();
  return success();
}

struct SelectFunctions : fnc::impl::SelectFunctionsBase<SelectFunctions> {
  using SelectFunctionsBase::SelectFunctionsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<GraphOp> graph = chooseGraph(module);
    if (failed(graph) || failed(fnc::checkNames(*graph)))
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
        graph->emitError("graph @") << graph->getSymName() << " has no function @" << name;
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
    InFlightDiagnostic error = graph.empty()
                                   ? module.emitError("the file has several graphs: choose one")
                                   : module.emitError("the file has no graph @" + graph);
    for (GraphOp candidate : graphs)
      error.attachNote(candidate.getLoc()) << "graph @" << candidate.getSymName();
    return failure();
  }
};

} // namespace
