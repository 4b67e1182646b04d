//===- Steps.cpp - what happens to a picture or sound ---------------------===//

#include "Steps.h"
#include "Error.h"
#include "compiler/graph/Nearest.h"
#include <algorithm>
#include <cmath>

using namespace fnc;
using namespace fnc::tool;

namespace {

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (true) {
    size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == text.npos)
      return parts;
    text.remove_prefix(end + separator.size());
  }
}

std::optional<double> number(const std::string &text) {
  char *end;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !std::isfinite(value))
    return std::nullopt;
  return value;
}

} // namespace

Steps::Steps(std::string_view text, std::string given, const std::vector<std::string> &known)
    : file(std::move(given)) {
  if (text.empty())
    return;
  std::string last;
  for (const std::string &part : split(text, ",")) {
    size_t equals = part.find('=');
    // A part without a name goes on with the list before it.
    if (equals == part.npos && !last.empty()) {
      values[last].push_back(part);
      continue;
    }
    last = part.substr(0, equals);
    if (std::find(known.begin(), known.end(), last) == known.end()) {
      std::string near = didYouMean(last, known);
      throw UsageError(
          fmt::format("fnc run: error: unknown step '{}' for '{}'{}", last, file,
                      near.empty() ? fmt::format("; there are {}", fmt::join(known, ", ")) : near));
    }
    if (has(last))
      throw UsageError(fmt::format("fnc run: error: two steps '{}' for '{}'", last, file));
    values[last] = {equals == part.npos ? "" : part.substr(equals + 1)};
  }
}

void Steps::failStep(const std::string &step, const std::string &expected) const {
  throw UsageError(fmt::format("fnc run: error: step '{}' for '{}' expects {}, got '{}'", step,
                               file, expected, fmt::join(values.at(step), ",")));
}

std::string Steps::word(const std::string &step) const {
  auto found = values.find(step);
  if (found == values.end())
    return "";
  if (found->second.size() != 1)
    failStep(step, "one value");
  return found->second.front();
}

std::vector<double> Steps::numbers(const std::string &step, size_t count, double otherwise) const {
  auto found = values.find(step);
  if (found == values.end())
    return std::vector<double>(count, otherwise);
  std::vector<double> result;
  for (const std::string &text : found->second) {
    std::optional<double> value = number(text);
    if (!value)
      failStep(step, "numbers");
    result.push_back(*value);
  }
  if (result.size() == 1)
    result.resize(count, result.front());
  if (result.size() != count)
    failStep(step, fmt::format("1 or {} numbers", count));
  return result;
}

std::vector<int64_t> Steps::sizes(const std::string &step) const {
  std::vector<int64_t> result;
  if (!has(step))
    return result;
  for (const std::string &part : split(word(step), "x")) {
    if (part.empty() || part.size() > 12 || part.find_first_not_of("0123456789") != part.npos)
      failStep(step, "whole numbers");
    result.push_back(std::stoll(part));
  }
  return result;
}

std::pair<double, double> Steps::range(double low, double high) const {
  if (!has("range"))
    return {low, high};
  std::vector<std::string> parts = split(word("range"), "..");
  std::optional<double> begin = number(parts.front()), end = number(parts.back());
  if (parts.size() != 2 || !begin || !end)
    failStep("range", "LOW..HIGH");
  return {*begin, *end};
}

std::optional<std::string> Steps::choice(const std::string &step,
                                         const std::vector<std::string> &words) const {
  if (!has(step))
    return std::nullopt;
  if (std::find(words.begin(), words.end(), word(step)) == words.end())
    failStep(step, fmt::format("one of {}", fmt::join(words, ", ")));
  return word(step);
}
