//===- SmallTypes.cpp - element types of 8 bits and less ------------------===//

#include "compiler/import/onnx/SmallTypes.h"
#include "compiler/import/onnx/FoldArray.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

Type fnc::onnx_import::smallType(MLIRContext *context, int32_t dataType) {
  Builder b(context);
  // Numbers of TensorProto.DataType that the schema at hand may lack.
  switch (dataType) {
  case 17:
    return b.getType<Float8E4M3FNType>();
  case 18:
    return b.getType<Float8E4M3FNUZType>();
  case 19:
    return b.getType<Float8E5M2Type>();
  case 20:
    return b.getType<Float8E5M2FNUZType>();
  case 21:
    return b.getIntegerType(4, /*isSigned=*/false);
  case 22:
    return b.getIntegerType(4);
  case 23:
    return b.getType<Float4E2M1FNType>();
  case 24:
    return b.getType<Float8E8M0FNUType>();
  case 25:
    return b.getIntegerType(2, /*isSigned=*/false);
  case 26:
    return b.getIntegerType(2);
  default:
    return {};
  }
}

Type fnc::onnx_import::storageType(Type small) {
  bool isSigned = isa<IntegerType>(small) && !small.isUnsignedInteger();
  return IntegerType::get(small.getContext(), 8,
                          isSigned ? IntegerType::Signless : IntegerType::Unsigned);
}

std::string fnc::onnx_import::unpacked(Type small, StringRef packed, uint64_t count) {
  unsigned width = small.getIntOrFloatBitWidth(), perByte = 8 / width, mask = (1u << width) - 1;
  bool isSigned = isa<IntegerType>(small) && !small.isUnsignedInteger();
  std::string bytes(count, 0);
  for (uint64_t i = 0; i < count; ++i) {
    unsigned bits = static_cast<uint8_t>(packed[i / perByte]) >> (i % perByte * width) & mask;
    if (isSigned && bits >> (width - 1))
      bits |= ~mask;
    bytes[i] = static_cast<char>(bits);
  }
  return bytes;
}

std::pair<double, double> fnc::onnx_import::integerRange(Type type) {
  int width = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return {0, std::ldexp(1.0, width) - 1};
  return {-std::ldexp(1.0, width - 1), std::ldexp(1.0, width - 1) - 1};
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

/// What each pattern of bits stands for.
static SmallVector<double> numbersOf(FloatType small) {
  SmallVector<double> numbers;
  unsigned width = small.getWidth();
  for (unsigned bits = 0; bits < 1u << width; ++bits) {
    APFloat number(small.getFloatSemantics(), APInt(width, bits));
    bool lost;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    numbers.push_back(number.convertToDouble());
  }
  return numbers;
}

Value fnc::onnx_import::decoded(Ops &o, Value stored, Type small, Type to) {
  if (!stored || isa<IntegerType>(small))
    return o.cast(stored, to);
  SmallVector<double> numbers = numbersOf(cast<FloatType>(small));
  Type wide = to.isF64() ? to : o.f32();
  if (DenseElementsAttr known = Ops::known(stored)) {
    Array bits(known), values(RankedTensorType::get(Ops::shape(stored), wide));
    for (size_t i = 0; i < bits.size(); ++i)
      values.f[i] = numbers[bits.i[i] & (numbers.size() - 1)];
    return o.cast(o.constant(values.attribute()), to);
  }
  Value table = o.reals(numbers, {static_cast<int64_t>(numbers.size())}, wide);
  return o.cast(o.gather(table, o.cast(stored, o.i32()), 0), to);
}

/// The exponent alone, of numbers that are not negative.
static Value encodedPower(Ops &o, Value x, StringRef roundMode) {
  Value bits = o.make<fn::BitcastOp>({x}, {o.attr("element_type", o.i32())});
  auto number = [&](int64_t n) { return o.ints({n}, {}, o.i32()); };
  Value exponent = o.make<fn::ShiftRightOp>({bits, number(23)});
  Value fraction = o.make<fn::BitwiseAndOp>({bits, number(0x7fffff)});
  Value up;
  if (roundMode == "up")
    up = o.make<fn::GreaterOp>({fraction, number(0)});
  else if (roundMode == "nearest")
    up = o.make<fn::GreaterEqualOp>({fraction, number(0x400000)});
  // Below 2^-126 the fraction alone counts, and 0 stands for 2^-127.
  if (up)
    up = o.where(o.equal(exponent, 0.0), o.make<fn::GreaterOp>({fraction, number(0x400000)}), up);
  Value code = up ? o.add(exponent, o.cast(up, o.i32())) : exponent;
  code = o.minimum(code, 254.0);
  code = o.where(o.make<fn::IsNanOp>({x}), number(255), code);
  return o.cast(code, storageType(o.b.getIntegerType(8, false)));
}

Value fnc::onnx_import::encoded(Ops &o, Value x, Type small, bool saturate, StringRef roundMode) {
  if (!x)
    return x;
  if (auto integer = dyn_cast<IntegerType>(small)) {
    Value whole = o.cast(x, o.i32());
    int64_t width = integer.getWidth();
    auto number = [&](int64_t n) { return o.ints({n}, {}, o.i32()); };
    if (integer.isUnsigned())
      whole = o.make<fn::BitwiseAndOp>({whole, number((1 << width) - 1)});
    else // the sign is in the last bit that is kept
      whole = o.make<fn::ShiftRightOp>(
          {o.make<fn::ShiftLeftOp>({whole, number(32 - width)}), number(32 - width)});
    return o.cast(whole, storageType(small));
  }
  x = o.cast(x, o.f32());
  if (isa<Float8E8M0FNUType>(small))
    return encodedPower(o, x, roundMode);

  auto type = cast<FloatType>(small);
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  int64_t digits = APFloat::semanticsPrecision(semantics) - 1, width = type.getWidth();
  int64_t least = APFloat::semanticsMinExponent(semantics);
  int64_t greatest = APFloat::getLargest(semantics).bitcastToAPInt().getZExtValue();
  bool hasNaN = !isa<Float4E2M1FNType>(small), hasInfinity = isa<Float8E5M2Type>(small);
  bool isUnsignedZero = isa<Float8E4M3FNUZType, Float8E5M2FNUZType>(small);
  int64_t nan = isUnsignedZero ? 0x80 : hasInfinity ? 0x7e : hasNaN ? 0x7f : 0;
  int64_t beyond = saturate || !hasNaN ? greatest : hasInfinity ? 0x7c : nan;
  auto number = [&](int64_t n) { return o.ints({n}, {}, o.i32()); };
  auto asBits = [&](Value v) {
    return o.make<fn::BitcastOp>({v}, {o.attr("element_type", o.i32())});
  };

  // In units of its last digit a number is whole; with the exponent in front that is its code, a
  // carry included.
  // What is beyond any of them is so by far.
  Value size = o.minimum(o.abs(x), 1e30), bits = asBits(size);
  Value exponent = o.sub(o.make<fn::ShiftRightOp>({bits, number(23)}), 127.0);
  exponent = o.maximum(exponent, double(least));
  Value unit = o.make<fn::BitcastOp>(
      {o.make<fn::ShiftLeftOp>({o.add(exponent, double(127 - digits)), number(23)})},
      {o.attr("element_type", o.f32())});
  Value whole = o.cast(o.make<fn::RoundOp>({o.div(size, unit)}), o.i32());
  Value code = o.add(o.mul(o.sub(exponent, double(least)), double(int64_t(1) << digits)), whole);
  Value isBeyond = o.make<fn::GreaterOp>({code, number(greatest)});
  code = o.where(isBeyond, number(beyond), code);
  Value isNaN = o.make<fn::IsNanOp>({x});
  Value sign = o.make<fn::LessOp>({asBits(x), number(0)});
  Value negative = o.make<fn::BitwiseOrOp>({code, number(int64_t(1) << (width - 1))});
  Value isNegative = sign;
  if (isUnsignedZero) // the code of -0 is NaN
    isNegative = o.both(sign, o.make<fn::NotEqualOp>({code, number(0)}));
  code = o.where(isNegative, negative, code);
  if (!hasNaN)
    nan = int64_t(1) << (width - 1);
  Value nanCode =
      isUnsignedZero || !hasNaN ? number(nan) : o.where(sign, number(nan | 0x80), number(nan));
  return o.cast(o.where(isNaN, nanCode, code), storageType(small));
}
