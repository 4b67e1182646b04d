// Sparse feeds through a generated header: values, and a status for each bad feed, with the state
// untouched.

#include "sparse.h"
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#define EXPECT_TEXT(status, text) EXPECT_STREQ(fn::message(status).c_str(), text)

// All bounded: the workspace is in the object.
static_assert(bags::train::workspace_bytes > 0);

alignas(64) static unsigned char memory[4096];

static bool same(const bags::State &x, const bags::State &y) {
  return memcmp(x.table().data(), y.table().data(), sizeof(float) * 12) == 0;
}

TEST(SparseCalls, Values) {
  bags::State state;
  bags::train train{state};
  // Two bags: rows 5, 0 and 0 of the table; and none.
  const int64_t indices[3][2] = {{0, 5}, {0, 0}, {0, 0}};
  const float ones[3] = {1, 1, 1};
  const float y[2][2] = {{13, 15}, {0, 0}};
  auto r = train.call({indices, ones, {2, 6}}, y);
  EXPECT_TEXT(r.status(), "train: ok");
  EXPECT_TRUE(r.sums().dim(0) == 2 && r.sums()(0, 0) == 13 && r.sums()(0, 1) == 16);
  EXPECT_TRUE(r.sums()(1, 0) == 0 && r.sums()(1, 1) == 0);
  // The error is [0, 1]; row 0 had it twice.
  EXPECT_TRUE(state.table()(0, 0) == 1 && state.table()(0, 1) == 0);
  EXPECT_TRUE(state.table()(5, 0) == 11 && state.table()(5, 1) == 11);
  EXPECT_TRUE(state.table()(1, 1) == 4);
}

TEST(SparseCalls, Views) {
  bags::rows rows{memory};
  std::vector<int32_t> flat = {2, 1, 0, 0, 2, 0};
  std::vector<double> values = {1, 2, 4};
  std::array<int64_t, 2> shape = {3, 2};
  auto r = rows.call({flat, values, shape});
  EXPECT_TRUE(r && r.total().dim(0) == 3);
  EXPECT_TRUE(r.total()[0] == 2 && r.total()[1] == 0 && r.total()[2] == 5);
  std::array<std::array<int32_t, 2>, 1> nested = {{{0, 1}}};
  EXPECT_TRUE(rows.call({nested, std::array<double, 1>{7}, std::vector<int>{1, 2}}).total()[0] ==
              7);
  // No entries: no memory either.
  auto none = rows.call({{static_cast<const int32_t *>(nullptr), 0, 2}, {nullptr, 0}, {2, 5}});
  EXPECT_TRUE(none && none.total().dim(0) == 2 && none.total()[1] == 0);
  EXPECT_TRUE(rows.call({std::vector<int32_t>{}, std::vector<double>{}, {0, 0}}).total().size() ==
              0);
}

TEST(SparseCalls, BadFeeds) {
  bags::State state, before;
  bags::train train{state};
  std::vector<int64_t> indices = {0, 5, 1, 0};
  std::vector<float> values = {1, 1}, y(4);
  auto text = [&](std::vector<int64_t> i, std::vector<float> v, std::vector<int64_t> shape,
                  const char *expected) {
    auto r = train.call({i, v, shape}, y);
    EXPECT_FALSE(r);
    EXPECT_TEXT(r.status(), expected);
    EXPECT_TRUE(same(state, before));
  };
  text({0, 6, 1, 0}, values, {2, 6}, "train: input 'ids' has index 6 in dimension 1 of size 6");
  text({0, 5, 2, 0}, values, {2, 6}, "train: input 'ids' has index 2 in dimension 0 of size 2");
  text({0, 5, 1, -1}, values, {2, 6}, "train: input 'ids' has index -1 in dimension 1 of size 6");
  text({0, 0, 1, INT64_MIN}, values, {2, 6},
       "train: input 'ids' has index -9223372036854775808 in dimension 1 of size 6");
  text({0, 0}, values, {2, 6}, "train: input 'ids' has 1 rows of indices and 2 values");
  text({0, 0, 1}, values, {2, 6}, "train: input 'ids' has 3 columns of indices, expected 2");
  text(indices, values, {2}, "train: input 'ids' has 1 sizes in its shape, expected 2");
  text(indices, values, {2, 6, 1}, "train: input 'ids' has 3 sizes in its shape, expected 2");
  text(indices, values, {2, 7}, "train: input 'ids' has shape [2, 7], expected [?, 6]");
  text(indices, values, {2, -6}, "train: input 'ids' has shape [2, -6], expected [?, 6]");
  text(indices, values, {-2, 6}, "train: input 'ids' has shape [-2, 6], expected [at least 0, 6]");
  text(indices, values, {5, 6}, "train: input 'ids' has shape [5, 6], expected [at most 4, 6]");
  text(std::vector<int64_t>(18), std::vector<float>(9), {2, 6},
       "train: input 'ids' has 9 entries, expected at most 8");
  // A size that another input gives too.
  auto tied = train.call({indices, values, {3, 6}}, y);
  EXPECT_FALSE(tied);
  EXPECT_TEXT(tied.status(), "train: input 'y' has shape [2, 2], expected [3, 2]");
  EXPECT_TRUE(same(state, before));
  EXPECT_TRUE(train.call({indices, values, {2, 6}}, y));
  EXPECT_FALSE(same(state, before));

  bags::full full{memory};
  const int32_t place[1][2] = {{0, 0}};
  const double one[1] = {1};
  EXPECT_TEXT(full.call({place, one, {int64_t(1) << 40, int64_t(1) << 40}}).status(),
              "full: input 'wide' has a shape of more than 576460752303423488 elements");
  EXPECT_TEXT(full.call({place, one, {int64_t(1) << 41, int64_t(1)}}).status(),
              "full: input 'wide' has shape [2199023255552, 1], "
              "expected [at most 1099511627776, ?]");
  EXPECT_TRUE(full.call({place, one, {int64_t(1) << 30, int64_t(1) << 20}}).status().raw.code ==
              FN_WORKSPACE_TOO_SMALL);
}

// Sizes whose products wrap around to 0 bytes: of an output, and of what lies between.
TEST(SparseCalls, Overflow) {
  const int32_t place[1][2] = {{0, 0}};
  const double one[1] = {1};
  const auto rows = int64_t(1) << 40, columns = int64_t(1) << 21;
  bags::product product{memory};
  EXPECT_TEXT(product.call({place, one, {rows, int64_t(1)}}, {one, 1, columns}).status(),
              "product: input 'wide' has a shape that makes tensors of more bytes than memory has");
  bags::largest largest{memory};
  EXPECT_TEXT(largest.call({place, one, {rows, int64_t(1)}}, {one, 1, columns}).status(),
              "largest: input 'wide' has a shape that makes tensors of more bytes than memory has");
  EXPECT_TRUE(product.call({place, one, {1, 1}}, {one, 1, 1}).product()(0, 0) == 1);
}

// What only the C function can be given.
TEST(SparseCalls, C) {
  bags::State state, before;
  alignas(64) unsigned char workspace[1024];
  alignas(64) int64_t indices[128] = {0, 5, 1, 0};
  float values[4] = {1, 1}, sums[4];
  const float y[4] = {};
  bags_train_args args{};
  auto call = [&] { return bags_train(&args); };
  auto reset = [&] {
    args = {};
    args.state = state.bytes();
    args.ids = values;
    args.ids_indices = indices;
    args.ids_nnz = 2;
    args.ids_dims[0] = 2;
    args.ids_dims[1] = 6;
    args.y = y;
    args.y_dims[0] = 2;
    args.y_dims[1] = 2;
    args.out_sums = sums;
    args.workspace = workspace;
    args.workspace_bytes = sizeof(workspace);
  };
  reset();
  args.ids_nnz = -1;
  fn_status s = call();
  EXPECT_TRUE(s.code == FN_ENTRY_COUNT && s.tensor == 0 && s.expected == 0 && s.got == -1);
  reset();
  args.ids = nullptr;
  EXPECT_TRUE(call().code == FN_NULL_POINTER);
  reset();
  args.ids_indices = nullptr;
  EXPECT_TRUE(call().code == FN_NULL_POINTER);
  reset();
  args.out_sums = values;
  EXPECT_TRUE(call().code == FN_OVERLAP);
  reset();
  args.workspace = indices;
  EXPECT_TRUE(call().code == FN_OVERLAP);
  EXPECT_TRUE(same(state, before));
  reset();
  EXPECT_TRUE(call().code == FN_OK);
}
