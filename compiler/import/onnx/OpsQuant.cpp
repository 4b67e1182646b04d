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
  if (isa<IntegerType>(*type) && type->getIntOrFloatBitWidth() >= 8) {
    bool ofBytes = type->getIntOrFloatBitWidth() == 8 && block == 0 && s && Ops::rank(s) == 0 &&
                   Ops::element(s).isF32();
    if (Value y = ofBytes ? requantized(n, o, n.in(0), s, z, *type) : Value())
      return n.result(y);
    return n.result(quantized(o, x, s, z, *type));
  }
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
  // What may stand for numbers in products: bytes, and biases of i32.
  Type element = Ops::element(x);
  bool isPlain = block == 0 && !small && type.isF32() && (!*given || given->isF32()) &&
                 isa<IntegerType>(element) &&
                 (element.getIntOrFloatBitWidth() == 8 || element.isSignlessInteger(32)) &&
                 Ops::rank(scale) <= 1;
  if (isPlain)
    return n.result(dequantize(
        n, o, {x, scalarLike(o, scale), n.has(2) ? scalarLike(o, n.stored(2)) : Value(), *axis}));
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

LogicalResult matmulInteger(Node &n, Ops &o) {
  Value y = byteMatmul(o, {n.in(0), n.has(2) ? n.in(2) : Value()},
                       {n.in(1), n.has(3) ? n.in(3) : Value()});
  return n.result(y);
}

LogicalResult convInteger(Node &n, Ops &o) {
  Value y = byteConvolution(n, o, {n.in(0), n.has(2) ? n.in(2) : Value()},
                            {n.in(1), n.has(3) ? n.in(3) : Value()});
  return n.result(y);
}

/// A sum of integers in the units of the result.
Value inUnits(Ops &o, Value sum, Value factor, Value zero) {
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
  return n.result(inUnits(o, sum, factor, zero));
}

LogicalResult qLinearConv(Node &n, Ops &o) {
  Value xScale = n.in(1), wScale = n.in(4), yScale = n.in(6), zero = n.in(7);
  Value sum = byteConvolution(n, o, {n.in(0), n.in(2)}, {n.in(3), n.in(5)});
  if (!sum || !xScale || !wScale || !yScale || !zero)
    return failure();
  if (n.has(8))
    sum = o.add(sum, o.alongAxis(n.in(8), 1, Ops::rank(sum)));
  auto one = [&](Value v) {
    return Ops::rank(v) == 1 && Ops::shape(v)[0] == 1 ? o.reshape(v, {}) : v;
  };
  wScale = one(wScale);
  if (Ops::rank(wScale) == 1)
    wScale = o.alongAxis(wScale, 1, Ops::rank(sum));
  return n.result(inUnits(o, sum, o.div(o.mul(one(xScale), wScale), one(yScale)), one(zero)));
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
