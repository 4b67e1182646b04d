//===- SinkTransposes.cpp - transposes towards their end ------------------===//

#include "compiler/tensor/Lower.h"
#include "compiler/tensor/Passes.h"
#include "compiler/tensor/Views.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_SINKTRANSPOSES
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

/// A copy in another order: element `d` is element `from(d)` of the source.
struct Transpose {
  Value source;
  AffineMap from;
};

std::optional<Transpose> transposeOf(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  if (!op || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getBody()->getOperations().size() != 1 ||
      op.getBody()->getTerminator()->getOperand(0) != op.getBody()->getArgument(0))
    return std::nullopt;
  auto maps = op.getIndexingMapsArray();
  if (!maps[0].isPermutation() || !maps[1].isIdentity() || maps[0].isIdentity())
    return std::nullopt;
  return Transpose{op.getDpsInputOperand(0)->get(), maps[0]};
}

/// `values`, one for each dimension of a transpose's result, in the source's order.
template <typename T> SmallVector<T> inSourceOrder(AffineMap from, ArrayRef<T> values) {
  SmallVector<T> result;
  for (AffineExpr expr : from.getResults())
    result.push_back(values[cast<AffineDimExpr>(expr).getPosition()]);
  return result;
}

Value makeTranspose(OpBuilder &b, Location loc, Value source, AffineMap from, Value init) {
  SmallVector<utils::IteratorType> parallel(from.getNumDims(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, init.getType(), source, init,
                                   {from, b.getMultiDimIdentityMap(from.getNumDims())}, parallel,
                                   [](OpBuilder &nested, Location at, ValueRange args) {
                                     linalg::YieldOp::create(nested, at, args[0]);
                                   })
      .getResult(0);
}

/// f(transpose(x), ..) => transpose(f(x, ..)) for an elementwise f.
struct SinkThroughElementwise : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &b) const override {
    if (op.getNumReductionLoops() != 0 || op.getNumDpsInits() != 1 || op.getNumResults() != 1 ||
        op.hasIndexSemantics() || !op.getIndexingMapsArray().back().isIdentity() ||
        op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
      return failure();
    auto empty = op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
    if (!empty)
      return failure();
    // Operands that are whole are either transposed alike or would be by this.
    std::optional<Transpose> first;
    int alike = 0, others = 0;
    for (OpOperand *input : op.getDpsInputOperands()) {
      if (!op.getMatchingIndexingMap(input).isIdentity())
        continue;
      std::optional<Transpose> transpose = transposeOf(input->get());
      if (transpose && (!first || first->from == transpose->from)) {
        first = first ? first : transpose;
        ++alike;
      } else {
        ++others;
      }
    }
    // A transpose itself is composed with the one before it, not exchanged.
    if (!first || others > alike || transposeOf(op.getResult(0)))
      return failure();

    AffineMap from = first->from;
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    // Element d of the new result is element `to(d)` of the old one.
    AffineMap to = inversePermutation(from);
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      std::optional<Transpose> transpose =
          map.isIdentity() ? transposeOf(input->get()) : std::nullopt;
      bool same = transpose && transpose->from == from;
      inputs.push_back(same ? transpose->source : input->get());
      maps.push_back(same ? b.getMultiDimIdentityMap(from.getNumDims()) : map.compose(to));
    }
    maps.push_back(b.getMultiDimIdentityMap(from.getNumDims()));
    Value init =
        fnc::emptyTensor(b, op.getLoc(), inSourceOrder<OpFoldResult>(from, empty.getMixedSizes()),
                         empty.getType().getElementType());
    auto moved = linalg::GenericOp::create(b, op.getLoc(), init.getType(), inputs, init, maps,
                                           op.getIteratorTypesArray());
    b.cloneRegionBefore(op.getRegion(), moved.getRegion(), moved.getRegion().begin());
    b.replaceOp(op, makeTranspose(b, op.getLoc(), moved.getResult(0), from, empty));
    return success();
  }
};

/// What reads a transpose alone, another transpose or a reduction, reads its source.
struct ReadSource : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &b) const override {
    bool reduces = op.getNumReductionLoops() != 0;
    if (op.getNumDpsInputs() != 1 || (!reduces && !transposeOf(op.getResult(0))))
      return failure();
    std::optional<Transpose> transpose = transposeOf(op.getDpsInputOperand(0)->get());
    if (!transpose)
      return failure();
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    AffineMap map = transpose->from.compose(maps[0]);
    if (!reduces && map.isIdentity() && transpose->source.getType() == op.getResult(0).getType()) {
      b.replaceOp(op, transpose->source);
      return success();
    }
    maps[0] = map;
    b.modifyOpInPlace(op, [&] {
      op.getDpsInputOperand(0)->set(transpose->source);
      op.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
    });
    return success();
  }
};

/// Transposed parts put into one tensor: parts put into one, then transposed.
struct SinkThroughInsert : OpRewritePattern<tensor::InsertSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::InsertSliceOp op, PatternRewriter &b) const override {
    std::optional<Transpose> part = transposeOf(op.getSource());
    if (!part || op.getSourceType().getRank() != op.getType().getRank())
      return failure();
    Location loc = op.getLoc();
    Value into = op.getDest(), moved;
    auto fill = into.getDefiningOp<linalg::FillOp>();
    auto empty = (fill ? fill.output() : into).getDefiningOp<tensor::EmptyOp>();
    if (std::optional<Transpose> rest = transposeOf(into)) {
      if (rest->from != part->from)
        return failure();
      moved = rest->source;
    } else if (empty) {
      moved =
          fnc::emptyTensor(b, loc, inSourceOrder<OpFoldResult>(part->from, empty.getMixedSizes()),
                           empty.getType().getElementType());
      if (fill)
        moved = linalg::FillOp::create(b, loc, fill.value(), moved).getResult(0);
    } else {
      return failure();
    }
    moved = tensor::InsertSliceOp::create(
        b, loc, part->source, moved, inSourceOrder<OpFoldResult>(part->from, op.getMixedOffsets()),
        inSourceOrder<OpFoldResult>(part->from, op.getMixedSizes()),
        inSourceOrder<OpFoldResult>(part->from, op.getMixedStrides()));
    Value init = fnc::emptyTensor(b, loc, fnc::dimsOf(b, loc, into), op.getType().getElementType());
    b.replaceOp(op, makeTranspose(b, loc, moved, part->from, init));
    return success();
  }
};

/// A part of a transposed tensor is the transpose of a part.
struct SinkThroughExtract : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op, PatternRewriter &b) const override {
    std::optional<Transpose> whole = transposeOf(op.getSource());
    if (!whole || op.getSourceType().getRank() != op.getType().getRank())
      return failure();
    Location loc = op.getLoc();
    Value part = tensor::ExtractSliceOp::create(
        b, loc, whole->source, inSourceOrder<OpFoldResult>(whole->from, op.getMixedOffsets()),
        inSourceOrder<OpFoldResult>(whole->from, op.getMixedSizes()),
        inSourceOrder<OpFoldResult>(whole->from, op.getMixedStrides()));
    Value init = fnc::emptyTensor(b, loc, op.getMixedSizes(), op.getType().getElementType());
    if (init.getType() != op.getType())
      return failure();
    b.replaceOp(op, makeTranspose(b, loc, part, whole->from, init));
    return success();
  }
};

struct SinkTransposes : fnc::impl::SinkTransposesBase<SinkTransposes> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet all(context);
    all.add<SinkThroughElementwise, ReadSource, SinkThroughInsert, SinkThroughExtract>(context);
    tensor::EmptyOp::getCanonicalizationPatterns(all, context);
    patterns = std::move(all);
    return success();
  }

  void runOnOperation() override {
    auto found = getOperation()->walk([](linalg::GenericOp op) {
      bool isTranspose = op->getNumResults() == 1 && transposeOf(op->getResult(0));
      return isTranspose ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (!found.wasInterrupted())
      return markAllAnalysesPreserved();
    // A run that stops early has moved less, not wrongly.
    (void)applyPatternsGreedily(
        getOperation(), patterns,
        GreedyRewriteConfig().setUseTopDownTraversal().setRegionSimplificationLevel(
            GreedySimplifyRegionLevel::Disabled));
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
