//===- LowerShapeIndexed.cpp - fn.gather and fn.scatter -------------------===//

#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Views.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace fnc;

namespace {

/// Indices are clamped, so that memory is never read out of bounds: that an index is out of range
/// is found, and reported, by a check of its own.
struct GatherPattern : OpConversionPattern<fn::GatherOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::GatherOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Type type = getTypeConverter()->convertType(op.getType());
    Type element = getElementTypeOrSelf(type);
    Sizes sizes = resultSizes(b, op, adaptor.getOperands())[0];
    Value input = adaptor.getInput(), indices = adaptor.getIndices();
    int64_t axis = op.getAxis(), rank = sizes.size();
    int64_t indexRank = cast<RankedTensorType>(indices.getType()).getRank();
    OpFoldResult count = dimOf(b, loc, input, axis);
    std::optional<int64_t> known = getConstantIntValue(count);
    Value zero = scalarConstant(b, loc, element, 0);
    if (known == 0) {
      b.replaceOp(op, castTo(b, loc, filledTensor(b, loc, sizes, zero), type));
      return success();
    }

    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < indexRank; ++i)
      exprs.push_back(b.getAffineDimExpr(axis + i));
    Value first = arith::ConstantIndexOp::create(b, loc, 0);
    Value size = getValueOrCreateConstantIndexOp(b, loc, count);
    Value last = getValueOrCreateConstantIndexOp(
        b, loc, arithmetic(b, loc, b.getAffineSymbolExpr(0) - 1, count));
    Value init = emptyTensor(b, loc, sizes, element);
    SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        b, loc, init.getType(), indices, init,
        {AffineMap::get(rank, 0, exprs, b.getContext()), b.getMultiDimIdentityMap(rank)}, parallel,
        [&](OpBuilder &nested, Location at, ValueRange args) {
          Value index = arith::IndexCastOp::create(nested, at, nested.getIndexType(), args[0]);
          index = arith::MaxSIOp::create(nested, at, index, first);
          index = arith::MinSIOp::create(nested, at, index, last);
          SmallVector<Value> place;
          for (int64_t i = 0; i < axis; ++i)
            place.push_back(linalg::IndexOp::create(nested, at, i));
          place.push_back(index);
          for (int64_t i = axis + indexRank; i < rank; ++i)
            place.push_back(linalg::IndexOp::create(nested, at, i));
          auto read = [&](OpBuilder &inner) {
            return tensor::ExtractOp::create(inner, at, input, place).getResult();
          };
          if (known) {
            linalg::YieldOp::create(nested, at, read(nested));
            return;
          }
          // There may be nothing to clamp to.
          Value some = arith::CmpIOp::create(nested, at, arith::CmpIPredicate::sgt, size, first);
          auto guarded = scf::IfOp::create(
              nested, at, some,
              [&](OpBuilder &inner, Location) { scf::YieldOp::create(inner, at, read(inner)); },
              [&](OpBuilder &inner, Location) { scf::YieldOp::create(inner, at, zero); });
          linalg::YieldOp::create(nested, at, guarded.getResult(0));
        });
    b.replaceOp(op, castTo(b, loc, generic.getResult(0), type));
    return success();
  }
};

/// `row` and `update` combined by `kind`.
Value combine(OpBuilder &b, Location loc, StringRef kind, Type type, Value row, Value update) {
  bool isFloat = isa<FloatType>(type), isUnsigned = type.isUnsignedInteger();
  auto binary = [&]<typename F, typename I>() -> Value {
    if (isFloat)
      return F::create(b, loc, row, update);
    return I::create(b, loc, row, update);
  };
  if (kind == "add")
    return binary.operator()<arith::AddFOp, arith::AddIOp>();
  if (kind == "sub")
    return binary.operator()<arith::SubFOp, arith::SubIOp>();
  if (kind == "mul")
    return binary.operator()<arith::MulFOp, arith::MulIOp>();
  if (kind == "max")
    return isUnsigned ? binary.operator()<arith::MaximumFOp, arith::MaxUIOp>()
                      : binary.operator()<arith::MaximumFOp, arith::MaxSIOp>();
  return isUnsigned ? binary.operator()<arith::MinimumFOp, arith::MinUIOp>()
                    : binary.operator()<arith::MinimumFOp, arith::MinSIOp>();
}

/// A loop over the rows of the updates, in order, each of which changes one row in place. Rows
/// whose index is out of range are skipped.
struct ScatterPattern : OpConversionPattern<fn::ScatterOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(fn::ScatterOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    int64_t indexRank = cast<RankedTensorType>(adaptor.getIndices().getType()).getRank();
    Value indices = mergeDims(b, loc, adaptor.getIndices(), 0, indexRank);
    Value updates = mergeDims(b, loc, adaptor.getUpdates(), 0, indexRank);
    auto index = [&](OpFoldResult size) { return getValueOrCreateConstantIndexOp(b, loc, size); };
    Value zero = index(b.getIndexAttr(0)), one = index(b.getIndexAttr(1));
    Value count = index(dimOf(b, loc, input, 0)), steps = index(dimOf(b, loc, indices, 0));
    Sizes rowSizes = dimsOf(b, loc, input);
    rowSizes[0] = b.getIndexAttr(1);
    Type element = getElementTypeOrSelf(op.getType());
    Type updateElement = getElementTypeOrSelf(updates.getType());
    auto rowType = typeOfSizes(ArrayRef(rowSizes).drop_front(), updateElement);

    auto change = [&](OpBuilder &nested, Location at, Value target, Value place, Value step) {
      Sizes strides(rowSizes.size(), nested.getIndexAttr(1));
      Sizes from(rowSizes.size(), nested.getIndexAttr(0)), to = from;
      from[0] = step;
      to[0] = place;
      Value update =
          tensor::ExtractSliceOp::create(nested, at, rowType, updates, from, rowSizes, strides);
      if (op.getKind() != "update") {
        Value row =
            tensor::ExtractSliceOp::create(nested, at, rowType, target, to, rowSizes, strides);
        AffineMap map = nested.getMultiDimIdentityMap(rowType.getRank());
        SmallVector<utils::IteratorType> parallel(rowType.getRank(), utils::IteratorType::parallel);
        update = linalg::GenericOp::create(
                     nested, at, rowType, update, row, {map, map}, parallel,
                     [&](OpBuilder &inner, Location, ValueRange args) {
                       linalg::YieldOp::create(
                           inner, at, combine(inner, at, op.getKind(), element, args[1], args[0]));
                     })
                     .getResult(0);
      }
      return tensor::InsertSliceOp::create(nested, at, update, target, to, rowSizes, strides)
          .getResult();
    };
    auto loop = scf::ForOp::create(
        b, loc, zero, steps, one, input,
        [&](OpBuilder &nested, Location at, Value step, ValueRange target) {
          Value place = tensor::ExtractOp::create(nested, at, indices, step);
          place = arith::IndexCastOp::create(nested, at, nested.getIndexType(), place);
          // Unsigned: a negative index is beyond every size.
          Value inside = arith::CmpIOp::create(nested, at, arith::CmpIPredicate::ult, place, count);
          auto changed = scf::IfOp::create(
              nested, at, inside,
              [&](OpBuilder &inner, Location) {
                scf::YieldOp::create(inner, at, change(inner, at, target[0], place, step));
              },
              [&](OpBuilder &inner, Location) { scf::YieldOp::create(inner, at, target[0]); });
          scf::YieldOp::create(nested, at, changed.getResults());
        });
    b.replaceOp(op,
                castTo(b, loc, loop.getResult(0), getTypeConverter()->convertType(op.getType())));
    return success();
  }
};

} // namespace

void fnc::populateIndexedLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<GatherPattern, ScatterPattern>(types, patterns.getContext());
}
