// Calls through a generated header: values, statuses, messages, views, saved states.

#include "calls.h"
#include <array>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#define EXPECT_TEXT(status, text) EXPECT_STREQ(fn::message(status).c_str(), text)

static_assert(mlp::State::state_bytes == 64);
static_assert(mlp::State::variable_offsets[1] == 48);
static_assert(mlp::predict::tensor_table[1].rank == 2);
// probs of 3 rows: 36 bytes of output behind the scratch.
static_assert(mlp::predict::workspace_bytes(3) == mlp::predict::scratch_bytes(3) + 64);
// Sizes that no memory has make more bytes than there are, not few.
static_assert(mlp::predict::workspace_bytes(PTRDIFF_MAX) > size_t{1} << 58);

alignas(64) static unsigned char memory[4096], memory2[4096];

TEST(Calls, Values) {
  mlp::State state;
  EXPECT_TRUE(state.w()(3, 2) == 0.5f && state.b()[1] == 0.0f);
  mlp::train train{state, memory};
  const float x[3][4] = {{1, 2, 3, 4}, {0, 0, 0, 0}, {4, 3, 2, 1}};
  auto r = train.call(x);
  EXPECT_TRUE(r);
  EXPECT_TRUE(std::fabs(r.loss() - 3.0f) < 1e-6f);
  // Equal columns: each class gets a third of three rows.
  for (float value : state.b())
    EXPECT_TRUE(std::fabs(value - 1.0f) < 1e-6f);
  mlp::predict predict{state, memory2};
  auto p = predict.call(x);
  EXPECT_TRUE(p && p.probs().dim(0) == 3 && p.probs().dim(1) == 3);
  EXPECT_TRUE(std::fabs(p.probs()(2, 1) - 1.0f / 3) < 1e-6f);
  state.reset();
  EXPECT_TRUE(state.b()[1] == 0.0f);
}

TEST(Calls, Views) {
  mlp::State state;
  mlp::predict predict{state, memory};
  std::array<float, 8> flat{};
  EXPECT_TRUE(predict.call(flat).probs().dim(0) == 2);
  std::array<std::array<float, 4>, 5> nested{};
  EXPECT_TRUE(predict.call(nested).probs().dim(0) == 5);
  std::vector<float> values(12);
  EXPECT_TRUE(predict.call(values).probs().dim(0) == 3);
  EXPECT_TRUE(predict.call({values.data(), 1, 4}).probs().dim(0) == 1);
  EXPECT_TRUE(predict.call({values.data(), 0, 4}).probs().size() == 0);
}

TEST(Calls, Statuses) {
  mlp::State state;
  mlp::train train{state, memory};
  std::vector<float> values(256);
  EXPECT_TEXT(train.call({values.data(), 3, 63}).status(),
              "train: input 'x' has shape [3, 63], expected [?, 4]");
  EXPECT_TEXT(train.call({values.data(), -3, 4}).status(),
              "train: input 'x' has shape [-3, 4], expected [at least 0, 4]");
  EXPECT_FALSE(train.call(std::vector<float>(7)));
  EXPECT_TEXT(train.call({nullptr, 3, 4}).status(), "train: input 'x' is null");
  mlp::train small{state, fn::memory(memory, 64)};
  EXPECT_TRUE(small.call({values.data(), 64, 4}).status().code() == FN_WORKSPACE_TOO_SMALL);
  mlp::train crooked{state, fn::memory(memory + 4, 4000)};
  EXPECT_TEXT(crooked.call({values.data(), 3, 4}).status(),
              "train: the workspace must be aligned to 64 bytes");
  const float *inside = state.w().data();
  EXPECT_TEXT(train.call({inside, 3, 4}).status(),
              "train: input 'x' overlaps what the call writes");
  EXPECT_TRUE(state.b()[0] == 0.0f);
  // The C function checks for itself.
  mlp_train_args args{};
  EXPECT_TRUE(mlp_train(&args).code == FN_NULL_POINTER);
}

TEST(Calls, State) {
  mlp::State state, other;
  state.b()[2] = 7;
  unsigned char bytes[fn::saved_bytes<mlp::State>()];
  EXPECT_TRUE(fn::save(state, bytes));
  EXPECT_TRUE(fn::load(other, bytes) && other.b()[2] == 7.0f);
  other.reset();
  bytes[16] ^= 1;
  EXPECT_TEXT(fn::load(other, bytes), "the bytes are not a saved state of this graph");
  EXPECT_TRUE(other.b()[2] == 0.0f);
  EXPECT_TRUE(fn::save(state, fn::memory(bytes, 10)).code() == FN_WORKSPACE_TOO_SMALL);
  mlp::State copy = state;
  EXPECT_TRUE(copy.b()[2] == 7.0f);
}
