//===- worker.h - one workload of the benchmark ------------------*- C++ -*-===//
//
// A worker is started as `WORKER WORKLOAD DIR OUT`. It reads DIR/inputs and DIR/weights, makes as
// many calls as DIR/meta.json says, writes what they left to OUT and prints `ready`. Then it
// answers each line `run K` with the nanoseconds of K calls, single ones or means of batches.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TEST_BENCH_WORKER_H
#define FNC_TEST_BENCH_WORKER_H

#include "npy.h"
#include <algorithm>
#include <chrono>
#include <fn/status.h>
#include <new>

namespace bench {

struct Folders {
  std::string data, out;
  std::string input(const std::string &name) const { return data + "/inputs/" + name + ".npy"; }
  std::string weight(const std::string &name) const { return data + "/weights/" + name + ".npy"; }
};

/// Memory at a cache line's start.
class Buffer {
public:
  explicit Buffer(const std::vector<float> &from)
      : data_(static_cast<float *>(std::aligned_alloc(64, (from.size() * 4 + 127) / 64 * 64))),
        size_(from.size()) {
    std::copy(from.begin(), from.end(), data_);
  }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer() { std::free(data_); }
  const float *data() const { return data_; }
  size_t size() const { return size_; }

private:
  float *data_;
  size_t size_;
};

/// The benchmark's name of a variable: optimizers' slots are m_w, v_w there.
inline std::string weightName(const std::string &variable) {
  const size_t slash = variable.find('/');
  if (slash == std::string::npos)
    return variable;
  const std::string owner = variable.substr(0, slash),
                    slot = variable.substr(variable.rfind('/') + 1);
  if (variable.find('/', slash + 1) == std::string::npos)
    return slot;
  return (slot == "m" ? "m_" : "v_") + owner;
}

template <typename State, typename Visit> void eachVariable(State &state, Visit visit) {
  for (int i = 0; i < State::variable_count; ++i) {
    const fn::tensor_info &info = State::variables[i];
    std::vector<size_t> shape;
    size_t count = 1;
    for (int d = 0; d < info.rank; ++d) {
      shape.push_back(static_cast<size_t>(info.shape[d]));
      count *= shape.back();
    }
    visit(weightName(info.name), std::string(info.dtype),
          static_cast<unsigned char *>(state.bytes()) + State::variable_offsets[i], count, shape);
  }
}

template <typename State> void loadState(State &state, const Folders &folders) {
  eachVariable(state, [&](const std::string &name, const std::string &type, unsigned char *at,
                          size_t count, const std::vector<size_t> &) {
    // Counters that only the compiler's optimizers have begin at their own value.
    if (!npy::exists(folders.weight(name)))
      return;
    const std::vector<float> values = npy::load(folders.weight(name));
    if (values.size() != count)
      npy::fail(folders.weight(name) + ": another size than the variable's");
    if (type == "f32")
      std::memcpy(at, values.data(), count * sizeof(float));
    else if (int64_t whole = static_cast<int64_t>(values[0]); type == "i64" && count == 1)
      std::memcpy(at, &whole, sizeof whole);
    else
      npy::fail(name + ": no rule for its type");
  });
}

template <typename State> void saveState(State &state, const Folders &folders) {
  eachVariable(state, [&](const std::string &name, const std::string &type, unsigned char *at,
                          size_t count, const std::vector<size_t> &shape) {
    std::vector<float> values(count);
    int64_t whole = 0;
    if (type == "f32")
      std::memcpy(values.data(), at, count * sizeof(float));
    else {
      std::memcpy(&whole, at, sizeof whole);
      values[0] = static_cast<float>(whole);
    }
    npy::save(folders.out + "/" + name + ".npy", values.data(), shape);
  });
}

inline int checkedCalls(const Folders &folders) {
  npy::File f(folders.data + "/meta.json", "rb");
  std::string text(1 << 20, '\0');
  text.resize(std::fread(&text[0], 1, text.size(), f.file));
  const size_t at = text.find("\"calls\":");
  return at == std::string::npos ? 1 : std::atoi(text.c_str() + at + 8);
}

/// Answers until the input ends. Short calls are timed in batches: a reading of the clock takes
/// some 30 ns.
template <typename Call> void serve(Call call) {
  using Clock = std::chrono::steady_clock;
  auto time = [&](long calls) {
    const auto start = Clock::now();
    for (long k = 0; k < calls; ++k) {
      call();
      asm volatile("" ::: "memory");
    }
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  };
  std::puts("ready");
  std::fflush(stdout);
  long calls = 0;
  while (std::scanf(" run %ld", &calls) == 1) {
    long batch = 1;
    for (long done = 0, n = 0; done < calls; done += n) {
      n = std::min(calls - done, batch);
      const double each = time(n) / static_cast<double>(n);
      std::printf("%.1f ", each);
      batch = each < 20000 ? std::min(1000L, static_cast<long>(50000 / (each + 1)) + 1) : 1;
    }
    std::puts("");
    std::fflush(stdout);
  }
}

/// The whole protocol: `call` returns a result that `save` writes.
template <typename Call, typename Save> int run(const Folders &folders, Call call, Save save) {
  for (int left = checkedCalls(folders); left > 0; --left) {
    auto result = call();
    if (!result)
      npy::fail(fn::message(result.status()).c_str());
    if (left == 1)
      save(result);
  }
  serve(call);
  return 0;
}

} // namespace bench

#endif // FNC_TEST_BENCH_WORKER_H
