//===- HelperThreads.cpp - threads that may be there or not ---------------===//

#include "compiler/HelperThreads.h"
#include <memory>

using namespace fnc;

/// What passes of LLVM's need, whatever the limit of the first thread's stack is.
static constexpr size_t kStackBytes = 8 << 20;

static void *runTask(void *task) {
  std::unique_ptr<std::function<void()>> run(static_cast<std::function<void()> *>(task));
  (*run)();
  return nullptr;
}

bool HelperThreads::start(std::function<void()> run) {
  auto task = std::make_unique<std::function<void()>>(std::move(run));
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0)
    return false;
  pthread_t thread;
  bool isStarted = ::pthread_attr_setstacksize(&attributes, kStackBytes) == 0 &&
                   ::pthread_create(&thread, &attributes, runTask, task.get()) == 0;
  ::pthread_attr_destroy(&attributes);
  if (!isStarted)
    return false;
  (void)task.release();
  threads.push_back(thread);
  return true;
}

void HelperThreads::join() {
  for (pthread_t thread : threads)
    ::pthread_join(thread, nullptr);
  threads.clear();
}
