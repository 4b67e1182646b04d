//===- Array.cpp - numbers in memory --------------------------------------===//

#include "Array.h"
#include "Error.h"
#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace fnc::tool;

namespace {

/// In the order of enum fn_dtype. NumPy has no bfloat16: its extensions store it as two bytes.
constexpr DType types[] = {
    {DType::Bool, 1, "i1", "|b1", "BOOL"},     {DType::Signed, 1, "i8", "|i1", "I8"},
    {DType::Signed, 2, "i16", "<i2", "I16"},   {DType::Signed, 4, "i32", "<i4", "I32"},
    {DType::Signed, 8, "i64", "<i8", "I64"},   {DType::Unsigned, 1, "u8", "|u1", "U8"},
    {DType::Unsigned, 2, "u16", "<u2", "U16"}, {DType::Unsigned, 4, "u32", "<u4", "U32"},
    {DType::Unsigned, 8, "u64", "<u8", "U64"}, {DType::Half, 2, "f16", "<f2", "F16"},
    {DType::BFloat, 2, "bf16", "|V2", "BF16"}, {DType::Float, 4, "f32", "<f4", "F32"},
    {DType::Float, 8, "f64", "<f8", "F64"},
};

const DType *find(std::string_view DType::*field, std::string_view name) {
  for (const DType &type : types)
    if (type.*field == name)
      return &type;
  return nullptr;
}

template <class T> T load(const unsigned char *data, size_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

template <class T> void store(unsigned char *data, size_t index, T value) {
  std::memcpy(data + index * sizeof(T), &value, sizeof(T));
}

double halfValue(uint16_t bits) {
  int exponent = (bits >> 10) & 31;
  double mantissa = bits & 1023;
  double value = exponent == 31  ? (mantissa ? NAN : INFINITY)
                 : exponent == 0 ? std::ldexp(mantissa, -24)
                                 : std::ldexp(mantissa + 1024, exponent - 25);
  return bits & 0x8000 ? -value : value;
}

/// Rounds to nearest, ties to even, with `mantissa` bits and exponents from `least` on; numbers
/// from `limit` on are infinite.
double roundTo(double value, int mantissa, int least, double limit) {
  if (value == 0 || !std::isfinite(value))
    return value;
  int exponent;
  std::frexp(value, &exponent);
  int unit = std::max(exponent - 1, least) - mantissa;
  double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
  return std::fabs(rounded) >= limit ? std::copysign(INFINITY, value) : rounded;
}

uint16_t halfBits(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value))
    return sign | 0x7e00;
  value = std::fabs(roundTo(value, 10, -14, 65536.0));
  if (std::isinf(value))
    return sign | 0x7c00;
  if (value < std::ldexp(1, -14))
    return sign | static_cast<uint16_t>(std::ldexp(value, 24));
  int exponent;
  std::frexp(value, &exponent);
  auto mantissa = static_cast<uint16_t>(std::ldexp(value, 11 - exponent)) & 1023;
  return sign | static_cast<uint16_t>((exponent + 14) << 10) | static_cast<uint16_t>(mantissa);
}

uint16_t bfloatBits(double value) {
  // Rounded once, from the double: the float is exact.
  auto bits = static_cast<float>(roundTo(value, 7, -126, std::ldexp(1, 128)));
  uint32_t word;
  std::memcpy(&word, &bits, sizeof(word));
  return static_cast<uint16_t>(word >> 16);
}

} // namespace

const DType *fnc::tool::dtypeNamed(std::string_view name) { return find(&DType::name, name); }
const DType *fnc::tool::dtypeOfNpy(std::string_view name) { return find(&DType::npy, name); }
const DType *fnc::tool::dtypeOfSafetensors(std::string_view name) {
  return find(&DType::safetensors, name);
}
const DType *fnc::tool::dtypeOfCode(int code) { return &types[code]; }

std::optional<int64_t> fnc::tool::elementCount(const Shape &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (size == 0)
      return 0;
  for (int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(count, size, &count))
      return std::nullopt;
  return count;
}

std::string fnc::tool::describe(const DType &type, const Shape &shape) {
  std::string text(type.name);
  text += '[';
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + (shape[i] < 0 ? "?" : std::to_string(shape[i]));
  return text + ']';
}

std::shared_ptr<unsigned char> fnc::tool::allocate(size_t bytes, std::string_view what) {
  void *memory = nullptr;
  if (bytes < SIZE_MAX / 2)
    memory = std::aligned_alloc(64, (bytes + 64) / 64 * 64);
  if (!memory)
    fail("fnc", "{} needs {} bytes of memory, more than there is", what, bytes);
  return {static_cast<unsigned char *>(memory), std::free};
}

int64_t Array::count() const { return elementCount(shape).value_or(0); }

Array fnc::tool::allocateArray(const DType &type, Shape shape, std::string_view what) {
  std::optional<int64_t> count = elementCount(shape);
  int64_t bytes;
  if (!count || __builtin_mul_overflow(*count, static_cast<int64_t>(type.bytes), &bytes))
    fail("fnc", "{} would be {}, more than memory can hold", what, describe(type, shape));
  return {&type, std::move(shape), allocate(static_cast<size_t>(bytes), what)};
}

int64_t fnc::tool::integerAt(const DType &type, const unsigned char *data, size_t index) {
  bool isSigned = type.kind == DType::Signed;
  switch (type.bytes) {
  case 1:
    return isSigned ? load<int8_t>(data, index) : load<uint8_t>(data, index);
  case 2:
    return isSigned ? load<int16_t>(data, index) : load<uint16_t>(data, index);
  case 4:
    return isSigned ? load<int32_t>(data, index) : load<uint32_t>(data, index);
  default:
    return load<int64_t>(data, index);
  }
}

double fnc::tool::numberAt(const DType &type, const unsigned char *data, size_t index) {
  switch (type.kind) {
  case DType::Float:
    return type.bytes == 4 ? load<float>(data, index) : load<double>(data, index);
  case DType::Half:
    return halfValue(load<uint16_t>(data, index));
  case DType::BFloat: {
    uint32_t word = static_cast<uint32_t>(load<uint16_t>(data, index)) << 16;
    float value;
    std::memcpy(&value, &word, sizeof(value));
    return value;
  }
  case DType::Unsigned:
    return static_cast<double>(static_cast<uint64_t>(integerAt(type, data, index)));
  default:
    return static_cast<double>(integerAt(type, data, index));
  }
}

void fnc::tool::storeNumber(const DType &type, unsigned char *data, size_t index, double value) {
  switch (type.kind) {
  case DType::Float:
    return type.bytes == 4 ? store(data, index, static_cast<float>(value))
                           : store(data, index, value);
  case DType::Half:
    return store(data, index, halfBits(value));
  case DType::BFloat:
    return store(data, index, bfloatBits(value));
  case DType::Bool:
    return store(data, index, static_cast<uint8_t>(value != 0));
  default:
    break;
  }
  // Saturates, as casts of the language do.
  double bits = 8.0 * type.bytes;
  bool isSigned = type.kind == DType::Signed;
  double low = isSigned ? -std::exp2(bits - 1) : 0, high = std::exp2(bits - isSigned);
  value = std::isnan(value) ? 0 : std::nearbyint(value);
  uint64_t word = value < low
                      ? static_cast<uint64_t>(isSigned ? INT64_MIN >> (64 - 8 * type.bytes) : 0)
                  : value >= high ? (isSigned ? ~uint64_t(0) >> 1 >> (64 - 8 * type.bytes)
                                              : ~uint64_t(0) >> (64 - 8 * type.bytes))
                  : value < 0     ? static_cast<uint64_t>(static_cast<int64_t>(value))
                                  : static_cast<uint64_t>(value);
  std::memcpy(data + index * type.bytes, &word, type.bytes);
}
