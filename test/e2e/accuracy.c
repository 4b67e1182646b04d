/* accuracy FUNCTION STRIDE OBJECT.so...: per object the worst error of g_f over every STRIDE-th f32, in units in the last place,
   the argument where it is, and at how many zeros the sign is wrong. The reference is the C library's in f64. */
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, MOST = 8 };
typedef struct { int32_t code, more[3]; int64_t rest[2]; } status;
typedef status function(const void *);

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double reciprocal(double x) { return 1 / x; }
static double rsqrt(double x) { return 1 / sqrt(x); }
static double silu(double x) { return x == -INFINITY ? NAN : x / (1 + exp(-x)); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))) + (x - x); }
static double elu(double x) { return x < 0 ? expm1(x) : x; }
static double selu(double x) { return 1.0507009873554804934193349852946 * (x < 0 ? 1.6732632423543772848170429916717 * expm1(x) : x); }
static double gelu(double x) { return x * erfc(-x * 0.70710678118654752440) / 2; }
static double gelu_tanh(double x) {
  double s = 0.79788456080286535588 * (x + 0.044715 * x * x * x);
  return x / (1 + exp(-2 * s)); /* (1 + tanh s) / 2 without loss */
}
static double softsign(double x) { return x / (1 + fabs(x)); }
static double hard_sigmoid(double x) { return x != x ? x : fmin(fmax(x + 3, 0), 6) / 6; }
static double hard_swish(double x) { return x * hard_sigmoid(x); }
static double mish(double x) {
  double e = exp(fmin(x, 100)), w = e * (e + 2);
  return x != x || x == -INFINITY ? NAN : x * (w / (w + 2));
}

/* Results that are small because a number cancels, or because a factor underflows, are as exact as this. */
static double of_half(double x) { return fabs(x) / 2; }
static double of_least(double x) { return fabs(x) * 0x1p-126; }

static const struct { const char *name; double (*rule)(double), (*scale)(double); } known[] = {
    {"reciprocal", reciprocal}, {"sqrt", sqrt}, {"rsqrt", rsqrt}, {"exp", exp}, {"expm1", expm1}, {"log", log}, {"log2", log2},
    {"log1p", log1p}, {"sin", sin}, {"cos", cos}, {"tan", tan}, {"asin", asin}, {"acos", acos}, {"atan", atan}, {"sinh", sinh},
    {"cosh", cosh}, {"tanh", tanh}, {"asinh", asinh}, {"acosh", acosh}, {"atanh", atanh}, {"erf", erf}, {"sigmoid", sigmoid},
    {"elu", elu}, {"selu", selu}, {"gelu", gelu, of_half}, {"gelu_tanh", gelu_tanh, of_half}, {"silu", silu, of_least},
    {"softplus", softplus},
    {"softsign", softsign}, {"hard_sigmoid", hard_sigmoid}, {"hard_swish", hard_swish}, {"mish", mish, of_least}};

/* From one f32 to the next near x, as a power of 2. */
static double unit(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int64_t exponent = (int64_t)(bits >> 52 & 0x7FF) - 23;
  int64_t least = 1023 - 149;
  bits = (uint64_t)(exponent < least ? least : exponent) << 52;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double error(float got, double want, double scale) {
  const double end = 0x1p128; /* what infinity stands for */
  if (want != want || got != got)
    return want != want && got != got ? 0 : INFINITY;
  double y = isinf(got) ? copysign(end, got) : (double)got;
  if (fabs(want) > end)
    want = copysign(end, want);
  return fabs(y - want) / fmin(unit(fmax(fabs(want), scale)), 0x1p104);
}

int main(int argc, char **argv) {
  double (*rule)(double) = NULL, (*scale)(double) = NULL;
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
    if (argc > 3 && argc <= MOST + 3 && !strcmp(known[i].name, argv[1]))
      rule = known[i].rule, scale = known[i].scale;
  if (!rule)
    return 2;
  uint64_t stride = strtoull(argv[2], NULL, 10);
  int objects = argc - 3;
  function *calls[MOST];
  for (int i = 0; i < objects; ++i) {
    void *library = dlopen(argv[i + 3], RTLD_NOW);
    calls[i] = library ? (function *)(uintptr_t)dlsym(library, "g_f") : NULL;
    if (!calls[i])
      return 3;
  }
  static _Alignas(64) float x[BLOCK], y[BLOCK];
  static double want[BLOCK];
  double worst[MOST] = {0};
  float at[MOST] = {0};
  long long signs[MOST] = {0};
  for (uint64_t first = 0; first <= UINT32_MAX; first += BLOCK * stride) {
    for (uint64_t i = 0; i < BLOCK; ++i) {
      uint32_t bits = (uint32_t)(first + i * stride); /* what goes beyond the last begins anew */
      memcpy(&x[i], &bits, sizeof bits);
      want[i] = rule(x[i]);
    }
    for (int k = 0; k < objects; ++k) {
      const void *arguments[] = {x, y};
      if (calls[k](arguments).code != 0)
        return 4;
      for (int i = 0; i < BLOCK; ++i) {
        double e = error(y[i], want[i], scale ? scale(x[i]) : 0);
        if (!(e <= worst[k])) {
          worst[k] = e;
          at[k] = x[i];
        }
        signs[k] += y[i] == 0 && want[i] == 0 && !signbit(y[i]) != !signbit(want[i]);
      }
    }
  }
  for (int k = 0; k < objects; ++k)
    printf("%.4f %a %lld\n", worst[k], at[k], signs[k]);
  return 0;
}
