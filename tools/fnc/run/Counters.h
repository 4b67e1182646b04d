//===- Counters.h - what the processor counts -------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_COUNTERS_H
#define FNC_TOOLS_RUN_COUNTERS_H

#include <cstdint>
#include <optional>

namespace fnc::tool {

/// Cycles and instructions of this thread in user mode, where the system lets a program see them.
class Counters {
public:
  struct Values {
    uint64_t cycles, instructions;
  };

  Counters();
  ~Counters();
  Counters(const Counters &) = delete;
  Counters &operator=(const Counters &) = delete;

  /// So far; nothing where it cannot be known.
  std::optional<Values> read() const;

private:
  int cycles = -1, instructions = -1;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_COUNTERS_H
