//===- FillBorders.cpp - padding around what is put into the middle -------===//

#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_FILLBORDERS
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

/// How far `op` stays from both ends of each dimension, where it leaves just a border.
bool findBorder(tensor::InsertSliceOp op, tensor::EmptyOp empty, SmallVectorImpl<int64_t> &low,
                SmallVectorImpl<int64_t> &high) {
  if (op.getSourceType().getRank() != op.getType().getRank())
    return false;
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets(), sizes = op.getMixedSizes(),
                            whole = empty.getMixedSizes(), strides = op.getMixedStrides();
  for (auto [offset, size, all, stride] : llvm::zip(offsets, sizes, whole, strides)) {
    std::optional<int64_t> first = getConstantIntValue(offset);
    std::optional<int64_t> part = getConstantIntValue(size), total = getConstantIntValue(all);
    if (!first || getConstantIntValue(stride) != 1)
      return false;
    // Sizes of the call: only where the part is the whole.
    if ((!part || !total) && (size != all || *first != 0))
      return false;
    low.push_back(*first);
    high.push_back(part && total ? *total - *first - *part : 0);
  }
  return true;
}

struct FillBorders : fnc::impl::FillBordersBase<FillBorders> {
  void runOnOperation() override {
    getOperation().walk([](tensor::InsertSliceOp op) { rewrite(op); });
  }

  static void rewrite(tensor::InsertSliceOp op) {
    auto fill = op.getDest().getDefiningOp<linalg::FillOp>();
    auto empty = fill ? fill.output().getDefiningOp<tensor::EmptyOp>() : nullptr;
    if (!empty)
      return;
    // What several parts go into must be several buffers anyway, none of which lives before its
    // part is there.
    OpBuilder b(fill->getBlock()->findAncestorOpInBlock(*op));
    Value buffer = b.clone(*empty)->getResult(0), filled;
    SmallVector<int64_t> low, high;
    if (findBorder(op, empty, low, high))
      filled = fnc::kernel::FillBorderOp::create(b, fill.getLoc(), TypeRange(empty.getType()),
                                                 fill.value(), buffer, low, high)
                   .getResult(0);
    else
      filled = linalg::FillOp::create(b, fill.getLoc(), fill.value(), buffer).getResult(0);
    op.getDestMutable().assign(filled);
    if (fill->use_empty())
      fill.erase();
  }
};

} // namespace
