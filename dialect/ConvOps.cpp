//===- ConvOps.cpp - shapes of convolutions and pooling -------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "dialect/Window.h"

using namespace mlir;
using namespace fn;

/// The window of a convolution and what the shape rules of all of them begin with.
template <typename Adaptor>
static FailureOr<Window> convWindow(Adaptor op, Value other, StringRef otherName,
                                    ShapeContext &shapes) {
  int64_t rank = shapes.rank(op.getInput());
  FailureOr<Window> window = makeWindow(shapes, rank, windowAttributes(op));
  if (failed(window))
    return failure();
  if (shapes.rank(other) != rank)
    return shapes.error("input has rank " + Twine(rank) + ", " + otherName + " has rank " +
                        Twine(shapes.rank(other)));
  return window;
}

/// Demands that the window has a place to stand.
static LogicalResult checkFits(ShapeContext &shapes, const Window &window, int64_t i, Dim input,
                               Dim kernel) {
  if (!shapes.atLeast(kernel, 1))
    return shapes.error("window has size 0 in spatial dimension " + Twine(i));
  bool fits =
      window.padding == Window::Padding::Explicit
          ? shapes.atLeast(input - window.span(i, kernel) + window.low[i] + window.high[i], 0)
          : shapes.atLeast(input, 1);
  if (fits)
    return success();
  return shapes.error("window of extent " + shapes.print(window.span(i, kernel)) +
                      " does not fit in spatial dimension " + Twine(i) + " of size " +
                      shapes.print(input + window.low[i] + window.high[i]));
}

/// Demands that `channels` is a multiple of `groups`; gives the quotient.
static FailureOr<Dim> dividedBy(ShapeContext &shapes, StringRef what, Dim channels,
                                int64_t groups) {
  if (groups < 1)
    return shapes.error("groups is " + Twine(groups) + ", expected at least 1");
  Dim quotient = shapes.resolve(channels).floorDiv(groups);
  if (!shapes.equal(channels, quotient * groups))
    return shapes.error(shapes.print(channels) + " " + what + " are not a multiple of " +
                        Twine(groups) + " groups");
  return quotient;
}

/// Demands that `input`, filtered by `filter` (as of fn.conv), gives results of `output`
/// dimensions, which is filled in where it is empty.
static LogicalResult convRule(ShapeContext &shapes, const Window &window, int64_t groups,
                              const Dims &input, const Dims &filter, Dims &output) {
  FailureOr<Dim> perGroup = dividedBy(shapes, "input channels", input[window.channel()], groups);
  if (failed(perGroup))
    return failure();
  if (!shapes.equal(*perGroup, filter[window.filterIn()]))
    return shapes.error("filter has " + shapes.print(filter[window.filterIn()]) +
                        " input channels, expected " + shapes.print(*perGroup));
  if (failed(dividedBy(shapes, "output channels", filter[window.filterOut()], groups)))
    return failure();

  Dims expected(input.size());
  expected[0] = input[0];
  expected[window.channel()] = filter[window.filterOut()];
  for (int64_t i = 0; i < window.spatialRank; ++i) {
    Dim size = input[window.spatial(i)], kernel = filter[window.kernel(i)];
    if (failed(checkFits(shapes, window, i, size, kernel)))
      return failure();
    expected[window.spatial(i)] = window.outputSize(i, size, kernel);
  }
  if (output.empty())
    output = expected;
  for (auto [declared, dim] : llvm::zip(output, expected))
    if (!shapes.equal(declared, dim))
      return shapes.error("convolution has shape [" + shapes.print(expected) + "], expected [" +
                          shapes.print(output) + "]");
  for (Dim &dim : output)
    dim = shapes.resolve(dim);
  return success();
}

LogicalResult ConvOp::inferShape(Adaptor op, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  FailureOr<Type> element = productElement(shapes, op.getInput(), op.getFilter(), op.getWide());
  if (failed(element))
    return failure();
  FailureOr<Window> window = convWindow(op, op.getFilter(), "filter", shapes);
  Dims output;
  if (failed(window) || failed(convRule(shapes, *window, op.getGroups(), shapes.dims(op.getInput()),
                                        shapes.dims(op.getFilter()), output)))
    return failure();
  results.push_back({output, *element});
  return success();
}

LogicalResult DepthwiseConvOp::inferShape(Adaptor op, ShapeContext &shapes,
                                          SmallVectorImpl<Shape> &results) {
  FailureOr<Type> element = productElement(shapes, op.getInput(), op.getFilter(), op.getWide());
  if (failed(element))
    return failure();
  FailureOr<Window> window = convWindow(op, op.getFilter(), "filter", shapes);
  if (failed(window))
    return failure();
  Dims input = shapes.dims(op.getInput()), filter = shapes.dims(op.getFilter());
  Dim channels = input[window->channel()], outputs;
  if (window->channelsFirst) {
    if (!shapes.equal(filter[1], shapes.constant(1)))
      return shapes.error("filter has " + shapes.print(filter[1]) + " input channels, expected 1");
    auto known = dyn_cast<AffineConstantExpr>(channels);
    if (!known)
      return shapes.error("the number of channels is not known");
    outputs = filter[0];
    if (failed(dividedBy(shapes, "output channels", outputs, known.getValue())))
      return failure();
  } else {
    if (!shapes.equal(channels, filter[window->filterIn()]))
      return shapes.error("filter has " + shapes.print(filter[window->filterIn()]) +
                          " channels, expected " + shapes.print(channels));
    outputs = shapes.resolve(channels) * filter[window->filterOut()];
  }
  Dims output = input;
  output[window->channel()] = outputs;
  for (int64_t i = 0; i < window->spatialRank; ++i) {
    Dim size = input[window->spatial(i)], kernel = filter[window->kernel(i)];
    if (failed(checkFits(shapes, *window, i, size, kernel)))
      return failure();
    output[window->spatial(i)] = window->outputSize(i, size, kernel);
  }
  results.push_back({output, *element});
  return success();
}

LogicalResult ConvTransposeOp::inferShape(Adaptor op, ShapeContext &shapes,
                                          SmallVectorImpl<Shape> &results) {
  if (failed(checkSameElement(shapes, {op.getInput(), op.getFilter()})))
    return failure();
  FailureOr<Window> window = convWindow(op, op.getFilter(), "filter", shapes);
  if (failed(window))
    return failure();
  Dims input = shapes.dims(op.getInput()), filter = shapes.dims(op.getFilter());
  int64_t groups = op.getGroups();
  if (groups < 1)
    return shapes.error("groups is " + Twine(groups) + ", expected at least 1");
  if (!shapes.equal(input[window->channel()], filter[window->filterOut()]))
    return shapes.error("filter has " + shapes.print(filter[window->filterOut()]) +
                        " input channels, expected " + shapes.print(input[window->channel()]));
  Dims like;
  if (op.getLike()) {
    like = shapes.dims(op.getLike());
    if (like.size() != input.size())
      return shapes.error("input has rank " + Twine(input.size()) + ", like has rank " +
                          Twine(like.size()));
  }
  Dims output(input.size());
  output[0] = input[0];
  output[window->channel()] = filter[window->filterIn()] * groups;
  for (int64_t i = 0; i < window->spatialRank; ++i) {
    int64_t at = window->spatial(i);
    if (!shapes.atLeast(input[at], 1))
      return shapes.error("spatial dimension " + Twine(i) + " has size 0");
    Dim span = window->span(i, filter[window->kernel(i)]);
    int64_t pad = std::max(window->low[i], window->high[i]);
    if (pad > 0 && !shapes.atLeast(span, pad + 1))
      return shapes.error("pads of " + Twine(pad) + " are not below the window's extent " +
                          shapes.print(span) + " in spatial dimension " + Twine(i));
    output[at] =
        op.getLike() ? like[at] : window->transposedSize(i, input[at], filter[window->kernel(i)]);
    if (!shapes.atLeast(output[at], 1))
      return shapes.error("pads leave nothing of spatial dimension " + Twine(i));
  }
  // The other way round it must be a convolution; for a size made here that holds by construction.
  if (op.getLike() && failed(convRule(shapes, *window, groups, output, filter, input)))
    return failure();
  if (failed(dividedBy(shapes, "input channels", input[window->channel()], groups)))
    return failure();
  for (Dim &dim : output)
    dim = shapes.resolve(dim);
  results.push_back({output, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult ConvFilterGradientOp::inferShape(Adaptor op, ShapeContext &shapes,
                                               SmallVectorImpl<Shape> &results) {
  if (failed(checkSameElement(shapes, {op.getInput(), op.getGradient(), op.getLike()})))
    return failure();
  FailureOr<Window> window = convWindow(op, op.getGradient(), "gradient", shapes);
  if (failed(window))
    return failure();
  if (shapes.rank(op.getLike()) != shapes.rank(op.getInput()))
    return shapes.error("input has rank " + Twine(shapes.rank(op.getInput())) +
                        ", filter has rank " + Twine(shapes.rank(op.getLike())));
  Dims gradient = shapes.dims(op.getGradient()), filter = shapes.dims(op.getLike());
  if (failed(
          convRule(shapes, *window, op.getGroups(), shapes.dims(op.getInput()), filter, gradient)))
    return failure();
  for (Dim &dim : filter)
    dim = shapes.resolve(dim);
  results.push_back({filter, shapes.elementType(op.getInput())});
  return success();
}

template <typename Adaptor>
static LogicalResult poolRule(Adaptor op, ShapeContext &shapes, SmallVectorImpl<Shape> &results) {
  int64_t rank = shapes.rank(op.getInput());
  ArrayRef<int64_t> size = op.getSize();
  if ((rank == 3 || rank == 4) && static_cast<int64_t>(size.size()) != rank - 2)
    return shapes.error("size has " + Twine(size.size()) + " elements, expected " +
                        Twine(rank - 2));
  for (int64_t extent : size)
    if (extent < 1)
      return shapes.error("size holds " + Twine(extent) + ", expected at least 1");
  FailureOr<Window> window = makeWindow(shapes, rank, windowAttributes(op));
  if (failed(window))
    return failure();
  Dims output = shapes.dims(op.getInput());
  for (int64_t i = 0; i < window->spatialRank; ++i) {
    Dim &dim = output[window->spatial(i)], kernel = shapes.constant(size[i]);
    if (failed(checkFits(shapes, *window, i, dim, kernel)))
      return failure();
    dim = window->outputSize(i, dim, kernel);
  }
  results.push_back({output, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult MaxPoolOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  return poolRule(op, shapes, results);
}

LogicalResult MaxPoolIndicesOp::inferShape(Adaptor op, ShapeContext &shapes,
                                           SmallVectorImpl<Shape> &results) {
  if (failed(poolRule(op, shapes, results)))
    return failure();
  results.back().elementType = IntegerType::get(shapes.getContext(), 64);
  return success();
}

LogicalResult AvgPoolOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  return poolRule(op, shapes, results);
}
