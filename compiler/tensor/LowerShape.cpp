//===- LowerShape.cpp - ops that move data or make it from nothing --------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Views.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace fnc;

namespace {

/// A pattern whose `lower` makes the result from converted operands and the result's sizes; a cast
/// to the declared type comes after.
template <typename Op, typename Derived> struct ShapePattern : OpConversionPattern<Op> {
  using OpConversionPattern<Op>::OpConversionPattern;
  LogicalResult matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = this->getTypeConverter()->convertType(op.getType());
    SmallVector<Sizes> sizes = resultSizes(rewriter, op, adaptor.getOperands());
    Value value = static_cast<const Derived *>(this)->lower(op, adaptor, sizes[0],
                                                            getElementTypeOrSelf(type), rewriter);
    rewriter.replaceOp(op, castTo(rewriter, op.getLoc(), value, type));
    return success();
  }
};

struct ConstantPattern : OpConversionPattern<fn::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::ConstantOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    ElementsAttr value = op.getValue();
    if (value.getType() != type) {
      if (auto dense = dyn_cast<DenseElementsAttr>(value))
        value = dense.bitcast(type.getElementType());
      else if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
        value = DenseResourceElementsAttr::get(type, resource.getRawHandle());
      else
        return rewriter.notifyMatchFailure(op, "elements cannot change their type");
    }
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, type, cast<TypedAttr>(value));
    return success();
  }
};

struct BarrierPattern : OpConversionPattern<fn::BarrierOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::BarrierOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<kernel::BarrierOp>(op, adaptor.getInput());
    return success();
  }
};

struct ReshapePattern : ShapePattern<fn::ReshapeOp, ReshapePattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::ReshapeOp op, OpAdaptor adaptor, const Sizes &sizes, Type, OpBuilder &b) const {
    return reshapeTo(b, op.getLoc(), adaptor.getInput(), sizes);
  }
};

struct ExpandPattern : ShapePattern<fn::ExpandOp, ExpandPattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::ExpandOp op, OpAdaptor adaptor, const Sizes &, Type, OpBuilder &b) const {
    return insertUnitDims(b, op.getLoc(), adaptor.getInput(), op.getAxes());
  }
};

struct SqueezePattern : ShapePattern<fn::SqueezeOp, SqueezePattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::SqueezeOp op, OpAdaptor adaptor, const Sizes &, Type, OpBuilder &b) const {
    return dropUnitDims(b, op.getLoc(), adaptor.getInput(), op.getAxes());
  }
};

struct TransposePattern : ShapePattern<fn::TransposeOp, TransposePattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::TransposeOp op, OpAdaptor adaptor, const Sizes &, Type, OpBuilder &b) const {
    return permuteAndReverse(b, op.getLoc(), adaptor.getInput(), op.getPerm(), {});
  }
};

struct ReversePattern : ShapePattern<fn::ReverseOp, ReversePattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::ReverseOp op, OpAdaptor adaptor, const Sizes &sizes, Type, OpBuilder &b) const {
    auto all = llvm::to_vector(llvm::seq<int64_t>(0, sizes.size()));
    return permuteAndReverse(b, op.getLoc(), adaptor.getInput(), all, op.getAxes());
  }
};

struct SlicePattern : ShapePattern<fn::SliceOp, SlicePattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::SliceOp op, OpAdaptor adaptor, const Sizes &sizes, Type, OpBuilder &b) const {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    Sizes offsets, strides;
    SmallVector<int64_t> reversed;
    for (int64_t i = 0, rank = sizes.size(); i < rank; ++i) {
      int64_t stride = op.getStrides() ? (*op.getStrides())[i] : 1;
      OpFoldResult begin = b.getIndexAttr(op.getBegin()[i]);
      // Going down: the same elements upwards from the last one, then reversed.
      if (stride < 0) {
        reversed.push_back(i);
        AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
        if (op.getBegin()[i] == std::numeric_limits<int64_t>::max())
          begin = arithmetic(b, loc, s0 - 1, dimOf(b, loc, input, i));
        // Of no elements there is no last one; its place must still lie in the tensor.
        begin = isZeroInteger(sizes[i])
                    ? OpFoldResult(b.getIndexAttr(0))
                    : arithmetic(b, loc, s0 + (s1 - 1) * stride, {begin, sizes[i]});
      }
      offsets.push_back(begin);
      strides.push_back(b.getIndexAttr(std::abs(stride)));
    }
    Value slice = extractSlice(b, loc, input, offsets, sizes, strides);
    if (reversed.empty())
      return slice;
    auto all = llvm::to_vector(llvm::seq<int64_t>(0, sizes.size()));
    return permuteAndReverse(b, loc, slice, all, reversed);
  }
};

struct ConcatPattern : ShapePattern<fn::ConcatOp, ConcatPattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::ConcatOp op, OpAdaptor adaptor, const Sizes &sizes, Type element,
              OpBuilder &b) const {
    Location loc = op.getLoc();
    int64_t axis = op.getAxis();
    SmallVector<Value> parts;
    SmallVector<OpFoldResult> lengths;
    for (Value input : adaptor.getInputs()) {
      Sizes part = sizes;
      part[axis] = dimOf(b, loc, input, axis);
      lengths.push_back(part[axis]);
      parts.push_back(castTo(b, loc, input, typeOfSizes(part, element)));
    }
    return concat(b, loc, axis, parts, lengths, sizes, element);
  }

  /// `parts` one behind the other. Many of them as parts of parts: analysis of a chain of
  /// insertions takes more than the square of its length.
  static Value concat(OpBuilder &b, Location loc, int64_t axis, ArrayRef<Value> parts,
                      ArrayRef<OpFoldResult> lengths, Sizes sizes, Type element) {
    if (parts.size() == 1)
      return parts.front();
    constexpr size_t kMostParts = 16;
    size_t group = 1;
    while (group * kMostParts < parts.size())
      group *= kMostParts;
    AffineExpr sum = b.getAffineSymbolExpr(0) + b.getAffineSymbolExpr(1);
    Value result = emptyTensor(b, loc, sizes, element);
    Sizes offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1));
    for (size_t i = 0; i < parts.size(); i += group) {
      size_t count = std::min(group, parts.size() - i);
      sizes[axis] = lengths[i];
      for (OpFoldResult length : lengths.slice(i + 1, count - 1))
        sizes[axis] = arithmetic(b, loc, sum, {sizes[axis], length});
      Value part =
          concat(b, loc, axis, parts.slice(i, count), lengths.slice(i, count), sizes, element);
      result = insertSlice(b, loc, part, result, offsets, sizes, strides);
      offsets[axis] = arithmetic(b, loc, sum, {offsets[axis], sizes[axis]});
    }
    return result;
  }
};

struct SplitPattern : OpConversionPattern<fn::SplitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::SplitOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    int64_t axis = op.getAxis(), rank = op.getInput().getType().getRank();
    Sizes offsets(rank, b.getIndexAttr(0)), strides(rank, b.getIndexAttr(1));
    SmallVector<Value> results;
    SmallVector<Sizes> sizes = resultSizes(b, op, adaptor.getOperands());
    for (auto [part, result] : llvm::zip(sizes, op.getResults())) {
      Value slice = extractSlice(b, loc, adaptor.getInput(), offsets, part, strides);
      results.push_back(castTo(b, loc, slice, getTypeConverter()->convertType(result.getType())));
      offsets[axis] = arithmetic(b, loc, b.getAffineSymbolExpr(0) + b.getAffineSymbolExpr(1),
                                 {offsets[axis], part[axis]});
    }
    b.replaceOp(op, results);
    return success();
  }
};

struct PadPattern : ShapePattern<fn::PadOp, PadPattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::PadOp op, OpAdaptor adaptor, const Sizes &sizes, Type, OpBuilder &b) const {
    Location loc = op.getLoc();
    Value scalar = tensor::ExtractOp::create(b, loc, adaptor.getValue(), ValueRange{});
    Sizes offsets = getAsIndexOpFoldResult(b.getContext(), op.getLow());
    Sizes strides(sizes.size(), b.getIndexAttr(1));
    return insertInFilled(b, loc, adaptor.getInput(), sizes, scalar, offsets, strides);
  }
};

/// A generic that copies `input`'s element at `map` of the result's index.
Value copyBy(OpBuilder &b, Location loc, Value input, AffineMap map, const Sizes &sizes) {
  Value init = emptyTensor(b, loc, sizes, getElementTypeOrSelf(input.getType()));
  SmallVector<utils::IteratorType> parallel(sizes.size(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, init.getType(), input, init,
                                   {map, b.getMultiDimIdentityMap(sizes.size())}, parallel,
                                   [](OpBuilder &nested, Location at, ValueRange args) {
                                     linalg::YieldOp::create(nested, at, args[0]);
                                   })
      .getResult(0);
}

struct TilePattern : ShapePattern<fn::TileOp, TilePattern> {
  using ShapePattern::ShapePattern;
  /// Broadcasts to [multiple, size, ...], a view of which is the result.
  Value lower(fn::TileOp op, OpAdaptor adaptor, const Sizes &sizes, Type, OpBuilder &b) const {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    Sizes twice;
    SmallVector<AffineExpr> exprs;
    for (auto [i, multiple] : llvm::enumerate(op.getMultiples())) {
      twice.push_back(b.getIndexAttr(multiple));
      exprs.push_back(b.getAffineDimExpr(twice.size()));
      twice.push_back(dimOf(b, loc, input, i));
    }
    if (twice.empty())
      return input;
    AffineMap map = AffineMap::get(twice.size(), 0, exprs, b.getContext());
    Value tiled = copyBy(b, loc, input, map, twice);
    for (int64_t i = 0, rank = sizes.size(); i < rank; ++i)
      tiled = mergeDims(b, loc, tiled, i, 2);
    return tiled;
  }
};

struct BroadcastToPattern : ShapePattern<fn::BroadcastToOp, BroadcastToPattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::BroadcastToOp op, OpAdaptor adaptor, const Sizes &sizes, Type,
              OpBuilder &b) const {
    Value input = adaptor.getInput();
    auto type = cast<RankedTensorType>(input.getType());
    int64_t lead = sizes.size() - type.getRank();
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < type.getRank(); ++i)
      exprs.push_back(type.getDimSize(i) == 1 ? b.getAffineConstantExpr(0)
                                              : b.getAffineDimExpr(lead + i));
    AffineMap map = AffineMap::get(sizes.size(), 0, exprs, b.getContext());
    return copyBy(b, op.getLoc(), input, map, sizes);
  }
};

struct IotaPattern : ShapePattern<fn::IotaOp, IotaPattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::IotaOp op, OpAdaptor, const Sizes &sizes, Type element, OpBuilder &b) const {
    Value init = emptyTensor(b, op.getLoc(), sizes, element);
    SmallVector<utils::IteratorType> parallel(sizes.size(), utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, op.getLoc(), init.getType(), ValueRange{}, init,
               {b.getMultiDimIdentityMap(sizes.size())}, parallel,
               [&](OpBuilder &nested, Location at, ValueRange) {
                 Value index = linalg::IndexOp::create(nested, at, op.getAxis());
                 auto integer = dyn_cast<IntegerType>(element);
                 Value value = arith::IndexCastOp::create(
                     nested, at, integer ? integer : nested.getI64Type(), index);
                 if (!integer)
                   value = arith::SIToFPOp::create(nested, at, element, value);
                 linalg::YieldOp::create(nested, at, value);
               })
        .getResult(0);
  }
};

struct OneHotPattern : ShapePattern<fn::OneHotOp, OneHotPattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::OneHotOp op, OpAdaptor adaptor, const Sizes &sizes, Type element,
              OpBuilder &b) const {
    Location loc = op.getLoc();
    int64_t rank = sizes.size();
    int64_t axis = op.getAxis() ? static_cast<int64_t>(*op.getAxis()) : rank - 1;
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < rank; ++i)
      if (i != axis)
        exprs.push_back(b.getAffineDimExpr(i));
    Type indexType = getElementTypeOrSelf(op.getIndices().getType());
    Value init = emptyTensor(b, loc, sizes, element);
    Value one = scalarConstant(b, loc, element, 1), zero = scalarConstant(b, loc, element, 0);
    SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, loc, init.getType(), adaptor.getIndices(), init,
               {AffineMap::get(rank, 0, exprs, b.getContext()), b.getMultiDimIdentityMap(rank)},
               parallel,
               [&](OpBuilder &nested, Location at, ValueRange args) {
                 // In 64 bits: the depth may lie beyond a narrow index type.
                 Type i64 = nested.getI64Type();
                 Value index = args[0];
                 if (indexType.getIntOrFloatBitWidth() < 64)
                   index = indexType.isUnsignedInteger()
                               ? arith::ExtUIOp::create(nested, at, i64, index).getResult()
                               : arith::ExtSIOp::create(nested, at, i64, index).getResult();
                 Value place = linalg::IndexOp::create(nested, at, axis);
                 place = arith::IndexCastOp::create(nested, at, i64, place);
                 Value hit =
                     arith::CmpIOp::create(nested, at, arith::CmpIPredicate::eq, index, place);
                 Value value = element.isInteger(1)
                                   ? hit
                                   : arith::SelectOp::create(nested, at, hit, one, zero);
                 linalg::YieldOp::create(nested, at, value);
               })
        .getResult(0);
  }
};

struct ShapeOfPattern : ShapePattern<fn::ShapeOfOp, ShapeOfPattern> {
  using ShapePattern::ShapePattern;
  Value lower(fn::ShapeOfOp op, OpAdaptor adaptor, const Sizes &, Type element,
              OpBuilder &b) const {
    Location loc = op.getLoc();
    SmallVector<Value> elements;
    for (OpFoldResult size : dimsOf(b, loc, adaptor.getInput()))
      elements.push_back(arith::IndexCastOp::create(b, loc, element,
                                                    getValueOrCreateConstantIndexOp(b, loc, size)));
    auto type = RankedTensorType::get({static_cast<int64_t>(elements.size())}, element);
    return tensor::FromElementsOp::create(b, loc, type, elements);
  }
};

} // namespace

void fnc::populateShapeLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns
      .add<ConstantPattern, BarrierPattern, ReshapePattern, ExpandPattern, SqueezePattern,
           TransposePattern, ReversePattern, SlicePattern, ConcatPattern, SplitPattern, PadPattern,
           TilePattern, BroadcastToPattern, IotaPattern, OneHotPattern, ShapeOfPattern>(
          types, patterns.getContext());
  populateIndexedLowering(types, patterns);
}
