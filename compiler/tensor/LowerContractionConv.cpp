//===- LowerContractionConv.cpp - convolutions and their gradients --------===//
//
// Inputs are padded first, so that the loops check no bounds. With the channels apart into groups
// (of one each for fn.depthwise_conv) all are one sum of products:
//   result[n, y.., g, o] = sum over i.., c of input[n, y * stride + i * dilation.., g, c]
//                                             * filter[i.., c, g, o]
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/Contraction.h"
#include "compiler/tensor/Lower.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include <numeric>

using namespace mlir;
using namespace fnc;

OpFoldResult fnc::paddingBefore(OpBuilder &b, Location loc, const fn::Window &window, int64_t i,
                                OpFoldResult size, OpFoldResult kernel, OpFoldResult places) {
  if (window.padding == fn::Window::Padding::Explicit)
    return b.getIndexAttr(window.low[i]);
  AffineExpr n = b.getAffineSymbolExpr(0), k = b.getAffineSymbolExpr(1),
             out = b.getAffineSymbolExpr(2);
  OpFoldResult total = arithmetic(b, loc, (out - 1) * window.strides[i] + window.span(i, k) - n,
                                  {size, kernel, places});
  total = affine::makeComposedFoldedAffineMax(
      b, loc,
      AffineMap::get(0, 1, {b.getAffineSymbolExpr(0), b.getAffineConstantExpr(0)}, b.getContext()),
      total);
  AffineExpr half = window.padding == fn::Window::Padding::Same
                        ? b.getAffineSymbolExpr(0).floorDiv(2)
                        : b.getAffineSymbolExpr(0).ceilDiv(2);
  return arithmetic(b, loc, half, total);
}

Value fnc::paddedInput(OpBuilder &b, Location loc, const fn::Window &window, Value input,
                       ArrayRef<OpFoldResult> kernel, Value scalar) {
  Sizes sizes = dimsOf(b, loc, input);
  Sizes offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1));
  bool pads = false;
  for (int64_t i = 0; i < window.spatialRank; ++i) {
    OpFoldResult &size = sizes[window.spatial(i)];
    AffineExpr n = b.getAffineSymbolExpr(0), k = b.getAffineSymbolExpr(1);
    if (window.padding == fn::Window::Padding::Explicit) {
      int64_t total = window.low[i] + window.high[i];
      pads |= total != 0;
      offsets[window.spatial(i)] = b.getIndexAttr(window.low[i]);
      size = arithmetic(b, loc, n + total, size);
      continue;
    }
    std::optional<int64_t> known = getConstantIntValue(kernel[i]);
    if (known == 1)
      continue;
    int64_t stride = window.strides[i];
    OpFoldResult places = arithmetic(b, loc, n.ceilDiv(stride), size);
    offsets[window.spatial(i)] = paddingBefore(b, loc, window, i, size, kernel[i], places);
    AffineExpr last = (n.ceilDiv(stride) - 1) * stride;
    if (std::optional<int64_t> n = getConstantIntValue(size); n && known) {
      int64_t reach =
          (llvm::divideCeil(*n, stride) - 1) * stride + (*known - 1) * window.dilations[i] + 1;
      pads |= reach > *n;
      size = b.getIndexAttr(std::max(reach, *n));
      continue;
    }
    // max(n, last + span) is not affine; this is never less, and equal where the span is known
    // and no less than the stride.
    pads = true;
    AffineExpr bound = known ? last + std::max((*known - 1) * window.dilations[i] + 1, stride)
                             : last + window.span(i, k) + stride;
    size = arithmetic(b, loc, bound, {size, kernel[i]});
  }
  return pads ? insertInFilled(b, loc, input, sizes, scalar, offsets, strides) : input;
}

namespace {

Value zeroLike(OpBuilder &b, Location loc, Value tensor) {
  return scalarConstant(b, loc, getElementTypeOrSelf(tensor.getType()), 0);
}

/// The loops of a convolution. Null: that dimension is not there.
struct ConvLoops {
  Loops loops;
  AffineExpr batch, group, in, out;
  SmallVector<AffineExpr> place, kernel;
  const fn::Window &window;

  void push(SmallVector<AffineExpr> &at, ArrayRef<AffineExpr> exprs) const {
    for (AffineExpr expr : exprs)
      if (expr)
        at.push_back(expr);
  }
  /// [n, spatial.., g, channel] or [n, g, channel, spatial..].
  SmallVector<AffineExpr> data(ArrayRef<AffineExpr> spatial, AffineExpr channel) const {
    SmallVector<AffineExpr> at{batch};
    if (!window.channelsFirst)
      push(at, spatial);
    push(at, {group, channel});
    if (window.channelsFirst)
      push(at, spatial);
    return at;
  }
  SmallVector<AffineExpr> inputAt() const {
    SmallVector<AffineExpr> spatial;
    for (int64_t i = 0; i < window.spatialRank; ++i)
      spatial.push_back(place[i] * window.strides[i] + kernel[i] * window.dilations[i]);
    return data(spatial, in);
  }
  SmallVector<AffineExpr> outputAt() const { return data(place, out); }
  /// [spatial.., c, g, o] or [g, o, c, spatial..].
  SmallVector<AffineExpr> filterAt() const {
    SmallVector<AffineExpr> at;
    if (window.channelsFirst) {
      push(at, {group, out, in});
      push(at, kernel);
    } else {
      push(at, kernel);
      push(at, {in, group, out});
    }
    return at;
  }
};

/// Loops such that the innermost one walks along the rows of the result.
ConvLoops convLoops(OpBuilder &b, const fn::Window &window, bool group, bool in, bool out) {
  ConvLoops l{{b.getContext(), {}}, {}, {}, {}, {}, {}, {}, window};
  auto spatial = [&](bool reduce, SmallVector<AffineExpr> &exprs) {
    for (int64_t i = 0; i < window.spatialRank; ++i)
      exprs.push_back(reduce ? l.loops.reduction() : l.loops.parallel());
  };
  l.batch = l.loops.parallel();
  if (!window.channelsFirst) {
    spatial(false, l.place);
    spatial(true, l.kernel);
  }
  if (group)
    l.group = l.loops.parallel();
  if (out && window.channelsFirst)
    l.out = l.loops.parallel();
  if (in)
    l.in = l.loops.reduction();
  if (out && !window.channelsFirst)
    l.out = l.loops.parallel();
  if (window.channelsFirst) {
    spatial(true, l.kernel);
    spatial(false, l.place);
  }
  return l;
}

Sizes kernelSizes(OpBuilder &b, Location loc, const fn::Window &window, Value filter) {
  Sizes sizes;
  for (int64_t i = 0; i < window.spatialRank; ++i)
    sizes.push_back(dimOf(b, loc, filter, window.kernel(i)));
  return sizes;
}

/// Sizes with dimension `dim` as [groups, rest].
Sizes splitSizes(OpBuilder &b, Location loc, Sizes sizes, int64_t dim, int64_t groups) {
  sizes[dim] = arithmetic(b, loc, b.getAffineSymbolExpr(0).floorDiv(groups), sizes[dim]);
  sizes.insert(sizes.begin() + dim, b.getIndexAttr(groups));
  return sizes;
}

/// A convolution of a padded input; `filter` as of fn.conv, `sizes` those of the result.
Value convolve(OpBuilder &b, Location loc, const fn::Window &window, int64_t groups, Value padded,
               Value filter, Sizes sizes, WideProduct wide = {}) {
  ConvLoops l = convLoops(b, window, groups > 1, true, true);
  if (groups > 1) {
    padded = splitDim(b, loc, padded, window.channel(), groups);
    filter = splitDim(b, loc, filter, window.filterOut(), groups);
    sizes = splitSizes(b, loc, sizes, window.channel(), groups);
  }
  Value result = sumOfProducts(b, loc, l.loops, padded, filter, l.inputAt(), l.filterAt(), sizes,
                               l.outputAt(), wide);
  return groups > 1 ? mergeDims(b, loc, result, window.channel(), 2) : result;
}

struct ConvPattern : OpConversionPattern<fn::ConvOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::ConvOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    fn::Window window = windowOf(op);
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Value padded = paddedInput(b, loc, window, adaptor.getInput(),
                               kernelSizes(b, loc, window, adaptor.getFilter()),
                               zeroLike(b, loc, adaptor.getInput()));
    Value result = convolve(b, loc, window, op.getGroups(), padded, adaptor.getFilter(), sizes,
                            wideProduct(op));
    b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

struct DepthwiseConvPattern : OpConversionPattern<fn::DepthwiseConvOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::DepthwiseConvOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    fn::Window window = windowOf(op);
    Value filter = adaptor.getFilter(), input = adaptor.getInput();
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Sizes kernel = kernelSizes(b, loc, window, filter);
    OpFoldResult channels = dimOf(b, loc, input, window.channel());
    // To [kernel.., C, MULT] or [C, MULT, kernel..]; a MULT of 1 is left out.
    int64_t at = window.channelsFirst ? 0 : window.spatialRank;
    OpFoldResult multiplier;
    if (window.channelsFirst) {
      filter = dropUnitDims(b, loc, filter, {1});
      int64_t known = *getConstantIntValue(channels);
      filter = splitDim(b, loc, filter, 0, known);
      multiplier = dimOf(b, loc, filter, 1);
    } else {
      multiplier = dimOf(b, loc, filter, at + 1);
    }
    bool multiplies = !isOneInteger(multiplier);
    if (!multiplies)
      filter = mergeDims(b, loc, filter, at, 2);
    else {
      sizes[window.channel()] = multiplier;
      sizes.insert(sizes.begin() + window.channel(), channels);
    }
    ConvLoops l = convLoops(b, window, true, false, multiplies);
    Value padded = paddedInput(b, loc, window, input, kernel, zeroLike(b, loc, input));
    Value result = sumOfProducts(b, loc, l.loops, padded, filter, l.inputAt(), l.filterAt(), sizes,
                                 l.outputAt(), wideProduct(op));
    if (multiplies)
      result = mergeDims(b, loc, result, window.channel(), 2);
    b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

/// One spatial dimension of a transposed convolution, of known size.
struct TransposedDim {
  int64_t input, result, kernel, stride, dilation;
  int64_t cut; ///< elements in front of the result that are not kept
};

/// The results `stride` apart from the `first` one. They see the same taps of the filter, so that
/// they are a convolution of stride 1 with these alone.
struct Phase {
  int64_t first, places;
  int64_t tap, tapStep, taps; ///< of the filter turned round
  int64_t at, atStep;         ///< where in the input the first place's taps lie
};

SmallVector<Phase> phasesOf(const TransposedDim &d) {
  SmallVector<Phase> phases;
  int64_t period = d.stride / std::gcd(d.stride, d.dilation);
  for (int64_t first = 0; first < std::min(d.stride, d.result); ++first) {
    Phase phase = {first,
                   (d.result - first + d.stride - 1) / d.stride,
                   0,
                   period,
                   0,
                   0,
                   d.dilation * period / d.stride};
    for (int64_t tap = 0; tap < d.kernel; ++tap) {
      int64_t from = first + d.cut - (d.kernel - 1 - tap) * d.dilation;
      if (from % d.stride != 0)
        continue;
      if (phase.taps++ == 0) {
        phase.tap = tap;
        phase.at = from / d.stride;
      }
    }
    phases.push_back(phase);
  }
  return phases;
}

/// Transposed convolutions: with the filter turned round they are convolutions of what lies
/// between the input's elements too.
class Transposed {
public:
  Transposed(OpBuilder &b, Location loc, const fn::Window &window, int64_t groups, Value input,
             Value filter, Sizes result)
      : b(b), loc(loc), window(window), groups(groups), input(input), result(std::move(result)),
        kernel(kernelSizes(b, loc, window, filter)), zero(zeroLike(b, loc, input)) {
    this->filter = turnedRound(filter);
    inputSizes = dimsOf(b, loc, input);
    for (int64_t i = 0; i < window.spatialRank; ++i)
      cut.push_back(paddingBefore(b, loc, window, i, this->result[window.spatial(i)], kernel[i],
                                  inputSizes[window.spatial(i)]));
  }

  Value build() {
    SmallVector<SmallVector<Phase>> phases;
    int64_t count = 1;
    for (int64_t i = 0; i < window.spatialRank; ++i) {
      auto known = [&](OpFoldResult size) { return getConstantIntValue(size).value_or(-1); };
      int64_t at = window.spatial(i);
      TransposedDim d = {known(inputSizes[at]), known(result[at]),   known(kernel[i]),
                         window.strides[i],     window.dilations[i], known(cut[i])};
      if (d.input <= 0 || d.result <= 0 || d.kernel <= 0 || d.cut < 0)
        return spreadOut();
      dims.push_back(d);
      phases.push_back(phasesOf(d));
      count *= phases.back().size();
    }
    return count == 1 || count > kMostPhases ? spreadOut() : inPhases(phases);
  }

private:
  /// More than this are too much code.
  static constexpr int64_t kMostPhases = 16;

  /// [k.., OUT/g, G * IN/g] to [k.., IN/g, G * OUT/g], or [G * IN/g, OUT/g, k..] to
  /// [G * OUT/g, IN/g, k..].
  Value turnedRound(Value filter) {
    int64_t r = window.spatialRank, grouped = groups > 1;
    SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, r + 2 + grouped)), reversed;
    if (grouped)
      filter = splitDim(b, loc, filter, window.filterOut(), groups);
    int64_t first = window.channelsFirst ? grouped : r;
    std::swap(perm[first], perm[first + 1 + (window.channelsFirst ? 0 : grouped)]);
    for (int64_t i = 0; i < r; ++i)
      reversed.push_back(window.channelsFirst ? 2 + grouped + i : i);
    filter = permuteAndReverse(b, loc, filter, perm, reversed);
    return grouped ? mergeDims(b, loc, filter, window.channelsFirst ? 0 : r + 1, 2) : filter;
  }

  /// The input's elements, stride apart among zeros.
  Value spreadOut() {
    Sizes sizes = inputSizes;
    Sizes offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1));
    for (int64_t i = 0; i < window.spatialRank; ++i) {
      int64_t at = window.spatial(i);
      AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
      AffineExpr reach = window.span(i, s0) - 1;
      offsets[at] = arithmetic(b, loc, reach - s1, {kernel[i], cut[i]});
      strides[at] = b.getIndexAttr(window.strides[i]);
      sizes[at] = arithmetic(b, loc, reach + s1, {kernel[i], result[at]});
    }
    Value spread = insertInFilled(b, loc, input, sizes, zero, offsets, strides);
    fn::Window plain = window;
    plain.strides.assign(window.spatialRank, 1);
    return convolve(b, loc, plain, groups, spread, filter, result);
  }

  /// No multiplication by the zeros in between.
  Value inPhases(ArrayRef<SmallVector<Phase>> phases) {
    // One padded input for all.
    Sizes padded = inputSizes, offsets(padded.size(), b.getIndexAttr(0)),
          ones(padded.size(), b.getIndexAttr(1));
    SmallVector<int64_t> before;
    bool pads = false;
    for (int64_t i = 0; i < window.spatialRank; ++i) {
      int64_t low = 0, end = dims[i].input;
      for (const Phase &phase : phases[i]) {
        low = std::max(low, -phase.at);
        if (phase.taps > 0)
          end = std::max(end, phase.at + (phase.taps - 1) * phase.atStep + phase.places);
      }
      before.push_back(low);
      offsets[window.spatial(i)] = b.getIndexAttr(low);
      padded[window.spatial(i)] = b.getIndexAttr(low + end);
      pads |= low + end > dims[i].input;
    }
    Value source = pads ? insertInFilled(b, loc, input, padded, zero, offsets, ones) : input;

    SmallVector<SmallVector<Phase>> combined = {{}};
    for (ArrayRef<Phase> along : phases) {
      SmallVector<SmallVector<Phase>> next;
      for (ArrayRef<Phase> start : combined)
        for (const Phase &phase : along) {
          next.emplace_back(start);
          next.back().push_back(phase);
        }
      combined = std::move(next);
    }
    bool gaps = llvm::any_of(combined, isEmpty);
    Value whole = gaps ? filledTensor(b, loc, result, zero)
                       : tensor::EmptyOp::create(b, loc, result, zero.getType()).getResult();
    for (ArrayRef<Phase> phase : combined)
      if (!isEmpty(phase))
        whole = insertPhase(phase, source, before, whole);
    return whole;
  }

  static bool isEmpty(ArrayRef<Phase> phase) {
    return llvm::any_of(phase, [](const Phase &along) { return along.taps == 0; });
  }

  Value insertPhase(ArrayRef<Phase> phase, Value source, ArrayRef<int64_t> before, Value whole) {
    int64_t rank = result.size();
    Sizes none(rank, b.getIndexAttr(0)), ones(rank, b.getIndexAttr(1));
    Sizes from = none, part = dimsOf(b, loc, source), to = none, sizes = result, apart = ones;
    Sizes tap = none, taps = dimsOf(b, loc, filter), tapsApart = ones;
    fn::Window plain = window;
    plain.strides.assign(window.spatialRank, 1);
    for (auto [i, along] : llvm::enumerate(phase)) {
      int64_t at = window.spatial(i), k = window.kernel(i);
      from[at] = b.getIndexAttr(before[i] + along.at);
      part[at] = b.getIndexAttr((along.taps - 1) * along.atStep + along.places);
      to[at] = b.getIndexAttr(along.first);
      sizes[at] = b.getIndexAttr(along.places);
      apart[at] = b.getIndexAttr(window.strides[i]);
      tap[k] = b.getIndexAttr(along.tap);
      taps[k] = b.getIndexAttr(along.taps);
      tapsApart[k] = b.getIndexAttr(along.tapStep);
      plain.dilations[i] = along.atStep;
    }
    Value made = convolve(b, loc, plain, groups, extractSlice(b, loc, source, from, part, ones),
                          extractSlice(b, loc, filter, tap, taps, tapsApart), sizes);
    return insertSlice(b, loc, made, whole, to, sizes, apart);
  }

  OpBuilder &b;
  Location loc;
  const fn::Window &window;
  int64_t groups;
  Value input, filter;
  Sizes result, kernel, inputSizes, cut;
  Value zero;
  SmallVector<TransposedDim> dims;
};

struct ConvTransposePattern : OpConversionPattern<fn::ConvTransposeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::ConvTransposeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    fn::Window window = windowOf(op);
    Sizes result = resultSizes(b, op, adaptor.getOperands())[0];
    Value value =
        Transposed(b, loc, window, op.getGroups(), adaptor.getInput(), adaptor.getFilter(), result)
            .build();
    b.replaceOp(op, castTo(b, loc, value, getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

struct ConvFilterGradientPattern : OpConversionPattern<fn::ConvFilterGradientOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::ConvFilterGradientOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    fn::Window window = windowOf(op);
    int64_t groups = op.getGroups();
    Value gradient = adaptor.getGradient();
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Sizes kernel;
    for (int64_t i = 0; i < window.spatialRank; ++i)
      kernel.push_back(sizes[window.kernel(i)]);
    Value padded = paddedInput(b, loc, window, adaptor.getInput(), kernel,
                               zeroLike(b, loc, adaptor.getInput()));

    ConvLoops l{{b.getContext(), {}}, {}, {}, {}, {}, {}, {}, window};
    l.batch = l.loops.reduction();
    for (int64_t i = 0; i < window.spatialRank; ++i)
      l.place.push_back(l.loops.reduction());
    for (int64_t i = 0; i < window.spatialRank; ++i)
      l.kernel.push_back(l.loops.parallel());
    if (groups > 1) {
      l.group = l.loops.parallel();
      padded = splitDim(b, loc, padded, window.channel(), groups);
      gradient = splitDim(b, loc, gradient, window.channel(), groups);
      sizes = splitSizes(b, loc, sizes, window.filterOut(), groups);
    }
    l.in = l.loops.parallel();
    l.out = l.loops.parallel();
    Value result = sumOfProducts(b, loc, l.loops, padded, gradient, l.inputAt(), l.outputAt(),
                                 sizes, l.filterAt());
    if (groups > 1)
      result = mergeDims(b, loc, result, window.filterOut(), 2);
    b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

} // namespace

void fnc::populateConvLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<ConvPattern, DepthwiseConvPattern, ConvTransposePattern, ConvFilterGradientPattern>(
      types, patterns.getContext());
}
