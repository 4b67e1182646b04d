//===- ByteProducts.cpp - products of bytes less their zero points --------===//
//
// The sum of (x - a) * (w - b) is that of x * w, less a times the sum of w, less b times the sum of
// x, plus the number of terms times a * b. The first is what processors have instructions for; the
// sums of w are known where w is.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

bool areBytes(const Bytes &x) {
  return x.values && Ops::element(x.values).getIntOrFloatBitWidth() == 8 &&
         isa<IntegerType>(Ops::element(x.values));
}

bool isUnsigned(Value x) { return Ops::element(x).isUnsignedInteger(); }

/// The one zero point of `x`, if it is known.
std::optional<int64_t> knownZero(const Bytes &x) {
  if (!x.zero)
    return 0;
  std::optional<Ints> zero = Ops::knownInts(x.zero);
  return zero && !zero->empty() && llvm::all_equal(*zero) ? std::optional(zero->front())
                                                          : std::nullopt;
}

/// Known bytes as signed ones, less their one zero point where all are in reach, else with one of
/// their own.
Bytes asSigned(Ops &o, const Bytes &x) {
  DenseElementsAttr known = Ops::known(x.values);
  std::optional<int64_t> zero = knownZero(x);
  if (!known || (!isUnsigned(x.values) && zero == 0))
    return {x.values, zero == 0 ? Value() : x.zero};
  auto shifted = [&](int64_t by) -> Value {
    std::vector<char> bytes;
    bytes.reserve(known.getRawData().size());
    for (char byte : known.getRawData()) {
      int64_t value =
          (isUnsigned(x.values) ? static_cast<uint8_t>(byte) : static_cast<int8_t>(byte)) - by;
      if (value < -128 || value > 127)
        return {};
      bytes.push_back(static_cast<char>(value));
    }
    auto type = RankedTensorType::get(Ops::shape(x.values), o.b.getI8Type());
    return o.constant(DenseElementsAttr::getFromRawBuffer(type, bytes));
  };
  if (zero)
    if (Value values = shifted(*zero))
      return {values, {}};
  if (!isUnsigned(x.values))
    return x;
  return {shifted(128), x.zero ? o.sub(o.cast(x.zero, o.i32()), 128.0) : o.scalar(-128, o.i32())};
}

/// The sums over all dimensions from `first` on, or over that one alone, as i32.
Value sums(Ops &o, Value bytes, int64_t first, bool alsoInner, bool keepDims) {
  Ints axes, kept;
  int64_t outer = 1, middle = 1, inner = 1;
  for (auto [i, size] : llvm::enumerate(Ops::shape(bytes))) {
    bool summed = alsoInner ? int64_t(i) >= first : int64_t(i) == first;
    if (summed)
      axes.push_back(i);
    if (!summed || keepDims)
      kept.push_back(summed ? 1 : size);
    (summed ? middle : int64_t(i) < first ? outer : inner) *= size;
  }
  DenseElementsAttr known = Ops::known(bytes);
  if (!known)
    return o.sum(o.cast(bytes, o.i32()), axes, keepDims);
  std::vector<int32_t> made(outer * inner);
  const char *raw = known.getRawData().data();
  int64_t step = known.isSplat() ? 0 : 1;
  for (int64_t i = 0, n = 0; i < outer; ++i)
    for (int64_t j = 0; j < middle; ++j)
      for (int64_t k = 0; k < inner; ++k, ++n)
        made[i * inner + k] += isUnsigned(bytes) ? static_cast<uint8_t>(raw[n * step])
                                                 : static_cast<int8_t>(raw[n * step]);
  return o.constant(
      DenseElementsAttr::get(RankedTensorType::get(kept, o.i32()), ArrayRef<int32_t>(made)));
}

/// A zero point as i32: a scalar, or as it meets a result, one per row or column of a matrix or per
/// channel; nothing where it is known to be 0.
enum class Along { Rows, Columns, Channels };
Value zeroOf(Ops &o, const Bytes &x, Along along, int64_t rank) {
  if (knownZero(x) == 0)
    return {};
  Value zero = o.cast(scalarLike(o, x.zero), o.i32());
  if (!zero || Ops::rank(zero) != 1)
    return zero;
  return along == Along::Rows      ? o.expand(zero, {1})
         : along == Along::Columns ? zero
                                   : o.alongAxis(zero, 1, rank);
}

/// The input of a convolution with `value` around it, which then is part of no window's padding.
Value padded(Ops &o, Value x, Value value, Windows &w) {
  Ints low{0, 0}, high{0, 0};
  low.append(w.low);
  high.append(w.high);
  w.low.assign(w.low.size(), 0);
  w.high.assign(w.high.size(), 0);
  return o.pad(x, value, low, high);
}

/// What each window of a group sees, added up as i32: once for all channels of the result, or for
/// each of `channels` where there are groups. Around `x` lies `zero`, or 0.
Value windowSums(Ops &o, Value x, Value zero, Windows w, int64_t groups, int64_t channels) {
  int64_t perGroup = Ops::shape(x)[1] / groups;
  x = o.cast(x, o.i32());
  if (groups == 1) {
    x = o.sum(x, {1}, /*keepDims=*/true);
  } else {
    Ints apart(Ops::shape(x));
    apart[1] /= groups;
    apart.insert(apart.begin() + 1, groups);
    x = o.sum(o.reshape(x, apart), {2});
  }
  if (zero && perGroup > 0)
    x = padded(o, x, o.mul(zero, static_cast<double>(perGroup)), w);
  auto isAll = [](ArrayRef<int64_t> list, int64_t value) {
    return llvm::all_of(list, [&](int64_t each) { return each == value; });
  };
  if (!isAll(w.size, 1) || !isAll(w.strides, 1) || !isAll(w.low, 0) || !isAll(w.high, 0)) {
    Ints ones{groups, 1};
    ones.append(w.size);
    x = convolution(o, x, o.splat(1, ones, o.i32()), w, groups);
  }
  if (!x || groups == 1 || groups == channels)
    return x;
  Ints apart(Ops::shape(x)), together(apart);
  apart.insert(apart.begin() + 2, channels / groups);
  together[1] = channels;
  return o.reshape(o.broadcastTo(o.expand(x, {2}), apart), together);
}

} // namespace

Value fnc::onnx_import::byteMatmul(Ops &o, Bytes a, Bytes b) {
  int64_t rankA = a.values ? Ops::rank(a.values) : 0, rankB = b.values ? Ops::rank(b.values) : 0;
  if (!areBytes(a) || !areBytes(b) || rankA < 2 || rankB < 2)
    return o.matmul(centred(o, a.values, a.zero, true, false),
                    centred(o, b.values, b.zero, false, false));
  b = asSigned(o, b);
  Value sum = o.make<fn::MatmulOp>({a.values, b.values}, {o.unit("wide")});
  Value zeroA = zeroOf(o, a, Along::Rows, rankA), zeroB = zeroOf(o, b, Along::Columns, rankB);
  if (zeroA)
    sum = o.sub(sum, o.mul(zeroA, sums(o, b.values, rankB - 2, false, /*keepDims=*/true)));
  if (zeroB)
    sum = o.sub(sum, o.mul(zeroB, sums(o, a.values, rankA - 1, false, /*keepDims=*/true)));
  if (zeroA && zeroB)
    sum = o.add(sum, o.mul(o.mul(zeroA, zeroB), o.sizeOf(a.values, rankA - 1, o.i32())));
  return sum;
}

Value fnc::onnx_import::byteConvolution(Node &n, Ops &o, Bytes input, Bytes weights) {
  if (!input.values || !weights.values)
    return {};
  int64_t rank = Ops::rank(weights.values);
  if (Ops::rank(input.values) < 3 || Ops::rank(input.values) > 5 ||
      rank != Ops::rank(input.values) || !Ops::isStatic(weights.values))
    return o.error("has an input of rank " + Twine(Ops::rank(input.values)) +
                   " and a filter of rank " + Twine(rank));
  FailureOr<Windows> w =
      windows(n, Ops::shape(input.values).drop_front(2), Ops::shape(weights.values).drop_front(2));
  if (failed(w))
    return {};
  int64_t groups = n.i("group", 1);
  Value x = input.values;
  // Sums of what windows see, by groups, take known sizes.
  bool haveBytes = areBytes(input) && areBytes(weights) &&
                   (knownZero(weights) == 0 || (groups == 1 && Ops::shape(x)[1] != kDynamic) ||
                    Ops::isStatic(x));
  if (!haveBytes)
    return convolution(o, centred(o, x, input.zero, false, false),
                       centred(o, weights.values, weights.zero, false, true), *w, groups);
  weights = asSigned(o, weights);
  Value zero = zeroOf(o, input, Along::Channels, rank);
  if (zero && Ops::rank(zero) != 0)
    return o.error("has " + Twine(Ops::type(zero).getNumElements()) +
                   " zero points of its input, expected one");
  // Around the input lies what stands for 0.
  Windows inside = *w;
  if (zero)
    x = padded(o, x, o.cast(zero, Ops::element(x)), inside);
  Value sum = convolution(o, x, weights.values, inside, groups, /*wide=*/true);
  if (zero)
    sum = o.sub(sum, o.mul(zero, o.alongAxis(sums(o, weights.values, 1, true, false), 1, rank)));
  Value weightZero = zeroOf(o, weights, Along::Channels, rank);
  if (!weightZero || !sum)
    return sum;
  sum = o.sub(sum,
              o.mul(weightZero, windowSums(o, input.values, zero, *w, groups, Ops::shape(sum)[1])));
  if (!zero)
    return sum;
  int64_t terms = Ops::type(weights.values).getNumElements() / Ops::shape(weights.values)[0];
  return o.add(sum, o.mul(o.mul(zero, weightZero), static_cast<double>(terms)));
}
