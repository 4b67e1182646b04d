//===- OpsIndex.cpp - gather, scatter, padding, order ---------------------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/FoldArray.h"
#include "compiler/import/onnx/SmallTypes.h"

using namespace mlir;
using namespace fnc::onnx_import;

Value fnc::onnx_import::normalized(Ops &o, Value indices, int64_t size) {
  indices = o.cast(indices, o.i64());
  return o.where(o.less(indices, 0.0), o.add(indices, double(size)), indices);
}

static Ints rowMajor(ArrayRef<int64_t> shape) {
  Ints strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// The places, in a row-major tensor of `shape`, that `indices` along `axis` and the position
/// itself along the others name; -1 where an index is out of range, so that the call says so.
static Value elementPlaces(Ops &o, Value indices, ArrayRef<int64_t> shape, int64_t axis) {
  if (!indices)
    return indices;
  Ints strides = rowMajor(shape);
  Ints own(Ops::shape(indices));
  Value inside = o.both(o.make<fn::GreaterEqualOp>({indices, o.scalar(0, o.i64())}),
                        o.less(indices, double(shape[axis])));
  Value places = o.mul(indices, double(strides[axis]));
  for (int64_t d = 0; d < static_cast<int64_t>(own.size()); ++d) {
    if (d == axis || own[d] == 1)
      continue;
    Value along = o.alongAxis(o.iota({own[d]}, 0, o.i64()), d, own.size());
    places = o.add(places, o.mul(along, double(strides[d])));
  }
  return o.where(inside, places, o.scalar(-1, o.i64()));
}

Value fnc::onnx_import::gatherElements(Ops &o, Value x, Value indices, int64_t axis) {
  if (!x || !indices)
    return {};
  if (!Ops::isStatic(x) || !Ops::isStatic(indices))
    return o.error("the sizes of its inputs must be known");
  return o.gather(o.flat(x), elementPlaces(o, indices, Ops::shape(x), axis), 0);
}

Value fnc::onnx_import::scatterElements(Ops &o, Value x, Value indices, Value updates, int64_t axis,
                                        StringRef kind) {
  if (!x || !indices || !updates)
    return {};
  if (!Ops::isStatic(x) || !Ops::isStatic(indices))
    return o.error("the sizes of its inputs must be known");
  Value places = elementPlaces(o, indices, Ops::shape(x), axis);
  Value y =
      o.make<fn::ScatterOp>({o.flat(x), o.flat(places), o.flat(updates)}, {o.attr("kind", kind)});
  return o.reshape(y, Ops::shape(x));
}

namespace {

LogicalResult gather(Node &n, Ops &o) {
  Value x = n.in(0), indices = n.in(1);
  if (!x || !indices)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(x));
  if (failed(axis))
    return failure();
  Value size = o.sizeOf(x, *axis, o.i64());
  indices = o.cast(indices, o.i64());
  indices = o.where(o.less(indices, 0.0), o.add(indices, size), indices);
  return n.result(o.gather(x, indices, *axis));
}

LogicalResult gatherElementsOp(Node &n, Ops &o) {
  Value x = n.in(0), indices = n.in(1);
  if (!x || !indices)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(x));
  if (failed(axis))
    return failure();
  return n.result(gatherElements(o, x, normalized(o, indices, Ops::shape(x)[*axis]), *axis));
}

/// The row that each index tuple (the last dimension) names among the leading dimensions `shape`.
Value rows(Ops &o, Value indices, ArrayRef<int64_t> shape) {
  Ints strides = rowMajor(shape);
  int64_t last = Ops::rank(indices) - 1;
  Value sizes = o.ints(shape);
  indices = o.cast(indices, o.i64());
  indices = o.where(o.less(indices, 0.0), o.add(indices, sizes), indices);
  Value inside =
      o.both(o.make<fn::GreaterEqualOp>({indices, o.scalar(0, o.i64())}), o.less(indices, sizes));
  Value places = o.sum(o.mul(indices, o.ints(strides)), {last});
  return o.where(o.reduce<fn::ReduceAllOp>(inside, {last}, false), places, o.scalar(-1, o.i64()));
}

LogicalResult gatherND(Node &n, Ops &o) {
  Value x = n.in(0), indices = n.in(1);
  if (!x || !indices)
    return failure();
  if (!Ops::isStatic(x) || !Ops::isStatic(indices) || Ops::rank(indices) < 1)
    return n.error("the sizes of its inputs must be known");
  int64_t batch = n.i("batch_dims", 0), tuple = Ops::shape(indices).back();
  ArrayRef<int64_t> xs = Ops::shape(x), is = Ops::shape(indices);
  if (batch < 0 || batch >= Ops::rank(indices) || batch + tuple > Ops::rank(x))
    return n.error("has indices of ") << tuple << " dimensions and " << batch
                                      << " batch dimensions into a tensor of rank " << Ops::rank(x);
  // Batch dimensions are indexed by the position itself.
  SmallVector<Value> parts;
  Ints lead(is.begin(), is.end() - 1);
  lead.push_back(1);
  for (int64_t d = 0; d < batch; ++d)
    parts.push_back(o.iota(lead, d, o.i64()));
  Value normal = o.cast(indices, o.i64());
  parts.push_back(normal);
  Value places = rows(o, o.concat(parts, is.size() - 1), xs.take_front(batch + tuple));
  Ints flat = {-1};
  flat.append(xs.begin() + batch + tuple, xs.end());
  int64_t count = 1;
  for (int64_t size : xs.take_front(batch + tuple))
    count *= size;
  flat[0] = count;
  return n.result(o.gather(o.reshape(x, flat), places, 0));
}

FailureOr<std::string> scatterKind(Node &n) {
  std::string reduction = n.s("reduction", "none");
  if (reduction == "none")
    return std::string("update");
  if (reduction == "add" || reduction == "max" || reduction == "min" || reduction == "mul")
    return reduction;
  return n.error("reduction is '") << reduction << "'";
}

LogicalResult scatterElementsOp(Node &n, Ops &o) {
  Value x = n.in(0), indices = n.in(1), updates = n.in(2);
  if (!x || !indices || !updates)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(x));
  FailureOr<std::string> kind = scatterKind(n);
  if (failed(axis) || failed(kind))
    return failure();
  return n.result(
      scatterElements(o, x, normalized(o, indices, Ops::shape(x)[*axis]), updates, *axis, *kind));
}

/// Of `rows` rows of indices, how many a selection of at most that many has found; null where they
/// are none of that kind.
Value rowsFound(Node &n, Value indices, int64_t rows) {
  SmallVector<Value> work = {indices};
  for (size_t i = 0; i < work.size(); ++i) {
    for (const Importer::Bounded &selected : n.importer.boundedTensors)
      if (selected.value && selected.value == work[i] &&
          llvm::is_contained(Ops::shape(selected.value), rows))
        return selected.count;
    if (Operation *def = work[i].getDefiningOp();
        isa_and_nonnull<fn::CastOp, fn::ConcatOp, fn::ExpandOp, fn::ReshapeOp, fn::SqueezeOp,
                        fn::TransposeOp>(def))
      llvm::append_range(work, def->getOperands());
  }
  return {};
}

LogicalResult scatterND(Node &n, Ops &o) {
  Value x = n.in(0), indices = n.in(1), updates = n.in(2);
  FailureOr<std::string> kind = scatterKind(n);
  if (!x || !indices || !updates || failed(kind))
    return failure();
  if (!Ops::isStatic(x) || !Ops::isStatic(indices) || Ops::rank(indices) < 1)
    return n.error("the sizes of its inputs must be known");
  int64_t tuple = Ops::shape(indices).back();
  if (tuple > Ops::rank(x))
    return n.error("has indices of ")
           << tuple << " dimensions into a tensor of rank " << Ops::rank(x);
  Ints shape(Ops::shape(x)), flat(1, 1), given(1, 1);
  for (int64_t size : ArrayRef<int64_t>(shape).take_front(tuple))
    flat[0] *= size;
  flat.append(shape.begin() + tuple, shape.end());
  Value places = o.flat(rows(o, indices, ArrayRef<int64_t>(shape).take_front(tuple)));
  if (!places)
    return failure();
  given[0] = Ops::shape(places)[0];
  given.append(shape.begin() + tuple, shape.end());
  x = o.reshape(x, flat);
  int64_t size = flat[0];
  if (Value count = rowsFound(n, indices, given[0])) {
    // What is not there goes to a row behind all others.
    places = o.where(o.less(o.iota({given[0]}, 0, o.i64()), count), places,
                     o.scalar(static_cast<double>(size), o.i64()));
    Ints high(flat.size(), 0);
    high[0] = 1;
    x = o.pad(x, o.scalar(0, Ops::element(x)), Ints(flat.size(), 0), high);
  }
  Value y = o.make<fn::ScatterOp>({x, places, o.reshape(updates, given)}, {o.attr("kind", *kind)});
  return n.result(o.reshape(o.slice(y, 0, 0, size), shape));
}

LogicalResult oneHot(Node &n, Ops &o) {
  Value indices = n.in(0), values = n.in(2);
  FailureOr<SmallVector<double>> depths = n.reals(1);
  if (!indices || !values || failed(depths))
    return failure();
  if (depths->size() != 1 || depths->front() < 0)
    return n.error("the depth must be one number");
  int64_t depth = depths->front();
  FailureOr<int64_t> axis = n.axis(n.i("axis", -1), Ops::rank(indices) + 1);
  if (failed(axis))
    return failure();
  Value hot = o.make<fn::OneHotOp>(
      {normalized(o, indices, depth)},
      {o.attr("depth", depth), o.attr("axis", *axis), o.attr("element_type", o.i1())});
  return n.result(o.where(hot, o.at(values, 0, 1), o.at(values, 0, 0)));
}

LogicalResult compress(Node &n, Ops &o) {
  if (std::optional<int64_t> bound = n.bound(0, {1}))
    return boundedCompress(n, o, *bound);
  Value x = n.in(0);
  FailureOr<Ints> condition = n.ints(1);
  if (!x || failed(condition))
    return failure();
  int64_t axis = 0;
  if (n.hasAttr("axis")) {
    FailureOr<int64_t> given = n.axis(n.i("axis", 0), Ops::rank(x));
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    x = o.flat(x);
  }
  Ints kept;
  for (auto [i, keep] : llvm::enumerate(*condition))
    if (keep)
      kept.push_back(i);
  return n.result(o.gather(x, kept, axis));
}

LogicalResult nonZero(Node &n, Ops &o) {
  if (std::optional<int64_t> bound = n.bound(0, {0}))
    return boundedNonZero(n, o, *bound);
  FailureOr<SmallVector<double>> values = n.reals(0);
  if (failed(values))
    return failure();
  ArrayRef<int64_t> shape = Ops::shape(n.in(0));
  Ints strides = rowMajor(shape), result;
  int64_t count = llvm::count_if(*values, [](double v) { return v != 0; });
  for (auto [size, stride] : llvm::zip(shape, strides))
    for (auto [at, value] : llvm::enumerate(*values))
      if (value != 0)
        result.push_back((at / stride) % size);
  return n.result(o.ints(result, {static_cast<int64_t>(shape.size()), count}, o.i64()));
}

/// The elements before, combined in log2(n) steps: each adds what lies 1, 2, 4, ... back.
template <typename Op> LogicalResult cumulative(Node &n, Ops &o, double neutral) {
  Value x = n.in(0);
  FailureOr<Ints> axes = n.ints(1);
  if (!x || failed(axes))
    return failure();
  if (axes->size() != 1)
    return n.error("has ") << axes->size() << " axes, expected 1";
  FailureOr<int64_t> axis = n.axis(axes->front(), Ops::rank(x));
  if (failed(axis))
    return failure();
  int64_t size = Ops::shape(x)[*axis];
  if (size == kDynamic)
    return n.error("the size of axis ") << *axis << " must be known: give --shape";
  bool reverse = n.i("reverse", 0);
  Value y = reverse ? o.reverse(x, {*axis}) : x;
  Value edge = o.scalar(neutral, Ops::element(x));
  auto shifted = [&](Value v, int64_t by) {
    Ints low(Ops::rank(x), 0), high(Ops::rank(x), 0);
    low[*axis] = by;
    return o.pad(o.slice(v, *axis, 0, size - by), edge, low, high);
  };
  if (n.i("exclusive", 0) && size > 0)
    y = shifted(y, 1);
  for (int64_t step = 1; step < size; step *= 2)
    y = o.make<Op>({y, shifted(y, step)});
  return n.result(reverse ? o.reverse(y, {*axis}) : y);
}
LogicalResult cumSum(Node &n, Ops &o) { return cumulative<fn::AddOp>(n, o, 0); }
LogicalResult cumProd(Node &n, Ops &o) { return cumulative<fn::MulOp>(n, o, 1); }

LogicalResult reverseSequence(Node &n, Ops &o) {
  Value x = n.in(0), lengths = n.in(1);
  if (!x || !lengths)
    return failure();
  int64_t time = n.i("time_axis", 0), batch = n.i("batch_axis", 1);
  if (Ops::rank(x) < 2 || !Ops::isStatic(x) || time + batch != 1 || time * batch != 0)
    return n.error("cannot reverse ") << Ops::type(x);
  Value y = batch == 0 ? x : o.swapAxes(x, 0, 1);
  Ints shape(Ops::shape(y));
  int64_t rows = shape[0], steps = shape[1];
  Value t = o.iota({rows, steps}, 1, o.i64());
  Value length = o.expand(o.cast(lengths, o.i64()), {1});
  Value from = o.where(o.less(t, length), o.sub(o.sub(length, t), 1.0), t);
  from = o.add(from, o.mul(o.iota({rows, steps}, 0, o.i64()), double(steps)));
  Ints flat(shape.begin() + 1, shape.end());
  flat[0] = rows * steps;
  y = o.gather(o.reshape(y, flat), from, 0);
  return n.result(batch == 0 ? y : o.swapAxes(y, 0, 1));
}

/// The k extremes in order. Each element's place is the number of those that come before it: n^2
/// comparisons, but no order of execution.
/// Where along the last axis the `k` extreme elements are, by comparing each with each.
Value placesByRank(Ops &o, Value y, int64_t k, bool largest) {
  int64_t rank = Ops::rank(y), size = Ops::shape(y)[rank - 1];
  Value mine = o.expand(y, {rank}), other = o.expand(y, {rank - 1});
  Value before = largest ? o.make<fn::GreaterOp>({other, mine}) : o.make<fn::LessOp>({other, mine});
  Value earlier = o.less(o.iota({size, size}, 1, o.i64()), o.iota({size, size}, 0, o.i64()));
  Value beats = o.make<fn::LogicalOrOp>({before, o.both(o.equal(other, mine), earlier)});
  Value place = o.sum(o.cast(beats, o.i64()), {rank});
  // Where in the input the element of each place stands.
  Value wanted = o.iota({k, size}, 0, o.i64()), source = o.iota({k, size}, 1, o.i64());
  Value hit = o.equal(o.expand(place, {rank - 1}), wanted);
  return o.sum(o.where(hit, source, o.scalar(0, o.i64())), {rank});
}

/// The same by finding one after the other.
Value placesInTurn(Ops &o, Value y, int64_t k, bool largest) {
  int64_t last = Ops::rank(y) - 1;
  Ints shape(Ops::shape(y));
  Type type = Ops::element(y), flags = RankedTensorType::get(shape, o.i1());
  auto extreme = [&](Value v, bool greatest) {
    SmallVector<NamedAttribute> attrs = {o.attr("axis", last), o.unit("keep_dims"),
                                         o.attr("index_type", o.i64())};
    return greatest ? o.make<fn::ArgMaxOp>({v}, attrs) : o.make<fn::ArgMinOp>({v}, attrs);
  };
  double end = largest ? -INFINITY : INFINITY;
  if (!Ops::isFloat(y)) {
    // The greatest i64 is no double.
    auto [low, high] = integerRange(type);
    end = largest ? low : type.getIntOrFloatBitWidth() < 64 ? high : std::nextafter(high, 0);
  }
  Value none = o.scalar(end, type), at = o.iota(shape, last, o.i64());
  Value start = o.splat(0, shape, o.i1());
  Body round(o, /*isLoop=*/true);
  Value taken = round.argument(flags);
  Value best = extreme(o.where(taken, none, y), largest);
  // Where nothing is better than what was taken, the first that is left.
  Value isTaken = o.reduce<fn::ReduceAnyOp>(o.both(taken, o.equal(at, best)), {last}, true);
  best = o.where(isTaken, extreme(o.cast(taken, o.i32()), false), best);
  Value now = o.make<fn::LogicalOrOp>({taken, o.equal(at, best)});
  Value found = o.squeeze(best, {last});
  if (!now || !found)
    return {};
  round.yield({now, found});
  round.close();
  Ints stacked(shape);
  stacked.pop_back();
  stacked.insert(stacked.begin(), k);
  SmallVector<Type> types = {flags, RankedTensorType::get(stacked, o.i64())};
  auto op = fn::ScanOp::create(o.b, o.loc, types, start, ValueRange(), UnitAttr(),
                               o.b.getI64IntegerAttr(k), o.b.getI64IntegerAttr(0));
  op.getBody().takeBody(round.region);
  Ints perm;
  for (int64_t d = 1; d <= last; ++d)
    perm.push_back(d);
  perm.push_back(0);
  return o.transpose(op.getResult(1), perm);
}

LogicalResult topK(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t k = n.i("k", 0);
  if (n.opset >= 10) {
    FailureOr<Ints> given = n.sizes(1);
    if (failed(given))
      return failure();
    k = given->empty() ? 0 : given->front();
  }
  FailureOr<int64_t> axis = n.axis(n.i("axis", -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  int64_t size = Ops::shape(x)[*axis], rank = Ops::rank(x);
  if (!Ops::isStatic(x) || k < 0 || k > size)
    return n.error("cannot take ") << k << " of " << Ops::type(x) << " along axis " << *axis;
  Value y = o.swapAxes(x, *axis, rank - 1);
  // Each with each takes size * size steps, but those of vectors.
  bool isLarge = size > 256;
  bool largest = n.i("largest", 1);
  Value indices =
      isLarge && k > 0 ? placesInTurn(o, y, k, largest) : placesByRank(o, y, k, largest);
  Value values = gatherElements(o, y, indices, rank - 1);
  if (failed(n.set(0, o.swapAxes(values, *axis, rank - 1))))
    return failure();
  return n.set(1, o.swapAxes(indices, *axis, rank - 1));
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

/// Where each element along a padded axis comes from; `mode` is reflect, edge or wrap.
int64_t paddedSource(int64_t i, int64_t size, StringRef mode) {
  if (mode == "edge")
    return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == "wrap")
    return ((i % size) + size) % size;
  if (size == 1)
    return 0;
  int64_t period = 2 * (size - 1), at = ((i % period) + period) % period;
  return at < size ? at : period - at;
}

LogicalResult pad(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t rank = Ops::rank(x);
  std::string mode = n.s("mode", "constant");
  Value with = o.scalar(n.f("value", 0), Ops::element(x));
  FailureOr<Ints> pads = n.opset < 2 ? n.is("paddings", {}) : n.is("pads", {});
  Ints axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  if (n.opset >= 11) {
    pads = n.ints(1);
    if (failed(pads))
      return failure();
    if (n.has(2) && mode == "constant")
      with = o.reshape(n.in(2), {});
    if (n.has(3)) {
      FailureOr<Ints> given = n.ints(3);
      if (failed(given))
        return failure();
      FailureOr<Ints> checked = n.axes(*given, rank);
      if (failed(checked))
        return failure();
      axes = *checked;
    }
  }
  if (pads->size() != 2 * axes.size())
    return n.error("has ") << pads->size() << " pads for " << axes.size() << " axes";
  Ints low(rank, 0), high(rank, 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    low[axis] = (*pads)[i];
    high[axis] = (*pads)[i + axes.size()];
  }
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    return n.error("mode is '") << mode << "'";
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t size = Ops::shape(x)[axis], before = low[axis], after = high[axis];
    if (mode != "constant" && (before || after)) {
      if (size < 1)
        return n.error("the size of axis ") << axis << " must be known and at least 1";
      if (before + size + after < 0 || before + size + after > (1 << 24))
        return n.error("pads axis ") << axis << " to " << before + size + after << " elements";
      Ints source;
      for (int64_t i = -before; i < size + after; ++i)
        source.push_back(paddedSource(i, size, mode));
      if (!(x = o.gather(x, source, axis)))
        return failure();
      low[axis] = high[axis] = 0;
    } else if (before < 0 || after < 0) {
      if (size == kDynamic || std::max<int64_t>(0, -before) + std::max<int64_t>(0, -after) > size)
        return n.error("cuts ") << before << " and " << after << " off axis " << axis;
      x = o.slice(x, axis, std::max<int64_t>(0, -before), size - std::max<int64_t>(0, -after));
      low[axis] = std::max<int64_t>(0, before);
      high[axis] = std::max<int64_t>(0, after);
    }
  }
  return n.result(o.pad(x, with, low, high));
}

LogicalResult centerCropPad(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Ints> shape = n.ints(1);
  if (!x || failed(shape))
    return failure();
  Ints all;
  for (int64_t i = 0; i < Ops::rank(x); ++i)
    all.push_back(i);
  FailureOr<Ints> axes = n.axes(n.is("axes", all), Ops::rank(x));
  if (failed(axes))
    return failure();
  if (axes->size() != shape->size() || !Ops::isStatic(x))
    return n.error("has ") << shape->size() << " sizes for " << axes->size() << " axes";
  Ints low(Ops::rank(x), 0), high(Ops::rank(x), 0);
  for (auto [axis, want] : llvm::zip(*axes, *shape)) {
    int64_t size = Ops::shape(x)[axis];
    if (want < size) {
      x = o.slice(x, axis, (size - want) / 2, (size - want) / 2 + want);
    } else {
      low[axis] = (want - size) / 2;
      high[axis] = want - size - low[axis];
    }
  }
  return n.result(x ? o.pad(x, o.scalar(0, Ops::element(x)), low, high) : x);
}

} // namespace

void fnc::onnx_import::addIndexOps(OpTable &table) {
  table[":CenterCropPad"] = centerCropPad;
  table[":Compress"] = compress;
  table[":CumProd"] = cumProd;
  table[":CumSum"] = cumSum;
  table[":Gather"] = gather;
  table[":GatherElements"] = gatherElementsOp;
  table[":GatherND"] = gatherND;
  table[":NonZero"] = nonZero;
  table[":OneHot"] = oneHot;
  table[":Pad"] = pad;
  table[":ReverseSequence"] = reverseSequence;
  table[":Scatter"] = scatterElementsOp;
  table[":ScatterElements"] = scatterElementsOp;
  table[":ScatterND"] = scatterND;
  table[":TopK"] = topK;
}
