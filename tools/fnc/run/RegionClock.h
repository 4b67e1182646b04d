//===- RegionClock.h - the time of parts of a call --------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_REGIONCLOCK_H
#define FNC_TOOLS_RUN_REGIONCLOCK_H

#include <chrono>
#include <cstdint>
#include <vector>

namespace fnc::tool {

/// What functions that were compiled for a profile call as `fn_region`.
class RegionClock {
public:
  /// Region `number` of the running function begins, and the one before has ended; -1: all have.
  static void begin(int32_t number) {
    auto now = std::chrono::steady_clock::now();
    if (running >= 0 && static_cast<size_t>(running) < seconds.size())
      seconds[static_cast<size_t>(running)] += std::chrono::duration<double>(now - since).count();
    running = number;
    since = std::chrono::steady_clock::now();
  }

  /// Of each region, since this was last set to zeros.
  static inline std::vector<double> seconds;

private:
  static inline int32_t running = -1;
  static inline std::chrono::steady_clock::time_point since;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_REGIONCLOCK_H
