//===- Ops.cpp - building fn ops ------------------------------------------===//

#include "compiler/import/onnx/Ops.h"
#include "compiler/import/onnx/FoldArray.h"
#include <cstddef>
#include <numeric>

using namespace mlir;
using namespace fnc::onnx_import;

// Constants with more elements are left to the compiler: a changed copy would only cost memory.
static constexpr int64_t maxFoldedElements = 4096;

bool fnc::onnx_import::isReasonable(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size > 1 && count > kMaxElements / size)
      return false;
    count *= size > 1 ? size : 1;
  }
  return count <= kMaxElements;
}

/// Ops that move elements, look at none of them and cannot fail.
static bool onlyMoves(StringRef name) {
  return llvm::is_contained({"fn.broadcast_to", "fn.cast", "fn.expand", "fn.iota", "fn.reshape",
                             "fn.slice", "fn.squeeze", "fn.transpose"},
                            name);
}

Block *Ops::outermost(ValueRange operands) {
  size_t level = levels.size() - 1;
  while (level > 0 && levels[level].isLoop && llvm::none_of(operands, [&](Value v) {
           return v.getParentBlock() == levels[level].block;
         }))
    --level;
  return levels[level].block;
}

Value Ops::make(StringRef name, ValueRange operands, ArrayRef<NamedAttribute> attrs) {
  if (llvm::any_of(operands, [](Value v) { return !v; }))
    return {};
  OperationName opName(name, b.getContext());
  DictionaryAttr dictionary = b.getDictionaryAttr(attrs);
  auto *inference = opName.getInterface<InferTypeOpInterface>();
  // Shape rules read attributes that are not given at their defaults.
  llvm::SmallVector<std::max_align_t, 16> storage(
      llvm::divideCeil(opName.getOpPropertyByteSize(), sizeof(std::max_align_t)) + 1);
  OpaqueProperties properties(storage.data());
  opName.initOpProperties(properties, OpaqueProperties(nullptr));
  SmallVector<Type> types;
  LogicalResult inferred =
      inference->inferReturnTypes(b.getContext(), loc, operands, dictionary, properties, {}, types);
  opName.destroyOpProperties(properties);
  if (failed(inferred))
    return {};
  auto type = cast<RankedTensorType>(types.front());
  if (!isReasonable(type.getShape()))
    return error("makes a tensor of more than " + Twine(kMaxElements) + " elements");

  auto isSmall = [](RankedTensorType t) {
    return t.hasStaticShape() && t.getNumElements() <= maxFoldedElements;
  };
  DenseElementsAttr result;
  if (isSmall(type)) {
    SmallVector<DenseElementsAttr> values;
    for (Value operand : operands)
      if (DenseElementsAttr value = known(operand);
          value && isSmall(cast<RankedTensorType>(value.getType())))
        values.push_back(value);
    if (values.size() == operands.size())
      result = evaluate(name, values, dictionary, type);
  }
  if (result && fold)
    return constant(result);
  OperationState state(loc, opName);
  state.addOperands(operands);
  state.addTypes(types);
  state.addAttributes(attrs);
  if (result)
    state.addAttribute(knownAttr, result);
  OpBuilder::InsertionGuard guard(b);
  if (!levels.empty() && onlyMoves(name))
    b.setInsertionPointToEnd(outermost(operands));
  return b.create(state)->getResult(0);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value Ops::constant(DenseElementsAttr value) {
  auto [it, isNew] = constants.try_emplace(value, Value());
  OpBuilder::InsertionGuard guard(b);
  // Seen by whatever comes later.
  if (isNew && !levels.empty())
    b.setInsertionPointToEnd(levels.front().block);
  if (isNew)
    it->second = fn::ConstantOp::create(b, loc, value.getType(), value);
  return it->second;
}

Value Ops::splat(double value, ArrayRef<int64_t> shape, Type element) {
  auto type = RankedTensorType::get(shape, element);
  if (auto floating = dyn_cast<FloatType>(element)) {
    APFloat number(value);
    bool lost;
    number.convert(floating.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    return constant(DenseElementsAttr::get(type, number));
  }
  return constant(DenseElementsAttr::get(type, APInt(element.getIntOrFloatBitWidth(),
                                                     static_cast<int64_t>(value), /*isSigned=*/true,
                                                     /*implicitTrunc=*/true)));
}

Value Ops::ints(ArrayRef<int64_t> values, ArrayRef<int64_t> shape, Type element) {
  Array array(RankedTensorType::get(shape, element));
  for (auto [i, value] : llvm::enumerate(values))
    array.isFloat ? void(array.f[i] = value) : void(array.i[i] = value);
  return constant(array.attribute());
}

Value Ops::reals(ArrayRef<double> values, ArrayRef<int64_t> shape, Type element) {
  Array array(RankedTensorType::get(shape, element));
  for (auto [i, value] : llvm::enumerate(values))
    array.isFloat ? void(array.f[i] = value) : void(array.i[i] = value);
  return constant(array.attribute());
}

DenseElementsAttr Ops::known(Value v) {
  Operation *def = v ? v.getDefiningOp() : nullptr;
  if (auto constant = dyn_cast_or_null<fn::ConstantOp>(def))
    return dyn_cast<DenseElementsAttr>(constant.getValue());
  if (auto variable = dyn_cast_or_null<fn::VariableOp>(def); variable && variable.getReadOnly())
    return dyn_cast<DenseElementsAttr>(variable.getInit());
  return def ? def->getAttrOfType<DenseElementsAttr>(knownAttr) : DenseElementsAttr();
}

std::optional<Ints> Ops::knownInts(Value v) {
  DenseElementsAttr value = known(v);
  if (!value || !isa<IntegerType>(value.getElementType()))
    return std::nullopt;
  std::vector<int64_t> elements = Array(value).i;
  return Ints(elements.begin(), elements.end());
}

std::optional<SmallVector<double>> Ops::knownReals(Value v) {
  DenseElementsAttr value = known(v);
  if (!value)
    return std::nullopt;
  Array array(value);
  if (array.isFloat)
    return SmallVector<double>(array.f.begin(), array.f.end());
  return SmallVector<double>(array.i.begin(), array.i.end());
}

//===----------------------------------------------------------------------===//
// Elementwise and reductions
//===----------------------------------------------------------------------===//

Value Ops::cast(Value x, Type to) {
  if (!x || element(x) == to)
    return x;
  return make<fn::CastOp>({x}, {attr("element_type", to)});
}

Value Ops::reduce(StringRef name, Value x, ArrayRef<int64_t> axes, bool keepDims) {
  SmallVector<NamedAttribute> attrs = {attr("axes", axes)};
  if (keepDims)
    attrs.push_back(unit("keep_dims"));
  return make(name, {x}, attrs);
}

Value Ops::matmul(Value x, Value y, bool transposeX, bool transposeY) {
  SmallVector<NamedAttribute> attrs;
  if (transposeX)
    attrs.push_back(unit("transpose_a"));
  if (transposeY)
    attrs.push_back(unit("transpose_b"));
  return make<fn::MatmulOp>({x, y}, attrs);
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value Ops::reshape(Value x, ArrayRef<int64_t> to) {
  if (!x || (isStatic(x) && shape(x) == to))
    return x;
  return make<fn::ReshapeOp>({x}, {attr("shape", to)});
}

Value Ops::reshapeOr(Value x, ArrayRef<int64_t> to) {
  if (!x)
    return x;
  Ints sizes(to);
  int64_t known = 1, open = -1;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (size == -1)
      open = i;
    else if (size != kDynamic)
      known *= size;
  }
  if (open >= 0) {
    if (isStatic(x)) {
      int64_t count = type(x).getNumElements();
      if (known == 0 || count % known != 0)
        return error("cannot reshape " + Twine(count) + " elements into parts of " + Twine(known));
      sizes[open] = count / known;
    } else {
      sizes[open] = kDynamic;
    }
  }
  return reshape(x, sizes);
}

Value Ops::broadcastTo(Value x, ArrayRef<int64_t> to) {
  if (!x || (isStatic(x) && shape(x) == to))
    return x;
  return make<fn::BroadcastToOp>({x}, {attr("shape", to)});
}

Value Ops::broadcastLike(Value x, Value like) {
  if (!x || !like)
    return {};
  if (isStatic(like))
    return broadcastTo(x, shape(like));
  return make<fn::BroadcastToOp>({x, like}, {attr("shape", shape(like))});
}

Value Ops::transpose(Value x, ArrayRef<int64_t> perm) {
  if (!x || llvm::is_sorted(perm))
    return x;
  return make<fn::TransposeOp>({x}, {attr("perm", perm)});
}

Value Ops::swapAxes(Value x, int64_t i, int64_t j) {
  if (!x)
    return x;
  Ints perm(rank(x));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[i], perm[j]);
  return transpose(x, perm);
}

Value Ops::expand(Value x, ArrayRef<int64_t> axes) {
  return axes.empty() ? x : make<fn::ExpandOp>({x}, {attr("axes", axes)});
}

Value Ops::squeeze(Value x, ArrayRef<int64_t> axes) {
  return axes.empty() ? x : make<fn::SqueezeOp>({x}, {attr("axes", axes)});
}

Value Ops::slice(Value x, ArrayRef<int64_t> begin, ArrayRef<int64_t> end,
                 ArrayRef<int64_t> strides) {
  return make<fn::SliceOp>({x}, {attr("begin", begin), attr("end", end), attr("strides", strides)});
}

Value Ops::slice(Value x, int64_t axis, int64_t begin, int64_t end, int64_t stride) {
  if (!x)
    return x;
  if (begin == 0 && stride == 1 && (end == kToEnd || end == shape(x)[axis]))
    return x;
  Ints begins(rank(x), 0), ends(rank(x), kToEnd), strides(rank(x), 1);
  begins[axis] = begin;
  ends[axis] = end;
  strides[axis] = stride;
  return slice(x, begins, ends, strides);
}

Value Ops::at(Value x, int64_t axis, int64_t index) {
  return squeeze(slice(x, axis, index, index + 1), {axis});
}

Value Ops::concat(ArrayRef<Value> values, int64_t axis) {
  if (values.size() == 1)
    return values.front();
  // Of unrolled loops there are hundreds: in levels, since bufferization's analysis takes time that
  // is more than quadratic in the operands of one op.
  constexpr size_t most = 24;
  if (values.size() > most) {
    SmallVector<Value> parts;
    for (size_t i = 0; i < values.size(); i += most)
      parts.push_back(concat(values.slice(i, std::min(most, values.size() - i)), axis));
    return concat(parts, axis);
  }
  return make<fn::ConcatOp>(ValueRange(values), {attr("axis", axis)});
}

Value Ops::stack(ArrayRef<Value> values, int64_t axis) {
  SmallVector<Value> expanded;
  for (Value value : values)
    expanded.push_back(expand(value, {axis}));
  return concat(expanded, axis);
}

Value Ops::pad(Value x, Value with, ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  auto isZero = [](int64_t n) { return n == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return x;
  return make<fn::PadOp>({x, with}, {attr("low", low), attr("high", high)});
}

Value Ops::tile(Value x, ArrayRef<int64_t> multiples) {
  return make<fn::TileOp>({x}, {attr("multiples", multiples)});
}

Value Ops::reverse(Value x, ArrayRef<int64_t> axes) {
  return axes.empty() ? x : make<fn::ReverseOp>({x}, {attr("axes", axes)});
}

Value Ops::gather(Value x, Value indices, int64_t axis) {
  return make<fn::GatherOp>({x, indices}, {attr("axis", axis)});
}

Value Ops::iota(ArrayRef<int64_t> shape, int64_t axis, Type element) {
  return make<fn::IotaOp>(
      {}, {attr("shape", shape), attr("element_type", element), attr("axis", axis)});
}

Value Ops::withRank(Value x, int64_t to) {
  if (!x || rank(x) >= to)
    return x;
  Ints axes(to - rank(x));
  std::iota(axes.begin(), axes.end(), 0);
  return expand(x, axes);
}

Value Ops::alongAxis(Value x, int64_t axis, int64_t rank) {
  Ints axes;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      axes.push_back(i);
  return expand(x, axes);
}

Value Ops::sizeOf(Value x, int64_t axis, Type element) {
  if (!x)
    return x;
  if (!type(x).isDynamicDim(axis))
    return scalar(shape(x)[axis], element);
  return cast(at(make<fn::ShapeOfOp>({x}), 0, axis), element);
}
