//===- Literal.cpp - numbers on the command line --------------------------===//

#include "Error.h"
#include "Sources.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

using namespace fnc::tool;
using nlohmann::json;

namespace {

/// What JSON has no words for.
std::optional<double> wordValue(std::string_view text) {
  if (text == "nan")
    return NAN;
  if (text == "inf" || text == "-inf")
    return text[0] == '-' ? -INFINITY : INFINITY;
  return std::nullopt;
}

class Filler {
public:
  Filler(Array &array, std::string_view where) : array(array), where(where) {}

  void fill(const json &value) {
    if (!value.is_array())
      return element(value);
    for (const json &part : value)
      fill(part);
  }

private:
  void element(const json &value) {
    const DType &type = *array.type;
    if (type.kind == DType::Bool) {
      if (!value.is_boolean())
        fail("fnc", "{}: expected true or false, got {}", where, value.dump());
      array.data.get()[at++] = value.get<bool>();
      return;
    }
    if (!value.is_number())
      fail("fnc", "{}: expected a number, got {}", where, value.dump());
    if (type.kind != DType::Signed && type.kind != DType::Unsigned) {
      storeNumber(type, array.data.get(), at++, value.get<double>());
      return;
    }
    // JSON's whole numbers are kept as they are; i64 and u64 need all of their digits.
    uint64_t word = value.get<uint64_t>();
    bool isNegative = value.is_number_integer() && !value.is_number_unsigned();
    unsigned bits = 8 * type.bytes - (type.kind == DType::Signed);
    bool fits = value.is_number_integer() &&
                (isNegative ? type.kind == DType::Signed && (bits == 63 || ~word >> bits == 0)
                            : bits == 64 || word >> bits == 0);
    if (!fits)
      fail("fnc", "{}: {} is not a value of {}", where, value.dump(), type.name);
    std::memcpy(array.data.get() + at++ * type.bytes, &word, type.bytes);
  }

  Array &array;
  std::string_view where;
  size_t at = 0;
};

void checkShape(const json &value, const Shape &shape, size_t dimension, std::string_view where) {
  bool isArray = value.is_array(), isRow = dimension < shape.size();
  if (isArray != isRow || (isArray && static_cast<int64_t>(value.size()) != shape[dimension]))
    fail("fnc", "{}: rows differ in length", where);
  if (isArray)
    for (const json &part : value)
      checkShape(part, shape, dimension + 1, where);
}

} // namespace

Array fnc::tool::parseLiteral(std::string_view text, const DType &type, std::string_view where) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (std::optional<double> word = wordValue(text))
    value = *word;
  if (value.is_discarded())
    fail("fnc", "{}: expected numbers as 1, [1, 2] or [[1, 2], [3, 4]], got '{}'", where, text);
  Shape shape;
  for (const json *part = &value; part->is_array(); part = &part->front()) {
    shape.push_back(static_cast<int64_t>(part->size()));
    if (part->empty())
      break;
    if (shape.size() > 64)
      fail("fnc", "{}: more than 64 dimensions", where);
  }
  checkShape(value, shape, 0, where);
  Array array = allocateArray(type, std::move(shape), where);
  Filler(array, where).fill(value);
  return array;
}
