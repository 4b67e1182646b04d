//===- Window.h - the sliding window of convolutions and pooling -*- C++ -*-===//

#ifndef FN_WINDOW_H
#define FN_WINDOW_H

#include "dialect/ShapeContext.h"

namespace fn {

/// The window attributes of an op with every default filled in; one entry per spatial dimension.
struct Window {
  enum class Padding { Explicit, Same, SameLower };

  int64_t spatialRank = 0;
  llvm::SmallVector<int64_t, 2> strides, dilations;
  /// How many elements stand before and after the input. Zero unless `Explicit`.
  llvm::SmallVector<int64_t, 2> low, high;
  Padding padding = Padding::Explicit;
  bool channelsFirst = false;

  /// Where in an input (or result) spatial dimension `i` and the channels stand.
  int64_t spatial(int64_t i) const { return channelsFirst ? 2 + i : 1 + i; }
  int64_t channel() const { return channelsFirst ? 1 : 1 + spatialRank; }
  /// Where in a filter spatial dimension `i` stands.
  int64_t kernel(int64_t i) const { return channelsFirst ? 2 + i : i; }
  /// Where in fn.conv's filter its input and its output channels stand.
  int64_t filterIn() const { return channelsFirst ? 1 : spatialRank; }
  int64_t filterOut() const { return channelsFirst ? 0 : spatialRank + 1; }

  /// How far a kernel of this size reaches along spatial dimension `i`.
  Dim span(int64_t i, Dim kernelSize) const { return (kernelSize - 1) * dilations[i] + 1; }
  /// Number of places of the window. Meaningful where it fits.
  Dim outputSize(int64_t i, Dim inputSize, Dim kernelSize) const;
  /// Size of what a transposed convolution makes of `inputSize` elements.
  Dim transposedSize(int64_t i, Dim inputSize, Dim kernelSize) const;
};

struct WindowAttributes {
  std::optional<llvm::ArrayRef<int64_t>> strides, pads, dilations;
  llvm::StringRef padding, layout;
  /// What absent strides mean; empty for ones.
  llvm::ArrayRef<int64_t> defaultStrides;
};

/// Checks the attributes against an input of `rank`; errors name the attribute.
llvm::FailureOr<Window> makeWindow(ShapeContext &shapes, int64_t rank,
                                   const WindowAttributes &attributes);

/// The window of an op or its adaptor. Silent: for ops that have been verified.
template <typename Op> WindowAttributes windowAttributes(Op op) {
  WindowAttributes attributes{op.getStrides(), op.getPads(),   op.getDilations(),
                              op.getPadding(), op.getLayout(), {}};
  if constexpr (requires { op.getSize(); })
    attributes.defaultStrides = op.getSize();
  return attributes;
}

} // namespace fn

#endif // FN_WINDOW_H
