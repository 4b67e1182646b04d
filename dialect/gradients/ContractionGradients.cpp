//===- ContractionGradients.cpp - gradient rules of products and pooling --===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "dialect/Window.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace fn;

//===-- Matrix product -------------------------------------------------------===//

static Expr product(Expr a, Expr b, bool transposeA, bool transposeB) {
  OpBuilder &builder = a.builder();
  UnitAttr yes = builder.getUnitAttr();
  return a.with(MatmulOp::create(builder, a.location(), a, b, transposeA ? yes : UnitAttr(),
                                 transposeB ? yes : UnitAttr(), UnitAttr()));
}

/// The leading dimensions as one.
static Expr rows(Expr x) {
  ArrayRef<int64_t> shape = x.type().getShape();
  int64_t size = 1;
  for (int64_t dim : shape.drop_back())
    size = ShapedType::isDynamic(dim) || ShapedType::isDynamic(size) ? ShapedType::kDynamic
                                                                     : size * dim;
  auto to = RankedTensorType::get({size, shape.back()}, x.element());
  return x.with(ReshapeOp::create(x.builder(), x.location(), to, x, Value()));
}

/// Whether the leading dimensions can become one: that of at most one unknown size is a quotient.
static bool canFlatten(Expr x) {
  return !x.type().isDynamicDim(x.rank() - 1) && x.type().getDimSize(x.rank() - 1) != 0;
}

void MatmulOp::differentiate(Gradient &g) {
  Expr a = g.operand(0), b = g.operand(1), dy = g.dy();
  // A vector is a matrix of one row, or one column.
  bool row = a.rank() == 1, column = b.rank() == 1;
  bool ta = getTransposeA() && !row, tb = getTransposeB() && !column;
  if (column)
    dy = dy.expand(dy.rank());
  if (row)
    dy = dy.expand(dy.rank() - 1);
  Expr left = row ? a.expand(0) : a, right = column ? b.expand(1) : b;

  g.add(0, [&] {
    Expr da = ta ? product(right, dy, tb, true) : product(dy, right, false, !tb);
    // Of a row only the row is left: its batch is summed by `add`.
    return row ? da.squeeze(da.rank() - 2) : da;
  });
  g.add(1, [&] {
    // One matrix times a batch: one product over all rows of the batch.
    if (right.rank() == 2 && left.rank() > 2 && !ta && canFlatten(left) && canFlatten(dy)) {
      Expr all = rows(left), gradients = rows(dy);
      Expr db = tb ? product(gradients, all, true, false) : product(all, gradients, true, false);
      return column ? db.squeeze(1) : db;
    }
    Expr db = tb ? product(dy, left, true, ta) : product(left, dy, !ta, false);
    return column ? db.squeeze(db.rank() - 1) : db;
  });
}

//===-- Convolutions ---------------------------------------------------------===//
// The three ops fn.conv, fn.conv_transpose and fn.conv_filter_gradient are one sum of products of
// three tensors, each the gradient of another.

template <typename Op> static Expr convolution(Op op, Expr input, Expr filter) {
  return input.with(ConvOp::create(
      input.builder(), input.location(), input, filter, op.getStridesAttr(), op.getPaddingAttr(),
      op.getPadsAttr(), op.getDilationsAttr(), op.getLayoutAttr(), op.getGroupsAttr(), UnitAttr()));
}

static Expr transposed(Operation *operation, Expr gradient, Expr filter, Expr like,
                       IntegerAttr groups) {
  // Window attributes have the same names in every op that has them.
  auto build = [&](auto op) {
    auto result = ConvTransposeOp::create(gradient.builder(), gradient.location(), like.type(),
                                          gradient, filter, like, op.getStridesAttr(),
                                          op.getPaddingAttr(), op.getPadsAttr(),
                                          op.getDilationsAttr(), op.getLayoutAttr(), groups);
    return gradient.with(result);
  };
  if (auto op = dyn_cast<ConvOp>(operation))
    return build(op);
  if (auto op = dyn_cast<DepthwiseConvOp>(operation))
    return build(op);
  return build(cast<ConvFilterGradientOp>(operation));
}

static Expr filterGradient(Operation *operation, Expr input, Expr gradient, Expr like,
                           IntegerAttr groups) {
  auto build = [&](auto op) {
    auto result = ConvFilterGradientOp::create(
        input.builder(), input.location(), like.type(), input, gradient, like, op.getStridesAttr(),
        op.getPaddingAttr(), op.getPadsAttr(), op.getDilationsAttr(), op.getLayoutAttr(), groups);
    return input.with(result);
  };
  if (auto op = dyn_cast<ConvOp>(operation))
    return build(op);
  if (auto op = dyn_cast<DepthwiseConvOp>(operation))
    return build(op);
  return build(cast<ConvTransposeOp>(operation));
}

void ConvOp::differentiate(Gradient &g) {
  Expr x = g.operand(0), k = g.operand(1);
  g.add(0, [&] { return transposed(*this, g.dy(), k, x, getGroupsAttr()); });
  g.add(1, [&] { return filterGradient(*this, x, g.dy(), k, getGroupsAttr()); });
}

void ConvTransposeOp::differentiate(Gradient &g) {
  Expr x = g.operand(0), k = g.operand(1);
  g.add(0, [&] { return convolution(*this, g.dy(), k); });
  g.add(1, [&] { return filterGradient(*this, g.dy(), x, k, getGroupsAttr()); });
}

void ConvFilterGradientOp::differentiate(Gradient &g) {
  Expr x = g.operand(0), dy = g.operand(1);
  g.add(0, [&] { return transposed(*this, dy, g.dy(), x, getGroupsAttr()); });
  g.add(1, [&] { return convolution(*this, x, g.dy()); });
}

void DepthwiseConvOp::differentiate(Gradient &g) {
  // A convolution with as many groups as channels.
  Expr x = g.operand(0), k = g.operand(1), filter = k;
  ArrayRef<int64_t> shape = k.type().getShape();
  int64_t channels;
  if (getLayout() == "NHWC") {
    SmallVector<int64_t> grouped(shape);
    channels = shape[shape.size() - 2];
    grouped[shape.size() - 2] = 1;
    grouped.back() = channels * shape.back();
    auto to = RankedTensorType::get(grouped, k.element());
    filter = k.with(ReshapeOp::create(k.builder(), k.location(), to, k, Value()));
  } else {
    channels = x.type().getDimSize(1);
  }
  IntegerAttr groups = k.builder().getI64IntegerAttr(channels);
  g.add(0, [&] { return transposed(*this, g.dy(), filter, x, groups); });
  g.add(1, [&] { return filterGradient(*this, x, g.dy(), filter, groups).reshapeLike(k); });
}

//===-- Pooling --------------------------------------------------------------===//

/// All elements as one dimension.
static Expr flat(Expr x) {
  int64_t size = x.type().hasStaticShape() ? x.type().getNumElements() : ShapedType::kDynamic;
  auto to = RankedTensorType::get({size}, x.element());
  return x.with(ReshapeOp::create(x.builder(), x.location(), to, x, Value()));
}

void MaxPoolOp::differentiate(Gradient &g) {
  Expr x = g.x(), dy = g.dy();
  OpBuilder &b = x.builder();
  Expr places = x.with(MaxPoolIndicesOp::create(b, x.location(), x, getSizeAttr(), getStridesAttr(),
                                                getPaddingAttr(), getPadsAttr(), getDilationsAttr(),
                                                getLayoutAttr()));
  // Only padding that is written out can hold a whole window.
  if (getPads()) {
    Expr outside = places < 0;
    places = where(outside, places.number(0), places);
    dy = where(outside, dy.number(0), dy);
  }
  Expr elements = x.with(ScatterOp::create(b, x.location(), flat(x.filled(0)), flat(places),
                                           flat(dy), b.getStringAttr("add")));
  g.add(0, elements.reshapeLike(x));
}

void AvgPoolOp::differentiate(Gradient &g) {
  // The mean is a depthwise convolution with ones, divided by how many elements a window has.
  Expr x = g.x(), dy = g.dy();
  OpBuilder &b = x.builder();
  bool first = getLayout() == "NCHW";
  int64_t channels = x.type().getDimSize(first ? 1 : x.rank() - 1);
  double window = 1;
  for (int64_t size : getSize())
    window *= static_cast<double>(size);
  if (getCountPad()) {
    dy = dy / window;
  } else {
    Expr inside = x.with(AvgPoolOp::create(
        b, x.location(), x.filled(1), getSizeAttr(), getStridesAttr(), getPaddingAttr(),
        getPadsAttr(), getDilationsAttr(), getLayoutAttr(), b.getBoolAttr(true)));
    // A window outside of the input has no elements and no gradient.
    Expr count = inside * window;
    dy = where(count > 0, dy / count, 0);
  }
  SmallVector<int64_t> shape(getSize());
  shape.insert(first ? shape.begin() : shape.end(), {first ? channels : 1, first ? 1 : channels});
  auto type = RankedTensorType::get(shape, x.element());
  Expr ones = x.with(ConstantOp::create(
      b, x.location(), DenseElementsAttr::get(type, b.getFloatAttr(x.element(), 1.0))));
  DenseI64ArrayAttr strides = getStridesAttr() ? getStridesAttr() : getSizeAttr();
  g.add(0, x.with(ConvTransposeOp::create(b, x.location(), x.type(), dy, ones, x, strides,
                                          getPaddingAttr(), getPadsAttr(), getDilationsAttr(),
                                          getLayoutAttr(), b.getI64IntegerAttr(channels))));
}
