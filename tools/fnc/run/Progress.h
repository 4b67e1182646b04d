//===- Progress.h - how far a loop is ---------------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_PROGRESS_H
#define FNC_TOOLS_RUN_PROGRESS_H

#include <chrono>
#include <cstdint>

namespace fnc::tool {

/// A bar on standard error, where that is a terminal or where it was asked for; gone at the end.
class Progress {
public:
  Progress(int64_t total, bool isWanted);
  ~Progress();
  void advance();
  /// Clears the line, so that something else can be printed.
  void hide();

private:
  using Clock = std::chrono::steady_clock;
  int64_t total, done = 0;
  bool isTerminal, isOn, isShown = false;
  Clock::time_point start, shown;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_PROGRESS_H
