//===- OpsPool.cpp - pooling ----------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// The windows of a pooling op. `over[i]` is how far the last window of a `ceil_mode` result
/// reaches beyond the padded input.
struct Pool {
  Windows w;
  Ints over, out;
};

FailureOr<Pool> pool(Node &n, Value x) {
  if (!x)
    return failure();
  int64_t rank = Ops::rank(x), spatial = rank - 2;
  if (rank < 3 || rank > 5)
    return n.error("has an input of rank ") << rank << ", expected 3 to 5";
  std::optional<Ints> kernel = n.is("kernel_shape");
  if (!kernel || static_cast<int64_t>(kernel->size()) != spatial)
    return n.error("needs a kernel_shape of ") << spatial << " elements";
  ArrayRef<int64_t> input = Ops::shape(x).drop_front(2);
  FailureOr<Windows> w = windows(n, input, *kernel);
  if (failed(w))
    return failure();
  Pool p{*w, Ints(spatial, 0), Ints(spatial, kDynamic)};
  bool ceil = n.i("ceil_mode", 0);
  for (int64_t i = 0; i < spatial; ++i) {
    if (input[i] == kDynamic) {
      if (ceil)
        return n.error("the spatial sizes must be known: give --shape");
      continue;
    }
    int64_t span = (w->size[i] - 1) * w->dilations[i] + 1, stride = w->strides[i];
    int64_t room = input[i] + w->low[i] + w->high[i] - span;
    if (room < 0 && !ceil)
      return n.error("window of extent ") << span << " does not fit in size " << room + span;
    int64_t out = (ceil ? llvm::divideCeilSigned(room, stride) : room / stride) + 1;
    // A window must begin inside of the input or before it.
    if (ceil && (out - 1) * stride >= input[i] + w->low[i])
      --out;
    p.out[i] = out;
    p.over[i] = std::max<int64_t>(0, (out - 1) * stride - room);
  }
  return p;
}

/// `Op` over one or two spatial dimensions; `flags` are attributes of its own.
template <typename Op>
Value planar(Ops &o, Value x, const Windows &w, ArrayRef<int64_t> dims,
             ArrayRef<NamedAttribute> flags) {
  Ints size, strides, dilations, pads;
  for (int64_t d : dims) {
    size.push_back(w.size[d]);
    strides.push_back(w.strides[d]);
    dilations.push_back(w.dilations[d]);
  }
  for (int64_t d : dims)
    pads.push_back(w.low[d]);
  for (int64_t d : dims)
    pads.push_back(w.high[d]);
  SmallVector<NamedAttribute> attrs = {o.attr("size", size), o.attr("strides", strides),
                                       o.attr("dilations", dilations), o.attr("pads", pads),
                                       o.attr("layout", StringRef("NCHW"))};
  attrs.append(flags.begin(), flags.end());
  return o.make<Op>({x}, attrs);
}

/// Pooling in three dimensions: two at first, then the depth. Both the largest element and the mean
/// of a box are made of those of its planes.
template <typename Op>
Value pooled(Ops &o, Value x, const Windows &w, ArrayRef<NamedAttribute> flags = {}) {
  if (!x)
    return x;
  if (Ops::rank(x) < 5) {
    Ints dims = {0, 1};
    return planar<Op>(o, x, w, ArrayRef(dims).take_front(Ops::rank(x) - 2), flags);
  }
  Ints s(Ops::shape(x));
  if (!Ops::isStatic(x))
    return o.error("the sizes of pooling in three dimensions must be known");
  x = planar<Op>(o, o.reshape(x, {s[0], s[1] * s[2], s[3], s[4]}), w, {1, 2}, flags);
  if (!x)
    return x;
  int64_t h = Ops::shape(x)[2], width = Ops::shape(x)[3];
  x = o.transpose(o.reshape(x, {s[0], s[1], s[2], h * width}), {0, 1, 3, 2});
  x = planar<Op>(o, o.reshape(x, {s[0], s[1] * h * width, s[2]}), w, {0}, flags);
  if (!x)
    return x;
  int64_t depth = Ops::shape(x)[2];
  x = o.transpose(o.reshape(x, {s[0], s[1], h * width, depth}), {0, 1, 3, 2});
  return o.reshape(x, {s[0], s[1], depth, h, width});
}

Value zeroPadded(Ops &o, Value x, const Windows &w) {
  Ints low(2, 0), high(2, 0);
  low.append(w.low);
  high.append(w.high);
  return o.pad(x, o.scalar(0, Ops::element(x)), low, high);
}

LogicalResult averagePool(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Pool> p = pool(n, x);
  if (failed(p))
    return failure();
  bool countPad = n.i("count_include_pad", 0);
  if (countPad) {
    // Padding counts, what lies beyond it does not.
    x = zeroPadded(o, x, p->w);
    p->w.low.assign(p->w.low.size(), 0);
    p->w.high = p->over;
  } else {
    for (auto [high, over] : llvm::zip(p->w.high, p->over))
      high += over;
  }
  return n.result(pooled<fn::AvgPoolOp>(o, x, p->w));
}

/// The place of the largest element of each window in the flat input, as ONNX counts it.
LogicalResult maxPoolIndices(Node &n, Ops &o, Value x, const Pool &p) {
  int64_t rank = Ops::rank(x), spatial = rank - 2;
  if (!Ops::isStatic(x) || !isa<FloatType>(Ops::element(x)))
    return n.error("indices of ") << Ops::type(x) << " are not supported";
  Ints shape(Ops::shape(x)), strides(rank, 1);
  // storage_order 1: the first spatial dimension varies fastest.
  bool columns = n.i("storage_order", 0);
  int64_t volume = 1;
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t d = columns ? 2 + i : rank - 1 - i;
    strides[d] = volume;
    volume *= shape[d];
  }
  strides[1] = volume;
  strides[0] = volume * shape[1];
  Value places = o.scalar(0, o.i64());
  for (int64_t d = 0; d < rank; ++d)
    places = o.add(places,
                   o.mul(o.alongAxis(o.iota({shape[d]}, 0, o.i64()), d, rank), double(strides[d])));
  Ints low(2, 0), high(2, 0);
  low.append(p.w.low);
  for (auto [h, over] : llvm::zip(p.w.high, p.over))
    high.push_back(h + over);
  Value padded = o.pad(x, o.scalar(-INFINITY, Ops::element(x)), low, high);
  places = o.pad(o.broadcastTo(places, shape), o.scalar(-1, o.i64()), low, high);

  // Element k of every window at once, for each k.
  int64_t count = 1;
  for (int64_t size : p.w.size)
    count *= size;
  Value best, where;
  for (int64_t k = 0; k < count; ++k) {
    Ints begin(rank, 0), end(rank, kToEnd), step(rank, 1);
    for (int64_t i = spatial, rest = k; i-- > 0; rest /= p.w.size[i]) {
      begin[i + 2] = rest % p.w.size[i] * p.w.dilations[i];
      end[i + 2] = begin[i + 2] + (p.out[i] - 1) * p.w.strides[i] + 1;
      step[i + 2] = p.w.strides[i];
    }
    Value element = o.slice(padded, begin, end, step), place = o.slice(places, begin, end, step);
    if (!best) {
      best = element;
      where = place;
      continue;
    }
    Value larger = o.make<fn::GreaterOp>({element, best});
    best = o.where(larger, element, best);
    where = o.where(larger, place, where);
  }
  return n.set(1, where);
}

LogicalResult maxPool(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Pool> p = pool(n, x);
  if (failed(p))
    return failure();
  if (n.wants(1) && failed(maxPoolIndices(n, o, x, *p)))
    return failure();
  for (auto [high, over] : llvm::zip(p->w.high, p->over))
    high += over;
  return n.result(pooled<fn::MaxPoolOp>(o, x, p->w));
}

/// x^p and its inverse.
Value power(Ops &o, Value x, double p) {
  if (!x || p == 1)
    return x;
  if (p == 2)
    return o.square(x);
  if (p == 0.5)
    return o.sqrt(x);
  return o.make<fn::PowOp>({x, o.scalar(p, Ops::element(x))});
}

double order(Node &n) { return n.opset < 2 ? n.f("p", 2) : static_cast<double>(n.i("p", 2)); }

LogicalResult lpPool(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Pool> p = pool(n, x);
  if (failed(p))
    return failure();
  double norm = order(n), count = 1;
  for (int64_t size : p->w.size)
    count *= size;
  for (auto [high, over] : llvm::zip(p->w.high, p->over))
    high += over;
  Value mean =
      pooled<fn::AvgPoolOp>(o, power(o, o.abs(x), norm), p->w, {o.flag("count_pad", true)});
  return n.result(power(o, o.mul(mean, count), 1 / norm));
}

Ints spatialAxes(Value x) {
  Ints axes;
  for (int64_t i = 2; x && i < Ops::rank(x); ++i)
    axes.push_back(i);
  return axes;
}

LogicalResult globalAveragePool(Node &n, Ops &o) {
  Value x = n.in(0);
  return n.result(o.mean(x, spatialAxes(x), true));
}
LogicalResult globalMaxPool(Node &n, Ops &o) {
  Value x = n.in(0);
  return n.result(o.reduce<fn::ReduceMaxOp>(x, spatialAxes(x), true));
}
LogicalResult globalLpPool(Node &n, Ops &o) {
  Value x = n.in(0);
  double p = order(n);
  return n.result(power(o, o.sum(power(o, o.abs(x), p), spatialAxes(x), true), 1 / p));
}

/// Puts each element back where MaxPool found it.
LogicalResult maxUnpool(Node &n, Ops &o) {
  Value x = n.in(0), indices = n.in(1);
  FailureOr<Pool> p = pool(n, x);
  if (failed(p) || !indices)
    return failure();
  if (!Ops::isStatic(x))
    return n.error("the sizes must be known: give --shape");
  // The indices count in the tensor that was pooled, which `output_shape` may then extend.
  Ints shape(Ops::shape(x));
  for (size_t i = 0; i < p->w.size.size(); ++i)
    shape[i + 2] = (shape[i + 2] - 1) * p->w.strides[i] - p->w.low[i] - p->w.high[i] +
                   (p->w.size[i] - 1) * p->w.dilations[i] + 1;
  if (n.has(2)) {
    FailureOr<Ints> given = n.ints(2);
    if (failed(given))
      return failure();
    if (given->size() != shape.size())
      return n.error("output_shape has ")
             << given->size() << " elements, expected " << shape.size();
    shape = *given;
  }
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  if (count < 0 || count > (int64_t(1) << 32))
    return n.error("would have ") << count << " elements";
  Value y =
      o.make<fn::ScatterOp>({o.splat(0, {count}, Ops::element(x)), o.flat(indices), o.flat(x)});
  return n.result(o.reshape(y, shape));
}

} // namespace

void fnc::onnx_import::addPoolOps(OpTable &table) {
  table[":AveragePool"] = averagePool;
  table[":GlobalAveragePool"] = globalAveragePool;
  table[":GlobalLpPool"] = globalLpPool;
  table[":GlobalMaxPool"] = globalMaxPool;
  table[":LpPool"] = lpPool;
  table[":MaxPool"] = maxPool;
  table[":MaxUnpool"] = maxUnpool;
}
