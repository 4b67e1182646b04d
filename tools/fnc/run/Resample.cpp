//===- Resample.cpp - signals at other sizes ------------------------------===//

#include "Resample.h"
#include <algorithm>
#include <cmath>
#include <numbers>

using namespace fnc::tool;

namespace {

constexpr double kCrossings = 16;

double weight(Filter filter, double x) {
  x = std::fabs(x);
  if (filter == Filter::Triangle)
    return std::max(0.0, 1 - x);
  if (x >= kCrossings)
    return 0;
  double angle = std::numbers::pi * x;
  double sinc = x == 0 ? 1 : std::sin(angle) / angle;
  return sinc * (0.5 + 0.5 * std::cos(angle / kCrossings));
}

} // namespace

std::vector<float> fnc::tool::resample(const std::vector<float> &values, size_t outer, size_t size,
                                       size_t inner, size_t newSize, Filter filter) {
  if (newSize == size)
    return values;
  std::vector<float> result(outer * newSize * inner);
  const double scale = static_cast<double>(size) / static_cast<double>(newSize);
  const double stretch = std::max(scale, 1.0);
  const double reach = stretch * (filter == Filter::Triangle ? 1 : kCrossings);
  std::vector<double> weights, sums(inner);
  for (size_t to = 0; to < newSize; ++to) {
    const double center = (static_cast<double>(to) + 0.5) * scale;
    auto begin = static_cast<size_t>(std::max(0.0, center - reach + 0.5));
    auto end = std::min(size, static_cast<size_t>(center + reach + 0.5));
    weights.clear();
    double total = 0;
    for (size_t from = begin; from < end; ++from) {
      weights.push_back(weight(filter, (static_cast<double>(from) + 0.5 - center) / stretch));
      total += weights.back();
    }
    for (size_t row = 0; row < outer; ++row) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (size_t from = begin; from < end; ++from)
        for (size_t i = 0; i < inner; ++i)
          sums[i] +=
              weights[from - begin] * static_cast<double>(values[(row * size + from) * inner + i]);
      for (size_t i = 0; i < inner; ++i)
        result[(row * newSize + to) * inner + i] = static_cast<float>(sums[i] / total);
    }
  }
  return result;
}
