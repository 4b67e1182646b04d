/* What a program for AArch64 Linux needs where there is no C library. */
typedef unsigned long size;

void *memcpy(void *to, const void *from, size n) {
  for (size i = 0; i < n; ++i)
    ((char *)to)[i] = ((const char *)from)[i];
  return to;
}

void *memmove(void *to, const void *from, size n) {
  if (to < from)
    return memcpy(to, from, n);
  while (n--)
    ((char *)to)[n] = ((const char *)from)[n];
  return to;
}

void *memset(void *to, int value, size n) {
  for (size i = 0; i < n; ++i)
    ((char *)to)[i] = (char)value;
  return to;
}

int main(void);

void _start(void) {
  register long number __asm__("x8") = 93, code __asm__("x0") = main();
  __asm__ volatile("svc 0" ::"r"(number), "r"(code));
  __builtin_unreachable();
}
