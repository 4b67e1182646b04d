//===- ShapeGradients.cpp - gradient rules of ops that move data ----------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include <limits>

using namespace mlir;
using namespace fn;

static constexpr int64_t toEnd = std::numeric_limits<int64_t>::max();

/// Dimension `axis` first, the others behind it in order.
static SmallVector<int64_t> toFront(int64_t axis, int64_t rank) {
  SmallVector<int64_t> perm = {axis};
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      perm.push_back(i);
  return perm;
}

static SmallVector<int64_t> inverse(ArrayRef<int64_t> perm) {
  SmallVector<int64_t> result(perm.size());
  for (auto [i, p] : llvm::enumerate(perm))
    result[p] = i;
  return result;
}

static Expr reordered(Expr x, ArrayRef<int64_t> perm) {
  return llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())) ? x : x.transpose(perm);
}

static Expr scatter(Expr into, Expr indices, Expr rows, StringRef kind) {
  OpBuilder &b = into.builder();
  return into.with(
      ScatterOp::create(b, into.location(), into, indices, rows, b.getStringAttr(kind)));
}

static Expr gather(Expr from, Expr indices, int64_t axis) {
  OpBuilder &b = from.builder();
  return from.with(GatherOp::create(b, from.location(), from, indices, b.getI64IntegerAttr(axis)));
}

/// Zeros like `like` but for the places `indices` of `axis`, which get the slices of `dy`.
static Expr intoZeros(Expr like, int64_t axis, Expr indices, Expr dy, StringRef kind) {
  SmallVector<int64_t> perm = toFront(axis, like.rank());
  Expr zeros = reordered(like, perm).filled(0);
  return reordered(scatter(zeros, indices, reordered(dy, perm), kind), inverse(perm));
}

//===-- One operand ------------------------------------------------------------===//

void ReshapeOp::differentiate(Gradient &g) { g.add(0, g.dy().reshapeLike(g.x())); }
void BroadcastToOp::differentiate(Gradient &g) { g.add(0, g.dy()); }
void ToDenseOp::differentiate(Gradient &g) { g.add(0, g.dy()); }
void TransposeOp::differentiate(Gradient &g) { g.add(0, g.dy().transpose(inverse(getPerm()))); }
void ExpandOp::differentiate(Gradient &g) { g.add(0, g.dy().squeeze(getAxes())); }
void SqueezeOp::differentiate(Gradient &g) { g.add(0, g.dy().expand(getAxes())); }
void ReverseOp::differentiate(Gradient &g) {
  g.add(0,
        g.dy().with(ReverseOp::create(g.dy().builder(), g.dy().location(), g.dy(), getAxesAttr())));
}

void TileOp::differentiate(Gradient &g) {
  Expr dy = g.dy();
  OpBuilder &b = dy.builder();
  for (auto [axis, multiple] : llvm::enumerate(getMultiples())) {
    if (multiple == 1)
      continue;
    // The copies apart as a dimension of their own.
    SmallVector<int64_t> shape(dy.type().getShape());
    shape[axis] = g.x().type().getDimSize(axis);
    shape.insert(shape.begin() + axis, multiple);
    auto to = RankedTensorType::get(shape, dy.element());
    dy = dy.with(ReshapeOp::create(b, dy.location(), to, dy, Value()))
             .sum(static_cast<int64_t>(axis));
  }
  g.add(0, dy);
}

/// The slice of one axis, as an op of its own.
static Expr sliceAxis(SliceOp op, Expr x, int64_t axis) {
  SmallVector<int64_t> begin(x.rank(), 0), end(x.rank(), toEnd), strides(x.rank(), 1);
  begin[axis] = op.getBegin()[axis];
  end[axis] = op.getEnd()[axis];
  if (op.getStrides())
    strides[axis] = (*op.getStrides())[axis];
  OpBuilder &b = x.builder();
  return x.with(SliceOp::create(b, x.location(), x, b.getDenseI64ArrayAttr(begin),
                                b.getDenseI64ArrayAttr(end), b.getDenseI64ArrayAttr(strides)));
}

void SliceOp::differentiate(Gradient &g) {
  Expr x = g.x(), dy = g.dy();
  OpBuilder &b = x.builder();
  RankedTensorType from = x.type();
  auto strideOf = [&](int64_t axis) { return getStrides() ? (*getStrides())[axis] : 1; };
  SmallVector<int64_t> low(from.getRank(), 0), high(from.getRank(), 0), hard;
  for (int64_t axis = 0; axis < from.getRank(); ++axis) {
    int64_t begin = getBegin()[axis], end = getEnd()[axis];
    if (strideOf(axis) == 1 && end == toEnd) {
      low[axis] = begin;
    } else if (strideOf(axis) == 1 && !from.isDynamicDim(axis)) {
      low[axis] = begin;
      high[axis] = from.getDimSize(axis) - end;
    } else {
      hard.push_back(axis);
    }
  }
  // Axes whose elements stand apart, or end before an end that is not known, one after another:
  // first the shapes in between.
  SmallVector<Expr> between = {x};
  for (int64_t axis : hard)
    between.push_back(sliceAxis(*this, between.back(), axis));
  bool pads = llvm::any_of(low, [](int64_t n) { return n != 0; }) ||
              llvm::any_of(high, [](int64_t n) { return n != 0; });
  if (pads)
    dy = dy.with(PadOp::create(b, dy.location(), dy, dy.number(0), b.getDenseI64ArrayAttr(low),
                               b.getDenseI64ArrayAttr(high)));
  for (size_t i = hard.size(); i-- > 0;) {
    int64_t axis = hard[i];
    Expr like = between[i];
    Expr places = dy.places(axis), first;
    if (getBegin()[axis] == toEnd)
      first = like.size(axis) - 1;
    else
      first = places.number(static_cast<double>(getBegin()[axis]));
    places = places * static_cast<double>(strideOf(axis)) + first;
    dy = intoZeros(like, axis, places, dy, "update");
  }
  g.add(0, dy);
}

//===-- Several tensors ----------------------------------------------------------===//

/// The `count` (that of `like`) elements of an axis behind `before`, of which some may be known
/// only at the call.
static Expr piece(Expr x, int64_t axis, int64_t known, Expr unknown, Expr like) {
  int64_t size = like.type().getDimSize(axis);
  if (!unknown && !ShapedType::isDynamic(size))
    return x.slice(axis, known, known + size);
  Expr places = like.places(axis) + static_cast<double>(known);
  return gather(x, unknown ? places + unknown : places, axis);
}

void ConcatOp::differentiate(Gradient &g) {
  int64_t axis = getAxis(), known = 0;
  Expr unknown;
  for (auto [i, operand] : llvm::enumerate(getInputs())) {
    Expr like = g.operand(i);
    g.add(i, [&, known = known] { return piece(g.dy(), axis, known, unknown, like); });
    if (!like.type().isDynamicDim(axis))
      known += like.type().getDimSize(axis);
    else
      unknown = unknown ? unknown + like.size(axis) : like.size(axis);
  }
}

void SplitOp::differentiate(Gradient &g) {
  OpBuilder b(getContext());
  SmallVector<Value> pieces;
  Expr some;
  for (auto [i, result] : llvm::enumerate(getPieces()))
    if (Expr dy = g.dy(i))
      some = dy;
  for (auto [i, result] : llvm::enumerate(getPieces())) {
    Expr dy = g.dy(i);
    pieces.push_back(dy ? dy : g.expr(result).filled(0));
  }
  g.add(0, some.with(ConcatOp::create(some.builder(), some.location(), pieces, getAxisAttr())));
}

void PadOp::differentiate(Gradient &g) {
  Expr x = g.operand(0);
  g.add(0, [&] {
    Expr dx = g.dy();
    for (int64_t axis = 0; axis < x.rank(); ++axis)
      if (getLow()[axis] != 0 || getHigh()[axis] != 0)
        dx = piece(dx, axis, getLow()[axis], Expr(), x);
    return dx;
  });
  g.add(1, [&] {
    Expr zeros = x.filled(0);
    Expr outside = zeros.with(PadOp::create(zeros.builder(), zeros.location(), zeros,
                                            zeros.number(1), getLowAttr(), getHighAttr()));
    return g.dy() * outside;
  });
}

void GatherOp::differentiate(Gradient &g) {
  Expr x = g.operand(0), indices = g.operand(1), dy = g.dy();
  int64_t axis = getAxis();
  // The indices' dimensions first, as fn.scatter has them.
  SmallVector<int64_t> perm;
  for (int64_t i = 0; i < indices.rank(); ++i)
    perm.push_back(axis + i);
  for (int64_t i = 0; i < dy.rank(); ++i)
    if (i < axis || i >= axis + indices.rank())
      perm.push_back(i);
  SmallVector<int64_t> front = toFront(axis, x.rank());
  Expr zeros = reordered(x, front).filled(0);
  g.add(0, reordered(scatter(zeros, indices, reordered(dy, perm), "add"), inverse(front)));
}

void ScatterOp::differentiate(Gradient &g) {
  Expr indices = g.operand(1), updates = g.operand(2), dy = g.dy();
  StringRef kind = getKind();
  if (kind == "add" || kind == "sub") {
    g.add(0, dy);
    g.add(2, [&] { return kind == "add" ? gather(dy, indices, 0) : -gather(dy, indices, 0); });
    return;
  }
  if (kind == "update") {
    g.add(0, [&] { return scatter(dy, indices, updates.filled(0), "update"); });
    g.add(2, [&] {
      // Of repeated indices the last one wins: mark where each row came from.
      OpBuilder &b = dy.builder();
      auto numberType = RankedTensorType::get(indices.type().getShape(), b.getI64Type());
      Expr number;
      if (indices.rank() == 1) {
        number = indices.places(0);
      } else {
        int64_t size =
            numberType.hasStaticShape() ? numberType.getNumElements() : ShapedType::kDynamic;
        auto flat = RankedTensorType::get({size}, indices.element());
        Expr row = indices.with(ReshapeOp::create(b, indices.location(), flat, indices, Value()));
        number = row.places(0).reshapeLike(indices);
      }
      Expr owners = dy.places(0).filled(-1);
      Expr owner = gather(scatter(owners, indices, number, "update"), indices, 0);
      Expr wins = equal(owner, number);
      SmallVector<int64_t> axes;
      for (int64_t i = indices.rank(); i < updates.rank(); ++i)
        axes.push_back(i);
      return where(wins.expand(axes), gather(dy, indices, 0), 0);
    });
    return;
  }
  if (kind == "mul") {
    g.add(0, [&] { return dy * scatter(g.operand(0).filled(1), indices, updates, "mul"); });
    g.add(2, [&] {
      Expr x = g.operand(0), zeroX = equal(x, 0), zeroU = equal(updates, 0), one = x.number(1);
      auto total = [&](Expr ofX, Expr ofUpdates, StringRef how) {
        return gather(scatter(ofX, indices, ofUpdates, how), indices, 0);
      };
      Expr product = total(where(zeroX, one, x), where(zeroU, one, updates), "mul");
      Expr zeros = total(zeroX.cast(x.element()), zeroU.cast(x.element()), "add");
      Expr zeroSum = total(where(zeroX, x, 0), where(zeroU, updates, 0), "add");
      return gather(dy, indices, 0) * otherFactors(updates, product, zeros, zeroSum);
    });
    return;
  }
  // "max" and "min": those that are equal to the result share the gradient.
  Expr x = g.operand(0), y = g.y();
  Expr kept = equal(x, y).cast(x.element());
  Expr taken = equal(updates, gather(y, indices, 0)).cast(x.element());
  Expr share = dy / scatter(kept, indices, taken, "add");
  g.add(0, [&] { return kept * share; });
  g.add(2, [&] { return taken * gather(share, indices, 0); });
}
