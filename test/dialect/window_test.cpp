// The sliding window of convolutions and pooling: sizes against a count of its places.
#include "dialect/Window.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace fn;
using namespace mlir;

namespace {

class WindowTest : public testing::Test {
protected:
  /// The message of the window that these attributes make, or "".
  std::string problem(const WindowAttributes &attributes, int64_t rank = 4) {
    std::string message;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &d) { message = d.str(); });
    ShapeContext shapes(&context, "fn.conv", UnknownLoc::get(&context));
    return succeeded(makeWindow(shapes, rank, attributes)) ? "" : message;
  }
  FailureOr<Window> window(const WindowAttributes &attributes) {
    ShapeContext shapes(&context, "fn.conv", std::nullopt);
    return makeWindow(shapes, 3, attributes);
  }
  Dim constant(int64_t value) { return getAffineConstantExpr(value, &context); }
  static int64_t value(Dim dim) { return cast<AffineConstantExpr>(dim).getValue(); }

  MLIRContext context;
};

} // namespace

TEST_F(WindowTest, OutputSizeCountsPlaces) {
  for (int64_t stride : {1, 2, 3})
    for (int64_t dilation : {1, 2})
      for (int64_t low : {0, 1, 2})
        for (int64_t high : {0, 3})
          for (int64_t kernel : {1, 2, 3})
            for (int64_t size : {5, 6, 11}) {
              int64_t pads[] = {low, high};
              FailureOr<Window> w = window({{{stride}}, {pads}, {{dilation}}, "valid", "NHWC", {}});
              ASSERT_TRUE(succeeded(w));
              const int64_t reach = (kernel - 1) * dilation;
              int64_t places = 0;
              for (int64_t at = -low; at + reach < size + high; at += stride)
                ++places;
              EXPECT_EQ(value(w->outputSize(0, constant(size), constant(kernel))), places);
              // The transposed window gives back the least size that has this many places.
              EXPECT_EQ(value(w->transposedSize(0, constant(places), constant(kernel))),
                        (places - 1) * stride + reach + 1 - low - high);
            }
}

TEST_F(WindowTest, SameKeepsSizeOverStride) {
  FailureOr<Window> w = window({{{2}}, {}, {}, "same", "NHWC", {}});
  ASSERT_TRUE(succeeded(w));
  EXPECT_EQ(value(w->outputSize(0, constant(7), constant(3))), 4);
  EXPECT_EQ(value(w->transposedSize(0, constant(4), constant(3))), 8);
}

TEST_F(WindowTest, LayoutsPlaceDimensions) {
  FailureOr<Window> last = window({{}, {}, {}, "valid", "NHWC", {}});
  FailureOr<Window> first = window({{}, {}, {}, "valid", "NCHW", {}});
  ASSERT_TRUE(succeeded(last) && succeeded(first));
  EXPECT_EQ(last->spatial(0), 1);
  EXPECT_EQ(last->channel(), 2);
  EXPECT_EQ(last->filterOut(), 2);
  EXPECT_EQ(first->spatial(0), 2);
  EXPECT_EQ(first->channel(), 1);
  EXPECT_EQ(first->filterOut(), 0);
}

TEST_F(WindowTest, SaysWhatIsWrong) {
  int64_t one[] = {1}, none[] = {0, 1}, pads[] = {1, 1, 1, -1};
  EXPECT_EQ(problem({{}, {}, {}, "valid", "NHWC", {}}, 2),
            "'fn.conv' op input has rank 2, expected 3 or 4");
  EXPECT_EQ(problem({{one}, {}, {}, "valid", "NHWC", {}}),
            "'fn.conv' op strides has 1 elements, expected 2");
  EXPECT_EQ(problem({{}, {}, {none}, "valid", "NHWC", {}}),
            "'fn.conv' op dilations holds 0, expected at least 1");
  EXPECT_EQ(problem({{}, {}, {}, "full", "NHWC", {}}),
            "'fn.conv' op padding is \"full\", expected \"valid\", \"same\" or \"same_lower\"");
  EXPECT_EQ(problem({{}, {pads}, {}, "same", "NHWC", {}}),
            "'fn.conv' op has both pads and padding \"same\"");
  EXPECT_EQ(problem({{}, {pads}, {}, "valid", "NHWC", {}}),
            "'fn.conv' op pads holds -1, expected at least 0");
  EXPECT_EQ(problem({{}, {}, {}, "valid", "CHWN", {}}),
            "'fn.conv' op layout is \"CHWN\", expected \"NHWC\" or \"NCHW\"");
}
