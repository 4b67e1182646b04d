//===- ExpandSparse.cpp - sparse tensors as indices, values and shape -----===//

#include "compiler/graph/Passes.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fn;

namespace fnc {
#define GEN_PASS_DEF_EXPANDSPARSE
#include "compiler/graph/Passes.h.inc"
} // namespace fnc

namespace {

/// What stands for a sparse tensor. Dimension d of it is column `columns[d]` of the indices, and
/// dimension `columns[d]` of `like`: a transpose moves nothing.
struct Sparse {
  Value like; ///< a dense tensor of which only the sizes are used
  Value indices, values;
  SmallVector<int64_t> columns;
};

class Expander {
public:
  explicit Expander(func::FuncOp func) : func(func), b(func.getContext()), loc(func.getLoc()) {}

  void run();

private:
  void expandArgument(unsigned number);
  bool expand(Operation *op);
  void multiply(MatmulOp op);
  void sum(Operation *op, bool subtract);
  void multiply(MulOp op);
  void concatenate(ConcatOp op);
  void reduce(ReduceSumOp op);

  bool isSparse(Value value) const { return sparse.contains(value); }
  Value shapeOf(const Sparse &s);
  Value dense(const Sparse &s);
  Value zeros(Value like);
  Value sortedIndices(const Sparse &s, Type index);
  Value indexConstant(ArrayRef<int64_t> numbers);
  Value toIndexType(Value indices, Type index);
  void replace(Operation *op, Value value);

  Value transpose(Value value, ArrayRef<int64_t> perm) {
    return llvm::equal(perm, llvm::seq<int64_t>(0, perm.size()))
               ? value
               : TransposeOp::create(b, loc, value, perm).getResult();
  }

  func::FuncOp func;
  OpBuilder b;
  Location loc;
  llvm::DenseMap<Value, Sparse> sparse;
};

Type indexTypeOf(Value sparse) {
  return cast<CooAttr>(cast<RankedTensorType>(sparse.getType()).getEncoding()).getIndex();
}

void Expander::expandArgument(unsigned number) {
  BlockArgument arg = func.getArgument(number);
  auto type = cast<RankedTensorType>(arg.getType());
  auto max = func.getArgAttrOfType<IntegerAttr>(number, "fn.max_nnz");
  int64_t rank = type.getRank(), any = ShapedType::kDynamic;
  auto attrsOf = [&](StringRef part, ArrayRef<int64_t> bounds) {
    NamedAttrList attrs(func.getArgAttrDict(number));
    attrs.erase("fn.max_nnz");
    attrs.set("fn.sparse", b.getStringAttr(part));
    if (part != "shape")
      attrs.erase("fn.bounds");
    if (part != "shape" && max)
      attrs.set("fn.bounds", b.getDenseI64ArrayAttr(bounds));
    return attrs.getDictionary(b.getContext());
  };
  int64_t nnz = max ? max.getInt() : any;
  DictionaryAttr shape = attrsOf("shape", {}), indices = attrsOf("indices", {nnz, rank}),
                 values = attrsOf("values", {nnz});
  Type index = indexTypeOf(arg);
  (void)func.insertArgument(number + 1, RankedTensorType::get({any, rank}, index), indices,
                            arg.getLoc());
  (void)func.insertArgument(number + 2, RankedTensorType::get({any}, type.getElementType()), values,
                            arg.getLoc());
  func.setArgAttrs(number, shape);
  arg.setType(denseType(type));
  sparse[arg] = {arg, func.getArgument(number + 1), func.getArgument(number + 2),
                 llvm::to_vector(llvm::seq<int64_t>(0, rank))};
}

void Expander::replace(Operation *op, Value value) {
  // A declared type may know more sizes.
  Type type = op->getResult(0).getType();
  if (value.getType() != type)
    value = tensor::CastOp::create(b, loc, type, value);
  op->getResult(0).replaceAllUsesWith(value);
}

/// A dense tensor in the shape of `s`, of which only the sizes are used.
Value Expander::shapeOf(const Sparse &s) { return transpose(s.like, s.columns); }

Value Expander::zeros(Value like) {
  RankedTensorType type = denseType(like.getType());
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value zero = fn::ConstantOp::create(b, loc, cast<ElementsAttr>(b.getZeroAttr(scalar)));
  return BroadcastToOp::create(b, loc, type, zero, type.hasStaticShape() ? Value() : like);
}

Value Expander::dense(const Sparse &s) {
  return CooAddOp::create(b, loc, zeros(shapeOf(s)), s.indices, s.values, s.columns);
}

Value Expander::indexConstant(ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get({static_cast<int64_t>(numbers.size())}, b.getI64Type());
  return fn::ConstantOp::create(b, loc, DenseElementsAttr::get(type, numbers));
}

Value Expander::toIndexType(Value indices, Type index) {
  if (getElementTypeOrSelf(indices.getType()) == index)
    return indices;
  return CastOp::create(b, loc, indices, TypeAttr::get(index));
}

/// Indices whose columns stand in the order of the dimensions.
Value Expander::sortedIndices(const Sparse &s, Type index) {
  Value indices = toIndexType(s.indices, index);
  if (llvm::equal(s.columns, llvm::seq<int64_t>(0, s.columns.size())))
    return indices;
  return GatherOp::create(b, loc, indices, indexConstant(s.columns), b.getI64IntegerAttr(1));
}

void Expander::multiply(MatmulOp op) {
  bool left = isSparse(op.getLhs());
  const Sparse &s = sparse[left ? op.getLhs() : op.getRhs()];
  Value other = left ? op.getRhs() : op.getLhs();
  bool isVector = cast<RankedTensorType>(other.getType()).getRank() == 1;
  // x A is (A' x')': the sparse factor stands on the left, and rows of the dense one are added up.
  bool swap = left ? op.getTransposeA() : !op.getTransposeB();
  bool turn = left ? op.getTransposeB() : !op.getTransposeA();
  SmallVector<int64_t> columns = {s.columns[swap ? 1 : 0], s.columns[swap ? 0 : 1]};
  if (isVector)
    other = ExpandOp::create(b, loc, other, ArrayRef<int64_t>{1});
  else if (turn)
    other = TransposeOp::create(b, loc, other, ArrayRef<int64_t>{1, 0});
  Value product = CooMatmulOp::create(b, loc, s.like, s.indices, s.values, other, columns);
  if (isVector)
    product = SqueezeOp::create(b, loc, product, ArrayRef<int64_t>{1});
  else if (!left)
    product = TransposeOp::create(b, loc, product, ArrayRef<int64_t>{1, 0});
  replace(op, product);
}

void Expander::sum(Operation *op, bool subtract) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  auto negated = [&](Value value) { return NegOp::create(b, loc, value).getResult(); };
  if (isSparse(lhs) && isSparse(rhs)) {
    // The entries of both; the sum of the shapes demands that they agree.
    Sparse x = sparse[lhs], y = sparse[rhs];
    Type index = indexTypeOf(op->getResult(0));
    Value indices =
        ConcatOp::create(b, loc, ValueRange{sortedIndices(x, index), sortedIndices(y, index)}, 0);
    Value values =
        ConcatOp::create(b, loc, ValueRange{x.values, subtract ? negated(y.values) : y.values}, 0);
    Value like = AddOp::create(b, loc, shapeOf(x), shapeOf(y));
    sparse[op->getResult(0)] = {like, indices, values,
                                llvm::to_vector(llvm::seq<int64_t>(0, x.columns.size()))};
    return;
  }
  bool left = isSparse(lhs);
  const Sparse &s = sparse[left ? lhs : rhs];
  Value into = left ? rhs : lhs, like = shapeOf(s), values = s.values;
  if (subtract && left)
    into = negated(into);
  else if (subtract)
    values = negated(values);
  RankedTensorType type = denseType(like.getType());
  if (into.getType() != type || !type.hasStaticShape())
    into = BroadcastToOp::create(b, loc, type, into, type.hasStaticShape() ? Value() : like);
  replace(op, CooAddOp::create(b, loc, into, s.indices, values, s.columns));
}

void Expander::multiply(MulOp op) {
  bool left = isSparse(op.getLhs());
  Sparse result = sparse[left ? op.getLhs() : op.getRhs()];
  Value other = left ? op.getRhs() : op.getLhs();
  auto type = cast<RankedTensorType>(other.getType());
  // What is repeated has the same element at every index.
  int64_t lead = result.columns.size() - type.getRank();
  SmallVector<int64_t> ones, columns;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    if (type.getDimSize(i) == 1)
      ones.push_back(i);
    else
      columns.push_back(result.columns[lead + i]);
  }
  if (!ones.empty())
    other = SqueezeOp::create(b, loc, other, ones);
  if (!columns.empty())
    other = CooTakeOp::create(b, loc, result.like, result.indices, other, columns);
  result.values = MulOp::create(b, loc, result.values, other);
  sparse[op] = result;
}

void Expander::concatenate(ConcatOp op) {
  int64_t axis = op.getAxis(), rank = op.getType().getRank();
  if (!llvm::all_of(op.getInputs(), [&](Value input) { return isSparse(input); })) {
    SmallVector<Value> inputs;
    for (Value input : op.getInputs())
      inputs.push_back(isSparse(input) ? dense(sparse[input]) : input);
    replace(op, ConcatOp::create(b, loc, inputs, axis));
    return;
  }
  // Indices of each tensor move behind the sizes of those before it.
  SmallVector<int64_t> unit(rank, 0);
  unit[axis] = 1;
  Value offset;
  SmallVector<Value> likes, indices, values;
  for (Value input : op.getInputs()) {
    const Sparse &s = sparse[input];
    Value like = shapeOf(s), places = sortedIndices(s, b.getI64Type());
    likes.push_back(like);
    indices.push_back(offset ? AddOp::create(b, loc, places, offset).getResult() : places);
    values.push_back(s.values);
    Value sizes = ShapeOfOp::create(b, loc, like);
    Value step = MulOp::create(b, loc, sizes, indexConstant(unit));
    offset = offset ? AddOp::create(b, loc, offset, step).getResult() : step;
  }
  Value like = ConcatOp::create(b, loc, likes, axis);
  Value allIndices = ConcatOp::create(b, loc, indices, 0);
  Value allValues = ConcatOp::create(b, loc, values, 0);
  sparse[op] = {like, allIndices, allValues, llvm::to_vector(llvm::seq<int64_t>(0, rank))};
}

void Expander::reduce(ReduceSumOp op) {
  const Sparse &s = sparse[op.getInput()];
  std::optional<ArrayRef<int64_t>> axes = op.getAxes();
  SmallVector<int64_t> columns;
  for (int64_t i = 0, e = s.columns.size(); i < e; ++i) {
    bool isReduced = !axes || llvm::is_contained(*axes, i);
    if (!isReduced)
      columns.push_back(s.columns[i]);
    else if (op.getKeepDims())
      columns.push_back(-1);
  }
  Value like = ReduceSumOp::create(b, loc, shapeOf(s), op.getAxesAttr(), op.getKeepDimsAttr());
  replace(op, CooAddOp::create(b, loc, zeros(like), s.indices, s.values, columns));
}

/// False where the op has nothing sparse, or only wants to know the sizes.
bool Expander::expand(Operation *op) {
  if (llvm::none_of(op->getOperands(), [&](Value value) { return isSparse(value); }))
    return false;
  b.setInsertionPoint(op);
  loc = op->getLoc();
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](MatmulOp matmul) { return multiply(matmul), true; })
      .Case([&](ToDenseOp toDense) { return replace(op, dense(sparse[toDense.getInput()])), true; })
      .Case([&](AddOp) { return sum(op, false), true; })
      .Case([&](SubOp) { return sum(op, true), true; })
      .Case([&](MulOp mul) { return multiply(mul), true; })
      .Case([&](ConcatOp concat) { return concatenate(concat), true; })
      .Case([&](ReduceSumOp reduction) { return reduce(reduction), true; })
      .Case([&](TransposeOp transpose) {
        Sparse s = sparse[transpose.getInput()], result = s;
        for (auto [i, axis] : llvm::enumerate(transpose.getPerm()))
          result.columns[i] = s.columns[axis];
        sparse[transpose] = result;
        return true;
      })
      .Case([&](CastOp cast) {
        Sparse result = sparse[cast.getInput()];
        result.like = CastOp::create(b, loc, result.like, cast.getElementTypeAttr());
        result.values = CastOp::create(b, loc, result.values, cast.getElementTypeAttr());
        sparse[cast] = result;
        return true;
      })
      .Default([&](Operation *) {
        for (OpOperand &operand : op->getOpOperands())
          if (isSparse(operand.get()))
            operand.set(shapeOf(sparse[operand.get()]));
        return false;
      });
}

void Expander::run() {
  // From the last one: arguments are inserted behind it.
  for (unsigned i = func.getNumArguments(); i-- > 0;)
    if (fn::isSparse(func.getArgument(i)))
      expandArgument(i);
  if (sparse.empty())
    return;
  Block &body = func.front();
  SmallVector<Operation *> done;
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
    if (expand(&op))
      done.push_back(&op);
  for (Operation *op : llvm::reverse(done))
    op->erase();
  func.setFunctionType(
      b.getFunctionType(body.getArgumentTypes(), func.getFunctionType().getResults()));
}

struct ExpandSparse : fnc::impl::ExpandSparseBase<ExpandSparse> {
  void runOnOperation() override {
    if (getOperation()->hasAttr("fn.kernel"))
      Expander(getOperation()).run();
  }
};

} // namespace
