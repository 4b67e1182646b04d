/* What generated code needs of a C library, where there is none. */
typedef unsigned long u64;

void *memcpy(void *to, const void *from, u64 n) {
  for (u64 i = 0; i < n; ++i)
    ((char *)to)[i] = ((const char *)from)[i];
  return to;
}

void *memmove(void *to, const void *from, u64 n) {
  if (to < from)
    return memcpy(to, from, n);
  while (n--)
    ((char *)to)[n] = ((const char *)from)[n];
  return to;
}

void *memset(void *to, int value, u64 n) {
  for (u64 i = 0; i < n; ++i)
    ((char *)to)[i] = (char)value;
  return to;
}
