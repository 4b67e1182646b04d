//===- ShapeFolds.cpp - folds of ops that move data -----------------------===//
//
// A fold keeps what the op demands of its operand's sizes: where dropping an op would drop a check
// at the call, it stays.
//
//===----------------------------------------------------------------------===//

#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

/// Constants with more elements are left to run time, where a copy would make the code larger, and
/// such that nobody else uses to what packs them.
static constexpr int64_t maxFoldedElements = 1024, maxMovedElements = 1 << 16;

/// The constant, if it is small enough to copy.
static DenseElementsAttr smallConstant(Attribute attribute,
                                       int64_t maxElements = maxFoldedElements) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(attribute);
  if (dense && (dense.isSplat() || dense.getNumElements() <= maxElements))
    return dense;
  return {};
}

/// How many elements of a constant operand a fold may move.
static int64_t mostMoved(Value operand) {
  return operand.hasOneUse() ? maxMovedElements : maxFoldedElements;
}

/// The constant with the elements of `input` in the same order, in the shape of `type`.
static OpFoldResult reshaped(Attribute input, Value operand, RankedTensorType type) {
  DenseElementsAttr dense = smallConstant(input, mostMoved(operand));
  if (!dense || !type.hasStaticShape() || dense.getNumElements() != type.getNumElements())
    return {};
  return dense.reshape(type);
}

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// The constant whose element at each index is that of `input` at the place that `source` makes of
/// it. Both types are static.
static OpFoldResult
moved(Attribute input, Value operand, RankedTensorType type,
      llvm::function_ref<void(ArrayRef<int64_t>, MutableArrayRef<int64_t>)> source) {
  DenseElementsAttr dense = smallConstant(input, mostMoved(operand));
  if (!dense || !type.hasStaticShape())
    return {};
  if (dense.isSplat())
    return dense.resizeSplat(type);
  if (type.getNumElements() > std::max(maxFoldedElements, dense.getNumElements()))
    return {};
  ArrayRef<int64_t> from = cast<RankedTensorType>(dense.getType()).getShape();
  SmallVector<int64_t> strides = rowMajorStrides(from), index(type.getRank()), place(from.size());
  // Booleans may be stored as bits.
  int64_t bytes = dense.getRawData().size() / std::max<int64_t>(1, dense.getNumElements());
  bool isRaw = bytes > 0 && bytes * dense.getNumElements() == int64_t(dense.getRawData().size());
  SmallVector<Attribute> elements, result;
  SmallVector<char> raw;
  if (!isRaw)
    llvm::append_range(elements, dense.getValues<Attribute>());
  for (int64_t n = 0, count = type.getNumElements(); n < count; ++n) {
    source(index, place);
    int64_t at = 0;
    for (auto [i, stride] : llvm::zip(place, strides))
      at += i * stride;
    if (isRaw)
      llvm::append_range(raw, dense.getRawData().slice(at * bytes, bytes));
    else
      result.push_back(elements[at]);
    for (int64_t d = type.getRank() - 1; d >= 0 && ++index[d] == type.getDimSize(d); --d)
      index[d] = 0;
  }
  return isRaw ? DenseElementsAttr::getFromRawBuffer(type, raw)
               : DenseElementsAttr::get(type, result);
}

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static int64_t knownProduct(ArrayRef<int64_t> shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    if (!ShapedType::isDynamic(size))
      product *= size;
  return product;
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = typeOf(getResult()), inputType = typeOf(getInput());
  if (type == inputType && (type.hasStaticShape() || (type.getNumDynamicDims() == 1 && !getLike())))
    return getInput();
  if (OpFoldResult constant = reshaped(adaptor.getInput(), getInput(), type))
    return constant;

  auto inner = getInput().getDefiningOp<ReshapeOp>();
  if (!inner || inner == *this || inner.getLike())
    return {};
  // The outer rule must not read the shape in between, and the inner one must demand nothing.
  ArrayRef<int64_t> between = inputType.getShape(), from = typeOf(inner.getInput()).getShape();
  int64_t open = llvm::count_if(getShape(), ShapedType::isDynamic), known = knownProduct(between);
  bool decides = getLike() || open == 0 || (open == 1 && knownProduct(getShape()) != 0);
  bool demands = inputType.getNumDynamicDims() > 1 || known == 0 || knownProduct(from) % known != 0;
  if (!decides || (demands && !type.hasStaticShape()))
    return {};
  getInputMutable().assign(inner.getInput());
  return getResult();
}

OpFoldResult BroadcastToOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = typeOf(getResult());
  if (type == getInput().getType() && (type.hasStaticShape() || !getLike()))
    return getInput();
  DenseElementsAttr dense = smallConstant(adaptor.getInput());
  if (dense && dense.isSplat() && type.hasStaticShape() && !getLike())
    return dense.resizeSplat(type);
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  ArrayRef<int64_t> perm = getPerm();
  if (llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())) && getType() == getInput().getType())
    return getInput();
  if (OpFoldResult constant = moved(adaptor.getInput(), getInput(), typeOf(getResult()),
                                    [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> place) {
                                      for (auto [i, dim] : llvm::enumerate(perm))
                                        place[dim] = index[i];
                                    }))
    return constant;
  auto inner = getInput().getDefiningOp<TransposeOp>();
  if (!inner || inner == *this)
    return {};
  SmallVector<int64_t> composed;
  for (int64_t dim : perm)
    composed.push_back(inner.getPerm()[dim]);
  setPerm(composed);
  getInputMutable().assign(inner.getInput());
  return getResult();
}

OpFoldResult ExpandOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty() && getType() == getInput().getType())
    return getInput();
  return reshaped(adaptor.getInput(), getInput(), typeOf(getResult()));
}

OpFoldResult SqueezeOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty() && getType() == getInput().getType())
    return getInput();
  auto inner = getInput().getDefiningOp<ExpandOp>();
  if (inner && inner.getInput().getType() == getType()) {
    SmallVector<int64_t> in(inner.getAxes()), out(getAxes());
    llvm::sort(in);
    llvm::sort(out);
    if (in == out)
      return inner.getInput();
  }
  return reshaped(adaptor.getInput(), getInput(), typeOf(getResult()));
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = typeOf(getInput());
  bool whole = type == getType();
  SmallVector<int64_t> strides(type.getRank(), 1);
  if (getStrides())
    strides.assign(getStrides()->begin(), getStrides()->end());
  for (int64_t i = 0; whole && i < type.getRank(); ++i)
    whole =
        getBegin()[i] == 0 && strides[i] == 1 &&
        (getEnd()[i] == std::numeric_limits<int64_t>::max() || getEnd()[i] == type.getDimSize(i));
  if (whole)
    return getInput();
  return moved(adaptor.getInput(), getInput(), typeOf(getResult()),
               [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> place) {
                 for (auto [i, begin] : llvm::enumerate(getBegin()))
                   place[i] = (begin == std::numeric_limits<int64_t>::max() ? type.getDimSize(i) - 1
                                                                            : begin) +
                              index[i] * strides[i];
               });
}

OpFoldResult TileOp::fold(FoldAdaptor adaptor) {
  if (llvm::all_of(getMultiples(), [](int64_t multiple) { return multiple == 1; }) &&
      getType() == getInput().getType())
    return getInput();
  DenseElementsAttr dense = smallConstant(adaptor.getInput());
  if (dense && dense.isSplat() && typeOf(getResult()).hasStaticShape())
    return dense.resizeSplat(typeOf(getResult()));
  return {};
}

OpFoldResult ReverseOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = typeOf(getInput());
  if (getAxes().empty() && getType() == type)
    return getInput();
  auto inner = getInput().getDefiningOp<ReverseOp>();
  if (inner && inner != *this && inner.getAxes() == getAxes() &&
      inner.getInput().getType() == getType())
    return inner.getInput();
  return moved(adaptor.getInput(), getInput(), typeOf(getResult()),
               [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> place) {
                 llvm::copy(index, place.begin());
                 for (int64_t axis : getAxes())
                   place[axis] = type.getDimSize(axis) - 1 - place[axis];
               });
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1 && getInputs()[0].getType() == getType())
    return getInputs()[0];
  RankedTensorType type = typeOf(getResult());
  if (!type.hasStaticShape() || type.getNumElements() > maxFoldedElements)
    return {};
  SmallVector<DenseElementsAttr> parts;
  for (Attribute input : adaptor.getInputs()) {
    parts.push_back(dyn_cast_if_present<DenseElementsAttr>(input));
    if (!parts.back())
      return {};
  }
  // Row-major: for each place before the axis, a run of every part in turn.
  int64_t axis = getAxis(), outer = 1;
  for (int64_t i = 0; i < axis; ++i)
    outer *= type.getDimSize(i);
  SmallVector<Attribute> result;
  for (int64_t i = 0; i < outer; ++i)
    for (DenseElementsAttr part : parts) {
      int64_t run = part.getNumElements() / outer;
      auto values = part.getValues<Attribute>();
      for (int64_t j = 0; j < run; ++j)
        result.push_back(values[i * run + j]);
    }
  return DenseElementsAttr::get(type, result);
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  auto zero = [](int64_t amount) { return amount == 0; };
  if (llvm::all_of(getLow(), zero) && llvm::all_of(getHigh(), zero) &&
      getType() == getInput().getType())
    return getInput();
  return {};
}

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  auto indices = dyn_cast_if_present<DenseIntElementsAttr>(adaptor.getIndices());
  RankedTensorType type = typeOf(getResult()), inputType = typeOf(getInput());
  if (!indices || !adaptor.getInput() || !type.hasStaticShape() ||
      type.getNumElements() > maxFoldedElements)
    return {};
  int64_t axis = getAxis(), size = inputType.getDimSize(axis);
  SmallVector<int64_t> places;
  for (const APInt &index : indices.getValues<APInt>()) {
    places.push_back(index.getSExtValue());
    // Left for the check at run time.
    if (places.back() < 0 || places.back() >= size)
      return {};
  }
  ArrayRef<int64_t> indexShape = typeOf(getIndices()).getShape();
  SmallVector<int64_t> strides = rowMajorStrides(indexShape);
  return moved(adaptor.getInput(), getInput(), type,
               [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> place) {
                 int64_t at = 0;
                 for (auto [i, stride] : llvm::enumerate(strides))
                   at += index[axis + i] * stride;
                 llvm::copy(index.take_front(axis), place.begin());
                 place[axis] = places[at];
                 llvm::copy(index.drop_front(axis + indexShape.size()), place.begin() + axis + 1);
               });
}

OpFoldResult ShapeOfOp::fold(FoldAdaptor) {
  RankedTensorType type = typeOf(getInput());
  if (!type.hasStaticShape())
    return {};
  return DenseElementsAttr::get(typeOf(getResult()), type.getShape());
}
