// A network whose weights are constants of its object. GRAPH and HEADER come from CMake.
#include HEADER
#include "worker.h"

namespace {

/// 4-D arrays are NHWC in the benchmark's files and NCHW in its ONNX models.
std::vector<float> toNchw(const std::vector<float> &x, size_t pixels, size_t channels) {
  std::vector<float> y(x.size());
  for (size_t p = 0; p < pixels; ++p)
    for (size_t c = 0; c < channels; ++c)
      y[c * pixels + p] = x[p * channels + c];
  return y;
}

std::vector<float> toNhwc(const float *x, size_t pixels, size_t channels) {
  std::vector<float> y(pixels * channels);
  for (size_t p = 0; p < pixels; ++p)
    for (size_t c = 0; c < channels; ++c)
      y[p * channels + c] = x[c * pixels + p];
  return y;
}

template <typename Result> void save(const bench::Folders &f, Result &r) {
  if constexpr (requires { r.hidden(); })
    npy::save(f.out + "/hidden.npy", r.hidden().data(), {1, 128, 384});
  if constexpr (requires { r.predictions(); })
    npy::save(f.out + "/predictions.npy", r.predictions().data(), {1, 1000});
  if constexpr (requires { r.block5_conv3(); })
    npy::save(f.out + "/block5_conv3.npy", toNhwc(r.block5_conv3().data(), 14 * 14, 512).data(),
              {1, 14, 14, 512});
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4)
    npy::fail("usage: NETWORK WORKLOAD DIR OUT");
  const bench::Folders folders{argv[2], argv[3]};
  static GRAPH::predict predict;
  const bool isImage = npy::exists(folders.input("input"));
  std::vector<float> in = npy::load(folders.input(isImage ? "input" : "embeddings"));
  const bench::Buffer x(isImage ? toNchw(in, 224 * 224, 3) : in);
  return bench::run(folders, [&] { return predict.call(x); }, [&](auto &r) { save(folders, r); });
}
