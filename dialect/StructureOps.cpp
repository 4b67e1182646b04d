//===- StructureOps.cpp - graphs, placeholders, variables, effects --------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fn;

//===-- Assembly of leaves -------------------------------------------------===//

/// `: type` and, if any, `default dense<...>`.
static ParseResult parseTypeAndDefault(OpAsmParser &parser, Type &type, ElementsAttr &value) {
  if (parser.parseColonType(type))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("default")))
    return parser.parseAttribute(value, type);
  return success();
}

static void printTypeAndDefault(OpAsmPrinter &printer, PlaceholderOp, Type type,
                                ElementsAttr value) {
  printer << ": " << type;
  if (value) {
    printer << " default ";
    printer.printAttributeWithoutType(value);
  }
}

/// `: type = initial value`. The type comes first: behind `#fn.uniform<...>` MLIR's parser would
/// take it for part of the attribute.
static ParseResult parseTypeAndInit(OpAsmParser &parser, Type &type, Attribute &init) {
  return failure(parser.parseColonType(type) || parser.parseEqual() ||
                 parser.parseAttribute(init, type));
}

static void printTypeAndInit(OpAsmPrinter &printer, VariableOp, Type type, Attribute init) {
  printer << ": " << type << " = ";
  printer.printAttributeWithoutType(init);
}

#define GET_OP_CLASSES
#include "dialect/FnStructureOps.cpp.inc"

void FnDialect::registerStructureOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnStructureOps.cpp.inc"
      >();
}

//===-- Leaves -------------------------------------------------------------===//

void PlaceholderOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), getName());
}

LogicalResult PlaceholderOp::verify() {
  RankedTensorType type = getType();
  if (getName().empty())
    return emitOpError("needs a name");
  if (Attribute encoding = type.getEncoding(); encoding && !isa<CooAttr>(encoding))
    return emitOpError("has the encoding ") << encoding << ", expected #fn.coo";
  if (isSparse(type)) {
    if (type.getRank() == 0)
      return emitOpError("is sparse and has rank 0, expected at least 1");
    if (type.getElementType().isInteger(1))
      return emitOpError("is sparse and has element type i1, expected a number");
    if (getDefaultValueAttr())
      return emitOpError("is sparse: it cannot have a default");
    if (int64_t max = getMaxNnz().value_or(0); max < 0)
      return emitOpError("has a negative max_nnz ") << max;
  } else if (getMaxNnz()) {
    return emitOpError("has max_nnz but is dense");
  }
  if (ElementsAttr value = getDefaultValueAttr(); value && value.getType() != Type(type))
    return emitOpError("has a default of type ") << value.getType() << " but is " << type;
  if (std::optional<ArrayRef<int64_t>> bounds = getBounds()) {
    if (static_cast<int64_t>(bounds->size()) != type.getRank())
      return emitOpError("has ") << bounds->size() << " bounds but rank " << type.getRank();
    for (auto [i, bound] : llvm::enumerate(*bounds)) {
      if (bound < 0)
        return emitOpError("has a negative bound ") << bound << " of dimension " << i;
      if (!type.isDynamicDim(i) && bound != type.getDimSize(i))
        return emitOpError("bounds dimension ")
               << i << " by " << bound << " but its size is " << type.getDimSize(i);
    }
  }
  return success();
}

void VariableOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getName()); }

LogicalResult VariableOp::verify() {
  RankedTensorType type = getType();
  if (getName().empty())
    return emitOpError("needs a name");
  if (!type.hasStaticShape())
    return emitOpError("needs a static shape, got ") << type;
  if (type.getEncoding())
    return emitOpError("is dense, got ") << type;
  Attribute init = getInit();
  if (auto elements = dyn_cast<ElementsAttr>(init)) {
    if (elements.getType() != Type(type))
      return emitOpError("has an initial value of type ")
             << elements.getType() << " but is " << type;
    if (!isa<DenseElementsAttr>(init))
      return emitOpError("needs a dense initial value");
    return success();
  }
  if (isa<ZerosAttr, OnesAttr, ExternalAttr>(init))
    return success();
  if (!isa<UniformAttr, NormalAttr, TruncatedNormalAttr, GlorotUniformAttr, GlorotNormalAttr,
           HeUniformAttr, HeNormalAttr>(init))
    return emitOpError("cannot be initialized by ") << init;
  if (!isa<FloatType>(type.getElementType()))
    return emitOpError("needs a floating-point type for a random initial value, got ") << type;
  if (type.getRank() < 1 &&
      isa<GlorotUniformAttr, GlorotNormalAttr, HeUniformAttr, HeNormalAttr>(init))
    return emitOpError("has no fan: rank 0 cannot be initialized by ") << init;
  return success();
}

//===-- Effects ------------------------------------------------------------===//

FailureOr<VariableOp> fn::targetOf(Operation *op, Value variable, bool writes) {
  auto target = variable.getDefiningOp<VariableOp>();
  if (!target) {
    InFlightDiagnostic error = mlir::emitError(op->getLoc())
                               << "'" << op->getName() << "' op needs a variable";
    error.attachNote(variable.getLoc()) << "this value is not a variable";
    return failure();
  }
  if (writes && target.getReadOnly()) {
    InFlightDiagnostic error = op->emitOpError("writes the read-only variable '")
                               << target.getName() << "'";
    error.attachNote(target.getLoc()) << "variable declared here";
    return failure();
  }
  return target;
}

/// Whether `from` broadcasts into exactly `to`.
static bool broadcastsInto(RankedTensorType from, RankedTensorType to) {
  int64_t lead = to.getRank() - from.getRank();
  if (lead < 0)
    return false;
  for (int64_t i = 0; i < from.getRank(); ++i)
    if (!from.isDynamicDim(i) && from.getDimSize(i) != 1 &&
        from.getDimSize(i) != to.getDimSize(lead + i))
      return false;
  return true;
}

static LogicalResult verifyWrite(Operation *op, Value variable, Value value) {
  FailureOr<VariableOp> target = targetOf(op, variable, /*writes=*/true);
  if (failed(target))
    return failure();
  auto to = cast<RankedTensorType>(variable.getType());
  auto from = cast<RankedTensorType>(value.getType());
  if (from.getElementType() == to.getElementType() && broadcastsInto(from, to))
    return success();
  InFlightDiagnostic error = op->emitOpError("cannot write ")
                             << from << " into variable '" << target->getName() << "' of type "
                             << to;
  error.attachNote(target->getLoc()) << "variable declared here";
  return failure();
}

LogicalResult AssignOp::verify() { return verifyWrite(*this, getVariable(), getValue()); }
LogicalResult AssignAddOp::verify() { return verifyWrite(*this, getVariable(), getValue()); }
LogicalResult AssignSubOp::verify() { return verifyWrite(*this, getVariable(), getValue()); }

static LogicalResult verifyScatter(Operation *op, Value variable, Value indices, Value updates) {
  FailureOr<VariableOp> target = targetOf(op, variable, /*writes=*/true);
  if (failed(target))
    return failure();
  auto to = cast<RankedTensorType>(variable.getType());
  auto index = cast<RankedTensorType>(indices.getType());
  auto rows = cast<RankedTensorType>(updates.getType());
  if (index.getRank() != 1)
    return op->emitOpError("needs indices of rank 1, got ") << index;
  if (to.getRank() < 1)
    return op->emitOpError("needs a variable of rank 1 or more, got ") << to;
  SmallVector<int64_t> want(to.getShape());
  want[0] = index.getDimSize(0);
  auto wanted = RankedTensorType::get(want, to.getElementType());
  if (rows.getElementType() != to.getElementType() || rows.getRank() != to.getRank() ||
      failed(verifyCompatibleShape(wanted, rows))) {
    InFlightDiagnostic error = op->emitOpError("needs updates of type ")
                               << wanted << ", got " << rows;
    error.attachNote(target->getLoc()) << "variable declared here";
    return failure();
  }
  return success();
}

LogicalResult ScatterUpdateOp::verify() {
  return verifyScatter(*this, getVariable(), getIndices(), getUpdates());
}
LogicalResult ScatterAddOp::verify() {
  return verifyScatter(*this, getVariable(), getIndices(), getUpdates());
}
LogicalResult ScatterSubOp::verify() {
  return verifyScatter(*this, getVariable(), getIndices(), getUpdates());
}
LogicalResult ScatterMaxOp::verify() {
  return verifyScatter(*this, getVariable(), getIndices(), getUpdates());
}
LogicalResult ScatterMinOp::verify() {
  return verifyScatter(*this, getVariable(), getIndices(), getUpdates());
}

LogicalResult ReadOp::verify() { return targetOf(*this, getVariable(), /*writes=*/false); }

//===-- Graph --------------------------------------------------------------===//

/// Each op of `cycle` depends on the next, the last on the first.
static LogicalResult reportCycle(ArrayRef<Operation *> cycle) {
  InFlightDiagnostic error = mlir::emitError(cycle.front()->getLoc())
                             << "'" << cycle.front()->getName() << "' op depends on itself";
  for (Operation *op : cycle.drop_front())
    error.attachNote(op->getLoc()) << "through this op";
  return failure();
}

static LogicalResult checkAcyclic(Block &body) {
  enum State : char { Unseen, Active, Done };
  struct Frame {
    Operation *op;
    SmallVector<Value> values;
    unsigned next = 0;
  };
  llvm::DenseMap<Operation *, State> state;
  // An explicit stack: chains of thousands of ops are normal.
  SmallVector<Frame, 0> stack;
  auto enter = [&](Operation *op) {
    state[op] = Active;
    stack.push_back({op, dependencies(op)});
  };
  for (Operation &root : body) {
    if (state.lookup(&root) != Unseen)
      continue;
    enter(&root);
    while (!stack.empty()) {
      Frame &top = stack.back();
      if (top.next == top.values.size()) {
        state[top.op] = Done;
        stack.pop_back();
        continue;
      }
      Operation *def = top.values[top.next++].getDefiningOp();
      if (!def || def->getBlock() != &body || state.lookup(def) == Done)
        continue;
      if (state.lookup(def) == Active) {
        SmallVector<Operation *> cycle;
        auto start = llvm::find_if(stack, [&](const Frame &frame) { return frame.op == def; });
        for (const Frame &frame : llvm::make_range(start, stack.end()))
          cycle.push_back(frame.op);
        return reportCycle(cycle);
      }
      enter(def);
    }
  }
  return success();
}

LogicalResult GraphOp::verifyRegions() {
  if (getBody().front().getNumArguments() != 0)
    return mlir::emitError(getBody().front().getArgument(0).getLoc())
           << "'fn.graph' op has no arguments: use fn.placeholder";
  llvm::StringMap<Operation *> leaves;
  for (Operation &op : getBody().front()) {
    if (!isa<PlaceholderOp, VariableOp, FunctionOp>(op) && failed(checkSparse(&op)))
      return failure();
    StringRef name = llvm::TypeSwitch<Operation *, StringRef>(&op)
                         .Case([](PlaceholderOp leaf) { return leaf.getName(); })
                         .Case([](VariableOp leaf) { return leaf.getName(); })
                         .Default([](Operation *) { return StringRef(); });
    if (name.empty())
      continue;
    auto [it, isNew] = leaves.try_emplace(name, &op);
    if (!isNew) {
      InFlightDiagnostic error = mlir::emitError(op.getLoc())
                                 << "'" << op.getName() << "' op repeats the name '" << name << "'";
      error.attachNote(it->second->getLoc()) << "first used here";
      return failure();
    }
  }
  return checkAcyclic(getBody().front());
}
