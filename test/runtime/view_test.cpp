// Views of everything that a caller may hold, and memory that is handed in.
#include <array>
#include <fn/view.h>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>
#if __has_include(<span>) && __cplusplus >= 202002L
#include <span>
#endif

using matrix = fn::view<const float, -1, 3>;

TEST(View, OfArrays) {
  const float c[2][3] = {{0, 1, 2}, {3, 4, 5}};
  const std::array<std::array<float, 3>, 2> nested = {{{0, 1, 2}, {3, 4, 5}}};
  const std::array<float, 6> flat = {0, 1, 2, 3, 4, 5};
  std::vector<float> values(6);
  std::iota(values.begin(), values.end(), 0.0f);
  for (const matrix &view :
       {matrix(c), matrix(nested), matrix(flat), matrix(values), matrix(values.data(), 2, 3)}) {
    ASSERT_EQ(view.dim(0), 2);
    ASSERT_EQ(view.dim(1), 3);
    ASSERT_EQ(view.size(), 6);
    for (int i = 0; i < 2; ++i)
      for (int k = 0; k < 3; ++k)
        ASSERT_EQ(view(i, k), static_cast<float>(3 * i + k));
    ASSERT_EQ(view.wrong_dim(), matrix::rank);
  }
}

#if __has_include(<span>) && __cplusplus >= 202002L
TEST(View, OfSpans) {
  std::vector<float> values(6);
  EXPECT_EQ(matrix(std::span<const float>(values)).dim(0), 2);
  EXPECT_EQ(matrix(std::span<const float, 3>(values.data(), 3)).dim(0), 1);
}
#endif

TEST(View, KnowsWhichDimensionIsWrong) {
  std::vector<float> values(8);
  EXPECT_EQ(matrix(values.data(), 2, 4).wrong_dim(), 1u);
  // Eight elements are no number of rows of three.
  EXPECT_NE(matrix(values).wrong_dim(), matrix::rank);
}

TEST(View, OfScalarsAndNothing) {
  const fn::view<const float> scalar(2.5f);
  EXPECT_EQ(scalar.size(), 1);
  EXPECT_EQ(matrix(std::vector<float>()).size(), 0);
  EXPECT_EQ(matrix().data(), nullptr);
}

TEST(View, Iterates) {
  float c[2][3] = {{0, 1, 2}, {3, 4, 5}};
  fn::view<float, 2, 3> view(&c[0][0]);
  for (float &value : view)
    value += 1;
  EXPECT_EQ(std::accumulate(view.begin(), view.end(), 0.0f), 21.0f);
  EXPECT_EQ(c[1][2], 6.0f);
}

TEST(Memory, OfContainers) {
  unsigned char array[16];
  std::vector<float> values(4);
  EXPECT_EQ(fn::memory(array).size(), 16u);
  EXPECT_EQ(fn::memory(values).size(), 16u);
  EXPECT_EQ(static_cast<void *>(fn::memory(values).data()), static_cast<void *>(values.data()));
  EXPECT_EQ(fn::memory().size(), 0u);
}
