//===- Threads.cpp - threads of a context ---------------------------------===//

#include "compiler/Threads.h"

using namespace fnc;

ThreadPool::ThreadPool(unsigned threads) {
  for (unsigned i = 1; i < threads && helpers.start([this] { help(); }); ++i)
    ;
}

ThreadPool::~ThreadPool() { join(); }

void ThreadPool::join() {
  wait();
  {
    std::lock_guard<std::mutex> lock(mutex);
    isOver = true;
  }
  added.notify_all();
  helpers.join();
}

void ThreadPool::asyncEnqueue(llvm::unique_function<void()> run, llvm::ThreadPoolTaskGroup *group) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    tasks.push_back({std::move(run), group});
    ++open[group];
  }
  added.notify_one();
}

void ThreadPool::run(Task task, std::unique_lock<std::mutex> &lock) {
  lock.unlock();
  task.run();
  lock.lock();
  if (--open[task.group] == 0)
    done.notify_all();
}

void ThreadPool::help() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    added.wait(lock, [this] { return isOver || !tasks.empty(); });
    if (tasks.empty())
      return;
    Task task = std::move(tasks.front());
    tasks.pop_front();
    run(std::move(task), lock);
  }
}

void ThreadPool::wait(llvm::ThreadPoolTaskGroup &group) {
  std::unique_lock<std::mutex> lock(mutex);
  while (open.lookup(&group) != 0) {
    // None of another group, which may wait for this one.
    auto next = llvm::find_if(tasks, [&](const Task &task) { return task.group == &group; });
    if (next == tasks.end()) {
      done.wait(lock);
      continue;
    }
    Task task = std::move(*next);
    tasks.erase(next);
    run(std::move(task), lock);
  }
  open.erase(&group);
}

void ThreadPool::wait() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!tasks.empty()) {
    Task task = std::move(tasks.front());
    tasks.pop_front();
    run(std::move(task), lock);
  }
  done.wait(lock, [this] { return llvm::all_of(open, [](auto &of) { return of.second == 0; }); });
}

ContextThreads::ContextThreads(mlir::MLIRContext *context, unsigned threads)
    : context(context), pool(threads), handler(context, [this](mlir::Diagnostic &diagnostic) {
        bool isLater = hasFailed;
        hasFailed |= diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
        return llvm::success(isLater);
      }) {
  context->setThreadPool(pool);
}

ContextThreads::~ContextThreads() { context->disableMultithreading(); }
