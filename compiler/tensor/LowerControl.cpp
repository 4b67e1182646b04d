//===- LowerControl.cpp - branches and loops to scf on tensors ------------===//
//
// A loop's state is carried in place: each round writes the next one into the tensor that holds the
// present one, last of all, so that the buffer of the first is that of all.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernel/Aliases.h"
#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Views.h"
#include "dialect/OpSupport.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace fnc;

namespace {

/// On a loop made of fn.scan, until its yield is lowered: how many states it has, and whether it
/// runs backwards.
constexpr StringLiteral statesAttr = "fn.states", reverseAttr = "fn.reverse";

Value scalarOf(OpBuilder &b, Location loc, Value tensor) {
  return tensor::ExtractOp::create(b, loc, tensor, ValueRange{});
}

/// Slice `place` along the first dimension.
struct Slice {
  Sizes offsets, sizes, strides;

  Slice(OpBuilder &b, Location loc, Value tensor, Value place) : sizes(dimsOf(b, loc, tensor)) {
    offsets.assign(sizes.size(), b.getIndexAttr(0));
    strides.assign(sizes.size(), b.getIndexAttr(1));
    offsets[0] = place;
    sizes[0] = b.getIndexAttr(1);
  }
  /// Whether nothing is in it: then it is no slice to upstream's ops.
  bool isNothing() const { return llvm::any_of(sizes, isZeroInteger); }
};

Value takeSlice(OpBuilder &b, Location loc, Value tensor, Value place) {
  Slice slice(b, loc, tensor, place);
  ArrayRef<OpFoldResult> rest = ArrayRef(slice.sizes).drop_front();
  Type element = getElementTypeOrSelf(tensor.getType());
  if (slice.isNothing())
    return emptyTensor(b, loc, rest, element);
  return tensor::ExtractSliceOp::create(b, loc, typeOfSizes(rest, element), tensor, slice.offsets,
                                        slice.sizes, slice.strides);
}

Value putSlice(OpBuilder &b, Location loc, Value value, Value into, Value place) {
  Slice slice(b, loc, into, place);
  if (slice.isNothing())
    return into;
  Type type = typeOfSizes(ArrayRef(slice.sizes).drop_front(), getElementTypeOrSelf(into.getType()));
  return tensor::InsertSliceOp::create(b, loc, castTo(b, loc, value, type), into, slice.offsets,
                                       slice.sizes, slice.strides);
}

/// Whether `value` may lie in memory of an argument of `block`.
bool mayAlias(Value value, Block *block) {
  return llvm::any_of(viewedArguments(value),
                      [&](Value argument) { return argument.getParentBlock() == block; });
}

/// Whether inner loops carry `state` to `value` and nothing else sees it from the first of them on:
/// then `value` lies where `state` did.
bool isInPlace(Value value, BlockArgument state) {
  Operation *first = nullptr;
  while (Value begin = carriedFrom(value)) {
    first = value.getDefiningOp();
    value = begin;
  }
  if (value != state || !first)
    return false;
  unsigned insideFirst = 0;
  for (OpOperand &use : state.getUses()) {
    Operation *at = state.getOwner()->findAncestorOpInBlock(*use.getOwner());
    if (at == first)
      ++insideFirst;
    else if (first->isBeforeInBlock(at))
      return false;
  }
  return insideFirst == 1;
}

/// `value` in memory that is not that of an argument of `block`. Of a branch's result that may lie
/// there, what the branches yield is copied: one that makes something new needs no copy, and tied
/// to the state's memory the result could not be bufferized everywhere.
Value detached(ConversionPatternRewriter &b, Location loc, Value value, Block *block) {
  if (!mayAlias(value, block))
    return value;
  auto branch = value.getDefiningOp<scf::IfOp>();
  if (!branch)
    return bufferization::AllocTensorOp::create(b, loc, cast<RankedTensorType>(value.getType()),
                                                ValueRange{}, value);
  unsigned number = cast<OpResult>(value).getResultNumber();
  for (scf::YieldOp yield : {branch.thenYield(), branch.elseYield()}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(yield);
    Value own = detached(b, loc, yield.getOperand(number), block);
    b.modifyOpInPlace(yield, [&] { yield.setOperand(number, own); });
  }
  return value;
}

/// The next states written over the present ones.
SmallVector<Value> carryOn(ConversionPatternRewriter &b, Location loc, ValueRange next,
                           ValueRange present, Block *block) {
  SmallVector<Value> values;
  // Copies first: what is a view of a state must not see the next one.
  for (auto [value, state] : llvm::zip(next, present)) {
    value = castTo(b, loc, value, state.getType());
    bool isThere = value == state || isInPlace(value, cast<BlockArgument>(state));
    values.push_back(isThere ? value : detached(b, loc, value, block));
  }
  for (auto [value, state] : llvm::zip(values, present))
    if (value != state && !isInPlace(value, cast<BlockArgument>(state)))
      value = bufferization::MaterializeInDestinationOp::create(b, loc, value, state).getResult();
  return values;
}

struct IfPattern : OpConversionPattern<fn::IfOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::IfOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    Value flag = scalarOf(b, op.getLoc(), adaptor.getCondition());
    auto branch = scf::IfOp::create(b, op.getLoc(), types, flag, /*addThenBlock=*/false,
                                    /*addElseBlock=*/false);
    b.inlineRegionBefore(op.getThenRegion(), branch.getThenRegion(), branch.getThenRegion().end());
    b.inlineRegionBefore(op.getElseRegion(), branch.getElseRegion(), branch.getElseRegion().end());
    b.replaceOp(op, branch);
    return success();
  }
};

struct WhilePattern : OpConversionPattern<fn::WhileOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::WhileOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    auto loop = scf::WhileOp::create(b, op.getLoc(), types, adaptor.getInits());
    b.inlineRegionBefore(op.getCondition(), loop.getBefore(), loop.getBefore().end());
    b.inlineRegionBefore(op.getBody(), loop.getAfter(), loop.getAfter().end());
    for (Region *region : {&loop.getBefore(), &loop.getAfter()})
      if (failed(b.convertRegionTypes(region, *getTypeConverter())))
        return failure();
    b.replaceOp(op, loop);
    return success();
  }
};

struct ScanPattern : OpConversionPattern<fn::ScanOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::ScanOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    size_t states = op.getInits().size();
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    if (types.empty()) {
      b.eraseOp(op);
      return success();
    }
    SmallVector<Value> inputs(adaptor.getInputs());
    OpFoldResult trips;
    if (std::optional<int64_t> known = op.getKnownTrips())
      trips = b.getIndexAttr(*known);
    else
      trips = dimOf(b, loc, inputs.front(), 0);

    SmallVector<Value> carried(adaptor.getInits());
    if (types.size() > states) {
      SmallVector<Value> used;
      for (Value value : fn::dependencies(op))
        used.push_back(b.getRemappedValue(value));
      SmallVector<Sizes> sizes = resultSizes(b, op, used);
      for (size_t i = states; i < types.size(); ++i)
        carried.push_back(castTo(
            b, loc, emptyTensor(b, loc, sizes[i], getElementTypeOrSelf(types[i])), types[i]));
    }
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    auto loop = scf::ForOp::create(b, loc, zero, getValueOrCreateConstantIndexOp(b, loc, trips),
                                   one, carried);
    loop->setAttr(statesAttr, b.getI64IntegerAttr(static_cast<int64_t>(states)));
    if (op.getReverse())
      loop->setAttr(reverseAttr, b.getUnitAttr());
    b.setInsertionPointToStart(loop.getBody());
    Value place = placeOf(b, loop);
    SmallVector<Value> args(loop.getRegionIterArgs().take_front(states));
    for (auto [input, arg] : llvm::zip(inputs, op.getSlices()))
      args.push_back(castTo(b, loc, takeSlice(b, loc, input, place),
                            getTypeConverter()->convertType(arg.getType())));
    b.mergeBlocks(&op.getBlock(), loop.getBody(), args);
    b.replaceOp(op, loop);
    return success();
  }

  /// Which slice a round takes.
  static Value placeOf(OpBuilder &b, scf::ForOp loop) {
    Value round = loop.getInductionVar();
    if (!loop->hasAttr(reverseAttr))
      return round;
    Location loc = loop.getLoc();
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    Value last = arith::SubIOp::create(b, loc, loop.getUpperBound(), one);
    return arith::SubIOp::create(b, loc, last, round);
  }
};

/// What ends a region, by what the region has become a part of.
struct YieldPattern : OpConversionPattern<fn::YieldOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(fn::YieldOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Operation *parent = op->getParentOp();
    SmallVector<Value> values(adaptor.getValues());
    if (auto loop = dyn_cast<scf::ForOp>(parent))
      return yieldRound(op, loop, values, b);
    if (auto loop = dyn_cast<scf::WhileOp>(parent)) {
      Block *block = op->getBlock();
      if (block == loop.getBeforeBody()) {
        Value flag = scalarOf(b, loc, values[0]);
        b.replaceOpWithNewOp<scf::ConditionOp>(op, flag, block->getArguments());
        return success();
      }
      b.replaceOpWithNewOp<scf::YieldOp>(op, carryOn(b, loc, values, block->getArguments(), block));
      return success();
    }
    if (!isa<scf::IfOp>(parent))
      return failure();
    for (auto [value, type] : llvm::zip(values, parent->getResultTypes()))
      value = castTo(b, loc, value, type);
    b.replaceOpWithNewOp<scf::YieldOp>(op, values);
    return success();
  }

  static LogicalResult yieldRound(fn::YieldOp op, scf::ForOp loop, ArrayRef<Value> values,
                                  ConversionPatternRewriter &b) {
    Location loc = op.getLoc();
    auto states = static_cast<size_t>(loop->getAttrOfType<IntegerAttr>(statesAttr).getInt());
    ValueRange carried = loop.getRegionIterArgs();
    SmallVector<Value> stacks;
    for (auto [given, stack] : llvm::zip(values.drop_front(states), carried.drop_front(states))) {
      Value value = given;
      OpBuilder::InsertionGuard guard(b);
      // A state is stacked before anything is written over it.
      if (auto arg = dyn_cast<BlockArgument>(value); arg && arg.getOwner() == loop.getBody())
        b.setInsertionPointToStart(loop.getBody());
      else
        value = detached(b, loc, value, loop.getBody());
      Value place = ScanPattern::placeOf(b, loop);
      stacks.push_back(putSlice(b, loc, value, stack, place));
    }
    SmallVector<Value> yields =
        carryOn(b, loc, values.take_front(states), carried.take_front(states), loop.getBody());
    yields.append(stacks);
    loop->removeAttr(statesAttr);
    loop->removeAttr(reverseAttr);
    b.replaceOpWithNewOp<scf::YieldOp>(op, yields);
    return success();
  }
};

} // namespace

void fnc::populateControlLowering(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<IfPattern, WhilePattern, ScanPattern, YieldPattern>(types, patterns.getContext());
}
