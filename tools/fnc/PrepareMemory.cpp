//===- PrepareMemory.cpp - memory, before the compiler needs it -----------===//
//
// Each page that is touched for the first time costs a fault of one to two microseconds, and a
// small graph touches two thousand. Nothing here changes what the compiler does: where the system
// refuses, pages come one by one as usual.
//
//===----------------------------------------------------------------------===//

#include <cstdint>
#include <cstdlib>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <thread>

namespace {

constexpr uintptr_t kPage = 4096;

/// What a small graph takes on the thread that starts and on the one that helps it, and what the
/// allocator asks the system for at once.
constexpr size_t kFirstThread = 4 << 20, kHelper = 3 << 20, kStep = 16 << 20;

struct Range {
  uintptr_t begin, size;
};

template <typename Visitor> void forSegments(Visitor visit) {
  auto *segments = reinterpret_cast<const ElfW(Phdr) *>(::getauxval(AT_PHDR));
  for (unsigned long i = 0; i < ::getauxval(AT_PHNUM); ++i) {
    uintptr_t begin = segments[i].p_vaddr & -kPage;
    if (segments[i].p_type == PT_LOAD)
      visit(Range{begin, segments[i].p_vaddr + segments[i].p_memsz - begin},
            (segments[i].p_flags & PF_W) != 0);
  }
}

/// In pieces, between which other threads may map memory.
void touch(Range range) {
  constexpr uintptr_t kPiece = 128 << 10;
  uintptr_t end = (range.begin + range.size) & -kPage;
  for (uintptr_t at = (range.begin + kPage - 1) & -kPage; at < end; at += kPiece)
    ::madvise(reinterpret_cast<void *>(at), at + kPiece < end ? kPiece : end - at,
              MADV_POPULATE_WRITE);
}

/// Memory of this thread's heap, which later requests are served from.
Range reserve() {
  void *memory = std::malloc(kStep);
  Range range = {reinterpret_cast<uintptr_t>(memory), kStep};
  std::free(memory);
  return range;
}

void *touchAhead(void *heap) {
  forSegments([](Range range, bool isWritable) {
    if (isWritable)
      touch(range);
  });
  touch({reinterpret_cast<uintptr_t>(heap), kFirstThread});
  // The next thread takes this one's heap over.
  touch({reserve().begin, kHelper});
  return nullptr;
}

/// Before other constructors, which are all over the code.
[[gnu::constructor(101)]] void prepareMemory() {
  // Code that is not in memory yet is read in large pages, which stay for the next run: where they
  // are small, each costs a fault.
  forSegments([](Range range, bool isWritable) {
    if (!isWritable)
      ::madvise(reinterpret_cast<void *>(range.begin), range.size, MADV_HUGEPAGE);
  });
  // Requests up to this come from the heap: it is the most that glibc goes to by itself.
  constexpr int kMostFromHeap = 32 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kMostFromHeap);
  ::mallopt(M_TRIM_THRESHOLD, kMostFromHeap);
  ::mallopt(M_TOP_PAD, kStep);
  if (std::thread::hardware_concurrency() < 2)
    return;
  // On another core, while this one begins.
  pthread_t thread;
  if (::pthread_create(&thread, nullptr, touchAhead, reinterpret_cast<void *>(reserve().begin)) ==
      0)
    ::pthread_detach(thread);
}

} // namespace
