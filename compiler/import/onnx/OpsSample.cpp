//===- OpsSample.cpp - reading an image at places that are data -----------===//

#include "compiler/import/onnx/Families.h"
#include <numeric>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// An image whose pixels are rows [batch * pixels, channels], so that one gather reads a pixel.
struct Image {
  Value rows;
  int64_t batch, channels;
  Ints sizes;

  static FailureOr<Image> of(Node &n, Ops &o, Value x) {
    if (!x)
      return failure();
    if (!Ops::isStatic(x) || Ops::rank(x) < 3)
      return n.error("the sizes of its image must be known: give --shape");
    Ints shape(Ops::shape(x)), perm = {0};
    for (int64_t d = 2; d < Ops::rank(x); ++d)
      perm.push_back(d);
    perm.push_back(1);
    Image image{{}, shape[0], shape[1], Ints(shape.begin() + 2, shape.end())};
    image.rows = o.reshape(o.transpose(x, perm), {shape[0] * image.pixels(), shape[1]});
    return image;
  }
  int64_t pixels() const {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
  }
};

/// One pixel that an element is read from along one dimension: its index in range, and its weight.
struct Tap {
  Value index, weight;
};

Value asIndex(Ops &o, Value x, int64_t size) {
  return o.cast(o.minimum(o.maximum(x, 0.0), double(size - 1)), o.i64());
}
Value within(Ops &o, Value x, double low, double high) {
  return o.both(o.make<fn::GreaterEqualOp>({x, o.scalar(low, Ops::element(x))}),
                o.make<fn::LessEqualOp>({x, o.scalar(high, Ops::element(x))}));
}

/// The weighted sum over all combinations of taps, [batch, places, channels]; `batches` are the
/// images that the places are in, [batch, places] or so that they broadcast.
Value blend(Ops &o, const Image &image, Value batches, ArrayRef<SmallVector<Tap>> taps) {
  Value total;
  SmallVector<size_t> at(taps.size(), 0);
  while (true) {
    Value index = batches, weight;
    for (size_t d = 0; d < taps.size(); ++d) {
      const Tap &tap = taps[d][at[d]];
      index = o.add(o.mul(index, double(image.sizes[d])), tap.index);
      if (tap.weight)
        weight = weight ? o.mul(weight, tap.weight) : tap.weight;
    }
    Value part = o.gather(image.rows, index, 0);
    if (weight)
      part = o.mul(part, o.cast(o.expand(weight, {Ops::rank(index)}), Ops::element(image.rows)));
    total = total ? o.add(total, part) : part;
    if (!total)
      return total;
    size_t d = taps.size();
    while (d > 0 && ++at[d - 1] == taps[d - 1].size())
      at[--d] = 0;
    if (d == 0)
      return total;
  }
}

//===----------------------------------------------------------------------===//
// GridSample, AffineGrid
//===----------------------------------------------------------------------===//

Value reflected(Ops &o, Value x, double low, double high) {
  double span = high - low;
  if (span <= 0)
    return o.mul(x, 0.0);
  Value from = o.abs(o.sub(x, low)), turns = o.make<fn::FloorOp>({o.div(from, span)});
  Value rest = o.sub(from, o.mul(turns, span));
  Value half = o.mul(turns, 0.5);
  Value isEven = o.equal(o.make<fn::FloorOp>({half}), half);
  return o.where(isEven, o.add(rest, low), o.sub(o.scalar(high, Ops::element(x)), rest));
}

struct Sampling {
  std::string mode, padding;
  bool alignCorners;

  /// The taps along a dimension of `size` for coordinates from -1 to 1.
  SmallVector<Tap> taps(Ops &o, Value grid, int64_t size) const {
    double low = alignCorners ? 0 : -0.5, high = alignCorners ? size - 1 : size - 0.5;
    Value x = alignCorners ? o.mul(o.add(grid, 1.0), (size - 1) / 2.0)
                           : o.div(o.sub(o.mul(o.add(grid, 1.0), double(size)), 1.0), 2.0);
    if (mode == "nearest")
      x = o.make<fn::RoundOp>({x});
    auto held = [&](Value v) {
      if (padding == "border")
        return o.minimum(o.maximum(v, 0.0), double(size - 1));
      return padding == "reflection" ? reflected(o, v, low, high) : v;
    };
    if (mode != "cubic")
      x = held(x);
    Value first = mode == "nearest" ? x : o.make<fn::FloorOp>({x});
    Value part = o.sub(x, first);
    SmallVector<Value> weights;
    if (mode == "nearest") {
      weights = {Value()};
    } else if (mode == "linear") {
      weights = {o.sub(o.scalar(1, Ops::element(x)), part), part};
    } else {
      // Of distance t: |t| <= 1, then 1 < |t| < 2, with a = -0.75.
      double a = -0.75;
      auto near = [&](Value t) {
        return o.add(o.mul(o.mul(o.sub(o.mul(t, a + 2), a + 3), t), t), 1.0);
      };
      auto far = [&](Value t) {
        return o.sub(o.mul(o.add(o.mul(o.sub(o.mul(t, a), 5 * a), t), 8 * a), t), 4 * a);
      };
      Value rest = o.sub(o.scalar(1, Ops::element(x)), part);
      weights = {far(o.add(part, 1.0)), near(part), near(rest), far(o.add(rest, 1.0))};
      first = o.sub(first, 1.0);
    }
    SmallVector<Tap> result;
    for (auto [k, weight] : llvm::enumerate(weights)) {
      Value at = o.add(first, double(k));
      if (padding == "zeros") {
        Value inside = o.cast(within(o, at, 0, size - 1), Ops::element(x));
        weight = weight ? o.mul(weight, inside) : inside;
      } else {
        at = held(at);
      }
      result.push_back({asIndex(o, at, size), weight});
    }
    return result;
  }
};

/// 0, 1, ... per image, beside `rank - 1` dimensions of places.
Value imageNumbers(Ops &o, int64_t batch, int64_t rank) {
  return o.alongAxis(o.iota({batch}, 0, o.i64()), 0, rank);
}

LogicalResult gridSample(Node &n, Ops &o) {
  Value x = n.in(0), grid = n.in(1);
  FailureOr<Image> image = Image::of(n, o, x);
  if (failed(image) || !grid)
    return failure();
  int64_t dims = image->sizes.size();
  if (Ops::rank(grid) != dims + 2 || Ops::shape(grid).back() != dims)
    return n.error("has a grid of type ")
           << Ops::type(grid) << " for an image of type " << Ops::type(x);
  Sampling how{n.s("mode", n.opset < 20 ? "bilinear" : "linear"), n.s("padding_mode", "zeros"),
               n.i("align_corners", 0) != 0};
  if (how.mode == "bilinear" || how.mode == "bicubic")
    how.mode = how.mode.substr(2) == "linear" ? "linear" : "cubic";
  if (how.mode != "linear" && how.mode != "nearest" && how.mode != "cubic")
    return n.error("mode is '") << how.mode << "'";
  if (how.padding != "zeros" && how.padding != "border" && how.padding != "reflection")
    return n.error("padding_mode is '") << how.padding << "'";
  std::vector<SmallVector<Tap>> taps;
  // The last coordinate is that of the first dimension.
  for (int64_t d = 0; d < dims; ++d)
    taps.push_back(how.taps(o, o.at(grid, dims + 1, dims - 1 - d), image->sizes[d]));
  Value y = blend(o, *image, imageNumbers(o, image->batch, dims + 1), taps);
  Ints perm = {0, dims + 1};
  for (int64_t d = 1; d <= dims; ++d)
    perm.push_back(d);
  return n.result(o.transpose(y, perm));
}

LogicalResult affineGrid(Node &n, Ops &o) {
  Value theta = n.in(0);
  FailureOr<Ints> size = n.ints(1);
  if (!theta || failed(size))
    return failure();
  int64_t dims = static_cast<int64_t>(size->size()) - 2;
  if (dims < 1 || Ops::rank(theta) != 3 || Ops::shape(theta)[1] != dims ||
      Ops::shape(theta)[2] != dims + 1)
    return n.error("has a matrix of type ") << Ops::type(theta) << " for " << dims << " dimensions";
  bool align = n.i("align_corners", 0);
  Ints sizes(size->begin() + 2, size->end());
  int64_t places = 1;
  for (int64_t s : sizes)
    if (s < 1 || (places *= s) > (1 << 26))
      return n.error("has a size of ") << s;
  // Coordinates in the order of the matrix: the last dimension first, then a 1.
  SmallVector<double> base;
  for (int64_t p = 0; p < places; ++p) {
    int64_t rest = p;
    for (int64_t d = dims - 1; d >= 0; --d) {
      int64_t i = rest % sizes[d];
      rest /= sizes[d];
      base.push_back(align ? (sizes[d] == 1 ? 0 : -1 + 2.0 * i / (sizes[d] - 1))
                           : (2.0 * i + 1) / sizes[d] - 1);
    }
    base.push_back(1);
  }
  Value grid = o.matmul(o.reals(base, {places, dims + 1}, Ops::element(theta)), theta, false, true);
  Ints shape = {Ops::shape(theta)[0]};
  shape.append(sizes);
  shape.push_back(dims);
  return n.result(o.reshape(grid, shape));
}

//===----------------------------------------------------------------------===//
// Regions, moved filters, columns
//===----------------------------------------------------------------------===//

/// Between the pixels around a place; 0 where that is further than a pixel outside.
SmallVector<Tap> linearTaps(Ops &o, Value x, int64_t size, bool holdEdge) {
  Value known = x;
  if (holdEdge) // of regions: the last pixel's value reaches to the edge
    x = o.minimum(o.maximum(x, 0.0), double(size - 1));
  Value first = o.make<fn::FloorOp>({x}), part = o.sub(x, first);
  SmallVector<Tap> taps;
  for (int k = 0; k < 2; ++k) {
    Value at = o.add(first, double(k));
    Value weight = k ? part : o.sub(o.scalar(1, Ops::element(x)), part);
    Value inside = holdEdge ? within(o, known, -1, size) : within(o, at, 0, size - 1);
    weight = o.mul(weight, o.cast(inside, Ops::element(x)));
    taps.push_back({asIndex(o, at, size), weight});
  }
  return taps;
}

LogicalResult roiAlign(Node &n, Ops &o) {
  Value x = n.in(0), rois = n.in(1), batches = n.in(2);
  FailureOr<Image> image = Image::of(n, o, x);
  if (failed(image) || !rois || !batches)
    return failure();
  if (image->sizes.size() != 2 || Ops::rank(rois) != 2 || Ops::shape(rois)[1] != 4 ||
      !Ops::isStatic(rois))
    return n.error("has an image of type ")
           << Ops::type(x) << " and regions of type " << Ops::type(rois);
  int64_t height = n.i("output_height", 1), width = n.i("output_width", 1);
  int64_t ratio = n.i("sampling_ratio", 0), count = Ops::shape(rois)[0];
  double scale = n.f("spatial_scale", 1);
  std::string mode = n.s("mode", "avg");
  bool half = n.s("coordinate_transformation_mode",
                  n.opset < 16 ? "output_half_pixel" : "half_pixel") == "half_pixel";
  if ((mode != "avg" && mode != "max") || height < 1 || width < 1 || ratio < 0)
    return n.error("mode is '") << mode << "', its output " << height << " by " << width;
  Type type = Ops::element(x);
  Value edges = o.sub(o.mul(o.cast(rois, type), scale), half ? 0.5 : 0.0);
  // Per dimension: places [regions, bins, samples], and which samples a region has.
  struct Line {
    Value places, has, share;
    int64_t samples;
  } lines[2];
  for (int d = 0; d < 2; ++d) {
    int64_t bins = d ? width : height;
    Value start = o.at(edges, 1, 1 - d), size = o.sub(o.at(edges, 1, 3 - d), start);
    if (!half)
      size = o.maximum(size, 1.0);
    Value bin = o.div(size, double(bins));
    Line &line = lines[d];
    Value each = o.splat(ratio, {count}, type);
    line.samples = ratio;
    if (ratio == 0) {
      // As many samples as a bin has pixels.
      if (failed(n.requireKnown(rois, "with a sampling_ratio of 0 input 1")))
        return failure();
      each = o.make<fn::CeilOp>({bin});
      std::optional<SmallVector<double>> counts = Ops::knownReals(each);
      if (!counts)
        return n.error("has too many regions");
      for (double c : *counts)
        line.samples = std::max(line.samples, static_cast<int64_t>(c));
      if (line.samples < 1 || line.samples > 1024)
        return n.error("takes ") << line.samples << " samples of a bin";
    }
    Value sample = o.iota({1, 1, line.samples}, 2, type), counts = o.expand(each, {1, 2});
    line.has = o.less(sample, counts);
    line.share = o.expand(o.make<fn::ReciprocalOp>({o.maximum(each, 1.0)}), {1, 2});
    Value inBin = o.div(o.add(sample, 0.5), counts);
    Value at = o.mul(o.add(o.iota({1, bins, 1}, 1, type), inBin), o.expand(bin, {1, 2}));
    line.places = o.add(at, o.expand(start, {1, 2}));
  }
  int64_t sy = lines[0].samples, sx = lines[1].samples;
  // [regions, bins of y, samples of y, bins of x, samples of x]
  Ints all = {count, height, sy, width, sx};
  auto spread = [&](Value v, int d) {
    return o.broadcastTo(d ? o.expand(v, {1, 2}) : o.expand(v, {3, 4}), all);
  };
  std::vector<SmallVector<Tap>> taps;
  for (int d = 0; d < 2; ++d)
    taps.push_back(linearTaps(o, spread(lines[d].places, d), image->sizes[d], true));
  Value numbers = o.broadcastTo(o.expand(o.cast(batches, o.i64()), {1, 2, 3, 4}), all);
  Value y;
  if (mode == "avg") {
    y = blend(o, *image, numbers, taps);
    for (int d = 0; d < 2; ++d) {
      Value weight = o.mul(o.cast(lines[d].has, type), lines[d].share);
      y = o.mul(y, o.expand(spread(weight, d), {5}));
    }
    y = o.sum(y, {2, 4});
  } else {
    // The greatest of the weighted pixels, not of their sums.
    for (const Tap &ty : taps[0])
      for (const Tap &tx : taps[1]) {
        Value part = blend(o, *image, numbers, {{ty}, {tx}});
        y = y ? o.maximum(y, part) : part;
      }
    Value has = o.both(spread(lines[0].has, 0), spread(lines[1].has, 1));
    y = o.where(o.expand(has, {5}), y, o.scalar(-INFINITY, type));
    y = o.reduce<fn::ReduceMaxOp>(y, {2, 4}, false);
  }
  return n.result(o.transpose(y, {0, 3, 1, 2}));
}

LogicalResult deformConv(Node &n, Ops &o) {
  Value x = n.in(0), filter = n.in(1), offset = n.in(2);
  FailureOr<Image> image = Image::of(n, o, x);
  if (failed(image) || !filter || !offset)
    return failure();
  if (image->sizes.size() != 2 || Ops::rank(filter) != 4 || !Ops::isStatic(filter) ||
      Ops::rank(offset) != 4)
    return n.error("needs an image, a filter and offsets of rank 4");
  FailureOr<Windows> w = windows(n, image->sizes, Ops::shape(filter).drop_front(2));
  int64_t groups = n.i("group", 1), moved = n.i("offset_group", 1);
  if (failed(w))
    return failure();
  Ints out;
  for (int d = 0; d < 2; ++d)
    out.push_back(
        (image->sizes[d] + w->low[d] + w->high[d] - (w->size[d] - 1) * w->dilations[d] - 1) /
            w->strides[d] +
        1);
  int64_t kernel = w->size[0] * w->size[1], batch = image->batch, channels = image->channels;
  int64_t maps = Ops::shape(filter)[0];
  if (groups < 1 || moved < 1 || channels % moved || channels % groups || maps % groups ||
      Ops::shape(filter)[1] != channels / groups ||
      Ops::shape(offset) != ArrayRef<int64_t>{batch, moved * kernel * 2, out[0], out[1]})
    return n.error("its groups, filter and offsets of type ") << Ops::type(offset) << " do not fit";
  Type type = Ops::element(x);
  Value mask = n.has(4) ? n.in(4) : Value();
  // Per group of channels: [batch, kernel, y, x] places, which read [batch, kernel, y, x,
  // channels].
  SmallVector<Value> parts;
  int64_t each = channels / moved;
  Value offsets = o.reshape(offset, {batch, moved, kernel, 2, out[0], out[1]});
  for (int64_t g = 0; g < moved; ++g) {
    Value shifts = o.at(offsets, 1, g);
    std::vector<SmallVector<Tap>> taps;
    for (int d = 0; d < 2; ++d) {
      SmallVector<double> start, steps;
      for (int64_t k = 0; k < kernel; ++k)
        start.push_back((d ? k % w->size[1] : k / w->size[1]) * w->dilations[d] - w->low[d]);
      for (int64_t i = 0; i < out[d]; ++i)
        steps.push_back(i * w->strides[d]);
      Value base = o.add(o.alongAxis(o.reals(start, {kernel}, type), 1, 4),
                         o.alongAxis(o.reals(steps, {out[d]}, type), 2 + d, 4));
      taps.push_back(linearTaps(o, o.add(o.at(shifts, 2, d), base), image->sizes[d], false));
    }
    Image part = *image;
    part.rows = o.slice(image->rows, 1, g * each, (g + 1) * each);
    Value read = blend(o, part, imageNumbers(o, batch, 4), taps);
    if (mask)
      read = o.mul(read, o.expand(o.slice(mask, 1, g * kernel, (g + 1) * kernel), {4}));
    parts.push_back(read);
  }
  Value read = o.transpose(o.concat(parts, 4), {0, 2, 3, 4, 1});
  if (!read)
    return failure();
  SmallVector<Value> results;
  int64_t in = channels / groups, places = out[0] * out[1];
  for (int64_t g = 0; g < groups; ++g) {
    Value columns = o.reshape(o.slice(read, 3, g * in, (g + 1) * in), {batch, places, in * kernel});
    Value rows = o.reshape(o.slice(filter, 0, g * maps / groups, (g + 1) * maps / groups),
                           {maps / groups, in * kernel});
    results.push_back(o.matmul(columns, rows, false, true));
  }
  Value y = o.reshape(o.swapAxes(o.concat(results, 2), 1, 2), {batch, maps, out[0], out[1]});
  if (n.has(3))
    y = o.add(y, o.alongAxis(n.in(3), 1, 4));
  return n.result(y);
}

LogicalResult col2Im(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Ints> imageSizes = n.ints(1), block = n.ints(2);
  if (!x || failed(imageSizes) || failed(block))
    return failure();
  size_t dims = imageSizes->size();
  FailureOr<Windows> w = windows(n, *imageSizes, *block);
  if (failed(w))
    return failure();
  int64_t kernel = 1, places = 1, padded = 1;
  Ints full, counts;
  for (size_t d = 0; d < dims; ++d) {
    kernel *= (*block)[d];
    full.push_back((*imageSizes)[d] + w->low[d] + w->high[d]);
    counts.push_back((full[d] - (w->size[d] - 1) * w->dilations[d] - 1) / w->strides[d] + 1);
    places *= counts[d];
    padded *= full[d];
  }
  if (!Ops::isStatic(x) || Ops::rank(x) != 3 || Ops::shape(x)[1] % kernel ||
      Ops::shape(x)[2] != places || kernel * places > (1 << 26))
    return n.error("has columns of type ")
           << Ops::type(x) << ", expected " << places << " of " << kernel;
  int64_t batch = Ops::shape(x)[0], channels = Ops::shape(x)[1] / kernel;
  Ints indices;
  for (int64_t k = 0; k < kernel; ++k)
    for (int64_t p = 0; p < places; ++p) {
      int64_t at = 0, stride = 1, restK = k, restP = p;
      for (int64_t d = static_cast<int64_t>(dims) - 1; d >= 0; --d) {
        at += (restP % counts[d] * w->strides[d] + restK % w->size[d] * w->dilations[d]) * stride;
        restK /= w->size[d];
        restP /= counts[d];
        stride *= full[d];
      }
      indices.push_back(at);
    }
  // Rows of one pixel each, all images and channels in it.
  Value rows = o.transpose(o.reshape(x, {batch * channels, kernel * places}), {1, 0});
  Value sum = o.make<fn::ScatterOp>(
      {o.splat(0, {padded, batch * channels}, Ops::element(x)), o.ints(indices), rows},
      {o.attr("kind", StringRef("add"))});
  Ints shape = {batch, channels}, begin(dims + 2, 0), end(dims + 2, kToEnd), ones(dims + 2, 1);
  shape.append(full);
  for (size_t d = 0; d < dims; ++d) {
    begin[d + 2] = w->low[d];
    end[d + 2] = w->low[d] + (*imageSizes)[d];
  }
  return n.result(o.slice(o.reshape(o.transpose(sum, {1, 0}), shape), begin, end, ones));
}

} // namespace

void fnc::onnx_import::addSampleOps(OpTable &table) {
  table[":AffineGrid"] = affineGrid;
  table[":Col2Im"] = col2Im;
  table[":DeformConv"] = deformConv;
  table[":GridSample"] = gridSample;
  table[":RoiAlign"] = roiAlign;
}
