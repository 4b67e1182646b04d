//===- Print.cpp - arrays for people to read ------------------------------===//

#include "Print.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

using namespace fnc::tool;

namespace {

constexpr int64_t kMostShown = 200;
constexpr size_t kColumns = 100;

/// Elements of a row on lines that begin under its bracket.
std::string row(const Array &array, size_t begin, size_t count, size_t indent) {
  std::string out = "[";
  size_t column = indent + 1;
  for (size_t i = 0; i < count; ++i) {
    std::string element = printedElement(array, begin + i) + (i + 1 < count ? "," : "");
    if (i && column + 1 + element.size() > kColumns) {
      out += "\n" + std::string(indent + 1, ' ');
      column = indent + 1;
    } else if (i) {
      out += ' ';
      ++column;
    }
    out += element;
    column += element.size();
  }
  return out + "]";
}

/// Nested brackets; `at` moves over the elements.
std::string nested(const Array &array, size_t dimension, size_t &at, size_t indent) {
  auto size = static_cast<size_t>(array.shape[dimension]);
  if (dimension + 1 == array.shape.size()) {
    at += size;
    return row(array, at - size, size, indent);
  }
  std::string out = "[";
  for (size_t i = 0; i < size; ++i) {
    if (i)
      out += ",\n" + std::string(indent + 1, ' ');
    out += nested(array, dimension + 1, at, indent + 1);
  }
  return out + "]";
}

std::string summary(const Array &array) {
  const size_t count = static_cast<size_t>(array.count());
  double low = INFINITY, high = -INFINITY, sum = 0;
  size_t odd = 0;
  for (size_t i = 0; i < count; ++i) {
    double value = numberAt(*array.type, array.data.get(), i);
    if (!std::isfinite(value)) {
      ++odd;
      continue;
    }
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  std::string out;
  if (odd < count)
    out = fmt::format(" from {:.6g} to {:.6g}, mean {:.6g}", low, high,
                      sum / static_cast<double>(count - odd));
  if (odd)
    out += fmt::format("{} {} not finite", out.empty() ? "" : ",", odd);
  out += "\n  [";
  for (size_t i = 0; i < 6; ++i)
    out += printedElement(array, i) + ", ";
  return out + "...]";
}

} // namespace

std::string fnc::tool::printedElement(const Array &array, size_t index) {
  const DType &type = *array.type;
  const unsigned char *data = array.data.get();
  double value;
  switch (type.kind) {
  case DType::Bool:
    return data[index] ? "true" : "false";
  case DType::Signed:
    return fmt::format("{}", integerAt(type, data, index));
  case DType::Unsigned:
    return fmt::format("{}", static_cast<uint64_t>(integerAt(type, data, index)));
  default:
    value = numberAt(type, data, index);
  }
  if (type.bytes == 8 || !std::isfinite(value))
    return fmt::format("{}", value);
  if (type.bytes == 4)
    return fmt::format("{}", static_cast<float>(value));
  for (int digits = 1; digits < 6; ++digits) {
    std::string text = fmt::format("{:.{}g}", value, digits);
    unsigned char again[2];
    storeNumber(type, again, 0, std::strtod(text.c_str(), nullptr));
    if (numberAt(type, again, 0) == value)
      return text;
  }
  return fmt::format("{}", value);
}

std::string fnc::tool::printed(std::string_view name, const Array &array) {
  std::string out = fmt::format("{}: {}", name, describe(*array.type, array.shape));
  const int64_t count = array.count();
  if (array.shape.empty())
    return out + " " + printedElement(array, 0) + "\n";
  if (count == 0)
    return out + " []\n";
  if (count > kMostShown)
    return out + summary(array) + "\n";
  size_t at = 0;
  std::string text = nested(array, 0, at, 2);
  if (text.find('\n') == text.npos && out.size() + 1 + text.size() <= kColumns)
    return out + " " + text + "\n";
  return out + "\n  " + text + "\n";
}

std::string fnc::tool::printedTop(std::string_view name, const Array &array,
                                  const std::vector<std::string> &labels, size_t count) {
  const size_t size = labels.size();
  std::string out = fmt::format("{}: {}\n", name, describe(*array.type, array.shape));
  for (size_t begin = 0, end = static_cast<size_t>(array.count()); begin < end; begin += size) {
    if (end > size)
      out += fmt::format("  row {}\n", begin / size);
    std::vector<size_t> order(size);
    std::iota(order.begin(), order.end(), 0);
    auto at = [&](size_t i) {
      double value = numberAt(*array.type, array.data.get(), begin + i);
      return std::isnan(value) ? -INFINITY : value;
    };
    size_t shown = std::min(count, size);
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(shown), order.end(),
                      [&](size_t x, size_t y) { return at(x) != at(y) ? at(x) > at(y) : x < y; });
    for (size_t i = 0; i < shown; ++i)
      out += fmt::format("  {:>12}  {} ({})\n", printedElement(array, begin + order[i]),
                         labels[order[i]], order[i]);
  }
  return out;
}
