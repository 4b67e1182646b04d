//===- Counters.cpp - what the processor counts ---------------------------===//

#include "Counters.h"
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace fnc::tool;

namespace {

int open(uint64_t event, int group) {
  perf_event_attr attributes = {};
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof(attributes);
  attributes.config = event;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, group, 0));
}

} // namespace

Counters::Counters()
    : cycles(open(PERF_COUNT_HW_CPU_CYCLES, -1)),
      instructions(cycles < 0 ? -1 : open(PERF_COUNT_HW_INSTRUCTIONS, cycles)) {}

Counters::~Counters() {
  for (int descriptor : {cycles, instructions})
    if (descriptor >= 0)
      ::close(descriptor);
}

std::optional<Counters::Values> Counters::read() const {
  Values values;
  if (instructions < 0 || ::read(cycles, &values.cycles, sizeof(uint64_t)) != sizeof(uint64_t) ||
      ::read(instructions, &values.instructions, sizeof(uint64_t)) != sizeof(uint64_t))
    return std::nullopt;
  return values;
}
