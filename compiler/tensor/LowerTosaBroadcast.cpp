//===- LowerTosaBroadcast.cpp - TOSA ops over sizes known at the call -----===//

#include "compiler/tensor/Passes.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_LOWERTOSABROADCAST
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

/// The same op of fn, where an operand or the result leaves a size open.
template <typename TosaOp, typename FnOp> struct AsFn : OpRewritePattern<TosaOp> {
  using OpRewritePattern<TosaOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(TosaOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    auto isStatic = [](Type type) { return cast<ShapedType>(type).hasStaticShape(); };
    if (isStatic(type) && llvm::all_of(op->getOperandTypes(), isStatic))
      return failure();
    SmallVector<Value> operands(op->getOperands());
    if constexpr (std::is_same_v<TosaOp, tosa::MulOp>) {
      DenseIntElementsAttr shift;
      if (!matchPattern(op.getShift(), m_Constant(&shift)) || !shift.isSplat() ||
          !shift.getSplatValue<APInt>().isZero())
        return failure();
      operands.pop_back();
    }
    rewriter.replaceOpWithNewOp<FnOp>(op, TypeRange{type}, operands, ArrayRef<NamedAttribute>());
    return success();
  }
};

template <typename... Pairs> void addPatterns(RewritePatternSet &patterns) {
  patterns.add<Pairs...>(patterns.getContext());
}

struct LowerTosaBroadcast : fnc::impl::LowerTosaBroadcastBase<LowerTosaBroadcast> {
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<fn::FnDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    addPatterns<
        AsFn<tosa::AddOp, fn::AddOp>, AsFn<tosa::SubOp, fn::SubOp>, AsFn<tosa::MulOp, fn::MulOp>,
        AsFn<tosa::IntDivOp, fn::DivOp>, AsFn<tosa::PowOp, fn::PowOp>,
        AsFn<tosa::MaximumOp, fn::MaximumOp>, AsFn<tosa::MinimumOp, fn::MinimumOp>,
        AsFn<tosa::EqualOp, fn::EqualOp>, AsFn<tosa::GreaterOp, fn::GreaterOp>,
        AsFn<tosa::GreaterEqualOp, fn::GreaterEqualOp>, AsFn<tosa::SelectOp, fn::WhereOp>,
        AsFn<tosa::LogicalAndOp, fn::LogicalAndOp>, AsFn<tosa::LogicalOrOp, fn::LogicalOrOp>,
        AsFn<tosa::LogicalXorOp, fn::LogicalXorOp>, AsFn<tosa::BitwiseAndOp, fn::BitwiseAndOp>,
        AsFn<tosa::BitwiseOrOp, fn::BitwiseOrOp>, AsFn<tosa::BitwiseXorOp, fn::BitwiseXorOp>>(
        patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
