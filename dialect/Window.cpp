//===- Window.cpp - the sliding window of convolutions and pooling --------===//

#include "dialect/Window.h"

using namespace mlir;
using namespace fn;

Dim Window::outputSize(int64_t i, Dim inputSize, Dim kernelSize) const {
  if (padding != Padding::Explicit)
    return inputSize.ceilDiv(strides[i]);
  return (inputSize - span(i, kernelSize) + (low[i] + high[i])).floorDiv(strides[i]) + 1;
}

Dim Window::transposedSize(int64_t i, Dim inputSize, Dim kernelSize) const {
  if (padding != Padding::Explicit)
    return inputSize * strides[i];
  return (inputSize - 1) * strides[i] + span(i, kernelSize) - (low[i] + high[i]);
}

/// `values` or `count` times one; all at least 1.
static LogicalResult fillPositive(ShapeContext &shapes, StringRef name, int64_t count,
                                  std::optional<ArrayRef<int64_t>> values,
                                  SmallVectorImpl<int64_t> &result) {
  if (!values) {
    result.assign(count, 1);
    return success();
  }
  if (static_cast<int64_t>(values->size()) != count)
    return shapes.error(name + " has " + Twine(values->size()) + " elements, expected " +
                        Twine(count));
  for (int64_t value : *values)
    if (value < 1)
      return shapes.error(name + " holds " + Twine(value) + ", expected at least 1");
    else if (value > maxWindow)
      return shapes.error(name + " holds " + Twine(value) + ", expected at most " +
                          Twine(maxWindow));
  result.assign(values->begin(), values->end());
  return success();
}

FailureOr<Window> fn::makeWindow(ShapeContext &shapes, int64_t rank,
                                 const WindowAttributes &attributes) {
  if (rank != 3 && rank != 4)
    return shapes.error("input has rank " + Twine(rank) + ", expected 3 or 4");
  Window window;
  window.spatialRank = rank - 2;
  std::optional<ArrayRef<int64_t>> strides = attributes.strides;
  if (!strides && !attributes.defaultStrides.empty())
    strides = attributes.defaultStrides;
  if (failed(fillPositive(shapes, "strides", rank - 2, strides, window.strides)) ||
      failed(fillPositive(shapes, "dilations", rank - 2, attributes.dilations, window.dilations)))
    return failure();

  if (attributes.layout == "NCHW")
    window.channelsFirst = true;
  else if (attributes.layout != "NHWC")
    return shapes.error("layout is \"" + attributes.layout + "\", expected \"NHWC\" or \"NCHW\"");

  window.low.assign(rank - 2, 0);
  window.high.assign(rank - 2, 0);
  if (attributes.padding == "same")
    window.padding = Window::Padding::Same;
  else if (attributes.padding == "same_lower")
    window.padding = Window::Padding::SameLower;
  else if (attributes.padding != "valid")
    return shapes.error("padding is \"" + attributes.padding +
                        "\", expected \"valid\", \"same\" or \"same_lower\"");
  if (!attributes.pads)
    return window;

  if (window.padding != Window::Padding::Explicit)
    return shapes.error("has both pads and padding \"" + attributes.padding + "\"");
  ArrayRef<int64_t> pads = *attributes.pads;
  if (static_cast<int64_t>(pads.size()) != 2 * (rank - 2))
    return shapes.error("pads has " + Twine(pads.size()) + " elements, expected " +
                        Twine(2 * (rank - 2)));
  for (int64_t pad : pads)
    if (pad < 0)
      return shapes.error("pads holds " + Twine(pad) + ", expected at least 0");
    else if (pad > maxWindow)
      return shapes.error("pads holds " + Twine(pad) + ", expected at most " + Twine(maxWindow));
  window.low.assign(pads.begin(), pads.begin() + (rank - 2));
  window.high.assign(pads.begin() + (rank - 2), pads.end());
  return window;
}
