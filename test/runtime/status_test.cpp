// Every status in words, of a function with every kind of tensor and check.
#include <fn/status.h>
#include <gtest/gtest.h>

namespace {

constexpr ptrdiff_t shape_x[] = {-1, 64}, shape_y[] = {10};
constexpr ptrdiff_t shape_deep[] = {1, 2, 3, 4, 5, 6, 7};
constexpr fn::tensor_info tensors[] = {
    {"x", "f32", 2, shape_x}, {"deep", "f32", 7, shape_deep}, {"y", "f32", 1, shape_y}};
constexpr fn::tensor_info nameless[] = {
    {"", "f32", 2, shape_x}, {"", "f32", 7, shape_deep}, {"", "f32", 1, shape_y}};
constexpr const char *checks[] = {"labels", ""};
constexpr fn::function_info function = {"train", 2, 1, 2, tensors, checks};
constexpr fn::function_info stripped = {"", 2, 1, 2, nameless, checks};

std::string text(fn_status raw, const fn::function_info *info = &function) {
  return fn::message(fn::status{raw, info, {3, 63}}).c_str();
}

} // namespace

TEST(Status, SaysEveryCode) {
  EXPECT_EQ(text({}), "train: ok");
  EXPECT_EQ(text({FN_NULL_POINTER, 2, 0, 0, 0, 0}), "train: output 'y' is null");
  EXPECT_EQ(text({FN_NULL_POINTER, FN_TENSOR_STATE, 0, 0, 0, 0}), "train: the state is null");
  EXPECT_EQ(text({FN_NULL_POINTER, FN_TENSOR_WORKSPACE, 0, 0, 0, 0}),
            "train: the workspace is null");
  EXPECT_EQ(text({FN_SHAPE_MISMATCH, 0, 1, 0, 64, 63}),
            "train: input 'x' has shape [3, 63], expected [?, 64]");
  EXPECT_EQ(text({FN_SHAPE_MISMATCH, 0, 0, 1, 2, 3}),
            "train: input 'x' has shape [3, 63], expected [at most 2, 64]");
  EXPECT_EQ(text({FN_SHAPE_MISMATCH, 0, 0, -1, 4, 3}),
            "train: input 'x' has shape [3, 63], expected [at least 4, 64]");
  EXPECT_EQ(text({FN_SHAPE_MISMATCH, 1, 6, 0, 7, 8}),
            "train: input 'deep' has size 8 in dimension 6, expected 7");
  EXPECT_EQ(text({FN_SIZES_DISAGREE, 0, 0, 0, 8, 7}),
            "train: a size made of input 'x' does not fit: 7, expected 8");
  EXPECT_EQ(text({FN_SIZES_DISAGREE, 0, 0, -1, 8, 7}),
            "train: a size made of input 'x' does not fit: 7, expected at least 8");
  EXPECT_EQ(text({FN_WORKSPACE_TOO_SMALL, FN_TENSOR_WORKSPACE, 0, 0, 128, 64}),
            "train: the workspace has 64 bytes, expected 128");
  EXPECT_EQ(text({FN_WORKSPACE_MISALIGNED, FN_TENSOR_WORKSPACE, 0, 0, 64, 0}),
            "train: the workspace must be aligned to 64 bytes");
  EXPECT_EQ(text({FN_OVERLAP, 0, 0, 0, 0, 0}), "train: input 'x' overlaps what the call writes");
  EXPECT_EQ(text({FN_INDEX_OUT_OF_RANGE, 3, 0, 0, 10, -9223372036854775807 - 1}),
            "train: labels: index -9223372036854775808 is out of range, expected less than 10");
  EXPECT_EQ(text({FN_INDEX_OUT_OF_RANGE, 4, 0, 0, -1, 5}),
            "train: check 1: index 5 is out of range");
  EXPECT_EQ(text({FN_ASSERTION, 3, 0, 0, 0, 0}), "train: assertion failed: labels");
  EXPECT_EQ(text({FN_NOT_FINITE, 4, 0, 0, 0, 0}), "train: not finite: check 1");
  EXPECT_EQ(text({FN_UNSUPPORTED_CPU, 0, 0, 0, 0, 0}),
            "train: the object was compiled for a processor that this machine does not have");
  EXPECT_EQ(text({FN_BAD_STATE, 0, 0, 0, 0, 0}, nullptr),
            "the bytes are not a saved state of this graph");
  EXPECT_EQ(text({FN_ENTRY_COUNT, 0, 0, 1, 4, 9}),
            "train: input 'x' has 9 entries, expected at most 4");
  EXPECT_EQ(text({FN_ENTRY_COUNT, 0, 0, -1, 0, -1}),
            "train: input 'x' has -1 entries, expected at least 0");
  EXPECT_EQ(text({FN_ENTRY_OUT_OF_RANGE, 0, 1, 0, 64, 70}),
            "train: input 'x' has index 70 in dimension 1 of size 64");
  EXPECT_EQ(text({FN_ENTRIES_DISAGREE, 0, 0, 0, 3, 4}),
            "train: input 'x' has 4 rows of indices and 3 values");
  EXPECT_EQ(text({FN_ENTRIES_DISAGREE, 0, 1, 0, 2, 3}),
            "train: input 'x' has 3 columns of indices, expected 2");
  EXPECT_EQ(text({FN_ENTRIES_DISAGREE, 0, 2, 0, 2, 1}),
            "train: input 'x' has 1 sizes in its shape, expected 2");
  EXPECT_EQ(text({FN_SHAPE_OVERFLOW, 0, 0, 1, 8, 9}),
            "train: input 'x' has a shape of more than 8 elements");
  EXPECT_EQ(text({FN_SHAPE_OVERFLOW, 0, 0, 0, 0, 0}),
            "train: input 'x' has a shape that makes tensors of more bytes than memory has");
  EXPECT_EQ(text({99, 0, 0, 0, 0, 0}), "train: unknown status 99");
}

TEST(Status, WithoutNamesTellsByNumber) {
  EXPECT_EQ(text({FN_NULL_POINTER, 1, 0, 0, 0, 0}, &stripped), "input 1 is null");
  EXPECT_EQ(text({FN_NULL_POINTER, 2, 0, 0, 0, 0}, &stripped), "output 0 is null");
}

// Names of any length end at the end of the buffer.
TEST(Status, LongNamesAreCut) {
  const std::string name(1000, 'n');
  const fn::function_info longer = {name.c_str(), 2, 1, 2, tensors, checks};
  EXPECT_EQ(text({FN_NULL_POINTER, 0, 0, 0, 0, 0}, &longer), name.substr(0, 255));
}

TEST(Status, ConvertsToWhetherItWentWell) {
  EXPECT_TRUE((fn::status{{}, &function, {}}));
  EXPECT_FALSE((fn::status{{FN_OVERLAP, 0, 0, 0, 0, 0}, &function, {}}));
}
