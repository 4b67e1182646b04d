//===- Fills.cpp - what results hold before an op -------------------------===//

#include "compiler/buffer/Fills.h"
#include "compiler/buffer/MergeGenerics.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace {

/// How many ops may lie between a fill and who needs it.
constexpr int kFar = 16;

bool touches(Operation *op, Value root) {
  return op
      ->walk([&](Operation *inner) {
        bool does = llvm::any_of(inner->getOperands(), [&](Value operand) {
          return isa<MemRefType>(operand.getType()) && fnc::rootOf(operand) == root;
        });
        return does ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// The value that an op stores in all of `memref`, if that is all it does.
Value filledBy(Operation *op, Value memref) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured || structured.getNumDpsInits() != 1 || structured.getNumDpsInputs() != 1)
    return {};
  Value value = structured.getDpsInputOperand(0)->get();
  Block &body = *structured.getBlock();
  OpOperand *init = structured.getDpsInitOperand(0);
  bool isFill = !isa<MemRefType>(value.getType()) && llvm::hasSingleElement(body) &&
                body.getTerminator()->getOperand(0) == body.getArgument(0) &&
                structured.getMatchingIndexingMap(init).isPermutation();
  return isFill && fnc::isSameView(fnc::behindReshapes(init->get()), memref) ? value : Value();
}

/// Whether `user` is done when `op` begins.
bool comesBefore(Operation *user, Operation *op) {
  Operation *here = op->getBlock()->findAncestorOpInBlock(*user);
  return here && here->isBeforeInBlock(op) && isa<func::FuncOp>(op->getParentOp());
}

/// Whether a value that is no view may be this buffer, too: who uses it is not looked at.
bool isChosen(Value view) {
  return llvm::any_of(view.getUsers(), [](Operation *user) {
    if (isa<ViewLikeOpInterface>(user))
      return isChosen(user->getResult(0));
    return isa<scf::YieldOp>(user) ||
           llvm::any_of(user->getResultTypes(), llvm::IsaPred<MemRefType>);
  });
}

bool isSeenThrough(Value view, linalg::GenericOp op, const llvm::DenseSet<Operation *> &taken) {
  return llvm::any_of(view.getUsers(), [&](Operation *user) {
    if (isa<ViewLikeOpInterface>(user))
      return isSeenThrough(user->getResult(0), op, taken);
    return user != op && !taken.contains(user) && !comesBefore(user, op);
  });
}

} // namespace

Value fnc::Fills::take(linalg::GenericOp op, OpOperand &init) {
  Value memref = behindReshapes(init.get()), root = rootOf(memref);
  if (llvm::any_of(op->getOpOperands(),
                   [&](OpOperand &other) {
                     return &other != &init && isa<MemRefType>(other.get().getType()) &&
                            rootOf(other.get()) == root;
                   }) ||
      isChosen(root))
    return {};
  Operation *before = op;
  for (int passed = 0; passed < kFar;) {
    before = before->getPrevNode();
    if (!before)
      return {};
    if (isMemoryEffectFree(before))
      continue;
    ++passed;
    if (!touches(before, root))
      continue;
    Value value = filledBy(before, memref);
    if (value)
      taken.insert(before);
    return value;
  }
  return {};
}

bool fnc::Fills::isSeen(linalg::GenericOp op, OpOperand &init) const {
  Value root = rootOf(init.get());
  auto buffer = root.getDefiningOp<memref::ViewOp>();
  return !buffer || !buffer->hasAttr("fn.buffer") || isChosen(root) ||
         isSeenThrough(root, op, taken);
}
