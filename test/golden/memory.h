/* What generated code needs of a C library, where there is none. */
typedef unsigned long u64;
typedef u64 __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *to, const void *from, u64 n) {
  u64 i = 0;
  for (; i + sizeof(word) <= n; i += sizeof(word))
    *(word *)((char *)to + i) = *(const word *)((const char *)from + i);
  for (; i < n; ++i)
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
  u64 i = 0;
  for (; i + sizeof(word) <= n; i += sizeof(word))
    *(word *)((char *)to + i) = (unsigned char)value * 0x0101010101010101;
  for (; i < n; ++i)
    ((char *)to)[i] = (char)value;
  return to;
}
