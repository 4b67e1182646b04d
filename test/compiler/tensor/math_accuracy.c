// Worst error of every expanded function, in units of the last place of the exact result. The
// reference of f32 is the C library in double, that of f64 in long double (64 bits of mantissa).
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random64(void) {
  static uint64_t state = 0x9e3779b97f4a7c15;
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

enum { N = 1 << 14 };
static const double special[] = {0.0, -0.0, 1.0, -1.0, INFINITY, -INFINITY, NAN, 0.5, -0.5, 2.0, -2.0, 1e-320, -1e-320,
  1e-45, -1e-45, 1e-38, 1.5, 2.5, -1.5, -2.5, 0.49999999999999994, 0.49999997f, 3.0, -3.0, 1e300, -1e300, 1e30, -1e30,
  709.0, 710.0, -745.0, -746.0, 88.7, 88.8, -103.9, -104.1, 4503599627370497.5, 8388609.0, 9007199254740993.0, 22.0, 1e22, 6381956970095103.0 * 0x1p797};
enum { SPECIAL = sizeof special / sizeof *special };

static long double rsqrtl_(long double x) { return 1 / sqrtl(x); }
static double rsqrt_(double x) { return (double)(1 / sqrtl(x)); }
static long double softmax_expl(long double x) { return expl(-fabsl(x)); }
static double softmax_exp(double x) { return exp(-fabs(x)); }
static long double one_plus_erfl(long double x) { return 1 + erfl(fabsl(x)); }
static double one_plus_erf(double x) { return 1 + erf(fabs(x)); }
static long double gelul(long double x) { return fabsl(x) / 2 * (1 + erfl(fabsl(x) * sqrtl(0.5L))); }
static double gelu(double x) { return (double)gelul(x); }

#define MEASURE(T, WIDE, SUFFIX, BITS, MANTISSA, LEAST)                                                               \
  typedef void (*Kernel_##T)(T *, T *, int64_t, int64_t, int64_t, T *, T *, int64_t, int64_t, int64_t, T *, T *,     \
                             int64_t, int64_t, int64_t);                                                             \
  static double ulps_##T(T got, WIDE exact) {                                                                        \
    if (isnan(exact) || isnan(got))                                                                                  \
      return isnan(exact) && isnan(got) ? 0 : INFINITY;                                                              \
    T rounded = (T)exact;                                                                                            \
    if (got == rounded)                                                                                              \
      return rounded == 0 && exact == 0 && signbit(got) != signbit(rounded) ? INFINITY                               \
             : isinf(rounded) || rounded == 0 ? 0 : (double)fabsl((got - exact) / ldexpl(1, ilogbl(exact) < LEAST ? LEAST - MANTISSA : ilogbl(exact) - MANTISSA)); \
    if (isinf(got))                                                                                                  \
      got = copysign((WIDE)1, got) * 0, exact = INFINITY;                                                            \
    if (isinf(exact))                                                                                                \
      return INFINITY;                                                                                               \
    int e = exact == 0 || ilogbl(exact) < LEAST ? LEAST : ilogbl(exact);                                             \
    return (double)fabsl((got - exact) / ldexpl(1, e - MANTISSA));                                                   \
  }                                                                                                                  \
  static T pick_##T(int round, long i) {                                                                             \
    BITS bits = (BITS)random64();                                                                                    \
    T x;                                                                                                             \
    memcpy(&x, &bits, sizeof x);                                                                                     \
    if (round % 4 == 1 || round % 4 == 3) /* where most functions do something */                                    \
      x = (T)(copysign(ldexp((double)(random64() >> 11) * 0x1p-53 + 1, (int)(random64() % 24) - 16), (double)(int64_t)random64())); \
    if (round % 4 == 2)                                                                                              \
      x = (T)((double)(int64_t)random64() * 0x1p-63 * 4);                                                            \
    if (round == 0 && i < SPECIAL * SPECIAL)                                                                         \
      x = (T)special[i % SPECIAL];                                                                                   \
    return x;                                                                                                        \
  }                                                                                                                  \
  static void measure_##T(const char *name, Kernel_##T kernel, WIDE (*one)(WIDE), WIDE (*two)(WIDE, WIDE), int rounds) { \
    static T x[N], y[N], r[N];                                                                                       \
    double worst = 0;                                                                                                \
    T wx = 0, wy = 0, wr = 0;                                                                                        \
    for (int round = 0; round < rounds; ++round) {                                                                   \
      for (long i = 0; i < N; ++i) {                                                                                 \
        x[i] = pick_##T(round, i);                                                                                   \
        y[i] = pick_##T(round, i / SPECIAL);                                                                         \
      }                                                                                                              \
      kernel(x, x, 0, N, 1, y, y, 0, N, 1, r, r, 0, N, 1);                                                           \
      for (long i = 0; i < N; ++i) {                                                                                 \
        double error = ulps_##T(r[i], one ? one(x[i]) : two(x[i], y[i]));                                            \
        if (error > worst)                                                                                           \
          worst = error, wx = x[i], wy = y[i], wr = r[i];                                                            \
      }                                                                                                              \
    }                                                                                                                \
    printf("%s %s %.3f x=%a y=%a got=%a want=%La\n", name, #T, worst, (double)wx, two ? (double)wy : 0.0, (double)wr,  \
           (long double)(one ? one(wx) : two(wx, wy)));                                                              \
  }
MEASURE(float, double, f32, uint32_t, 23, -126)
MEASURE(double, long double, f64, uint64_t, 52, -1022)

#define ONE(NAME, REF)                                                                                               \
  void NAME##_f32(float *, float *, int64_t, int64_t, int64_t, float *, float *, int64_t, int64_t, int64_t, float *,  \
                  float *, int64_t, int64_t, int64_t);                                                               \
  void NAME##_f64(double *, double *, int64_t, int64_t, int64_t, double *, double *, int64_t, int64_t, int64_t,       \
                  double *, double *, int64_t, int64_t, int64_t);
#define TWO ONE
#include "functions.inc"
#undef ONE
#undef TWO

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 64;
#define ONE(NAME, REF) measure_float(#NAME, NAME##_f32, REF, 0, rounds); measure_double(#NAME, NAME##_f64, REF##l, 0, rounds);
#define TWO(NAME, REF) measure_float(#NAME, NAME##_f32, 0, REF, rounds); measure_double(#NAME, NAME##_f64, 0, REF##l, rounds);
#define rsqrt_l rsqrtl_
#include "functions.inc"
}
