//===- LowerSparse.cpp - sparse tensors in coordinate form ----------------===//
//
// Loops over the entries in the order in which they were fed, so that the same feed gives the same
// bits. Each changes one element or one row of the result in place; a product may sort them by rows
// before, which keeps the order of every sum. Indices are in range: the entry point has looked at
// them all.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Contraction.h"
#include "compiler/tensor/Lower.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace fnc;

namespace {

Value sum(OpBuilder &b, Location loc, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::AddFOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, x, y);
}

Value product(OpBuilder &b, Location loc, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::MulFOp::create(b, loc, x, y);
  return arith::MulIOp::create(b, loc, x, y);
}

/// The value of an entry in the type that sums are in.
Value wideValue(OpBuilder &b, Location loc, Value values, Value entry, Type wide) {
  Value value = tensor::ExtractOp::create(b, loc, values, entry);
  return isa<FloatType>(wide) ? convertFloat(b, loc, value, wide) : value;
}

Value indexOf(OpBuilder &b, Location loc, Value indices, Value entry, int64_t column) {
  if (column < 0)
    return arith::ConstantIndexOp::create(b, loc, 0);
  Value at = arith::ConstantIndexOp::create(b, loc, column);
  Value index = tensor::ExtractOp::create(b, loc, indices, ValueRange{entry, at});
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), index);
}

using Step = llvm::function_ref<Value(OpBuilder &, Location, Value entry, Value target)>;

/// `step` for each entry, from `target`.
Value forEachEntry(OpBuilder &b, Location loc, Value indices, Value target, Step step) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value count = getValueOrCreateConstantIndexOp(b, loc, dimOf(b, loc, indices, 0));
  auto loop =
      scf::ForOp::create(b, loc, zero, count, one, target,
                         [&](OpBuilder &nested, Location at, Value entry, ValueRange targets) {
                           scf::YieldOp::create(nested, at, step(nested, at, entry, targets[0]));
                         });
  return loop.getResult(0);
}

struct CooAddPattern : OpConversionPattern<fn::CooAddOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::CooAddOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Value indices = adaptor.getIndices();
    Type element = getElementTypeOrSelf(adaptor.getInto().getType());
    Type wide = accumulatorType(element);
    Value result = forEachEntry(
        b, loc, indices, convertElements(b, loc, adaptor.getInto(), wide),
        [&](OpBuilder &nested, Location at, Value entry, Value target) -> Value {
          SmallVector<Value> place;
          for (int64_t column : op.getColumns())
            place.push_back(indexOf(nested, at, indices, entry, column));
          Value value = wideValue(nested, at, adaptor.getValues(), entry, wide);
          Value old = tensor::ExtractOp::create(nested, at, target, place);
          return tensor::InsertOp::create(nested, at, sum(nested, at, old, value), target, place);
        });
    result = convertElements(b, loc, result, element);
    b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

struct CooTakePattern : OpConversionPattern<fn::CooTakeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::CooTakeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Type type = getTypeConverter()->convertType(op.getType());
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Value init = emptyTensor(b, loc, sizes, getElementTypeOrSelf(type));
    AffineExpr entry = b.getAffineDimExpr(0);
    SmallVector<Value> columns;
    SmallVector<AffineMap> maps;
    for (int64_t column : op.getColumns()) {
      columns.push_back(adaptor.getIndices());
      maps.push_back(
          AffineMap::get(1, 0, {entry, b.getAffineConstantExpr(column)}, b.getContext()));
    }
    maps.push_back(b.getMultiDimIdentityMap(1));
    auto generic = linalg::GenericOp::create(
        b, loc, init.getType(), columns, init, maps, utils::IteratorType::parallel,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          SmallVector<Value> place;
          for (Value index : args.drop_back())
            place.push_back(arith::IndexCastOp::create(nested, at, nested.getIndexType(), index));
          Value taken = tensor::ExtractOp::create(nested, at, adaptor.getFrom(), place);
          linalg::YieldOp::create(nested, at, taken);
        });
    b.replaceOp(op, castTo(b, loc, generic.getResult(0), type));
    return success();
  }
};

/// Rows shorter than this are not worth bringing together.
constexpr int64_t kShortRow = 8;

struct CooMatmulPattern : OpConversionPattern<fn::CooMatmulOp> {
  CooMatmulPattern(const TypeConverter &types, MLIRContext *context, bool sortEntries)
      : OpConversionPattern(types, context), sortEntries(sortEntries) {}

  LogicalResult matchAndRewrite(fn::CooMatmulOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Value indices = adaptor.getIndices(), rhs = adaptor.getRhs();
    Type element = getElementTypeOrSelf(rhs.getType()), wide = accumulatorType(element);
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    std::optional<int64_t> rowLength = getConstantIntValue(sizes[1]);
    if (sortEntries && wide == element && (!rowLength || *rowLength >= kShortRow)) {
      Value result = byRows(b, loc, op, adaptor, sizes);
      b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
      return success();
    }
    Value zero = filledTensor(b, loc, sizes, scalarConstant(b, loc, wide, 0));
    OpFoldResult none = b.getIndexAttr(0), one = b.getIndexAttr(1);
    Sizes rowSizes = {one, sizes[1]}, strides = {one, one};
    RankedTensorType fromType = typeOfSizes(sizes[1], element),
                     toType = typeOfSizes(sizes[1], wide);

    auto addRow = [&](OpBuilder &nested, Location at, Value entry, Value target) -> Value {
      Sizes to = {indexOf(nested, at, indices, entry, op.getColumns()[0]), none};
      Sizes from = {indexOf(nested, at, indices, entry, op.getColumns()[1]), none};
      Value value = wideValue(nested, at, adaptor.getValues(), entry, wide);
      Value factor =
          tensor::ExtractSliceOp::create(nested, at, fromType, rhs, from, rowSizes, strides);
      Value row = tensor::ExtractSliceOp::create(nested, at, toType, target, to, rowSizes, strides);
      AffineMap map = nested.getMultiDimIdentityMap(1);
      auto changed = linalg::GenericOp::create(
          nested, at, toType, factor, row, {map, map}, utils::IteratorType::parallel,
          [&](OpBuilder &inner, Location, ValueRange args) {
            Value term = isa<FloatType>(wide) ? convertFloat(inner, at, args[0], wide) : args[0];
            term = product(inner, at, value, term);
            linalg::YieldOp::create(inner, at, sum(inner, at, args[1], term));
          });
      return tensor::InsertSliceOp::create(nested, at, changed.getResult(0), target, to, rowSizes,
                                           strides);
    };
    Value result = forEachEntry(b, loc, indices, zero, addRow);
    result = convertElements(b, loc, result, element);
    b.replaceOp(op, castTo(b, loc, result, getTypeConverter()->convertType(op.getType())));
    return success();
  }

private:
  static Value byRows(OpBuilder &b, Location loc, fn::CooMatmulOp op, OpAdaptor adaptor,
                      const Sizes &sizes) {
    Value rhs = adaptor.getRhs();
    auto rhsType = cast<RankedTensorType>(rhs.getType());
    bool isSmall = !rhsType.isDynamicDim(0) && rhsType.getDimSize(0) <= INT32_MAX;
    OpFoldResult count = dimOf(b, loc, adaptor.getIndices(), 0);
    OpFoldResult starts = affine::makeComposedFoldedAffineApply(
        b, loc, AffineMap::get(0, 1, b.getAffineSymbolExpr(0) + 2), sizes[0]);
    Value inits[] = {
        emptyTensor(b, loc, sizes, rhsType.getElementType()),
        emptyTensor(b, loc, starts, b.getI64Type()),
        emptyTensor(b, loc, count, isSmall ? b.getI32Type() : b.getI64Type()),
        emptyTensor(b, loc, count, rhsType.getElementType()),
    };
    return kernel::CooMatmulOp::create(b, loc, ValueRange(inits).getTypes(), adaptor.getIndices(),
                                       adaptor.getValues(), rhs, inits[0], inits[1], inits[2],
                                       inits[3], op.getColumns())
        .getResult(0);
  }

  bool sortEntries;
};

} // namespace

void fnc::populateSparseLowering(const TypeConverter &types, RewritePatternSet &patterns,
                                 bool sortEntries) {
  patterns.add<CooAddPattern, CooTakePattern>(types, patterns.getContext());
  patterns.add<CooMatmulPattern>(types, patterns.getContext(), sortEntries);
}
