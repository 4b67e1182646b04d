// The same classifier by convolutions with batch normalization, trained by Adam.
#include "../images.h"
#include "cnn.h"

#include <algorithm>

static int fail(const fn::status &status) {
  std::fprintf(stderr, "%s\n", fn::message(status).c_str());
  return 1;
}

int main(int argc, char **argv) {
  const std::string folder = argc > 1 ? argv[1] : "data";
  const Images training(folder + "/train.bin"), testing(folder + "/test.bin");
  if (!training.count() || !testing.count())
    return 1;

  static cnn::State state;
  static cnn::train train{state};
  for (int epoch = 0; epoch < 10; ++epoch) {
    double sum = 0;
    int calls = 0;
    for (int i = 0; i < training.count(); i += 32, ++calls) {
      const int n = std::min(32, training.count() - i);
      auto r = train.call({training.image(i), n, 8, 8, 1}, {training.label(i), n});
      if (!r)
        return fail(r.status());
      sum += static_cast<double>(r.loss());
    }
    std::printf("epoch %2d  loss %.4f\n", epoch + 1, sum / calls);
  }

  static cnn::predict predict{state};
  int right = 0;
  for (int i = 0; i < testing.count(); i += 32) {
    const int n = std::min(32, testing.count() - i);
    auto r = predict.call({testing.image(i), n, 8, 8, 1});
    if (!r)
      return fail(r.status());
    for (int k = 0; k < n; ++k)
      right += r.digit()[k] == *testing.label(i + k);
  }
  std::printf("%d of %d right\n", right, testing.count());
  return right < 350;
}
