//===- BufferUses.cpp - what a buffer holds, and who knows it -------------===//

#include "compiler/buffer/BufferUses.h"
#include "compiler/buffer/Accesses.h"
#include "compiler/buffer/MergeGenerics.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace fnc;
using fnc::kernel::ContractOp;

bool fnc::isStructured(Operation *op) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return isa<ContractOp>(op) ||
         (structured && structured.hasPureBufferSemantics() && op->getNumResults() == 0);
}

AffineMap fnc::mapOf(OpOperand &operand) {
  if (auto contraction = dyn_cast<ContractOp>(operand.getOwner()))
    return contraction.mapOf(operand.getOperandNumber());
  // Upstream makes all maps of a named op at each question.
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (type && isa<linalg::FillOp, linalg::CopyOp>(operand.getOwner()))
    return AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext());
  return cast<linalg::LinalgOp>(operand.getOwner()).getMatchingIndexingMap(&operand);
}

bool fnc::isInit(OpOperand &operand) {
  // The interface makes an attribute at each question.
  if (auto generic = dyn_cast<linalg::GenericOp>(operand.getOwner()))
    return operand.getOperandNumber() >= generic.getInputs().size();
  return cast<DestinationStyleOpInterface>(operand.getOwner()).isDpsInit(&operand);
}

std::optional<WholeBuffer> WholeBuffer::of(Value memref) {
  Operation *op = memref.getDefiningOp();
  if (auto alloc = dyn_cast_or_null<memref::AllocOp>(op);
      alloc && alloc.getType().getLayout().isIdentity())
    return WholeBuffer{alloc, llvm::to_vector<4>(llvm::seq<int64_t>(0, alloc.getType().getRank()))};
  if (!isa_and_nonnull<memref::ExpandShapeOp, memref::CollapseShapeOp>(op))
    return std::nullopt;
  std::optional<WholeBuffer> source = of(op->getOperand(0));
  if (!source)
    return source;
  auto expand = dyn_cast<memref::ExpandShapeOp>(op);
  auto groups = expand ? expand.getReassociationIndices()
                       : cast<memref::CollapseShapeOp>(op).getReassociationIndices();
  auto large = cast<MemRefType>(expand ? memref.getType() : op->getOperand(0).getType());
  WholeBuffer whole{source->buffer,
                    SmallVector<int64_t, 4>(cast<MemRefType>(memref.getType()).getRank(), -1)};
  for (auto [small, group] : llvm::enumerate(groups)) {
    int64_t longest = -1;
    for (int64_t dim : group)
      if (large.getDimSize(dim) != 1) {
        if (longest >= 0)
          return std::nullopt;
        longest = dim;
      }
    if (longest >= 0)
      whole.dims[expand ? longest : small] = source->dims[expand ? small : longest];
  }
  return whole;
}

Value fnc::reshapedLike(OpBuilder &b, Value view, Value other) {
  Operation *op = view.getDefiningOp();
  if (isa<memref::AllocOp>(op))
    return other;
  Value source = reshapedLike(b, op->getOperand(0), other);
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(op))
    return memref::CollapseShapeOp::create(b, op->getLoc(), source,
                                           collapse.getReassociationIndices());
  auto expand = cast<memref::ExpandShapeOp>(op);
  SmallVector<OpFoldResult> sizes(expand.getType().getRank(), b.getIndexAttr(1)),
      known = memref::getMixedSizes(b, op->getLoc(), source);
  auto groups = expand.getReassociationIndices();
  for (auto [size, group] : llvm::zip(known, groups))
    for (int64_t dim : group)
      if (expand.getType().getDimSize(dim) != 1)
        sizes[dim] = size;
  SmallVector<Value> dynamic;
  SmallVector<int64_t> shape;
  dispatchIndexOpFoldResults(sizes, dynamic, shape);
  return memref::ExpandShapeOp::create(b, op->getLoc(), shape, source, groups, sizes);
}

/// Whether an op writes all of a buffer, and nothing of what it held matters any more.
static bool overwrites(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (!isStructured(op) || !isInit(operand) ||
      !mapOf(operand).isProjectedPermutation(/*allowZeroInResults=*/true))
    return false;
  Value all = behindReshapes(operand.get());
  auto knows = [&](Value other) {
    return isa<MemRefType>(other.getType()) && bufferBehind(other) == all;
  };
  if (!all.getDefiningOp<memref::AllocOp>() || llvm::count_if(op->getOperands(), knows) > 1)
    return false;
  if (auto contraction = dyn_cast<ContractOp>(op))
    return !contraction.getPiece();
  return !cast<linalg::LinalgOp>(op).payloadUsesValueFromOperand(&operand);
}

std::optional<BufferUses> BufferUses::of(memref::AllocOp alloc) {
  BufferUses result;
  SmallVector<Value> views{alloc};
  while (!views.empty())
    for (OpOperand &use : views.pop_back_val().getUses()) {
      Operation *user = use.getOwner(), *at = alloc->getBlock()->findAncestorOpInBlock(*user);
      if (isa<ViewLikeOpInterface>(user))
        views.push_back(user->getResult(0));
      else if (!at || user->hasTrait<OpTrait::IsTerminator>() ||
               llvm::any_of(user->getResultTypes(), llvm::IsaPred<MemRefType>))
        return std::nullopt;
      else if (!isa<memref::DimOp>(user))
        result.uses.push_back({&use, at});
    }
  return result;
}

BufferUses::Life BufferUses::lifeAt(Operation *op) const {
  Life life;
  for (const Use &use : uses) {
    if (use.at != use.operand->getOwner() || !overwrites(*use.operand))
      continue;
    if (use.at == op || use.at->isBeforeInBlock(op))
      life.start = !life.start || life.start->isBeforeInBlock(use.at) ? use.at : life.start;
    else
      life.end = !life.end || use.at->isBeforeInBlock(life.end) ? use.at : life.end;
  }
  return life;
}

SmallVector<OpOperand *> BufferUses::within(Life life) const {
  SmallVector<OpOperand *> result;
  for (const Use &use : uses)
    if ((!life.start || !use.at->isBeforeInBlock(life.start)) &&
        (!life.end || use.at->isBeforeInBlock(life.end)))
      result.push_back(use.operand);
  return result;
}

/// The view `view` of a buffer, of another one of its type.
static Value sameView(RewriterBase &b, Value view, Value buffer, Value other) {
  if (view == buffer)
    return other;
  auto op = cast<ViewLikeOpInterface>(view.getDefiningOp());
  IRMapping map;
  map.map(op.getViewSource(), sameView(b, op.getViewSource(), buffer, other));
  return b.clone(*op, map)->getResult(0);
}

void fnc::giveOwnBuffer(RewriterBase &b, memref::AllocOp alloc, Operation *start) {
  std::optional<BufferUses> uses = BufferUses::of(alloc);
  b.setInsertionPoint(start);
  Value other = b.clone(*alloc)->getResult(0);
  for (OpOperand *use : uses->within(uses->lifeAt(start))) {
    b.setInsertionPoint(use->getOwner());
    Value view = sameView(b, use->get(), alloc, other);
    b.modifyOpInPlace(use->getOwner(), [&] { use->set(view); });
  }
}
