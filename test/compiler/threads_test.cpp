//===- threads_test.cpp - tasks of groups on few and many threads ---------===//

#include "compiler/Threads.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Threading.h"
#include "gtest/gtest.h"
#include <atomic>
#include <fstream>
#include <sys/resource.h>
#include <thread>

TEST(Threads, WhoWaitsWorks) {
  fnc::ThreadPool pool(1);
  EXPECT_EQ(pool.getMaxConcurrency(), 1u);
  std::thread::id who;
  llvm::ThreadPoolTaskGroup group(pool);
  group.async([&] { who = std::this_thread::get_id(); });
  EXPECT_EQ(who, std::thread::id());
  group.wait();
  EXPECT_EQ(who, std::this_thread::get_id());
}

TEST(Threads, TasksWaitForTasks) {
  for (unsigned threads : {1u, 2u, 5u}) {
    fnc::ThreadPool pool(threads);
    std::atomic<unsigned> count = 0;
    llvm::ThreadPoolTaskGroup outer(pool);
    for (unsigned i = 0; i < 20; ++i)
      outer.async([&] {
        llvm::ThreadPoolTaskGroup inner(pool);
        for (unsigned j = 0; j < 10; ++j)
          inner.async([&] { ++count; });
        inner.wait();
      });
    outer.wait();
    EXPECT_EQ(count, 200u);
  }
}

TEST(Threads, APoolEndsWithItsTasks) {
  std::atomic<unsigned> count = 0;
  {
    fnc::ThreadPool pool(3);
    for (unsigned i = 0; i < 100; ++i)
      pool.async([&] { ++count; });
  }
  EXPECT_EQ(count, 100u);
}

TEST(Threads, TasksAreDoneBehindTheEndOfThreads) {
  fnc::ThreadPool pool(3);
  pool.join();
  EXPECT_EQ(pool.getMaxConcurrency(), 1u);
  unsigned count = 0;
  llvm::ThreadPoolTaskGroup group(pool);
  for (unsigned i = 0; i < 10; ++i)
    group.async([&] { ++count; });
  group.wait();
  EXPECT_EQ(count, 10u);
}

TEST(Threads, WorkIsDoneWhereTheSystemHasNoThreads) {
  // In a process of its own, in which no stack of an earlier thread is left.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        unsigned long pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        rlim_t bytes = pages * 4096 + (4 << 20); // less than a stack
        rlimit limit;
        limit.rlim_cur = limit.rlim_max = bytes;
        setrlimit(RLIMIT_AS, &limit);
        fnc::ThreadPool pool(3);
        unsigned count = 0;
        llvm::ThreadPoolTaskGroup group(pool);
        for (unsigned i = 0; i < 10; ++i)
          group.async([&] { ++count; });
        group.wait();
        std::_Exit(pool.getMaxConcurrency() == 1 && count == 10 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Threads, OnlyTheFirstErrorIsSaid) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  for (unsigned threads : {1u, 4u}) {
    std::string said;
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      said += diagnostic.str() + "\n";
      for (mlir::Diagnostic &note : diagnostic.getNotes())
        said += note.str() + "\n";
      return mlir::success();
    });
    {
      fnc::ContextThreads with(&context, threads);
      EXPECT_TRUE(context.isMultithreadingEnabled());
      mlir::parallelFor(&context, 0, 8, [&](size_t i) {
        mlir::Location loc = mlir::UnknownLoc::get(&context);
        if (i == 1)
          mlir::emitWarning(loc) << "warning " << i;
        if (i > 1)
          mlir::emitError(loc).attachNote() << "note " << i;
      });
    }
    EXPECT_FALSE(context.isMultithreadingEnabled());
    EXPECT_EQ(said, "warning 1\n\nnote 2\n");
  }
}
