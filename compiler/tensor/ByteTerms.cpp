//===- ByteTerms.cpp - the terms of sums of bytes -------------------------===//

#include "compiler/tensor/ByteTerms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

/// What one step of loop `dim` adds to a linear expression.
static int64_t stepOf(AffineExpr expr, unsigned dim, unsigned dims) {
  AffineExpr d = getAffineDimExpr(dim, expr.getContext());
  AffineExpr step = simplifyAffineExpr(expr.replace(d, d + 1) - expr, dims, 0);
  return cast<AffineConstantExpr>(step).getValue();
}

std::pair<Value, AffineMap> fnc::sumsOfBytes(OpBuilder &b, Location loc, const Product &product,
                                             DenseElementsAttr constant, AffineMap map,
                                             int32_t factor) {
  SmallVector<int64_t> shape, stride(map.getNumResults(), 0);
  SmallVector<AffineExpr> exprs;
  ArrayRef<int64_t> sizes = cast<ShapedType>(constant.getType()).getShape();
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (!product.isReduction(cast<AffineDimExpr>(expr).getPosition())) {
      shape.push_back(sizes[i]);
      exprs.push_back(expr);
    }
  int64_t count = 1;
  for (unsigned i = sizes.size(); i-- > 0;)
    if (!product.isReduction(cast<AffineDimExpr>(map.getResult(i)).getPosition())) {
      stride[i] = count;
      count *= sizes[i];
    }
  std::vector<int32_t> sums(count);
  const char *raw = constant.getRawData().data();
  SmallVector<int64_t> index(sizes.size(), 0);
  int64_t at = 0;
  for (int64_t n = 0, end = constant.getNumElements(); n < end; ++n) {
    sums[at] += factor * static_cast<int8_t>(raw[constant.isSplat() ? 0 : n]);
    for (unsigned d = sizes.size(); d-- > 0;) {
      at += stride[d];
      if (++index[d] < sizes[d])
        break;
      at -= stride[d] * sizes[d];
      index[d] = 0;
    }
  }
  auto type = RankedTensorType::get(shape, b.getI32Type());
  Value made =
      arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(sums)));
  return {made, AffineMap::get(map.getNumDims(), 0, exprs, b.getContext())};
}

/// A constant with the dimensions `order`, the last two as one.
static Value mergedConstant(OpBuilder &b, Location loc, DenseElementsAttr constant,
                            ArrayRef<unsigned> order) {
  ArrayRef<int64_t> shape = cast<ShapedType>(constant.getType()).getShape();
  SmallVector<int64_t> strides(shape.size(), 1), merged;
  for (int64_t i = shape.size() - 1; i-- > 0;)
    strides[i] = strides[i + 1] * shape[i + 1];
  std::vector<int64_t> places = {0};
  for (unsigned dim : order) {
    std::vector<int64_t> next;
    next.reserve(places.size() * shape[dim]);
    for (int64_t place : places)
      for (int64_t i = 0; i < shape[dim]; ++i)
        next.push_back(place + i * strides[dim]);
    places = std::move(next);
    merged.push_back(shape[dim]);
  }
  int64_t last = merged.pop_back_val();
  merged.back() *= last;
  auto type = RankedTensorType::get(merged, constant.getElementType());
  if (constant.isSplat())
    return arith::ConstantOp::create(b, loc, constant.resizeSplat(type));
  ArrayRef<char> raw = constant.getRawData();
  std::vector<char> bytes;
  bytes.reserve(places.size());
  for (int64_t place : places)
    bytes.push_back(raw[place]);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::getFromRawBuffer(type, bytes));
}

bool fnc::mergeTerms(OpBuilder &b, Location loc, Product &product, MutableArrayRef<Value> sources,
                     MutableArrayRef<AffineMap> maps) {
  unsigned dims = product.sizes.size();
  SmallVector<unsigned> reductions;
  for (unsigned i = 0; i < dims; ++i)
    if (product.isReduction(i))
      reductions.push_back(i);
  DenseElementsAttr constant;
  if (reductions.size() < 2 || !matchPattern(sources[1], m_Constant(&constant)) ||
      !maps[1].isProjectedPermutation())
    return false;
  unsigned outer = reductions.end()[-2], inner = reductions.back();
  int64_t outerSize = product.sizes[outer], innerSize = product.sizes[inner];
  int64_t group =
      chooseByteGroup(product.byteProducts, product.lhsUnsigned, product.rhsUnsigned).group;
  auto lhs = cast<RankedTensorType>(sources[0].getType());
  int64_t rank = lhs.getRank();
  if (group == 1 || outerSize < 2 || innerSize < 1 || innerSize % group == 0 || rank < 2 ||
      lhs.getDimSize(rank - 1) != innerSize || lhs.isDynamicDim(rank - 2) ||
      !maps[1].isFunctionOfDim(outer) || !maps[1].isFunctionOfDim(inner))
    return false;
  // [.., x + outer, inner]
  ArrayRef<AffineExpr> at = maps[0].getResults();
  if (at.back() != b.getAffineDimExpr(inner) || stepOf(at[rank - 2], outer, dims) != 1 ||
      llvm::any_of(at.drop_back(2), [&](AffineExpr expr) { return expr.isFunctionOfDim(outer); }) ||
      llvm::any_of(at.drop_back(), [&](AffineExpr expr) { return expr.isFunctionOfDim(inner); }))
    return false;

  // The new loop takes the place of the inner one; those behind the outer one move up.
  SmallVector<AffineExpr> renamed;
  for (unsigned i = 0; i < dims; ++i)
    renamed.push_back(i == outer ? b.getAffineConstantExpr(0)
                                 : b.getAffineDimExpr(i < outer ? i : i - 1));
  auto rename = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(dims, 0, exprs, b.getContext())
        .replaceDimsAndSymbols(renamed, {}, dims - 1, 0);
  };
  SmallVector<AffineExpr> lhsAt(at.drop_back());
  lhsAt.back() = lhsAt.back() * innerSize + at.back();
  SmallVector<unsigned> order;
  SmallVector<AffineExpr> rhsAt;
  for (auto [i, expr] : llvm::enumerate(maps[1].getResults()))
    if (expr != b.getAffineDimExpr(outer) && expr != b.getAffineDimExpr(inner)) {
      order.push_back(i);
      rhsAt.push_back(expr);
    }
  for (unsigned dim : {outer, inner})
    order.push_back(*maps[1].getResultPosition(b.getAffineDimExpr(dim)));
  rhsAt.push_back(b.getAffineDimExpr(inner));

  SmallVector<ReassociationIndices> rows;
  for (int64_t i = 0; i < rank - 1; ++i)
    rows.push_back({i});
  rows.back().push_back(rank - 1);
  sources[0] = tensor::CollapseShapeOp::create(b, loc, sources[0], rows);
  sources[1] = mergedConstant(b, loc, constant, order);
  maps[0] = rename(lhsAt);
  maps[1] = rename(rhsAt);
  product.result = rename(product.result.getResults());
  product.sizes[inner] *= outerSize;
  product.sizes.erase(product.sizes.begin() + outer);
  return true;
}
