//===- RowUpdates.cpp - new rows of tables instead of new tables ----------===//

#include "compiler/graph/Passes.h"
#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace fn;

namespace fnc {
#define GEN_PASS_DEF_ROWUPDATES
#include "compiler/graph/Passes.h.inc"
} // namespace fnc

namespace {

/// Rules of optimizers are shorter; other updates may be long chains.
constexpr unsigned kMostValues = 128;

bool isElementwise(Operation *op) {
  return isa<AddOp, SubOp, MulOp, DivOp, NegOp, AbsOp, SquareOp, SqrtOp, RsqrtOp, MaximumOp,
             MinimumOp, WhereOp, CastOp, BarrierOp>(op);
}

bool isSplat(Value value, llvm::function_ref<bool(const APFloat &)> holds) {
  DenseFPElementsAttr constant;
  return matchPattern(value, m_Constant(&constant)) && constant.isSplat() &&
         holds(constant.getSplatValue<APFloat>());
}

bool isZero(Value value) {
  if (auto broadcast = value.getDefiningOp<BroadcastToOp>())
    value = broadcast.getInput();
  return isSplat(value, [](const APFloat &number) { return number.isPosZero(); });
}

/// The new value of one variable as a function of a gradient that is zero in most rows.
class Table {
public:
  Table(OpBuilder &b, Value variable, Value next) : b(b), variable(variable), next(next) {}

  /// Whether rows without a gradient keep their values.
  bool isByRows() {
    auto type = dyn_cast<RankedTensorType>(next.getType());
    if (!type || !type.hasStaticShape() || type.getRank() < 1 ||
        !isa<FloatType>(type.getElementType()))
      return false;
    shape = type.getShape();
    return valueAtZero(next) == variable && gradient && isSparse();
  }

  ScatterOp getGradient() const { return gradient; }

  Value build() {
    Location loc = next.getLoc();
    Value rows = inRows(next);
    return ScatterOp::create(b, loc, next.getType(), variable, gradient.getIndices(), rows,
                             b.getStringAttr("update"));
  }

private:
  /// What a value is where the gradient is zero: zero (the gradient), a variable, or something else
  /// (null).
  Value valueAtZero(Value value) {
    if (auto [it, isNew] = atZero.try_emplace(value, Value()); !isNew)
      return it->second;
    if (atZero.size() > kMostValues)
      return {};
    Value found = findAtZero(value);
    atZero[value] = found;
    return found;
  }

  Value findAtZero(Value value) {
    Operation *op = value.getDefiningOp();
    auto type = cast<RankedTensorType>(value.getType());
    if (!op)
      return type.getShape() == shape ? value : Value();
    if (auto scatter = dyn_cast<ScatterOp>(op)) {
      if (scatter.getKind() != "add" || !isZero(scatter.getInput()) ||
          (gradient && gradient != scatter))
        return {};
      gradient = scatter;
      return value;
    }
    if (!isElementwise(op))
      return {};
    SmallVector<Value> at =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) { return valueAtZero(operand); });
    auto isNothing = [&](unsigned i) { return gradient && at[i] == gradient.getResult(); };
    if (isa<AddOp>(op))
      return isNothing(0) ? at[1] : isNothing(1) ? at[0] : Value();
    if (isa<SubOp>(op))
      return isNothing(1) ? at[0] : Value();
    if (isa<MulOp>(op))
      return isNothing(0) ? at[0] : isNothing(1) ? at[1] : Value();
    if (isa<DivOp, NegOp, AbsOp, SquareOp, SqrtOp>(op))
      return isNothing(0) ? at[0] : Value();
    if (isa<CastOp>(op))
      return isNothing(0) || value.getType() == op->getOperand(0).getType() ? at[0] : Value();
    if (isa<BarrierOp>(op))
      return at[0];
    if (isa<WhereOp>(op))
      return at[1] == at[2] ? at[1] : Value();
    bool isMaximum = isa<MaximumOp>(op);
    if (isa<MaximumOp, MinimumOp>(op) && isNothing(0) &&
        isSplat(op->getOperand(1), [&](const APFloat &bound) {
          return bound.isNegative() == isMaximum && !bound.isZero() && !bound.isNaN();
        }))
      return at[0];
    return {};
  }

  /// Fewer entries than rows, as far as that is known.
  bool isSparse() {
    auto indices = cast<RankedTensorType>(gradient.getIndices().getType());
    return indices.getRank() == 1 &&
           (!indices.hasStaticShape() || 2 * indices.getDimSize(0) <= shape.front()) &&
           isPossible(next);
  }

  /// Whether all that `value` is made of has rows, or is one number.
  bool isPossible(Value value) {
    if (!seen.insert(value).second)
      return true;
    auto type = cast<RankedTensorType>(value.getType());
    Operation *op = value.getDefiningOp();
    if (type.getRank() == 0 || op == gradient)
      return true;
    if (type.getShape() != shape)
      return false;
    if (!op)
      return true;
    DenseElementsAttr constant;
    if (matchPattern(value, m_Constant(&constant)))
      return constant.isSplat();
    return isElementwise(op) &&
           llvm::all_of(op->getOperands(), [&](Value operand) { return isPossible(operand); });
  }

  RankedTensorType rowsType(Type element) {
    auto updates = cast<RankedTensorType>(gradient.getUpdates().getType());
    return RankedTensorType::get(updates.getShape(), element);
  }

  Value gather(Value from, Value places, Type type) {
    return GatherOp::create(b, next.getLoc(), type, from, places, b.getI64IntegerAttr(0));
  }

  /// The touched rows of a value; entries of one row all have it whole.
  Value inRows(Value value) {
    if (Value known = rows.lookup(value))
      return known;
    auto type = cast<RankedTensorType>(value.getType());
    Operation *op = value.getDefiningOp();
    DenseElementsAttr constant;
    Value made;
    if (op == gradient) {
      made = summedRows();
    } else if (type.getRank() == 0) {
      made = value;
    } else if (!op) {
      made = gather(value, gradient.getIndices(), rowsType(type.getElementType()));
    } else if (matchPattern(value, m_Constant(&constant))) {
      auto scalar = RankedTensorType::get({}, type.getElementType());
      made = ConstantOp::create(b, value.getLoc(), scalar, constant.resizeSplat(scalar));
    } else {
      OperationState state(value.getLoc(), op->getName());
      for (Value operand : op->getOperands())
        state.operands.push_back(inRows(operand));
      state.types.push_back(rowsType(type.getElementType()));
      state.attributes = op->getAttrDictionary();
      made = b.create(state)->getResult(0);
    }
    return rows[value] = made;
  }

  /// Entries of one row added up in their order where the first of them stands, then given to all.
  Value summedRows() {
    Location loc = gradient.getLoc();
    Value indices = gradient.getIndices(), updates = gradient.getUpdates();
    auto count = cast<RankedTensorType>(indices.getType()).getDimSize(0);
    Type i32 = b.getI32Type();
    auto perRow = RankedTensorType::get({shape.front()}, i32);
    auto perEntry = RankedTensorType::get({count}, i32);
    Value last = ConstantOp::create(
        b, loc, perRow, DenseElementsAttr::get(perRow, std::numeric_limits<int32_t>::max()));
    Value places =
        IotaOp::create(b, loc, perEntry, 0, perEntry.hasStaticShape() ? Value() : indices);
    Value first = ScatterOp::create(b, loc, perRow, last, indices, places, b.getStringAttr("min"));
    Value place = gather(first, indices, perEntry);
    Value zeros = Expr(b, loc, updates).filled(0);
    Value sums =
        ScatterOp::create(b, loc, updates.getType(), zeros, place, updates, b.getStringAttr("add"));
    return gather(sums, place, updates.getType());
  }

  OpBuilder &b;
  Value variable, next;
  ArrayRef<int64_t> shape;
  ScatterOp gradient;
  llvm::DenseMap<Value, Value> atZero, rows;
  llvm::DenseSet<Value> seen;
};

struct RowUpdates : fnc::impl::RowUpdatesBase<RowUpdates> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func->hasAttr("fn.kernel") && !func.isExternal())
      rewrite(func);
  }

  static void rewrite(func::FuncOp func) {
    auto ret = cast<func::ReturnOp>(func.front().getTerminator());
    OpBuilder b(ret);
    auto nameOf = [](DictionaryAttr attrs) {
      auto role = attrs ? attrs.getAs<StringAttr>("fn.role") : StringAttr();
      return role && role.getValue() == "variable" ? attrs.getAs<StringAttr>("fn.name")
                                                   : StringAttr();
    };
    llvm::DenseMap<StringAttr, Value> variables;
    for (BlockArgument arg : func.getArguments())
      if (StringAttr name = nameOf(func.getArgAttrDict(arg.getArgNumber())))
        variables[name] = arg;
    for (OpOperand &result : ret->getOpOperands()) {
      StringAttr name = nameOf(func.getResultAttrDict(result.getOperandNumber()));
      Value variable = name ? variables.lookup(name) : Value();
      if (!variable || result.get() == variable)
        continue;
      Table table(b, variable, result.get());
      if (table.isByRows())
        result.set(table.build());
    }
  }
};

} // namespace
