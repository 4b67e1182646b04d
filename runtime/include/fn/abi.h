/*===- abi.h - what generated objects and programs agree on ------*- C -*-===*\
 *
 * C11 and C++17, freestanding. Every compiled function takes a pointer to its argument struct and
 * returns a status.
 *
\*===----------------------------------------------------------------------===*/

#ifndef FN_ABI_H
#define FN_ABI_H

#include <stddef.h>
#include <stdint.h>

/* Why a call failed. A failed call has changed no variable. */
enum fn_code {
  FN_OK = 0,
  FN_NULL_POINTER = 1,       /* tensor: which one */
  FN_SHAPE_MISMATCH = 2,     /* tensor, dimension, expected, got */
  FN_SIZES_DISAGREE = 3,     /* tensor, dimension: what a size is made of (-1: of its entries) that does
                                not fit another one; expected, got: the two */
  FN_WORKSPACE_TOO_SMALL = 4, /* expected: bytes needed, got: bytes given */
  FN_WORKSPACE_MISALIGNED = 5, /* expected: alignment */
  FN_OVERLAP = 6,            /* tensor: an input that overlaps what the call writes */
  FN_INDEX_OUT_OF_RANGE = 7, /* tensor: which check, expected: limit, got: the index */
  FN_ASSERTION = 8,          /* tensor: which check */
  FN_NOT_FINITE = 9,         /* tensor: which check */
  FN_UNSUPPORTED_CPU = 10,
  FN_BAD_STATE = 11,          /* saved bytes of another graph or version */
  /* Of sparse inputs: */
  FN_ENTRY_COUNT = 12,        /* tensor, expected: most (or least) entries, got */
  FN_ENTRY_OUT_OF_RANGE = 13, /* tensor, dimension, expected: its size, got: an index */
  FN_ENTRIES_DISAGREE = 14,   /* tensor, dimension: 0 values and rows of indices, 1 rank and columns
                                 of indices, 2 rank and sizes of the shape */
  FN_SHAPE_OVERFLOW = 15      /* tensor, expected: most elements that a shape may say, or 0 where
                                 tensors made of it have too many bytes */
};

/* tensor: inputs count from 0, then outputs, then checks; these two stand for themselves. */
enum { FN_TENSOR_STATE = -1, FN_TENSOR_WORKSPACE = -2 };

typedef struct fn_status {
  int32_t code; /* enum fn_code */
  int32_t tensor;
  int32_t dimension;
  int32_t relation; /* expected is 0: the value, 1: the largest, -1: the smallest */
  int64_t expected;
  int64_t got;
} fn_status;

/* Element types, as fn.print hands them on. */
enum fn_dtype {
  FN_I1, FN_I8, FN_I16, FN_I32, FN_I64, FN_U8, FN_U16, FN_U32, FN_U64,
  FN_F16, FN_BF16, FN_F32, FN_F64
};

/* 16-bit floats travel as their bits. */
typedef struct fn_f16 { uint16_t bits; } fn_f16;
typedef struct fn_bf16 { uint16_t bits; } fn_bf16;

/* Where fn.print goes. A call without a context prints nothing. */
typedef struct fn_context {
  void (*print)(void *user, const char *label, int32_t dtype, const void *data,
                const ptrdiff_t *dims, int32_t rank);
  void *user;
} fn_context;

#endif /* FN_ABI_H */
