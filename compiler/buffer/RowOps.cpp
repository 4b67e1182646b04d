//===- RowOps.cpp - the ops of a row --------------------------------------===//

#include "compiler/buffer/RowOps.h"
#include "compiler/buffer/MergeGenerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace {

/// Operations that cost less than a store and a load.
constexpr unsigned kCheap = 2;

/// Every step writes an element of its own.
bool isElementwise(linalg::GenericOp op, OpOperand *init) {
  return op.getNumParallelLoops() == op.getNumLoops() &&
         op.getMatchingIndexingMap(init).isPermutation();
}

bool writes(linalg::GenericOp op, Value root) {
  return llvm::any_of(op.getDpsInits(), [&](Value init) { return fnc::rootOf(init) == root; });
}

bool coversAll(linalg::GenericOp op, OpOperand &init, Value root) {
  auto type = cast<MemRefType>(root.getType());
  AffineMap map = op.getMatchingIndexingMap(&init);
  if (!type.hasStaticShape() || !map.isProjectedPermutation(/*allowZeroInResults=*/true))
    return false;
  int64_t elements = 1;
  for (auto [loop, size] : llvm::enumerate(op.getStaticLoopRanges()))
    elements *= map.isFunctionOfDim(loop) ? size : 1;
  return elements == type.getNumElements();
}

} // namespace

bool fnc::isScalar(linalg::GenericOp op) {
  return llvm::all_of(op.getStaticLoopRanges(), [](int64_t size) { return size == 1; });
}

bool fnc::readsInit(linalg::GenericOp op, OpOperand *init) {
  return op.payloadUsesValueFromOperand(init);
}

bool fnc::touches(linalg::GenericOp op, Value root) {
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    return isa<MemRefType>(operand.getType()) && fnc::rootOf(operand) == root;
  });
}

bool fnc::RowOps::collect(IRRewriter &b) {
  SmallVector<linalg::LinalgOp> structured;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (isMemoryEffectFree(&op))
      continue;
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp || linalgOp.hasIndexSemantics() || linalgOp.hasDynamicShape() ||
        !llvm::all_of(op.getOperands(), [&](Value operand) { return isViewOfRow(operand); }))
      return false;
    structured.push_back(linalgOp);
  }
  for (linalg::LinalgOp op : structured) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op.getOperation())) {
      ops.push_back(generic);
      continue;
    }
    b.setInsertionPoint(op);
    FailureOr<linalg::GenericOp> generic = linalg::generalizeNamedOp(b, op);
    if (failed(generic))
      return false;
    ops.push_back(*generic);
  }
  return ops.size() > 1;
}

/// Whether views alone lead from outside to `value`, by way of the row's number.
bool fnc::RowOps::isViewOfRow(Value value) {
  if (value == loop.getInductionVar() || loop.isDefinedOutsideOfLoop(value))
    return true;
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<ViewLikeOpInterface>(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return isViewOfRow(operand); });
}

bool fnc::RowOps::isPrivate(Value root) {
  return root.getDefiningOp<memref::AllocOp>() && usedInside(root);
}

bool fnc::RowOps::usedInside(Value value) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return isa<ViewLikeOpInterface>(user) ? usedInside(user->getResult(0))
                                          : loop->isProperAncestor(user);
  });
}

Value fnc::viewOf(OpBuilder &b, Value value, Value root, Value as, const IRMapping &map) {
  if (value == root)
    return as;
  Operation *op = value.getDefiningOp();
  if (!op || !isa<ViewLikeOpInterface>(op))
    return map.lookupOrDefault(value);
  Value source = viewOf(b, cast<ViewLikeOpInterface>(op).getViewSource(), root, as, map);
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(op))
    return memref::ExpandShapeOp::create(b, op->getLoc(), expand.getType().getShape(), source,
                                         expand.getReassociationIndices());
  IRMapping operands(map);
  operands.map(op->getOperand(0), source);
  return b.clone(*op, operands)->getResult(0);
}

void fnc::RowOps::giveEachValueItsBuffer(IRRewriter &b) {
  llvm::DenseMap<Value, Value> current;
  for (linalg::GenericOp op : ops) {
    SmallVector<Value> roots;
    for (OpOperand &operand : op->getOpOperands())
      roots.push_back(isa<MemRefType>(operand.get().getType()) ? fnc::rootOf(operand.get())
                                                               : Value());
    auto replace = [&](OpOperand &operand) {
      Value root = roots[operand.getOperandNumber()];
      Value now = root ? current.lookup(root) : Value();
      if (!now || now == root)
        return;
      b.setInsertionPoint(op);
      operand.set(viewOf(b, operand.get(), root, now, {}));
    };
    for (OpOperand *input : op.getDpsInputOperands())
      replace(*input);
    for (OpOperand &init : op.getDpsInitsMutable()) {
      Value root = roots[init.getOperandNumber()];
      if (isPrivate(root) && !fnc::readsInit(op, &init) && coversAll(op, init, root)) {
        Value &now = current[root];
        if (now) {
          b.setInsertionPoint(root.getDefiningOp());
          now = b.clone(*root.getDefiningOp())->getResult(0);
        } else {
          now = root;
        }
      }
      replace(init);
    }
  }
}

void fnc::RowOps::recompute(IRRewriter &b) {
  for (unsigned i = 0; i < ops.size(); ++i) {
    linalg::GenericOp producer = ops[i];
    if (!isCheap(producer))
      continue;
    OpOperand *init = producer.getDpsInitOperand(0);
    Value made = init->get(), root = fnc::rootOf(made);
    AffineMap map = producer.getMatchingIndexingMap(init);
    bool fits = true;
    SmallVector<unsigned> readers;
    for (unsigned j = 0; j < ops.size() && fits; ++j)
      if (j != i && touches(ops[j], root)) {
        readers.push_back(j);
        fits = j > i && ops[j].getStaticLoopRanges() == producer.getStaticLoopRanges();
        for (OpOperand &operand : ops[j]->getOpOperands())
          if (isa<MemRefType>(operand.get().getType()) && fnc::rootOf(operand.get()) == root)
            fits &= !ops[j].isDpsInit(&operand) && ops[j].getMatchingIndexingMap(&operand) == map &&
                    fnc::isSameView(operand.get(), made);
      }
    if (!fits || readers.empty())
      continue;
    for (unsigned j : readers) {
      b.setInsertionPoint(ops[j]);
      fnc::PlacedOp first(producer), second(ops[j]);
      first.stores[0] = false;
      linalg::GenericOp merged = fnc::mergeGenerics(b, {first, second});
      b.eraseOp(ops[j]);
      ops[j] = merged;
    }
    b.eraseOp(producer);
    ops.erase(ops.begin() + i--);
  }
}

/// An elementwise op of few operations on values that stay as they are.
bool fnc::RowOps::isCheap(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || isScalar(op))
    return false;
  OpOperand *init = op.getDpsInitOperand(0);
  unsigned operations = 0;
  for (Operation &inner : op.getBody()->without_terminator())
    operations += isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(inner) ? 1 : kCheap + 1;
  if (operations > kCheap || !isElementwise(op, init) || fnc::readsInit(op, init) ||
      !isPrivate(fnc::rootOf(init->get())))
    return false;
  return llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    if (!isa<MemRefType>(input->get().getType()))
      return true;
    Value root = fnc::rootOf(input->get());
    bool seen = false;
    for (linalg::GenericOp other : ops) {
      seen |= other == op;
      if (writes(other, root) && (seen || !isPrivate(root)))
        return false;
    }
    return true;
  });
}
