//===- OpsResize.cpp - interpolation --------------------------------------===//
//
// Every mode is separable: one axis after the other, with weights that are known while compiling.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

struct Interpolation {
  std::string mode, place, nearest;
  double cubic = -0.75, outside = 0;
  bool excludeOutside = false, antialias = false;
};

/// One axis: how its coordinates map, and what part of the input a crop takes.
struct Axis {
  int64_t axis, in, out;
  double scale, begin = 0, end = 1;
};

double sourceOf(const Interpolation &how, const Axis &a, double i) {
  double width = a.scale * a.in;
  if (how.place == "asymmetric")
    return i / a.scale;
  if (how.place == "align_corners")
    return width == 1 ? 0 : i * (a.in - 1) / (width - 1);
  if (how.place == "tf_crop_and_resize") {
    double at = width == 1 ? (a.end - a.begin) * (a.in - 1) / 2
                           : i * (a.end - a.begin) * (a.in - 1) / (width - 1);
    return at + a.begin * (a.in - 1);
  }
  if (how.place == "pytorch_half_pixel" && width == 1)
    return -0.5;
  double at = (i + 0.5) / a.scale - 0.5;
  if (how.place == "half_pixel_symmetric")
    at += a.in / 2.0 * (1 - a.out / width);
  return at;
}

double cubicWeight(double x, double a) {
  x = std::fabs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// The weight of each input element (which may lie outside) for the output element at `at`.
SmallVector<std::pair<int64_t, double>> weights(const Interpolation &how, const Axis &a,
                                                double at) {
  bool isCubic = how.mode == "cubic";
  double scale = how.antialias ? std::min(a.scale, 1.0) : 1, support = (isCubic ? 2 : 1) / scale;
  SmallVector<std::pair<int64_t, double>> result;
  double total = 0;
  for (int64_t j = std::ceil(at - support); j <= std::floor(at + support); ++j) {
    double distance = (j - at) * scale;
    double weight =
        isCubic ? cubicWeight(distance, how.cubic) : std::max(0.0, 1 - std::fabs(distance));
    if (weight == 0 || (how.excludeOutside && (j < 0 || j >= a.in)))
      continue;
    result.push_back({j, weight});
    total += weight;
  }
  if (how.excludeOutside || how.antialias)
    for (auto &[j, weight] : result)
      weight /= total == 0 ? 1 : total;
  return result;
}

int64_t nearestOf(StringRef mode, double at) {
  if (mode == "floor")
    return std::floor(at);
  if (mode == "ceil")
    return std::ceil(at);
  return mode == "round_prefer_ceil" ? std::floor(at + 0.5) : std::ceil(at - 0.5);
}

Value interpolate(Ops &o, Value x, const Interpolation &how, const Axis &a) {
  if (!x)
    return x;
  int64_t rank = Ops::rank(x);
  auto clamp = [&](int64_t j) { return std::clamp<int64_t>(j, 0, a.in - 1); };
  SmallVector<double> outside;
  Value y;
  if (how.mode == "nearest") {
    Ints source;
    for (int64_t i = 0; i < a.out; ++i)
      source.push_back(clamp(nearestOf(how.nearest, sourceOf(how, a, i))));
    y = o.gather(x, source, a.axis);
  } else {
    std::vector<SmallVector<std::pair<int64_t, double>>> rows;
    size_t most = 0;
    for (int64_t i = 0; i < a.out; ++i) {
      rows.push_back(weights(how, a, sourceOf(how, a, i)));
      most = std::max(most, rows.back().size());
    }
    if (most <= 4) {
      for (size_t k = 0; k < most; ++k) {
        Ints source;
        SmallVector<double> factor;
        for (const auto &row : rows) {
          source.push_back(k < row.size() ? clamp(row[k].first) : 0);
          factor.push_back(k < row.size() ? row[k].second : 0);
        }
        Value w = o.alongAxis(o.reals(factor, {a.out}, Ops::element(x)), a.axis, rank);
        Value part = o.mul(o.gather(x, source, a.axis), w);
        y = y ? o.add(y, part) : part;
      }
    } else {
      SmallVector<double> matrix(a.in * a.out, 0);
      for (auto [i, row] : llvm::enumerate(rows))
        for (auto [j, weight] : row)
          matrix[clamp(j) * a.out + i] += weight;
      Value w = o.reals(matrix, {a.in, a.out}, Ops::element(x));
      y = o.swapAxes(o.matmul(o.swapAxes(x, a.axis, rank - 1), w), a.axis, rank - 1);
    }
  }
  if (how.place != "tf_crop_and_resize")
    return y;
  Ints inside;
  for (int64_t i = 0; i < a.out; ++i) {
    double at = sourceOf(how, a, i);
    inside.push_back(at >= 0 && at <= a.in - 1);
  }
  Value keep = o.alongAxis(o.ints(inside, {a.out}, o.i1()), a.axis, rank);
  return o.where(keep, y, o.scalar(how.outside, Ops::element(x)));
}

LogicalResult resizeAxes(Node &n, Ops &o, Value x, const Interpolation &how, ArrayRef<Axis> axes) {
  if (how.mode != "nearest" && how.mode != "linear" && how.mode != "cubic")
    return n.error("mode is '") << how.mode << "'";
  Type type = Ops::element(x);
  // Integers are interpolated as numbers and cut off in the end.
  bool isWhole = how.mode != "nearest" && !isa<FloatType>(type);
  Value y = isWhole ? o.cast(x, o.f32()) : x;
  for (const Axis &a : axes) {
    if (a.in < 1 || a.out < 0 || a.out > (1 << 20))
      return n.error("cannot resize axis ") << a.axis << " of size " << a.in << " to " << a.out;
    bool isWholeAxis = a.begin == 0 && a.end == 1;
    if (a.scale != 1 || a.out != a.in || (how.place == "tf_crop_and_resize" && !isWholeAxis))
      y = interpolate(o, y, how, a);
  }
  return n.result(o.cast(y, type));
}

LogicalResult resize(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  if (!Ops::isStatic(x))
    return n.error("the sizes must be known: give --shape");
  Interpolation how;
  how.mode = n.s("mode", "nearest");
  how.place = n.opset < 11 ? "asymmetric" : n.s("coordinate_transformation_mode", "half_pixel");
  how.nearest = n.opset < 11 ? "floor" : n.s("nearest_mode", "round_prefer_floor");
  how.cubic = n.f("cubic_coeff_a", -0.75);
  how.outside = n.f("extrapolation_value", 0);
  how.excludeOutside = n.i("exclude_outside", 0);
  how.antialias = n.i("antialias", 0);
  int64_t rank = Ops::rank(x);
  Ints all;
  for (int64_t i = 0; i < rank; ++i)
    all.push_back(i);
  FailureOr<Ints> named = n.axes(n.is("axes", all), rank);
  if (failed(named))
    return failure();
  size_t scaleAt = n.opset < 11 ? 1 : 2;
  FailureOr<SmallVector<double>> scales = SmallVector<double>(), crop = SmallVector<double>();
  if (n.opset < 10 && n.hasAttr("scales"))
    scales = *n.fs("scales");
  else if (n.has(scaleAt) && failed(scales = n.reals(scaleAt)))
    return failure();
  if (how.place == "tf_crop_and_resize" && n.has(1) && failed(crop = n.reals(1)))
    return failure();
  FailureOr<Ints> sizes = Ints();
  if (scales->empty() && n.has(3) && failed(sizes = n.ints(3)))
    return failure();
  size_t count = named->size();
  if ((scales->empty() ? sizes->size() : scales->size()) != count ||
      (!crop->empty() && crop->size() != 2 * count))
    return n.error("has ") << (scales->empty() ? sizes->size() : scales->size())
                           << " scales or sizes for " << count << " axes";
  std::string policy = n.s("keep_aspect_ratio_policy", "stretch");
  double common = 0;
  if (scales->empty() && policy != "stretch")
    for (auto [i, axis] : llvm::enumerate(*named)) {
      double scale = static_cast<double>((*sizes)[i]) / Ops::shape(x)[axis];
      bool first = i == 0;
      common = first                    ? scale
               : policy == "not_larger" ? std::min(common, scale)
                                        : std::max(common, scale);
    }
  SmallVector<Axis> axes;
  for (auto [i, axis] : llvm::enumerate(*named)) {
    int64_t in = Ops::shape(x)[axis];
    Axis a{axis, in, 0, 1};
    if (!scales->empty()) {
      a.scale = (*scales)[i];
      a.out = std::floor(a.scale * in);
    } else if (policy == "stretch") {
      a.out = (*sizes)[i];
      a.scale = static_cast<double>(a.out) / in;
    } else {
      a.scale = common;
      a.out = std::floor(common * in + 0.5);
    }
    if (!(a.scale > 0))
      return n.error("the scale of axis ") << axis << " is " << std::to_string(a.scale);
    if (!crop->empty()) {
      a.begin = (*crop)[i];
      a.end = (*crop)[i + count];
    }
    axes.push_back(a);
  }
  return resizeAxes(n, o, x, how, axes);
}

} // namespace

void fnc::onnx_import::addResizeOps(OpTable &table) {
  table[":Resize"] = resize;
  table[":Upsample"] = resize;
}
