// Trains and tests on the digits without an operating system: the same program for a board and for
// the host. Prints losses as the bits of floats, answers, and the bytes of RAM that the calls take.
#include GRAPH_HEADER

extern "C" {
#include <stdio.h>
#include <stdlib.h>
}

// One record is 64 pixels and the digit.
extern "C" const unsigned char train_images[], train_images_end[], test_images[], test_images_end[];
extern "C" const float initial_weights[];

static GRAPH::State state;
static GRAPH::train train{state};
static GRAPH::predict predict{state};

static float pixels[32 * 64];
static int32_t labels[32];

static int load(const unsigned char *first, const unsigned char *end) {
  int count = 0;
  for (; count < 32 && first + 65 * count < end; ++count) {
    for (int i = 0; i < 64; ++i)
      pixels[64 * count + i] = static_cast<float>(first[65 * count + i]) / 16.0f;
    labels[count] = first[65 * count + 64];
  }
  return count;
}

static void check(const fn::status &status) {
  if (status)
    return;
  puts(fn::message(status).c_str());
  exit(1);
}

int main() {
#ifdef INITIAL_WEIGHTS
  const float *next = initial_weights;
  const auto fill = [&](auto variable) {
    for (float &value : variable)
      value = *next++;
  };
  fill(state.w1()), fill(state.b1()), fill(state.w2()), fill(state.b2());
#endif
  for (int epoch = 0; epoch < EPOCHS; ++epoch)
    for (const unsigned char *at = train_images; at < train_images_end; at += 32 * 65) {
      const int n = load(at, train_images_end);
      auto r = train.call({pixels, n, 64}, {labels, n});
      check(r.status());
      union {
        float value;
        uint32_t bits;
      } loss = {r.loss()};
      printf("loss %08lx\n", static_cast<unsigned long>(loss.bits));
    }
  int right = 0;
  for (const unsigned char *at = test_images; at < test_images_end; at += 32 * 65) {
    const int n = load(at, test_images_end);
    auto r = predict.call({pixels, n, 64});
    check(r.status());
    for (int i = 0; i < n; ++i)
      right += r.digit()[i] == labels[i];
  }
  printf("right %d\n", right);
  printf("ram %lu %lu %lu\n", static_cast<unsigned long>(sizeof state),
         static_cast<unsigned long>(sizeof train), static_cast<unsigned long>(sizeof predict));
  return 0;
}
