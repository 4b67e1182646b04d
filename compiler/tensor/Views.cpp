//===- Views.cpp - sizes and views of tensors -----------------------------===//

#include "compiler/tensor/Views.h"
#include "compiler/tensor/Lower.h"
#include "dialect/OpSupport.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace fnc;

SmallVector<Sizes> fnc::resultSizes(OpBuilder &b, fn::ShapeRule op, ValueRange operands) {
  Location loc = op->getLoc();
  fn::ShapeContext shapes(b.getContext(), op->getName().getStringRef(), std::nullopt);
  // By symbol: the dimension of a converted operand that it stands for.
  SmallVector<std::pair<Value, int64_t>> sources;
  llvm::DenseSet<Value> seen;
  for (auto [original, converted] : llvm::zip(fn::dependencies(op), operands)) {
    if (!seen.insert(original).second)
      continue;
    fn::Dims dims;
    for (auto [i, size] : llvm::enumerate(cast<RankedTensorType>(converted.getType()).getShape())) {
      if (!ShapedType::isDynamic(size)) {
        dims.push_back(shapes.constant(size));
        continue;
      }
      dims.push_back(shapes.freshSymbol());
      sources.push_back({converted, i});
    }
    shapes.set(original, dims);
  }
  SmallVector<fn::Shape> inferred;
  LogicalResult applied = op.applyShapeRule(shapes, inferred);
  assert(succeeded(applied) && "the op has been verified");
  (void)applied;

  SmallVector<Sizes> result;
  for (auto [shape, type] : llvm::zip(inferred, op->getResultTypes())) {
    Sizes &sizes = result.emplace_back();
    for (auto [dim, size] : llvm::zip(shape.dims, cast<RankedTensorType>(type).getShape())) {
      if (!ShapedType::isDynamic(size)) {
        sizes.push_back(b.getIndexAttr(size));
        continue;
      }
      AffineExpr expr = shapes.resolve(dim);
      SmallVector<AffineExpr> symbols(sources.size(), b.getAffineConstantExpr(0));
      Sizes used;
      for (auto [i, source] : llvm::enumerate(sources)) {
        if (!expr.isFunctionOfSymbol(i))
          continue;
        symbols[i] = b.getAffineSymbolExpr(used.size());
        used.push_back(dimOf(b, loc, source.first, source.second));
      }
      sizes.push_back(arithmetic(b, loc, expr.replaceSymbols(symbols), used));
    }
  }
  return result;
}

OpFoldResult fnc::arithmetic(OpBuilder &b, Location loc, AffineExpr expr,
                             ArrayRef<OpFoldResult> symbols) {
  return affine::makeComposedFoldedAffineApply(b, loc, AffineMap::get(0, symbols.size(), expr),
                                               symbols);
}

static bool isNothing(ArrayRef<OpFoldResult> sizes) { return llvm::any_of(sizes, isZeroInteger); }

RankedTensorType fnc::typeOfSizes(ArrayRef<OpFoldResult> sizes, Type element) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Value fnc::expandTo(OpBuilder &b, Location loc, Value value, ArrayRef<ReassociationIndices> groups,
                    ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  // The tensor and memref dialects disagree on the type that 0 x ? collapses to.
  if (isNothing(sizes))
    return emptyTensor(b, loc, sizes, type.getElementType());
  RankedTensorType result = typeOfSizes(sizes, type.getElementType());
  // A dimension is static just where those that it becomes are.
  SmallVector<int64_t> source;
  for (const ReassociationIndices &group : groups) {
    int64_t product = 1;
    for (int64_t dim : group)
      product = ShapedType::isDynamic(product) || result.isDynamicDim(dim)
                    ? ShapedType::kDynamic
                    : product * result.getDimSize(dim);
    source.push_back(product);
  }
  if (groups.empty())
    source.assign(type.getShape().begin(), type.getShape().end());
  value = castTo(b, loc, value, RankedTensorType::get(source, type.getElementType()));
  if (static_cast<int64_t>(sizes.size()) == static_cast<int64_t>(source.size()))
    return value;
  return tensor::ExpandShapeOp::create(b, loc, result, value, groups, sizes);
}

/// Reassociation that puts each unit dimension of `axes`, out of `rank`, with a neighbour.
static SmallVector<ReassociationIndices> groupsWithout(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices group;
  for (int64_t i = 0; i < rank; ++i) {
    group.push_back(i);
    if (llvm::is_contained(axes, i))
      continue;
    groups.push_back(group);
    group.clear();
  }
  if (!groups.empty())
    groups.back().append(group);
  return groups;
}

Value fnc::insertUnitDims(OpBuilder &b, Location loc, Value value, ArrayRef<int64_t> axes) {
  if (axes.empty())
    return value;
  Sizes own = dimsOf(b, loc, value), sizes(own.size() + axes.size());
  for (int64_t axis : axes)
    sizes[axis] = b.getIndexAttr(1);
  auto next = own.begin();
  for (OpFoldResult &size : sizes)
    if (!size)
      size = *next++;
  return expandTo(b, loc, value, groupsWithout(axes, sizes.size()), sizes);
}

Value fnc::dropUnitDims(OpBuilder &b, Location loc, Value value, ArrayRef<int64_t> axes) {
  if (axes.empty())
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (int64_t axis : axes)
    shape[axis] = 1;
  value = castTo(b, loc, value, type.clone(shape));
  return tensor::CollapseShapeOp::create(b, loc, value, groupsWithout(axes, shape.size()));
}

Value fnc::splitDim(OpBuilder &b, Location loc, Value value, int64_t dim, int64_t outer) {
  Sizes sizes = dimsOf(b, loc, value);
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0, next = 0; i < static_cast<int64_t>(sizes.size()); ++i) {
    ReassociationIndices &group = groups.emplace_back();
    group.push_back(next++);
    if (i == dim)
      group.push_back(next++);
  }
  OpFoldResult inner =
      outer == 0 ? b.getIndexAttr(0)
                 : arithmetic(b, loc, b.getAffineSymbolExpr(0).floorDiv(outer), sizes[dim]);
  sizes[dim] = inner;
  sizes.insert(sizes.begin() + dim, b.getIndexAttr(outer));
  return expandTo(b, loc, value, groups, sizes);
}

Value fnc::mergeDims(OpBuilder &b, Location loc, Value value, int64_t dim, int64_t count) {
  if (count == 0)
    return insertUnitDims(b, loc, value, dim);
  if (count == 1)
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  int64_t rank = type.getRank();
  if (llvm::is_contained(type.getShape().slice(dim, count), 0)) {
    Sizes sizes = dimsOf(b, loc, value);
    sizes[dim] = b.getIndexAttr(0);
    sizes.erase(sizes.begin() + dim + 1, sizes.begin() + dim + count);
    return emptyTensor(b, loc, sizes, type.getElementType());
  }
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < rank; ++i) {
    if (i <= dim || i >= dim + count)
      groups.emplace_back();
    groups.back().push_back(i);
  }
  return tensor::CollapseShapeOp::create(b, loc, value, groups);
}

/// Whether the groups are sound and have a view. Sizes that the types leave open cannot differ
/// between a dimension and its group if only one group is open: the whole products agree. And a
/// dimension cannot become several of unknown sizes.
static bool groupsAgree(ArrayRef<ReassociationIndices> groups, RankedTensorType collapsed,
                        RankedTensorType expanded, bool expands) {
  int64_t openGroups = 0;
  for (auto [group, size] : llvm::zip(groups, collapsed.getShape())) {
    int64_t product = 1, open = 0;
    for (int64_t dim : group)
      if (expanded.isDynamicDim(dim))
        ++open;
      else
        product *= expanded.getDimSize(dim);
    if (open != 0 || ShapedType::isDynamic(size))
      ++openGroups;
    else if (product != size)
      return false;
    if (expands && open > 1)
      return false;
  }
  return openGroups <= 1;
}

/// Whether `size` is known to be that of dimension `dim` of `value`.
static bool isSizeOf(OpFoldResult size, Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return known == type.getDimSize(dim);
  auto op = cast<Value>(size).getDefiningOp<tensor::DimOp>();
  return op && op.getSource() == value && op.getConstantIndex() == dim;
}

/// A reshape that copies: each element is read at its row-major place in `value` as one dimension.
static Value copyReshaped(OpBuilder &b, Location loc, Value value, ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  value = mergeDims(b, loc, value, 0, type.getRank());
  SmallVector<Value> extents = getValueOrCreateConstantIndexOp(b, loc, sizes);
  Value init = emptyTensor(b, loc, sizes, type.getElementType());
  SmallVector<utils::IteratorType> parallel(sizes.size(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, init.getType(), ValueRange{}, init,
                                   {b.getMultiDimIdentityMap(sizes.size())}, parallel,
                                   [&](OpBuilder &nested, Location at, ValueRange) {
                                     Value place;
                                     for (auto [i, extent] : llvm::enumerate(extents)) {
                                       Value index = linalg::IndexOp::create(nested, at, i);
                                       if (place) {
                                         place = arith::MulIOp::create(nested, at, place, extent);
                                         index = arith::AddIOp::create(nested, at, place, index);
                                       }
                                       place = index;
                                     }
                                     Value element =
                                         tensor::ExtractOp::create(nested, at, value, place);
                                     linalg::YieldOp::create(nested, at, element);
                                   })
      .getResult(0);
}

Value fnc::reshapeTo(OpBuilder &b, Location loc, Value value, ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  if (isNothing(sizes))
    return emptyTensor(b, loc, sizes, type.getElementType());
  RankedTensorType result = typeOfSizes(sizes, type.getElementType());
  // Rank 0 has no group to put a dimension in: all are units.
  if (result.getRank() == 0 || type.getRank() == 0) {
    SmallVector<int64_t> all =
        llvm::to_vector(llvm::seq<int64_t>(0, std::max(type.getRank(), result.getRank())));
    return result.getRank() == 0 ? dropUnitDims(b, loc, value, all)
                                 : insertUnitDims(b, loc, value, all);
  }
  if (type == result && type.getNumDynamicDims() <= 1)
    return value;
  if (type.getRank() != result.getRank()) {
    bool expands = type.getRank() < result.getRank();
    auto groups = getReassociationIndicesForReshape(type, result);
    if (groups && groupsAgree(*groups, expands ? type : result, expands ? result : type, expands)) {
      if (expands)
        return expandTo(b, loc, value, *groups, sizes);
      return castTo(b, loc, tensor::CollapseShapeOp::create(b, loc, value, *groups), result);
    }
  }
  // Sizes in common at either end stay as they are; what lies between becomes one dimension.
  int64_t from = type.getRank(), to = result.getRank(), lead = 0, tail = 0;
  auto same = [&](int64_t dim, OpFoldResult size) { return isSizeOf(size, value, dim); };
  while (lead < std::min(from, to) - 1 && same(lead, sizes[lead]))
    ++lead;
  while (tail < std::min(from, to) - 1 - lead && same(from - 1 - tail, sizes[to - 1 - tail]))
    ++tail;
  int64_t open = 0;
  for (int64_t i = lead; i < to - tail; ++i)
    open += result.isDynamicDim(i);
  // A dimension cannot become several of unknown sizes: no view has that.
  if (open > 1)
    return copyReshaped(b, loc, value, sizes);
  value = mergeDims(b, loc, value, lead, from - tail - lead);
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < to; ++i) {
    if (i <= lead || i >= to - tail)
      groups.emplace_back();
    groups.back().push_back(i);
  }
  return expandTo(b, loc, value, groups, sizes);
}

Value fnc::permuteAndReverse(OpBuilder &b, Location loc, Value value, ArrayRef<int64_t> perm,
                             ArrayRef<int64_t> reversed) {
  auto type = cast<RankedTensorType>(value.getType());
  Sizes own = dimsOf(b, loc, value), sizes;
  for (int64_t dim : perm)
    sizes.push_back(own[dim]);
  bool dynamic = llvm::any_of(reversed, [&](int64_t dim) { return type.isDynamicDim(dim); });

  SmallVector<AffineExpr> place(perm.size());
  for (auto [i, dim] : llvm::enumerate(perm)) {
    place[dim] = b.getAffineDimExpr(i);
    if (!dynamic && llvm::is_contained(reversed, dim))
      place[dim] = type.getDimSize(dim) - 1 - place[dim];
  }
  AffineMap identity = b.getMultiDimIdentityMap(perm.size());
  SmallVector<utils::IteratorType> parallel(perm.size(), utils::IteratorType::parallel);
  Value init = emptyTensor(b, loc, sizes, type.getElementType());
  if (!dynamic) {
    AffineMap map = AffineMap::get(perm.size(), 0, place, b.getContext());
    return linalg::GenericOp::create(b, loc, init.getType(), value, init, {map, identity}, parallel,
                                     [](OpBuilder &nested, Location at, ValueRange args) {
                                       linalg::YieldOp::create(nested, at, args[0]);
                                     })
        .getResult(0);
  }
  // Indexing maps know no sizes: compute the place of an element instead.
  SmallVector<Value> last(perm.size());
  for (int64_t dim : reversed)
    last[dim] = getValueOrCreateConstantIndexOp(
        b, loc, arithmetic(b, loc, b.getAffineSymbolExpr(0) - 1, own[dim]));
  return linalg::GenericOp::create(
             b, loc, init.getType(), ValueRange{}, init, {identity}, parallel,
             [&](OpBuilder &nested, Location at, ValueRange) {
               SmallVector<Value> indices(perm.size());
               for (auto [i, dim] : llvm::enumerate(perm)) {
                 indices[dim] = linalg::IndexOp::create(nested, at, i);
                 if (last[dim])
                   indices[dim] = arith::SubIOp::create(nested, at, last[dim], indices[dim]);
               }
               Value element = tensor::ExtractOp::create(nested, at, value, indices);
               linalg::YieldOp::create(nested, at, element);
             })
      .getResult(0);
}

Value fnc::insertInFilled(OpBuilder &b, Location loc, Value value, ArrayRef<OpFoldResult> sizes,
                          Value scalar, ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> strides) {
  Value filled = filledTensor(b, loc, sizes, scalar);
  return insertSlice(b, loc, value, filled, offsets, dimsOf(b, loc, value), strides);
}

Value fnc::extractSlice(OpBuilder &b, Location loc, Value value, ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes, ArrayRef<OpFoldResult> strides) {
  if (isNothing(sizes))
    return emptyTensor(b, loc, sizes, getElementTypeOrSelf(value.getType()));
  return tensor::ExtractSliceOp::create(b, loc, value, offsets, sizes, strides);
}

Value fnc::insertSlice(OpBuilder &b, Location loc, Value value, Value into,
                       ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
                       ArrayRef<OpFoldResult> strides) {
  auto type = cast<RankedTensorType>(into.getType());
  bool nothing = isNothing(sizes);
  for (auto [offset, size] : llvm::zip(offsets, type.getShape()))
    if (std::optional<int64_t> known = getConstantIntValue(offset))
      nothing |= !ShapedType::isDynamic(size) && *known >= size;
  if (nothing)
    return into;
  return tensor::InsertSliceOp::create(b, loc, value, into, offsets, sizes, strides);
}
