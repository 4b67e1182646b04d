//===- Progress.cpp - how far a loop is -----------------------------------===//

#include "Progress.h"
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

using namespace fnc::tool;

Progress::Progress(int64_t total, bool isWanted)
    : total(total), isTerminal(::isatty(STDERR_FILENO)),
      isOn(isWanted || (isTerminal && total > 1)), start(Clock::now()), shown(start) {}

Progress::~Progress() { hide(); }

void Progress::hide() {
  // Only a terminal can take back what it shows.
  if (isShown && isTerminal)
    std::fputs("\r\033[K", stderr);
  isShown = false;
}

void Progress::advance() {
  ++done;
  if (!isOn)
    return;
  Clock::time_point now = Clock::now();
  // Calls can take microseconds; a log wants lines, not frames.
  auto pause = isTerminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  if (now - shown < pause && (isTerminal || done < total))
    return;
  shown = now;
  isShown = true;
  double seconds = std::chrono::duration<double>(now - start).count();
  double each = seconds / static_cast<double>(done);
  constexpr int64_t width = 30;
  int64_t filled = width * done / total;
  std::string text = fmt::format("[{:#<{}}{:.<{}}] {} of {} calls, {:.3g} ms each, {:.0f} s left",
                                 "", filled, "", width - filled, done, total, 1e3 * each,
                                 each * static_cast<double>(total - done));
  std::fputs(isTerminal ? ("\r\033[K" + text).c_str() : (text + "\n").c_str(), stderr);
  std::fflush(stderr);
}
