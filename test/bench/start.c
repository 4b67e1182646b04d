/* What a program for AArch64 Linux needs where there is no C library. */
#include "../golden/memory.h"

int main(void);

void _start(void) {
  register long number __asm__("x8") = 93, code __asm__("x0") = main();
  __asm__ volatile("svc 0" ::"r"(number), "r"(code));
  __builtin_unreachable();
}
