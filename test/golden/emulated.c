/* Holds memory and calls functions for a test that runs on another machine. Freestanding: what generated code needs
   besides is in memory.h. Commands come from standard input, answers go to standard output; numbers are 8 bytes:
     A size          -> address           a new piece of memory, 4096-aligned
     W address size bytes
     R address size  -> bytes
     C number address -> status of 32 bytes    calls functions[number] with the arguments at the address
     I number address                     calls functions[number], an initializer
     F               frees all memory */
#include "memory.h"

typedef struct { u64 words[4]; } status;

extern void *const functions[];

static long call3(long number, long a, long b, long c) {
#if defined(__aarch64__)
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#elif defined(__riscv)
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
#else
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
#endif
}

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, EXIT = 60 };
#else
enum { READ = 63, WRITE = 64, EXIT = 93 };
#endif

static void stop(int code) {
  for (;;)
    call3(EXIT, code, 0, 0);
}

static void read_all(void *to, u64 n) {
  for (u64 done = 0; done < n;) {
    long got = call3(READ, 0, (long)((char *)to + done), (long)(n - done));
    if (got <= 0)
      stop(got != 0 || done != 0);
    done += (u64)got;
  }
}

static void write_all(const void *from, u64 n) {
  for (u64 done = 0; done < n;) {
    long put = call3(WRITE, 1, (long)((const char *)from + done), (long)(n - done));
    if (put <= 0)
      stop(1);
    done += (u64)put;
  }
}

static u64 number(void) {
  u64 value;
  read_all(&value, sizeof value);
  return value;
}

/* Pages that are not touched cost nothing. */
static char memory[(u64)1 << 30] __attribute__((aligned(4096)));
static u64 used;

#if defined(__x86_64__)
__attribute__((force_align_arg_pointer)) /* nothing has called it */
#endif
void _start(void) {
  for (;;) {
    char command;
    read_all(&command, 1);
    u64 a = command == 'F' ? 0 : number();
    u64 b = command == 'A' || command == 'F' ? 0 : number();
    if (command == 'A') {
      if (a > sizeof memory - used)
        stop(2);
      u64 address = (u64)(memory + used);
      used += (a + 4095) / 4096 * 4096;
      write_all(&address, sizeof address);
    } else if (command == 'W') {
      read_all((void *)a, b);
    } else if (command == 'R') {
      write_all((const void *)a, b);
    } else if (command == 'C') {
      status result = ((status(*)(const void *))functions[a])((const void *)b);
      write_all(&result, sizeof result);
    } else if (command == 'I') {
      ((void (*)(void *))functions[a])((void *)b);
    } else if (command == 'F') {
      used = 0;
    } else {
      stop(3);
    }
  }
}
