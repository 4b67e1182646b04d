//===- Steps.h - what happens to a picture or sound -------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_STEPS_H
#define FNC_TOOLS_RUN_STEPS_H

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fnc::tool {

/// "resize=256,crop=224x224,mean=0.485,0.456,0.406": what follows the name of a file.
class Steps {
public:
  /// Throws a UsageError where a step is none of those that are known.
  Steps(std::string_view text, std::string file, const std::vector<std::string> &known);

  bool has(const std::string &step) const { return values.count(step) != 0; }
  /// The one word of a step, or "".
  std::string word(const std::string &step) const;
  /// Numbers, as many as `count`, or one for all of them; `otherwise` where there is no such step.
  std::vector<double> numbers(const std::string &step, size_t count, double otherwise) const;
  /// Whole numbers of at least 0 between 'x' or of one; empty where there is no such step.
  std::vector<int64_t> sizes(const std::string &step) const;
  /// "-1..1".
  std::pair<double, double> range(double low, double high) const;
  /// One of some words, or nothing.
  std::optional<std::string> choice(const std::string &step,
                                    const std::vector<std::string> &words) const;

  [[noreturn]] void failStep(const std::string &step, const std::string &expected) const;

private:
  std::string file;
  std::map<std::string, std::vector<std::string>> values;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_STEPS_H
