/* A plugin for QEMU that counts instructions, all of them, and prints the count at the end. For version 1 of the plugin
   interface (QEMU 7.2), whose functions are declared here because Debian ships no header.
     cc -O2 -shared -fPIC count.c -o count.so;  qemu-aarch64 -d plugin -plugin ./count.so PROGRAM */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#define EXPORT __attribute__((visibility("default")))
struct qemu_plugin_tb;
struct qemu_info;
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t, void (*)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int operation, void *to, uint64_t value);
void qemu_plugin_register_atexit_cb(uint64_t, void (*)(uint64_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_outs(const char *);

EXPORT int qemu_plugin_version = 1;
static uint64_t count;

static void translated(uint64_t id, struct qemu_plugin_tb *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, /*add*/ 0, &count, qemu_plugin_tb_n_insns(block));
}

static void ended(uint64_t id, void *data) {
  (void)id, (void)data;
  char text[64];
  snprintf(text, sizeof text, "%llu instructions\n", (unsigned long long)count);
  qemu_plugin_outs(text);
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv) {
  (void)info, (void)argc, (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
