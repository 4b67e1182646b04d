// A call of a small network, checks included, beside the loops that a person would write for it.
// Prints nanoseconds of the call and of the loops: the least of many rounds, taken in turns.
#include "mlp_predict_tiny.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace {

mlp_predict_tiny::State state;
mlp_predict_tiny::step step{state};
float x[1][8], h0[16], h1[16], probs[4];

template <int inputs, int outputs>
void layer(const float *in, const float *w, const float *b, float *out) {
  for (int j = 0; j < outputs; ++j)
    out[j] = b[j];
  for (int k = 0; k < inputs; ++k)
    for (int j = 0; j < outputs; ++j)
      out[j] += in[k] * w[k * outputs + j];
}

__attribute__((noinline)) void loops() {
  layer<8, 16>(x[0], state.w0().data(), state.b0().data(), h0);
  for (float &h : h0)
    h = std::max(h, 0.0f);
  layer<16, 16>(h0, state.w1().data(), state.b1().data(), h1);
  for (float &h : h1)
    h = std::max(h, 0.0f);
  layer<16, 4>(h1, state.w2().data(), state.b2().data(), probs);
  float sum = 0;
  for (float &p : probs)
    sum += p = std::exp(p);
  for (float &p : probs)
    p /= sum;
}

template <class Call> double nanoseconds(Call call) {
  constexpr int calls = 2000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) {
    // The input is new each time, as far as the compiler knows.
    asm volatile("" : : "r"(&x) : "memory");
    call();
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start)
             .count() /
         calls;
}

} // namespace

int main() {
  unsigned seed = 1;
  const auto fill = [&](auto values) {
    for (float &value : values)
      value = static_cast<float>((seed = seed * 1664525u + 1013904223u) >> 8) / 16777216.0f - 0.5f;
  };
  fill(state.w0()), fill(state.b0()), fill(state.w1()), fill(state.b1()), fill(state.w2()),
      fill(state.b2());
  fill(fn::view<float, 1, 8>(x[0]));

  double call = 1e9, plain = 1e9;
  for (int round = 0; round < 300; ++round) {
    call = std::min(call, nanoseconds([] { step.call(x); }));
    plain = std::min(plain, nanoseconds(loops));
  }
  auto r = step.call(x);
  for (int i = 0; i < 4; ++i)
    if (!r || std::fabs(r.probs()(0, i) - probs[i]) > 1e-6f)
      return std::puts("the results differ"), 1;
  std::printf("%.1f %.1f\n", call, plain);
  return 0;
}
