// Where does a classifier look? One function fetches an inner convolution layer beside the
// predictions; weighted by its class, the layer is a map of what spoke for the answer.
#include "../images.h"
#include "cam.h"

#include <algorithm>
#include <cmath>
#include <png.h>

constexpr int size = 8, channels = 16, classes = 10, batch = 32;

static int fail(const fn::status &status) {
  std::fprintf(stderr, "%s\n", fn::message(status).c_str());
  return 1;
}

/// A row of digits above a row of their maps, enlarged.
class Picture {
public:
  explicit Picture(int columns)
      : width_(columns * cell), pixels_(static_cast<size_t>(3 * width_ * 2 * cell)) {}

  /// Values from 0 to 1: in grey, or from blue by green to red.
  template <class Value> void draw(int column, int row, bool coloured, Value value) {
    for (int y = 0; y < cell - gap; ++y)
      for (int x = 0; x < cell - gap; ++x) {
        const float v = std::clamp(value(y / zoom, x / zoom), 0.0f, 1.0f);
        const float red = coloured ? 2 * v - 1 : v, blue = coloured ? 1 - 2 * v : v,
                    green = coloured ? 1 - std::fabs(2 * v - 1) : v;
        auto *pixel =
            &pixels_[static_cast<size_t>(3 * ((row * cell + y) * width_ + column * cell + x))];
        for (const float part : {red, green, blue})
          *pixel++ = static_cast<unsigned char>(255 * std::max(part, 0.0f));
      }
  }

  bool write(const char *path) const {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width_);
    image.height = 2 * cell;
    image.format = PNG_FORMAT_RGB;
    return png_image_write_to_file(&image, path, 0, pixels_.data(), 0, nullptr);
  }

private:
  static constexpr int zoom = 8, gap = 4, cell = size * zoom + gap;
  int width_;
  std::vector<unsigned char> pixels_;
};

int main(int argc, char **argv) {
  if (argc != 3)
    return std::fprintf(stderr, "usage: %s DATA PICTURE.png\n", argv[0]), 2;
  const std::string folder = argv[1];
  const Images training(folder + "/train.bin"), testing(folder + "/test.bin");
  if (!training.count() || !testing.count())
    return 1;

  static cam::State state;
  static cam::train train{state};
  for (int epoch = 0; epoch < 20; ++epoch) {
    float loss = 0;
    for (int i = 0; i + batch <= training.count(); i += batch) {
      auto r =
          train.call({training.image(i), batch, size, size, 1}, {training.label(i), batch}, true);
      if (!r)
        return fail(r.status());
      loss = r.loss();
    }
    if (epoch % 5 == 4)
      std::printf("epoch %2d  loss %.4f\n", epoch + 1, static_cast<double>(loss));
  }

  static cam::look look{state};
  Picture picture(classes);
  bool drawn[classes] = {};
  int right = 0;
  for (int i = 0; i < testing.count(); i += batch) {
    const int n = std::min(batch, testing.count() - i);
    auto r = look.call({testing.image(i), n, size, size, 1});
    if (!r)
      return fail(r.status());
    for (int k = 0; k < n; ++k) {
      const float *scores = &r.predictions()(k, 0);
      const auto answer = static_cast<int>(std::max_element(scores, scores + classes) - scores);
      right += answer == *testing.label(i + k);
      if (answer != *testing.label(i + k) || drawn[answer])
        continue;
      drawn[answer] = true;

      // map(y, x) = sum over channels of inner(y, x, c) w(c, answer)
      float map[size][size] = {}, largest = 0;
      for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) {
          for (int c = 0; c < channels; ++c)
            map[y][x] += r.inner()(k, y, x, c) * state.w()(c, answer);
          largest = std::max(largest, map[y][x]);
        }
      const float *pixels = testing.image(i + k);
      picture.draw(answer, 0, false, [&](int y, int x) { return pixels[size * y + x]; });
      picture.draw(answer, 1, true, [&](int y, int x) { return map[y][x] / largest; });
    }
  }
  std::printf("%d of %d right\n", right, testing.count());
  if (!picture.write(argv[2]))
    return std::fprintf(stderr, "cannot write %s\n", argv[2]), 1;
  return right < 345;
}
