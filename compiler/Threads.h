//===- Threads.h - threads of a context -------------------------*- C++ -*-===//

#ifndef FNC_COMPILER_THREADS_H
#define FNC_COMPILER_THREADS_H

#include "compiler/HelperThreads.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/ThreadPool.h"
#include <condition_variable>
#include <deque>
#include <mutex>

namespace fnc {

/// A pool in which the thread that waits for tasks does them, too: it is the first to begin, and
/// those that come late find less to do, or nothing.
class ThreadPool : public llvm::ThreadPoolInterface {
public:
  /// `threads` with the one that waits, or as many as there can be.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool() override;

  /// Ends all threads but the one that waits, which does what comes from now on.
  void join();

  void wait() override;
  void wait(llvm::ThreadPoolTaskGroup &group) override;
  unsigned getMaxConcurrency() const override { return helpers.size() + 1; }

private:
  struct Task {
    llvm::unique_function<void()> run;
    llvm::ThreadPoolTaskGroup *group;
  };

  void asyncEnqueue(llvm::unique_function<void()> run, llvm::ThreadPoolTaskGroup *group) override;
  void help();
  void run(Task task, std::unique_lock<std::mutex> &lock);

  std::mutex mutex;
  std::condition_variable added, done;
  std::deque<Task> tasks;
  llvm::DenseMap<llvm::ThreadPoolTaskGroup *, unsigned> open; ///< tasks that are not done
  bool isOver = false;
  HelperThreads helpers;
};

/// A context with threads for as long as this lives. Of errors only the first one is said, with its
/// notes: whether another function gets as far as one of its own depends on the threads.
class ContextThreads {
public:
  ContextThreads(mlir::MLIRContext *context, unsigned threads);
  ~ContextThreads();

  /// Ends the threads. The context may still be used by others.
  void join() { pool.join(); }

private:
  mlir::MLIRContext *context;
  ThreadPool pool;
  bool hasFailed = false;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace fnc

#endif // FNC_COMPILER_THREADS_H
