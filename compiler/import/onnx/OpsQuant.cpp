//===- OpsQuant.cpp - quantized numbers and integer products --------------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/SmallTypes.h"
#include "compiler/import/onnx/Tensors.h"

using namespace mlir;
using namespace fnc::onnx_import;

Value fnc::onnx_import::quantized(Ops &o, Value x, Value scale, Value zero, Type type) {
  Value y = o.make<fn::RoundOp>({o.div(x, scale)});
  if (zero && y)
    y = o.add(y, o.cast(zero, Ops::element(y)));
  return o.cast(y, type);
}

Quantized fnc::onnx_import::dynamicallyQuantized(Ops &o, Value x) {
  if (!x)
    return {};
  Ints all;
  for (int64_t i = 0; i < Ops::rank(x); ++i)
    all.push_back(i);
  // The range holds 0, so that 0 is exact.
  Value high = o.maximum(o.reduce<fn::ReduceMaxOp>(x, all, false), 0.0);
  Value low = o.minimum(o.reduce<fn::ReduceMinOp>(x, all, false), 0.0);
  Value scale = o.div(o.sub(high, low), 255.0);
  // All zeros: any scale will do.
  scale = o.where(o.equal(scale, 0.0), o.scalar(1, Ops::element(x)), scale);
  Type type = o.b.getIntegerType(8, false);
  Value zero = quantized(o, o.negate(low), scale, {}, type);
  return {quantized(o, x, scale, zero, type), scale, zero};
}

Value fnc::onnx_import::centred(Ops &o, Value x, Value zero, bool perRow, bool perChannel) {
  x = o.cast(x, o.i32());
  if (!zero || !x)
    return x;
  zero = o.cast(zero, o.i32());
  if (Ops::rank(zero) == 1) {
    if (Ops::shape(zero)[0] == 1)
      zero = o.reshape(zero, {});
    else if (perRow)
      zero = o.expand(zero, {1});
    else if (perChannel)
      zero = o.alongAxis(zero, 0, Ops::rank(x));
  }
  return o.sub(x, zero);
}

Value fnc::onnx_import::scalarLike(Ops &o, Value x) {
  return x && Ops::isStatic(x) && Ops::type(x).getNumElements() == 1 ? o.reshape(x, {}) : x;
}

namespace {

/// A scale or zero point as it meets x: one number, one per index of `axis`, or one per block of
/// `block` along it.
Value spread(Ops &o, Value parameter, Value x, int64_t axis, int64_t block) {
  if (!parameter || !x)
    return {};
  int64_t rank = Ops::rank(x);
  if (Ops::rank(parameter) == 0)
    return parameter;
  if (Ops::rank(parameter) == 1 && block == 0) {
    if (Ops::shape(parameter)[0] == 1)
      return o.reshape(parameter, {});
    return o.alongAxis(parameter, axis, rank);
  }
  if (Ops::rank(parameter) != rank || block < 1 || !Ops::isStatic(parameter) ||
      Ops::shape(x)[axis] == kDynamic)
    return o.error("a scale of rank " + Twine(Ops::rank(parameter)) + " with blocks of " +
                   Twine(block) + " does not fit");
  // Each number is repeated for its block, of which the last may be cut.
  Ints wide(Ops::shape(parameter)), joined(wide);
  wide.insert(wide.begin() + axis + 1, block);
  joined[axis] *= block;
  Value v = o.reshape(o.broadcastTo(o.expand(parameter, {axis + 1}), wide), joined);
  return o.slice(v, axis, 0, Ops::shape(x)[axis]);
}

FailureOr<int64_t> quantAxis(Node &n, Value x, Value scale) {
  if (!x || !scale)
    return failure();
  if (Ops::rank(scale) == 0 || (Ops::rank(scale) == 1 && Ops::shape(scale)[0] == 1))
    return int64_t(0);
  return n.axis(n.i("axis", 1), Ops::rank(x));
}

bool isSmall(Type type) { return type.getIntOrFloatBitWidth() <= 8 && !type.isInteger(1); }

/// The type that an attribute names, or nothing.
FailureOr<Type> namedType(Node &n, Ops &o, StringRef attribute) {
  int64_t given = n.i(attribute, 0);
  if (given == 0)
    return Type();
  Type small = smallType(o.b.getContext(), given);
  return small ? small : checkedElementType(o.loc, given);
}

LogicalResult quantizeLinear(Node &n, Ops &o) {
  Value x = n.in(0), scale = n.stored(1);
  FailureOr<Type> type = namedType(n, o, "output_dtype"), precision = namedType(n, o, "precision");
  if (failed(type) || failed(precision) || !scale)
    return failure();
  // The quotient is taken as f32 at least: integers of 16 bits are beyond f16.
  Type wide = *precision ? *precision
              : !x || !Ops::isFloat(x) || Ops::element(x).getIntOrFloatBitWidth() < 32
                  ? o.f32()
                  : Ops::element(x);
  if (Type small = n.small(1))
    scale = decoded(o, scale, small, wide);
  FailureOr<int64_t> axis = quantAxis(n, x, scale);
  if (failed(axis))
    return failure();
  Value zero = n.has(2) ? n.stored(2) : Value();
  if (zero)
    type = n.small(2) ? n.small(2) : Ops::element(zero);
  else if (!*type)
    type = o.b.getIntegerType(8, /*isSigned=*/false);
  int64_t block = n.i("block_size", 0);
  Value s = o.cast(spread(o, scale, x, *axis, block), wide);
  Value z = zero ? spread(o, zero, x, *axis, block) : Value();
  x = o.cast(x, wide);
  if (isa<IntegerType>(*type) && type->getIntOrFloatBitWidth() >= 8)
    return n.result(quantized(o, x, s, z, *type));
  if (!isSmall(*type))
    return n.error("quantizes to ")
           << *type << ", expected an integer or a float of 8 bits or less";
  Value y = o.div(x, s);
  if (z)
    z = decoded(o, z, *type, wide);
  if (isa<FloatType>(*type))
    return n.set(0, Item(encoded(o, z ? o.add(y, z) : y, *type, n.i("saturate", 1)), *type));
  y = o.make<fn::RoundOp>({y});
  if (z)
    y = o.add(y, z);
  auto [least, greatest] = integerRange(*type);
  return n.set(0, Item(encoded(o, o.minimum(o.maximum(y, least), greatest), *type), *type));
}

LogicalResult dequantizeLinear(Node &n, Ops &o) {
  Value x = n.stored(0), scale = n.stored(1);
  FailureOr<Type> given = namedType(n, o, "output_dtype");
  if (failed(given) || !x || !scale)
    return failure();
  int64_t block = n.i("block_size", 0);
  if (Type small = n.small(1))
    scale = decoded(o, scale, small, o.f32());
  FailureOr<int64_t> axis = quantAxis(n, x, scale);
  if (failed(axis) || !scale)
    return failure();
  Type type = Ops::element(scale), wide = type.getIntOrFloatBitWidth() < 32 ? o.f32() : type;
  Type small = n.small(0);
  Value y = small && isa<FloatType>(small) ? decoded(o, x, small, wide) : x;
  if (n.has(2)) {
    // The difference of two bytes needs more than a byte.
    Value zero = spread(o, n.stored(2), x, *axis, block);
    Type between = Ops::isFloat(y) ? wide : o.i32();
    if (small && isa<FloatType>(small))
      zero = decoded(o, zero, small, wide);
    y = o.sub(o.cast(y, between), o.cast(zero, between));
  }
  y = o.mul(o.cast(y, wide), o.cast(spread(o, scale, x, *axis, block), wide));
  return n.result(o.cast(y, *given ? *given : type));
}

LogicalResult dynamicQuantizeLinear(Node &n, Ops &o) {
  Quantized q = dynamicallyQuantized(o, n.in(0));
  if (failed(n.set(0, q.values)) || failed(n.set(1, q.scale)))
    return failure();
  return n.set(2, q.zero);
}

//===----------------------------------------------------------------------===//
// Integer products
//===----------------------------------------------------------------------===//

// Sums of integers up to here are exact in f32, in any order: its units multiply faster than those
// for integers.
constexpr double mostExact = 1 << 24;

/// The largest |value - zero point|.
double rangeOf(const Bytes &x) {
  auto [low, high] = integerRange(Ops::element(x.values));
  std::optional<Ints> zero = x.zero ? Ops::knownInts(x.zero) : Ints{0};
  if (!zero)
    return high - low;
  double range = 0;
  for (int64_t z : *zero)
    range = std::max({range, high - static_cast<double>(z), static_cast<double>(z) - low});
  return range;
}

/// The largest sum of |value - zero point| over the terms [begin, end) of `axis` that meet in one
/// result; `alsoInner`: all dimensions after it are terms, too.
double weightOf(const Bytes &x, int64_t axis, bool alsoInner, int64_t begin, int64_t end) {
  ArrayRef<int64_t> shape = Ops::shape(x.values);
  int64_t outer = 1, inner = 1;
  for (int64_t size : shape.take_front(axis))
    outer *= size;
  for (int64_t size : shape.drop_front(axis + 1))
    inner *= size;
  DenseElementsAttr known = Ops::known(x.values);
  std::optional<Ints> zero = x.zero ? Ops::knownInts(x.zero) : Ints{0};
  // Zero points per channel are rarely others than 0.
  if (!known || known.isSplat() || !zero || zero->empty() || !llvm::all_equal(*zero))
    return static_cast<double>((end - begin) * (alsoInner ? inner : 1)) * rangeOf(x);
  bool isSigned = !Ops::element(x.values).isUnsignedInteger();
  const char *raw = known.getRawData().data();
  int64_t largest = 0;
  std::vector<int64_t> sums(alsoInner ? 1 : inner);
  for (int64_t o = 0; o < outer; ++o) {
    llvm::fill(sums, 0);
    for (int64_t term = begin; term < end; ++term)
      for (int64_t i = 0; i < inner; ++i) {
        char byte = raw[(o * shape[axis] + term) * inner + i];
        int64_t value = isSigned ? static_cast<int8_t>(byte) : static_cast<uint8_t>(byte);
        sums[alsoInner ? 0 : i] += std::abs(value - zero->front());
      }
    for (int64_t sum : sums)
      largest = std::max(largest, sum);
  }
  return static_cast<double>(largest);
}

/// Known bytes less their one zero point as signed bytes, where they are in reach; else `x` itself.
Bytes recentred(Ops &o, const Bytes &x) {
  DenseElementsAttr known = Ops::known(x.values);
  std::optional<Ints> zero = x.zero ? Ops::knownInts(x.zero) : Ints{0};
  bool isSigned = !Ops::element(x.values).isUnsignedInteger();
  if (!known || known.isSplat() || !zero || zero->empty() || !llvm::all_equal(*zero))
    return x;
  int64_t z = zero->front();
  if (isSigned && z == 0)
    return {x.values, {}};
  std::vector<char> bytes;
  bytes.reserve(known.getRawData().size());
  for (char byte : known.getRawData()) {
    int64_t value = (isSigned ? static_cast<int8_t>(byte) : static_cast<uint8_t>(byte)) - z;
    if (value < -128 || value > 127)
      return x;
    bytes.push_back(static_cast<char>(value));
  }
  auto type = RankedTensorType::get(Ops::shape(x.values), o.b.getI8Type());
  return {o.constant(DenseElementsAttr::getFromRawBuffer(type, bytes)), {}};
}

/// The numbers that bytes stand for, in f32, less their zero points: of signed bytes in one
/// conversion, which products can make for themselves.
Value inFloats(Ops &o, const Bytes &x, Value centredValues) {
  bool isPlain = !x.zero && Ops::element(x.values).isSignlessInteger(8);
  return o.cast(isPlain ? x.values : centredValues, o.f32());
}

bool areBytes(const Bytes &x) {
  return x.values && Ops::element(x.values).getIntOrFloatBitWidth() == 8 &&
         isa<IntegerType>(Ops::element(x.values));
}

} // namespace

Value fnc::onnx_import::byteMatmul(Ops &o, Bytes a, Bytes b) {
  if (areBytes(b))
    b = recentred(o, b);
  Value x = centred(o, a.values, a.zero, true, false);
  Value y = centred(o, b.values, b.zero, false, false);
  if (!x || !y)
    return {};
  int64_t rank = Ops::rank(y), terms = rank < 2 ? kDynamic : Ops::shape(y)[rank - 2];
  if (!areBytes(a) || !areBytes(b) || Ops::rank(x) < 2 || !Ops::isStatic(y) || terms < 1)
    return o.matmul(x, y);
  // Few enough terms at a time.
  int64_t step = terms, least = 128;
  double range = rangeOf(a);
  auto fits = [&] {
    for (int64_t begin = 0; begin < terms; begin += step)
      if (weightOf(b, rank - 2, false, begin, std::min(terms, begin + step)) * range > mostExact)
        return false;
    return true;
  };
  while (!fits()) {
    if (step < 2 * least)
      return o.matmul(x, y);
    step = (step + 1) / 2;
  }
  x = o.cast(x, o.f32());
  y = inFloats(o, b, y);
  if (step == terms)
    return o.matmul(x, y);
  Value sum;
  for (int64_t begin = 0; begin < terms; begin += step) {
    int64_t end = std::min(terms, begin + step);
    Value part =
        o.cast(o.matmul(o.slice(x, Ops::rank(x) - 1, begin, end), o.slice(y, rank - 2, begin, end)),
               o.i32());
    sum = sum ? o.add(sum, part) : part;
  }
  return sum;
}

namespace {

/// The convolution of bytes less their zero points, as i32 or a float that holds it.
Value byteConvolution(Node &n, Ops &o, Bytes input, Bytes weights) {
  if (areBytes(weights))
    weights = recentred(o, weights);
  Value x = centred(o, input.values, input.zero, false, false);
  Value filter = centred(o, weights.values, weights.zero, false, true);
  if (!x || !filter)
    return {};
  int64_t rank = Ops::rank(filter);
  if (Ops::rank(x) < 3 || Ops::rank(x) > 5 || rank != Ops::rank(x) || !Ops::isStatic(filter))
    return o.error("has an input of rank " + Twine(Ops::rank(x)) + " and a filter of rank " +
                   Twine(rank));
  FailureOr<Windows> w = windows(n, Ops::shape(x).drop_front(2), Ops::shape(filter).drop_front(2));
  if (failed(w))
    return {};
  // Forms of 3x3 convolutions with fewer products would round.
  bool mayRound = llvm::all_of(w->size, [](int64_t size) { return size == 3; });
  if (areBytes(input) && areBytes(weights) && !mayRound &&
      weightOf(weights, 1, true, 0, Ops::shape(filter)[1]) * rangeOf(input) <= mostExact) {
    x = o.cast(x, o.f32());
    filter = inFloats(o, weights, filter);
  }
  return convolution(o, x, filter, *w, n.i("group", 1));
}

LogicalResult matmulInteger(Node &n, Ops &o) {
  Value y = byteMatmul(o, {n.in(0), n.has(2) ? n.in(2) : Value()},
                       {n.in(1), n.has(3) ? n.in(3) : Value()});
  return n.result(o.cast(y, o.i32()));
}

LogicalResult convInteger(Node &n, Ops &o) {
  Value y = byteConvolution(n, o, {n.in(0), n.has(2) ? n.in(2) : Value()},
                            {n.in(1), n.has(3) ? n.in(3) : Value()});
  return n.result(o.cast(y, o.i32()));
}

/// A sum of integers in the units of the result.
Value requantized(Ops &o, Value sum, Value factor, Value zero) {
  Value y = o.make<fn::RoundOp>({o.mul(o.cast(sum, o.f32()), factor)});
  return y && zero ? o.cast(o.add(y, o.cast(zero, o.f32())), Ops::element(zero)) : Value();
}

LogicalResult qLinearMatmul(Node &n, Ops &o) {
  Value zero = n.in(7), aScale = n.in(1), bScale = n.in(4), yScale = n.in(6);
  Value sum = byteMatmul(o, {n.in(0), n.in(2)}, {n.in(3), n.in(5)});
  if (!sum || !aScale || !bScale || !yScale || !zero)
    return failure();
  auto one = [&](Value v) { return o.cast(v, o.f32()); };
  if (Ops::rank(aScale) == 1)
    aScale = Ops::shape(aScale)[0] == 1 ? o.reshape(aScale, {}) : o.expand(aScale, {1});
  Value factor = o.div(o.mul(one(aScale), one(bScale)), one(yScale));
  return n.result(requantized(o, sum, factor, zero));
}

LogicalResult qLinearConv(Node &n, Ops &o) {
  Value xScale = n.in(1), wScale = n.in(4), yScale = n.in(6), zero = n.in(7);
  Value sum = byteConvolution(n, o, {n.in(0), n.in(2)}, {n.in(3), n.in(5)});
  if (!sum || !xScale || !wScale || !yScale || !zero)
    return failure();
  if (n.has(8))
    sum = o.add(o.cast(sum, o.i32()), o.alongAxis(n.in(8), 1, Ops::rank(sum)));
  auto one = [&](Value v) {
    return Ops::rank(v) == 1 && Ops::shape(v)[0] == 1 ? o.reshape(v, {}) : v;
  };
  wScale = one(wScale);
  if (Ops::rank(wScale) == 1)
    wScale = o.alongAxis(wScale, 1, Ops::rank(sum));
  return n.result(requantized(o, sum, o.div(o.mul(one(xScale), wScale), one(yScale)), one(zero)));
}

} // namespace

void fnc::onnx_import::addQuantOps(OpTable &table) {
  table[":ConvInteger"] = convInteger;
  table[":DequantizeLinear"] = dequantizeLinear;
  table[":DynamicQuantizeLinear"] = dynamicQuantizeLinear;
  table[":MatMulInteger"] = matmulInteger;
  table[":QLinearConv"] = qLinearConv;
  table[":QLinearMatMul"] = qLinearMatmul;
  table[":QuantizeLinear"] = quantizeLinear;
}
