// Trains a classifier of handwritten digits and tests it. The calls are compiled from digits.mlir;
// nothing else is linked.
#include "../images.h"
#include "digits.h"

#include <algorithm>
#include <cmath>

static int fail(const fn::status &status) {
  std::fprintf(stderr, "%s\n", fn::message(status).c_str());
  return 1;
}

int main(int argc, char **argv) {
  const std::string folder = argc > 1 ? argv[1] : "data";
  const Images training(folder + "/train.bin"), testing(folder + "/test.bin");
  const auto initial = read_file<float>(folder + "/initial.bin");
  const auto recorded = read_file<float>(folder + "/losses.bin");
  if (!training.count() || !testing.count() || initial.size() != 2410 || recorded.size() != 900)
    return 1;

  // The state has initial weights of its own; from these Keras recorded the losses of its training.
  static digits::State state;
  const float *next = initial.data();
  const auto fill = [&](auto variable) {
    for (float &value : variable)
      value = *next++;
  };
  fill(state.w1()), fill(state.b1()), fill(state.w2()), fill(state.b2());

  static digits::train train{state};
  size_t step = 0, different = 0;
  for (int epoch = 0; epoch < 20; ++epoch) {
    double sum = 0;
    int calls = 0;
    for (int i = 0; i < training.count(); i += 32, ++calls, ++step) {
      const int n = std::min(32, training.count() - i);
      auto r = train.call({training.image(i), n, 64}, {training.label(i), n});
      if (!r)
        return fail(r.status());
      sum += static_cast<double>(r.loss());
      different += std::fabs(r.loss() - recorded[step]) > 1e-4f + 1e-3f * recorded[step];
    }
    if (epoch % 5 == 4)
      std::printf("epoch %2d  loss %.4f\n", epoch + 1, sum / calls);
  }

  static digits::predict predict{state};
  int confusion[10][10] = {}, right = 0;
  for (int i = 0; i < testing.count(); i += 32) {
    const int n = std::min(32, testing.count() - i);
    auto r = predict.call({testing.image(i), n, 64});
    if (!r)
      return fail(r.status());
    for (int k = 0; k < n; ++k) {
      const int label = *testing.label(i + k);
      right += r.digit()[k] == label;
      ++confusion[label][r.digit()[k]];
    }
  }
  std::printf("%d of %d right\n\n      ", right, testing.count());
  for (int column = 0; column < 10; ++column)
    std::printf("%4d", column);
  for (int row = 0; row < 10; ++row) {
    std::printf("\n%4d |", row);
    for (const int count : confusion[row])
      count ? std::printf("%4d", count) : std::printf("   .");
  }
  std::puts("");

  if (different || right != 357)
    std::fprintf(stderr, "%zu of %zu losses are not those that Keras had, with 357 right\n",
                 different, step);
  return different || right != 357;
}
