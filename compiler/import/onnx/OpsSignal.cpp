//===- OpsSignal.cpp - Fourier transforms and windows ---------------------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/Tensors.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// A transform by matrices: their elements are known, and there are n^2 of them.
constexpr int64_t maxLength = 4096;

struct Fourier {
  int64_t length; ///< of the whole spectrum or signal
  bool inverse = false, onesided = false;
};

/// Rows of `from` elements to `to`: the matrix of cosines or sines, [from, to].
Value wave(Ops &o, const Fourier &f, int64_t from, int64_t to, bool sine, Type type) {
  SmallVector<double> matrix;
  for (int64_t j = 0; j < from; ++j)
    for (int64_t k = 0; k < to; ++k) {
      // Exact for any size: the phase is taken modulo one turn first.
      double phase = 2 * std::numbers::pi * static_cast<double>(j * k % f.length) / f.length;
      double value = sine ? std::sin(phase) : std::cos(phase);
      if (f.inverse) {
        value /= f.length;
        // Of a half spectrum the other half is the mirror image.
        if (f.onesided && j != 0 && 2 * j != f.length)
          value *= 2;
      }
      matrix.push_back(value);
    }
  return o.reals(matrix, {from, to}, type);
}

/// Of the last axis of `re` and `im` (which may be null); gives both parts.
std::pair<Value, Value> transform(Ops &o, const Fourier &f, Value re, Value im) {
  if (!re)
    return {};
  int64_t last = Ops::rank(re) - 1, in = f.onesided && f.inverse ? f.length / 2 + 1 : f.length;
  int64_t out = f.onesided && !f.inverse ? f.length / 2 + 1 : f.length, have = Ops::shape(re)[last];
  auto fitted = [&](Value v) -> Value {
    if (!v || have == in)
      return v;
    if (have > in)
      return o.slice(v, last, 0, in);
    Ints low(last + 1, 0), high(last + 1, 0);
    high[last] = in - have;
    return o.pad(v, o.scalar(0, Ops::element(v)), low, high);
  };
  re = fitted(re);
  im = fitted(im);
  Type type = Ops::element(re);
  Value c = wave(o, f, in, out, false, type), s = wave(o, f, in, out, true, type);
  Value rc = o.matmul(re, c);
  if (f.inverse && f.onesided)
    return {im ? o.sub(rc, o.matmul(im, s)) : rc, Value()};
  Value rs = o.matmul(re, s);
  Value realPart = rc, imaginary = f.inverse ? rs : o.negate(rs);
  if (im) {
    Value is = o.matmul(im, s), ic = o.matmul(im, c);
    realPart = f.inverse ? o.sub(rc, is) : o.add(rc, is);
    imaginary = o.add(imaginary, ic);
  }
  return {realPart, imaginary};
}

LogicalResult dft(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t rank = Ops::rank(x), given = n.i("axis", n.opset < 20 ? 1 : -2);
  if (n.opset >= 20 && n.has(2)) {
    FailureOr<Ints> known = n.ints(2);
    if (failed(known))
      return failure();
    given = known->empty() ? -2 : known->front();
  }
  FailureOr<int64_t> axis = n.axis(given, rank);
  if (failed(axis))
    return failure();
  if (!Ops::isStatic(x) || rank < 2 || *axis == rank - 1 || Ops::shape(x)[rank - 1] > 2)
    return n.error("cannot transform ") << Ops::type(x) << " along axis " << *axis;
  Fourier f;
  f.inverse = n.i("inverse", 0);
  f.onesided = n.i("onesided", 0);
  int64_t size = Ops::shape(x)[*axis];
  f.length = f.inverse && f.onesided ? 2 * (size - 1) : size;
  if (n.has(1)) {
    FailureOr<Ints> known = n.ints(1);
    if (failed(known))
      return failure();
    f.length = known->empty() ? f.length : known->front();
  }
  if (f.length < 1 || f.length > maxLength)
    return n.error("has length ") << f.length << ", expected 1 to " << maxLength;
  auto part = [&](int64_t i) { return o.swapAxes(o.at(x, rank - 1, i), *axis, rank - 2); };
  auto [re, im] = transform(o, f, part(0), Ops::shape(x)[rank - 1] == 2 ? part(1) : Value());
  SmallVector<Value> parts;
  for (Value v : {re, im})
    if (v)
      parts.push_back(o.swapAxes(v, *axis, rank - 2));
  return parts.empty() ? failure() : n.result(o.stack(parts, rank - 1));
}

LogicalResult stft(Node &n, Ops &o) {
  Value x = n.in(0);
  FailureOr<Ints> step = n.ints(1);
  if (!x || failed(step))
    return failure();
  // A signal of real numbers may lack the last dimension.
  if (Ops::rank(x) == 2)
    x = o.expand(x, {2});
  if (Ops::rank(x) != 3 || !Ops::isStatic(x) || step->size() != 1 || step->front() < 1)
    return n.error("cannot transform ") << Ops::type(x);
  Value window = n.has(2) ? n.in(2) : Value();
  int64_t length = window ? Ops::shape(window)[0] : Ops::shape(x)[1];
  if (n.has(3)) {
    FailureOr<Ints> known = n.ints(3);
    if (failed(known))
      return failure();
    length = known->empty() ? length : known->front();
  }
  int64_t whole = Ops::shape(x)[1];
  if (length < 1 || length > maxLength || length > whole ||
      (window && Ops::shape(window)[0] != length))
    return n.error("has frames of ") << length << " in a signal of " << whole;
  int64_t frames = (whole - length) / step->front() + 1;
  Ints places;
  for (int64_t i = 0; i < frames; ++i)
    for (int64_t k = 0; k < length; ++k)
      places.push_back(i * step->front() + k);
  auto framed = [&](int64_t part) {
    // [batch, frames, length]
    Value v = o.gather(o.at(x, 2, part), o.ints(places, {frames, length}, o.i64()), 1);
    return window ? o.mul(v, window) : v;
  };
  Fourier f{length, false, n.i("onesided", 1) != 0};
  auto [re, im] = transform(o, f, framed(0), Ops::shape(x)[2] == 2 ? framed(1) : Value());
  return re ? n.result(o.stack({re, im}, 3)) : failure();
}

/// A sum of cosines, as all the windows are.
LogicalResult window(Node &n, Ops &o, ArrayRef<double> factors) {
  FailureOr<Ints> size = n.ints(0);
  FailureOr<Type> type = checkedElementType(o.loc, n.i("output_datatype", 1));
  if (failed(size) || failed(type))
    return failure();
  if (size->size() != 1 || size->front() < 0 || size->front() > (1 << 24))
    return n.error("needs one size");
  int64_t count = size->front();
  double period = n.i("periodic", 1) ? count : count - 1;
  SmallVector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (auto [k, factor] : llvm::enumerate(factors))
      sum += factor * std::cos(2 * std::numbers::pi * k * i / (period == 0 ? 1 : period));
    values.push_back(sum);
  }
  return n.result(o.reals(values, {count}, *type));
}
LogicalResult hann(Node &n, Ops &o) { return window(n, o, {0.5, -0.5}); }
LogicalResult hamming(Node &n, Ops &o) { return window(n, o, {25.0 / 46, -21.0 / 46}); }
LogicalResult blackman(Node &n, Ops &o) { return window(n, o, {0.42, -0.5, 0.08}); }

/// Triangles that are equally wide in mel.
LogicalResult melWeightMatrix(Node &n, Ops &o) {
  double in[5];
  for (size_t i = 0; i < 5; ++i) {
    FailureOr<SmallVector<double>> value = n.reals(i);
    if (failed(value))
      return failure();
    if (value->size() != 1)
      return n.error("input ") << i << " has " << value->size() << " elements, expected 1";
    in[i] = value->front();
  }
  FailureOr<Type> type = checkedElementType(o.loc, n.i("output_datatype", 1));
  if (failed(type))
    return failure();
  int64_t bins = in[0], length = in[1], spectrum = length / 2 + 1;
  if (bins < 0 || bins > maxLength || length < 0 || length > (1 << 20) || in[2] <= 0)
    return n.error("has ") << bins << " bins of a transform of length " << length;
  double low = 2595 * std::log10(1 + in[3] / 700), high = 2595 * std::log10(1 + in[4] / 700);
  Ints edges;
  for (int64_t i = 0; i < bins + 2; ++i) {
    double mel = i * ((high - low) / (bins + 2)) + low;
    double hertz = 700 * (std::pow(10, mel / 2595) - 1);
    edges.push_back(std::floor((length + 1) * hertz / in[2]));
  }
  SmallVector<double> matrix(spectrum * bins, 0);
  auto put = [&](int64_t row, int64_t column, double value) {
    if (row >= 0 && row < spectrum)
      matrix[row * bins + column] = value;
  };
  for (int64_t i = 0; i < bins; ++i) {
    int64_t from = edges[i], top = edges[i + 1], to = edges[i + 2];
    if (top == from)
      put(top, i, 1);
    for (int64_t j = from; top != from && j <= top; ++j)
      put(j, i, static_cast<double>(j - from) / (top - from));
    for (int64_t j = top; to != top && j < to; ++j)
      put(j, i, static_cast<double>(to - j) / (to - top));
  }
  return n.result(o.reals(matrix, {spectrum, bins}, *type));
}

} // namespace

void fnc::onnx_import::addSignalOps(OpTable &table) {
  table[":BlackmanWindow"] = blackman;
  table[":DFT"] = dft;
  table[":HammingWindow"] = hamming;
  table[":HannWindow"] = hann;
  table[":MelWeightMatrix"] = melWeightMatrix;
  table[":STFT"] = stft;
}
