// The workloads whose weights are variables. The networks that hold theirs as constants are
// programs beside this one, as `worker-network.cpp` makes them.
#include "worker.h"
#include "cnn_bn_train.h"
#include "gelu_residual.h"
#include "kalman.h"
#include "layernorm_1024.h"
#include "lstm_stream.h"
#include "mlp_predict_tiny.h"
#include "mlp_train.h"
#include "softmax_1024.h"
#include "spmm.h"
#include <string_view>
#include <unistd.h>

using bench::Buffer;
using bench::Folders;

namespace {

/// Outputs lie in the function objects. Where in a page they begin, beside inputs that begin with
/// one, is a third of the time of a loop that only moves through them; the linker would choose.
constexpr size_t kPage = 4096;

template <typename Result> void saveLoss(const Folders &f, Result &r) {
  const float loss = r.loss();
  npy::save(f.out + "/loss.npy", &loss, {});
}

/// A function with state: its weights are read, and written after the last checked call.
template <typename State, typename Step, typename Call, typename Save>
int runWithState(const Folders &f, State &state, Step &step, Call call, Save save) {
  bench::loadState(state, f);
  return bench::run(
      f, [&] { return call(step); },
      [&](auto &r) {
        bench::saveState(state, f);
        save(r);
      });
}

int softmax(const Folders &f) {
  alignas(kPage) static softmax_1024::step step;
  const Buffer x(npy::load(f.input("x")));
  return bench::run(
      f, [&] { return step.call(x); },
      [&](auto &r) { npy::save(f.out + "/y.npy", r.y().data(), {1024, 1024}); });
}

int gelu(const Folders &f) {
  static gelu_residual::State state;
  alignas(kPage) static gelu_residual::step step{state};
  const Buffer x(npy::load(f.input("x"))), residual(npy::load(f.input("residual")));
  return runWithState(
      f, state, step, [&](auto &s) { return s.call(x, residual); },
      [&](auto &r) { npy::save(f.out + "/y.npy", r.y().data(), {1024, 1024}); });
}

int layernorm(const Folders &f) {
  static layernorm_1024::State state;
  alignas(kPage) static layernorm_1024::step step{state};
  const Buffer x(npy::load(f.input("x")));
  return runWithState(
      f, state, step, [&](auto &s) { return s.call(x); },
      [&](auto &r) { npy::save(f.out + "/y.npy", r.y().data(), {1024, 1024}); });
}

int spmm(const Folders &f) {
  alignas(kPage) static spmm::step step;
  const auto indices = npy::load<int64_t>(f.input("indices"), "<i8");
  const Buffer values(npy::load(f.input("values"))), dense(npy::load(f.input("dense")));
  const ptrdiff_t count = static_cast<ptrdiff_t>(values.size()), shape[] = {10000, 10000};
  const fn::view<const int64_t, fn::dynamic, 2> places(indices.data(), count, 2);
  const fn::view<const float, fn::dynamic> entries(values.data(), count);
  return bench::run(
      f, [&] { return step.call({places, entries, shape}, dense); },
      [&](auto &r) { npy::save(f.out + "/y.npy", r.y().data(), {10000, 64}); });
}

int mlpPredict(const Folders &f) {
  static mlp_predict_tiny::State state;
  alignas(kPage) static mlp_predict_tiny::step step{state};
  const Buffer x(npy::load(f.input("x")));
  return runWithState(
      f, state, step, [&](auto &s) { return s.call(x); },
      [&](auto &r) { npy::save(f.out + "/probs.npy", r.probs().data(), {1, 4}); });
}

int lstm(const Folders &f) {
  static lstm_stream::State state;
  alignas(kPage) static lstm_stream::step step{state};
  const Buffer x(npy::load(f.input("x")));
  return runWithState(
      f, state, step, [&](auto &s) { return s.call(x); },
      [&](auto &r) { npy::save(f.out + "/y.npy", r.y().data(), {1, 128}); });
}

int kalmanFilter(const Folders &f) {
  static kalman::State state;
  alignas(kPage) static kalman::step step{state};
  const Buffer z(npy::load(f.input("z")));
  return runWithState(
      f, state, step, [&](auto &s) { return s.call(z); },
      [&](auto &r) { npy::save(f.out + "/estimate.npy", r.estimate().data(), {4, 1}); });
}

int mlpTrain(const Folders &f) {
  static mlp_train::State state;
  alignas(kPage) static mlp_train::step step{state};
  const Buffer x(npy::load(f.input("x"))), y(npy::load(f.input("y")));
  return runWithState(
      f, state, step, [&](auto &s) { return s.call(x, y); }, [&](auto &r) { saveLoss(f, r); });
}

int cnnTrain(const Folders &f) {
  static cnn_bn_train::State state;
  alignas(kPage) static cnn_bn_train::step step{state};
  const Buffer x(npy::load(f.input("x"))), y(npy::load(f.input("y")));
  return runWithState(
      f, state, step, [&](auto &s) { return s.call(x, y); }, [&](auto &r) { saveLoss(f, r); });
}

constexpr struct {
  std::string_view name;
  int (*run)(const Folders &);
} workloads[] = {
    {"softmax_1024", softmax},     {"gelu_residual", gelu},
    {"layernorm_1024", layernorm}, {"spmm", spmm},
    {"spmm_shuffled", spmm},       {"mlp_predict_tiny", mlpPredict},
    {"lstm_stream", lstm},         {"kalman", kalmanFilter},
    {"mlp_train", mlpTrain},       {"cnn_bn_train", cnnTrain},
};

} // namespace

int main(int argc, char **argv) {
  if (argc != 4)
    npy::fail("usage: fnc-bench-worker WORKLOAD DIR OUT");
  for (const auto &workload : workloads)
    if (workload.name == argv[1])
      return workload.run({argv[2], argv[3]});
  const std::string network = std::string(argv[0]) + "-" + argv[1];
  execv(network.c_str(), argv);
  std::puts("no such workload was built; networks need FNC_BENCH_DATA when CMake runs");
  return 0;
}
