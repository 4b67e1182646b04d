/* A plugin for QEMU that counts the branches of one file's code, and prints them as llvm-bolt's pre-aggregated profile:
   "B from to count 0" for those that were taken, "F first last count" for what ran in a line. For version 1 of the
   plugin interface (QEMU 7.2), whose functions are declared here because Debian ships no header.
     cc -O2 -shared -fPIC branches.c -o branches.so
     qemu-x86_64 -plugin ./branches.so,code=FILE,profile=OUT PROGRAM */
#include <elf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define EXPORT __attribute__((visibility("default")))
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t, void (*)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int registers, void *);
void qemu_plugin_register_atexit_cb(uint64_t, void (*)(uint64_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;

/* What QEMU translates at once: up to a branch, a page's end, or its limit. Addresses are the host's. */
struct block {
  uint64_t first, last, end;
  struct edge *recent;
};

struct edge {
  const struct block *from, *to;
  uint64_t count;
};

enum { kEdges = 1 << 22 };
static struct edge *edges;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread struct block *previous;
static const char *code, *profile;

static struct edge *find(const struct block *from, const struct block *to) {
  size_t at = ((uintptr_t)from / 32 * 0x9E3779B97F4A7C15u + (uintptr_t)to / 32 * 0xC2B2AE3D27D4EB4Fu) >> 42;
  pthread_mutex_lock(&lock);
  while (edges[at].from && (edges[at].from != from || edges[at].to != to))
    at = (at + 1) % kEdges;
  edges[at].from = from;
  edges[at].to = to;
  pthread_mutex_unlock(&lock);
  return &edges[at];
}

static void executed(unsigned cpu, void *data) {
  (void)cpu;
  struct block *from = previous, *to = data;
  previous = to;
  if (!from)
    return;
  if (!from->recent || from->recent->to != to)
    from->recent = find(from, to);
  ++from->recent->count;
}

static void translated(uint64_t id, struct qemu_plugin_tb *translation) {
  (void)id;
  const struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(translation, 0);
  const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(translation, qemu_plugin_tb_n_insns(translation) - 1);
  struct block *block = calloc(1, sizeof *block);
  block->first = (uintptr_t)qemu_plugin_insn_haddr(first);
  block->last = (uintptr_t)qemu_plugin_insn_haddr(last);
  block->end = block->last + qemu_plugin_insn_size(last);
  qemu_plugin_register_vcpu_tb_exec_cb(translation, executed, 0, block);
}

/* Where the file lies in memory, and what to take off for its own addresses. */
static bool mapped(uint64_t *begin, uint64_t *end, uint64_t *base) {
  char line[4600], path[4100];
  FILE *maps = fopen("/proc/self/maps", "r");
  *begin = 0;
  while (maps && fgets(line, sizeof line, maps)) {
    unsigned long from, to;
    if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %4099[^\n]", &from, &to, path) != 3 || strcmp(path, code) != 0)
      continue;
    if (!*begin)
      *begin = from;
    *end = to;
  }
  if (maps)
    fclose(maps);
  if (!*begin)
    return false;
  *base = ((const Elf64_Ehdr *)*begin)->e_type == ET_DYN ? *begin : 0;
  return true;
}

static void ended(uint64_t id, void *data) {
  (void)id, (void)data;
  uint64_t begin, end, base;
  if (!mapped(&begin, &end, &base))
    return;
  FILE *out = fopen(profile, "w");
  if (!out)
    return;
  for (size_t i = 0; i < kEdges; ++i) {
    const struct edge *edge = &edges[i];
    if (!edge->from || edge->to->first < begin || edge->to->first >= end)
      continue;
    unsigned long count = edge->count;
    if (edge->from->last >= begin && edge->from->last < end)
      fprintf(out, edge->from->end == edge->to->first ? "F %lx %lx %lu\n" : "B %lx %lx %lu 0\n",
              (unsigned long)(edge->from->last - base), (unsigned long)(edge->to->first - base), count);
    if (edge->to->first != edge->to->last)
      fprintf(out, "F %lx %lx %lu\n", (unsigned long)(edge->to->first - base), (unsigned long)(edge->to->last - base), count);
  }
  fclose(out);
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "code=", 5) == 0)
      code = realpath(argv[i] + 5, NULL);
    if (strncmp(argv[i], "profile=", 8) == 0)
      profile = strdup(argv[i] + 8);
  }
  edges = calloc(kEdges, sizeof *edges);
  if (!code || !profile || !edges)
    return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
