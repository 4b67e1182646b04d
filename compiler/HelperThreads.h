//===- HelperThreads.h - threads that may be there or not -------*- C++ -*-===//

#ifndef FNC_COMPILER_HELPERTHREADS_H
#define FNC_COMPILER_HELPERTHREADS_H

#include <functional>
#include <pthread.h>
#include <vector>

namespace fnc {

/// Threads that take work off the one that starts them. The system may have none to give, which
/// std::thread would end the process for: work has to be done without them, too.
class HelperThreads {
public:
  HelperThreads() = default;
  HelperThreads(const HelperThreads &) = delete;
  HelperThreads &operator=(const HelperThreads &) = delete;
  ~HelperThreads() { join(); }

  /// Whether another thread runs `run` now.
  bool start(std::function<void()> run);
  void join();
  size_t size() const { return threads.size(); }

private:
  std::vector<pthread_t> threads;
};

} // namespace fnc

#endif // FNC_COMPILER_HELPERTHREADS_H
