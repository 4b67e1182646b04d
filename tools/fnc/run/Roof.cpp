//===- Roof.cpp - what this machine can do at most ------------------------===//

#include "Roof.h"
#include "Array.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

using namespace fnc::tool;

namespace {

template <unsigned Bytes> struct Vector {
  typedef float Type __attribute__((vector_size(Bytes)));
};

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Enough chains of dependent operations for the latency of two pipes.
constexpr unsigned kChains = 12;
constexpr long kSteps = 200'000;

template <unsigned Bytes> [[gnu::always_inline]] inline float multiplyAdd() {
  typename Vector<Bytes>::Type sums[kChains], a = {}, b = {};
  a += 0.999f;
  b += 1e-3f;
  for (unsigned i = 0; i < kChains; ++i)
    sums[i] = a * float(i);
  for (long k = 0; k < kSteps; ++k)
#pragma GCC unroll 12
    for (unsigned i = 0; i < kChains; ++i)
      sums[i] = sums[i] * a + b;
  float total = 0;
  for (unsigned i = 0; i < kChains; ++i)
    for (unsigned lane = 0; lane < Bytes / sizeof(float); ++lane)
      total += sums[i][lane];
  return total;
}

template <unsigned Bytes> [[gnu::always_inline]] inline float sum(const float *data, size_t count) {
  using Lanes = typename Vector<Bytes>::Type;
  constexpr size_t width = Bytes / sizeof(float), unroll = 8;
  Lanes sums[unroll] = {};
  for (size_t k = 0; k < count; k += unroll * width)
    for (size_t i = 0; i < unroll; ++i) {
      Lanes value;
      std::memcpy(&value, data + k + i * width, Bytes);
      sums[i] += value;
    }
  float total = 0;
  for (size_t i = 0; i < unroll; ++i)
    total += sums[i][0];
  return total;
}

/// The same two for what the machine has.
struct Kernels {
  unsigned bytes;
  float (*multiplyAdd)();
  float (*sum)(const float *, size_t);
};

#if defined(__x86_64__)
[[gnu::target("avx512f")]] float multiplyAdd512() { return multiplyAdd<64>(); }
[[gnu::target("avx512f")]] float sum512(const float *d, size_t n) { return sum<64>(d, n); }
[[gnu::target("avx2,fma")]] float multiplyAdd256() { return multiplyAdd<32>(); }
[[gnu::target("avx2,fma")]] float sum256(const float *d, size_t n) { return sum<32>(d, n); }
#endif
float multiplyAdd128() { return multiplyAdd<16>(); }
float sum128(const float *d, size_t n) { return sum<16>(d, n); }

Kernels kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {64, multiplyAdd512, sum512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {32, multiplyAdd256, sum256};
#endif
  return {16, multiplyAdd128, sum128};
}

/// The least time of several: others may use the machine, too.
template <typename Work> double leastSeconds(int times, Work work) {
  volatile float sink = 0;
  double least = INFINITY;
  for (int i = 0; i < times; ++i) {
    double start = secondsNow();
    sink = sink + work();
    least = std::min(least, secondsNow() - start);
  }
  return least;
}

} // namespace

Roof Roof::measure() {
  Kernels used = kernels();
  Roof roof;
  double flops = 2.0 * used.bytes / sizeof(float) * kChains * kSteps;
  roof.operations = flops / leastSeconds(20, used.multiplyAdd);
  constexpr size_t largest = size_t(128) << 20;
  std::shared_ptr<unsigned char> memory = allocate(largest, "the bandwidth of memory");
  std::memset(memory.get(), 0, largest);
  auto *data = reinterpret_cast<const float *>(memory.get());
  for (size_t bytes = size_t(16) << 10; bytes <= largest; bytes *= 8) {
    size_t passes = std::max<size_t>((size_t(4) << 20) / bytes, 1), count = bytes / sizeof(float);
    double seconds = leastSeconds(bytes == largest ? 5 : 10, [&] {
      float total = 0;
      for (size_t pass = 0; pass < passes; ++pass)
        total += used.sum(data, count);
      return total;
    });
    roof.bandwidths.push_back({bytes, static_cast<double>(bytes * passes) / seconds});
  }
  return roof;
}

double Roof::bandwidthAt(double bytes) const {
  if (bytes <= static_cast<double>(bandwidths.front().bytes))
    return bandwidths.front().rate;
  for (size_t i = 1; i < bandwidths.size(); ++i) {
    auto from = static_cast<double>(bandwidths[i - 1].bytes);
    auto to = static_cast<double>(bandwidths[i].bytes);
    if (bytes > to)
      continue;
    double part = std::log(bytes / from) / std::log(to / from);
    return std::exp(std::log(bandwidths[i - 1].rate) * (1 - part) +
                    std::log(bandwidths[i].rate) * part);
  }
  return bandwidths.back().rate;
}

double Roof::seconds(double operationCount, double bytes, unsigned bits) const {
  double peak = bits > 32 ? operations / 2 : operations;
  return std::max(operationCount / peak, bytes / bandwidthAt(bytes));
}
