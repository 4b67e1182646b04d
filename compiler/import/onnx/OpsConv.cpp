//===- OpsConv.cpp - convolutions -----------------------------------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

FailureOr<Windows> fnc::onnx_import::windows(Node &n, ArrayRef<int64_t> input,
                                             ArrayRef<int64_t> kernel) {
  size_t rank = input.size();
  Windows w;
  Ints ones(rank, 1);
  w.size = Ints(kernel);
  w.strides = n.is("strides", ones);
  w.dilations = n.is("dilations", ones);
  Ints pads = n.is("pads", Ints(2 * rank, 0));
  for (auto [name, list, count] :
       {std::tuple<StringRef, Ints *, size_t>("kernel_shape", &w.size, rank),
        {"strides", &w.strides, rank},
        {"dilations", &w.dilations, rank},
        {"pads", &pads, 2 * rank}}) {
    if (list->size() != count)
      return n.error(name) << " has " << list->size() << " elements, expected " << count;
    for (int64_t value : *list)
      if (value < (list == &pads ? 0 : 1))
        return n.error(name) << " holds " << value;
  }
  w.low.assign(pads.begin(), pads.begin() + rank);
  w.high.assign(pads.begin() + rank, pads.end());
  std::string automatic = n.s("auto_pad", "NOTSET");
  if (automatic == "NOTSET" || automatic.empty())
    return w;
  bool lower = automatic == "SAME_LOWER";
  if (automatic != "VALID" && automatic != "SAME_UPPER" && !lower)
    return n.error("auto_pad is '") << automatic << "'";
  for (size_t i = 0; i < rank; ++i) {
    w.low[i] = w.high[i] = 0;
    if (automatic == "VALID")
      continue;
    if (input[i] == kDynamic)
      return n.error("the spatial sizes must be known: give --shape");
    int64_t out = llvm::divideCeil(input[i], w.strides[i]);
    int64_t span = (w.size[i] - 1) * w.dilations[i] + 1;
    int64_t total = std::max<int64_t>(0, (out - 1) * w.strides[i] + span - input[i]);
    (lower ? w.high : w.low)[i] = total / 2;
    (lower ? w.low : w.high)[i] = total - total / 2;
  }
  return w;
}

/// One or two spatial dimensions.
static Value planarConvolution(Ops &o, Value x, Value filter, const Windows &w, int64_t groups,
                               bool wide) {
  Ints pads(w.low);
  pads.append(w.high);
  SmallVector<NamedAttribute> attrs = {o.attr("strides", w.strides), o.attr("pads", pads),
                                       o.attr("dilations", w.dilations),
                                       o.attr("layout", StringRef("NCHW"))};
  if (wide)
    attrs.push_back(o.unit("wide"));
  if (groups > 1 && Ops::shape(x)[1] == groups && Ops::shape(filter)[1] == 1)
    return o.make<fn::DepthwiseConvOp>({x, filter}, attrs);
  attrs.push_back(o.attr("groups", groups));
  return o.make<fn::ConvOp>({x, filter}, attrs);
}

Value fnc::onnx_import::convolution(Ops &o, Value x, Value filter, const Windows &w, int64_t groups,
                                    bool wide) {
  if (!x || !filter)
    return {};
  if (Ops::rank(x) != 5)
    return planarConvolution(o, x, filter, w, groups, wide);
  // A sum over the filter's depth: each of its slices meets every stride-th slice of the input, all
  // of which are a batch.
  if (!Ops::isStatic(x) || !Ops::isStatic(filter))
    return o.error("the sizes of a convolution in three dimensions must be known");
  Ints low(5, 0), high(5, 0);
  low[2] = w.low[0];
  high[2] = w.high[0];
  x = o.pad(x, o.scalar(0, Ops::element(x)), low, high);
  Ints s(Ops::shape(x));
  int64_t span = (w.size[0] - 1) * w.dilations[0] + 1, depth = (s[2] - span) / w.strides[0] + 1;
  if (s[2] < span)
    return o.error("window of extent " + Twine(span) + " does not fit in size " + Twine(s[2]));
  Windows plane{Ints(ArrayRef(w.size).drop_front()), Ints(ArrayRef(w.strides).drop_front()),
                Ints(ArrayRef(w.dilations).drop_front()), Ints(ArrayRef(w.low).drop_front()),
                Ints(ArrayRef(w.high).drop_front())};
  Value total;
  for (int64_t k = 0; k < w.size[0]; ++k) {
    int64_t begin = k * w.dilations[0];
    Value slab = o.slice(x, 2, begin, begin + (depth - 1) * w.strides[0] + 1, w.strides[0]);
    slab = o.reshape(o.transpose(slab, {0, 2, 1, 3, 4}), {s[0] * depth, s[1], s[3], s[4]});
    Value part = planarConvolution(o, slab, o.at(filter, 2, k), plane, groups, wide);
    if (!part)
      return {};
    total = total ? o.add(total, part) : part;
  }
  ArrayRef<int64_t> out = Ops::shape(total);
  return o.transpose(o.reshape(total, {s[0], depth, out[1], out[2], out[3]}), {0, 2, 1, 3, 4});
}

namespace {

/// Checks ranks, and gives the windows of a filter [O, I, spatial...].
FailureOr<Windows> filterWindows(Node &n, Value x, Value filter) {
  if (!x || !filter)
    return failure();
  int64_t rank = Ops::rank(x);
  if (rank < 3 || rank > 5 || Ops::rank(filter) != rank)
    return n.error("has an input of rank ")
           << rank << " and a filter of rank " << Ops::rank(filter);
  ArrayRef<int64_t> kernel = Ops::shape(filter).drop_front(2);
  if (llvm::is_contained(kernel, kDynamic))
    return n.error("the size of the filter must be known");
  if (std::optional<Ints> stated = n.is("kernel_shape"); stated && *stated != Ints(kernel))
    return n.error("kernel_shape contradicts the filter's type ") << Ops::type(filter);
  return windows(n, Ops::shape(x).drop_front(2), kernel);
}

Value withBias(Node &n, Ops &o, Value y, size_t i) {
  if (!y || !n.has(i))
    return y;
  Value bias = n.in(i);
  return bias ? o.add(y, o.alongAxis(bias, 1, Ops::rank(y))) : bias;
}

LogicalResult conv(Node &n, Ops &o) {
  if (std::optional<Value> y = quantizedConvolution(n, o))
    return n.result(*y);
  Value x = n.in(0), filter = n.in(1);
  FailureOr<Windows> w = filterWindows(n, x, filter);
  if (failed(w))
    return failure();
  return n.result(withBias(n, o, convolution(o, x, filter, *w, n.i("group", 1)), 2));
}

/// In two dimensions at most: the full result, of which padding cuts off the edges.
LogicalResult convTranspose(Node &n, Ops &o) {
  Value x = n.in(0), filter = n.in(1);
  FailureOr<Windows> w = filterWindows(n, x, filter);
  if (failed(w))
    return failure();
  int64_t rank = Ops::rank(x), spatial = rank - 2, groups = n.i("group", 1);
  if (!Ops::isStatic(x))
    return n.error("the sizes must be known: give --shape");
  if (groups < 1)
    return n.error("group is ") << groups;
  Ints extra = n.is("output_padding", Ints(spatial, 0));
  std::optional<Ints> wanted = n.is("output_shape");
  if (wanted && static_cast<int64_t>(wanted->size()) == rank)
    wanted->erase(wanted->begin(), wanted->begin() + 2);
  if (static_cast<int64_t>(extra.size()) != spatial ||
      (wanted && static_cast<int64_t>(wanted->size()) != spatial))
    return n.error("output_padding or output_shape does not have ") << spatial << " elements";
  std::string automatic = n.s("auto_pad", "NOTSET");
  bool isSame = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  Ints sizes, begin;
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t in = Ops::shape(x)[i + 2], span = (w->size[i] - 1) * w->dilations[i] + 1;
    int64_t full = (in - 1) * w->strides[i] + span + extra[i];
    if (wanted || isSame) {
      int64_t size = wanted ? (*wanted)[i] : in * w->strides[i];
      int64_t total = std::max<int64_t>(0, full - size);
      begin.push_back(automatic == "SAME_UPPER" ? total / 2 : total - total / 2);
      sizes.push_back(size);
    } else {
      begin.push_back(w->low[i]);
      sizes.push_back(full - w->low[i] - w->high[i]);
    }
    if (sizes.back() < 0)
      return n.error("spatial dimension ") << i << " would have size " << sizes.back();
  }

  auto planar = [&](Value v, Value f, ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations) {
    return o.make<fn::ConvTransposeOp>(
        {v, f}, {o.attr("strides", strides), o.attr("dilations", dilations),
                 o.attr("groups", groups), o.attr("layout", StringRef("NCHW"))});
  };
  Value y;
  if (spatial < 3) {
    y = planar(x, filter, w->strides, w->dilations);
  } else {
    // Each slice of the filter's depth adds to every stride-th slice of the result.
    Ints s(Ops::shape(x));
    Value slab = o.reshape(o.transpose(x, {0, 2, 1, 3, 4}), {s[0] * s[2], s[1], s[3], s[4]});
    int64_t span = (w->size[0] - 1) * w->dilations[0];
    for (int64_t k = 0; k < w->size[0]; ++k) {
      Value part = planar(slab, o.at(filter, 2, k), ArrayRef(w->strides).drop_front(),
                          ArrayRef(w->dilations).drop_front());
      if (!part)
        return failure();
      Ints p(Ops::shape(part));
      part = o.reshape(part, {s[0], s[2], p[1], p[2], p[3]});
      // Zeros between the slices where the depth has a stride.
      Value zero = o.scalar(0, Ops::element(x));
      part =
          o.pad(o.expand(part, {2}), zero, {0, 0, 0, 0, 0, 0}, {0, 0, w->strides[0] - 1, 0, 0, 0});
      int64_t spread = s[2] * w->strides[0], full = (s[2] - 1) * w->strides[0] + 1;
      part = o.slice(o.reshape(part, {s[0], spread, p[1], p[2], p[3]}), 1, 0, full);
      part = o.pad(part, zero, {0, k * w->dilations[0], 0, 0, 0},
                   {0, span - k * w->dilations[0], 0, 0, 0});
      y = y ? o.add(y, part) : part;
    }
    y = o.transpose(y, {0, 2, 1, 3, 4});
  }
  if (!y)
    return failure();
  Ints low(rank, 0), high(rank, 0), from(rank, 0), to(rank, kToEnd), ones(rank, 1);
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t have = Ops::shape(y)[i + 2], end = begin[i] + sizes[i];
    from[i + 2] = std::min(begin[i], have);
    to[i + 2] = std::max(from[i + 2], std::min(end, have));
    high[i + 2] = std::max<int64_t>(0, end - std::max(have, begin[i]));
  }
  y = o.pad(o.slice(y, from, to, ones), o.scalar(0, Ops::element(x)), low, high);
  return n.result(withBias(n, o, y, 2));
}

} // namespace

void fnc::onnx_import::addConvOps(OpTable &table) {
  table[":Conv"] = conv;
  table[":ConvTranspose"] = convTranspose;
}
