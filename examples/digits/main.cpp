// Trains softmax regression on handwritten digits and tests it. The calls are compiled from
// digits.mlir; nothing else is linked.
#include "digits.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

struct Data {
  std::vector<float> pixels;
  std::vector<int32_t> labels;
  int count() const { return static_cast<int>(labels.size()); }
};

static Data load(const std::string &path) {
  Data data;
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return data;
  unsigned char record[65];
  while (std::fread(record, 1, sizeof record, file) == sizeof record) {
    for (int i = 0; i < 64; ++i)
      data.pixels.push_back(static_cast<float>(record[i]) / 16.0f);
    data.labels.push_back(record[64]);
  }
  std::fclose(file);
  return data;
}

int main(int argc, char **argv) {
  const std::string folder = argc > 1 ? argv[1] : "data";
  const Data training = load(folder + "/train.bin"), testing = load(folder + "/test.bin");
  if (!training.count() || !testing.count()) {
    std::fprintf(stderr, "no data in %s\n", folder.c_str());
    return 1;
  }

  static digits::State state;
  static digits::train train{state};
  double mean = 0;
  for (int epoch = 0; epoch < 20; ++epoch) {
    double sum = 0;
    int calls = 0;
    for (int i = 0; i < training.count(); i += 32, ++calls) {
      const int n = std::min(32, training.count() - i);
      auto r = train.call({training.pixels.data() + i * 64, n, 64}, {training.labels.data() + i, n});
      if (!r) {
        std::puts(fn::message(r.status()).c_str());
        return 1;
      }
      sum += static_cast<double>(r.loss());
    }
    mean = sum / calls;
    if (epoch % 5 == 4)
      std::printf("epoch %2d  loss %.4f\n", epoch + 1, mean);
  }

  static digits::predict predict{state};
  int confusion[10][10] = {}, right = 0;
  for (int i = 0; i < testing.count(); i += 32) {
    const int n = std::min(32, testing.count() - i);
    auto r = predict.call({testing.pixels.data() + i * 64, n, 64});
    if (!r) {
      std::puts(fn::message(r.status()).c_str());
      return 1;
    }
    for (int k = 0; k < n; ++k) {
      const int label = testing.labels[static_cast<size_t>(i + k)];
      right += r.digit()[k] == label;
      ++confusion[label][r.digit()[k]];
    }
  }
  std::printf("%d of %d right\n\n      ", right, testing.count());
  for (int column = 0; column < 10; ++column)
    std::printf("%4d", column);
  for (int row = 0; row < 10; ++row) {
    std::printf("\n%4d |", row);
    for (int count : confusion[row])
      count ? std::printf("%4d", count) : std::printf("   .");
  }
  std::puts("");

  // reference.py, in float64: 0.138975 and 351.
  const bool same = std::fabs(mean - 0.138975) < 1e-4 && right >= 350 && right <= 352;
  if (!same)
    std::fprintf(stderr, "loss %.6f and %d right are not the reference's\n", mean, right);
  return same ? 0 : 1;
}
