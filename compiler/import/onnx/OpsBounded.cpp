//===- OpsBounded.cpp - selections of at most a declared number -----------===//
//
// How many elements there are is known in a call only: the result has room for as many as --bound
// says, what is there comes first, and the call fails where there are more.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// Where the true elements of a mask of rank 1 are, in order, in `bound` places, the rest of which
/// are 0; and how many there are.
struct Places {
  Value places, count;
};
Places placesOf(Ops &o, Value mask, int64_t bound) {
  if (!mask)
    return {};
  Type i64 = o.i64();
  int64_t size = Ops::shape(mask)[0];
  // The number of true elements before each one.
  Value start = o.ints({0}, {}, i64), flags = o.cast(mask, i64);
  Body round(o, /*isLoop=*/true);
  Value before = round.argument(start.getType()), flag = round.argument(start.getType());
  round.yield({o.add(before, flag), before});
  round.close();
  SmallVector<Type> types = {start.getType(), RankedTensorType::get({size}, i64)};
  auto op = fn::ScanOp::create(o.b, o.loc, types, start, flags, UnitAttr(), IntegerAttr(),
                               o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  Value count = op.getResult(0), rank = op.getResult(1);
  // One place more takes all that is not kept.
  Value last = o.ints({bound}, {}, i64);
  Value target = o.where(o.both(mask, o.less(rank, last)), rank, last);
  Value index =
      Ops::isStatic(mask)
          ? o.iota({size}, 0, i64)
          : o.make<fn::IotaOp>({mask}, {o.attr("shape", {kDynamic}), o.attr("axis", int64_t(0)),
                                        o.attr("element_type", i64)});
  Value places = o.make<fn::ScatterOp>({o.splat(0, {bound + 1}, i64), target, index},
                                       {o.attr("kind", StringRef("update"))});
  return {o.slice(places, 0, 0, bound), count};
}

/// Corners of boxes [.., 4]: y1, x1, y2, x2, each [..].
struct Corners {
  Value y1, x1, y2, x2;
  Value area(Ops &o) const { return o.mul(o.sub(y2, y1), o.sub(x2, x1)); }
};
Corners cornersOf(Ops &o, Value boxes, bool centred) {
  if (!boxes)
    return {};
  auto part = [&](int64_t i) { return o.at(boxes, Ops::rank(boxes) - 1, i); };
  Value a = part(0), b = part(1), c = part(2), d = part(3);
  if (centred) {
    Value width = o.mul(c, 0.5), height = o.mul(d, 0.5);
    return {o.sub(b, height), o.sub(a, width), o.add(b, height), o.add(a, width)};
  }
  return {o.minimum(a, c), o.minimum(b, d), o.maximum(a, c), o.maximum(b, d)};
}

} // namespace

LogicalResult fnc::onnx_import::boundedNonZero(Node &n, Ops &o, int64_t bound) {
  Value x = n.in(0);
  if (!x || !Ops::isStatic(x))
    return n.error("the sizes of its input must be known: give --shape");
  Value mask = Ops::isBool(x) ? x : o.make<fn::NotEqualOp>({x, o.scalar(0, Ops::element(x))});
  Places found = placesOf(o, o.flat(mask), bound);
  Ints shape(Ops::shape(x));
  SmallVector<Value> rows(shape.size());
  Value rest = found.places;
  for (size_t i = shape.size(); i-- > 0;) {
    Value size = o.ints({std::max<int64_t>(1, shape[i])}, {}, o.i64());
    rows[i] = o.make<fn::RemOp>({rest, size});
    rest = o.div(rest, size);
  }
  if (rows.empty())
    return n.error("needs an input of rank 1 or more");
  return n.bounded(0, o.stack(rows, 0), found.count, bound);
}

/// Each element is compared with each, as TopK does it: its place is the number of different ones
/// before it.
LogicalResult fnc::onnx_import::boundedUnique(Node &n, Ops &o, int64_t bound) {
  Value x = n.in(0);
  if (!x || !Ops::isStatic(x) || (n.hasAttr("axis") && Ops::rank(x) != 1))
    return n.error("needs a tensor of known sizes, and no axis");
  x = o.flat(x);
  int64_t size = x ? Ops::shape(x)[0] : 0;
  if (size == 0)
    return n.error("has nothing to choose from");
  Type i64 = o.i64();
  Value mine = o.expand(x, {1}), other = o.expand(x, {0});
  Value same = o.equal(mine, other), less = o.less(other, mine);
  if (Ops::isFloat(x)) {
    // NaNs are one number behind all others.
    auto isNaN = [&](Value v) { return o.make<fn::NotEqualOp>({v, v}); };
    auto either = [&](Value a, Value b) { return o.make<fn::LogicalOrOp>({a, b}); };
    same = either(same, o.both(isNaN(mine), isNaN(other)));
    less = either(less, o.both(isNaN(mine), o.equal(other, other)));
  }
  Value earlier = o.less(o.iota({size, size}, 1, i64), o.iota({size, size}, 0, i64));
  Value first =
      o.make<fn::LogicalNotOp>({o.reduce<fn::ReduceAnyOp>(o.both(same, earlier), {1}, false)});
  bool sorted = n.i("sorted", 1);
  Value before = o.both(sorted ? less : earlier, o.expand(first, {0}));
  Value rank = o.sum(o.cast(before, i64), {1});
  if (!sorted)
    rank = o.gather(rank,
                    o.make<fn::ArgMaxOp>({o.cast(same, o.i32())},
                                         {o.attr("axis", int64_t(1)), o.attr("index_type", i64)}),
                    0);
  // One place more takes all that is not kept.
  Value last = o.ints({bound}, {}, i64), fits = o.less(rank, last);
  auto scattered = [&](Value target, Value updates, StringRef kind) {
    Value all = o.make<fn::ScatterOp>({o.splat(0, {bound + 1}, i64), target, updates},
                                      {o.attr("kind", kind)});
    return o.slice(all, 0, 0, bound);
  };
  Value indices =
      scattered(o.where(o.both(first, fits), rank, last), o.iota({size}, 0, i64), "update");
  Value counts = scattered(o.where(fits, rank, last), o.splat(1, {size}, i64), "add");
  if (failed(n.set(1, indices)) || failed(n.set(2, rank)) || failed(n.set(3, counts)))
    return failure();
  return n.bounded(0, o.gather(x, indices, 0), o.sum(o.cast(first, i64), {0}), bound);
}

LogicalResult fnc::onnx_import::boundedCompress(Node &n, Ops &o, int64_t bound) {
  Value x = n.in(0), condition = n.in(1);
  if (!x || !condition)
    return failure();
  FailureOr<int64_t> axis = int64_t(0);
  if (n.hasAttr("axis"))
    axis = n.axis(n.i("axis", 0), Ops::rank(x));
  else
    x = o.flat(x);
  if (failed(axis) || !x)
    return failure();
  int64_t size = Ops::shape(x)[*axis];
  if (Ops::rank(condition) != 1 || !Ops::isBool(condition) || size == kDynamic ||
      Ops::shape(condition)[0] == kDynamic || Ops::shape(condition)[0] > size)
    return n.error("has a condition of type ")
           << Ops::type(condition) << " for " << size << " elements";
  if (size == 0)
    return n.error("has nothing to choose from");
  Places found = placesOf(o, condition, bound);
  return n.bounded(0, o.gather(x, found.places, *axis), found.count, bound);
}

/// Of each class the best box that is left, then what overlaps it is taken away, as often as there
/// may be boxes.
LogicalResult fnc::onnx_import::boundedNonMaxSuppression(Node &n, Ops &o, int64_t bound) {
  Value boxes = n.in(0), scores = n.in(1);
  if (!boxes || !scores)
    return failure();
  Ints b(Ops::shape(boxes)), s(Ops::shape(scores));
  if (!Ops::isStatic(boxes) || !Ops::isStatic(scores) || s.size() != 3 || b.size() != 3 ||
      b[0] != s[0] || b[1] != s[2] || b[2] != 4)
    return n.error("has boxes of type ")
           << Ops::type(boxes) << " and scores of type " << Ops::type(scores);
  auto optional = [&](size_t i) { return n.has(i) ? scalarLike(o, n.in(i)) : Value(); };
  Value most = optional(2), overlap = optional(3), least = optional(4);
  if (n.failed() || !most)
    return n.failed() ? failure() : n.result(o.ints({}, {0, 3}, o.i64()));
  Type type = Ops::element(scores), i64 = o.i64();
  int64_t rounds = std::min(bound, s[2]);
  if (std::optional<Ints> known = Ops::knownInts(most))
    rounds = std::max<int64_t>(0, std::min(rounds, known->front()));
  if (!overlap)
    overlap = o.scalar(0, type);
  Corners c = cornersOf(o, boxes, n.i("center_point_box", 0));
  // [batch, class, box]
  SmallVector<Value> sides;
  for (Value v : {c.y1, c.x1, c.y2, c.x2, c.area(o)})
    sides.push_back(o.expand(v, {1}));
  Value none = o.scalar(-INFINITY, type);
  Value alive = least ? o.where(o.less(least, scores), scores, none) : scores;
  Value indices = o.iota(s, 2, i64);
  if (!alive || llvm::is_contained(sides, Value()))
    return failure();

  Body round(o, /*isLoop=*/true);
  Value count = o.ints({0}, {}, i64), t = round.argument(count.getType());
  Value now = round.argument(alive.getType());
  Value best = o.make<fn::ArgMaxOp>(
      {now}, {o.attr("axis", 2), o.unit("keep_dims"), o.attr("index_type", i64)});
  Value isBest = o.equal(indices, best);
  Value score = o.reduce<fn::ReduceMaxOp>(now, {2}, true);
  Value found = o.both(o.less(none, score), o.less(t, o.cast(most, i64)));
  // The chosen box, spread over all others.
  SmallVector<Value> mine;
  for (Value side : sides)
    mine.push_back(o.sum(o.where(isBest, side, o.scalar(0, type)), {2}, true));
  auto common = [&](int64_t low, int64_t high) {
    return o.maximum(o.sub(o.minimum(sides[high], mine[high]), o.maximum(sides[low], mine[low])),
                     0.0);
  };
  Value shared = o.mul(common(0, 2), common(1, 3));
  Value all = o.sub(o.add(sides[4], mine[4]), shared);
  // No overlap of nothing, and no quotient of two zeros.
  Value isOver = o.both(o.less(o.scalar(0, type), shared), o.less(o.mul(overlap, all), shared));
  Value next = o.where(o.make<fn::LogicalOrOp>({isBest, isOver}), none, now);
  Value counted = o.add(t, 1);
  if (!next || !found || !counted)
    return failure();
  SmallVector<Value> yields = {counted, next, o.squeeze(best, {2}), o.squeeze(found, {2})};
  round.yield(yields);
  round.close();
  SmallVector<Type> types = {count.getType(), alive.getType(),
                             RankedTensorType::get({rounds, s[0], s[1]}, i64),
                             RankedTensorType::get({rounds, s[0], s[1]}, o.i1())};
  auto op = fn::ScanOp::create(o.b, o.loc, types, ValueRange{count, alive}, ValueRange(),
                               UnitAttr(), o.b.getI64IntegerAttr(rounds), o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  // By batch, then class, then score.
  Ints shape = {s[0], s[1], rounds};
  Value chosen = o.transpose(op.getResult(2), {1, 2, 0});
  Places places = placesOf(o, o.flat(o.transpose(op.getResult(3), {1, 2, 0})), bound);
  auto column = [&](Value v) { return o.gather(o.flat(v), places.places, 0); };
  if (rounds == 0 || s[0] == 0 || s[1] == 0)
    return n.error("has nothing to choose from");
  return n.bounded(
      0, o.stack({column(o.iota(shape, 0, i64)), column(o.iota(shape, 1, i64)), column(chosen)}, 1),
      places.count, bound);
}
