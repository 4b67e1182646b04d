//===- Accesses.cpp - which buffers an op touches -------------------------===//

#include "compiler/buffer/Accesses.h"
#include "compiler/buffer/SymbolicSize.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace fnc;

/// Ops on buffers of at most this size cost nothing.
static constexpr int64_t kLittleBytes = 64;

Value fnc::bufferBehind(Value memref) {
  while (Operation *def = memref.getDefiningOp()) {
    if (isa<memref::AllocOp, memref::GetGlobalOp>(def))
      return memref;
    if (auto view = dyn_cast<ViewLikeOpInterface>(def))
      memref = view.getViewSource();
    else if (auto transpose = dyn_cast<memref::TransposeOp>(def))
      memref = transpose.getIn();
    else
      return {};
  }
  Block *owner = cast<BlockArgument>(memref).getOwner();
  return isa<func::FuncOp>(owner->getParentOp()) && owner->isEntryBlock() ? memref : Value();
}

Accesses fnc::accessesOf(Operation *op) {
  Accesses result;
  op->walk([&](Operation *inner) {
    if (isa<memref::AllocOp>(inner) || isMemoryEffectFree(inner))
      return;
    auto interface = dyn_cast<MemoryEffectOpInterface>(inner);
    if (!interface) {
      result.known &= inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>();
      return;
    }
    SmallVector<MemoryEffects::EffectInstance> effects;
    interface.getEffects(effects);
    for (const MemoryEffects::EffectInstance &effect : effects) {
      Value value = effect.getValue();
      if (value && !isa<MemRefType>(value.getType()))
        continue;
      Value buffer = value ? bufferBehind(value) : Value();
      if (!buffer || !isa<MemoryEffects::Read, MemoryEffects::Write>(effect.getEffect()))
        result.known = false;
      else
        (isa<MemoryEffects::Read>(effect.getEffect()) ? result.reads : result.writes)
            .insert(buffer);
    }
  });
  return result;
}

bool fnc::interfere(const Accesses &a, const Accesses &b) {
  if (!a.known || !b.known)
    return true;
  return llvm::any_of(a.writes, [&](Value buffer) { return b.touches(buffer); }) ||
         llvm::any_of(b.writes, [&](Value buffer) { return a.reads.contains(buffer); });
}

bool fnc::touchesLittle(const Accesses &accesses) {
  auto isLittle = [](Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    return type.hasStaticShape() && type.getElementType().isIntOrFloat() &&
           type.getNumElements() * type.getElementTypeBitWidth() <= 8 * kLittleBytes;
  };
  return accesses.known && llvm::all_of(accesses.reads, isLittle) &&
         llvm::all_of(accesses.writes, isLittle);
}

bool fnc::isElementwiseLoop(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op->getNumResults() != 0 || op.getNumReductionLoops() != 0 ||
      op.hasDynamicShape() || op.hasIndexSemantics() || op.getNumLoops() == 0)
    return false;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    auto type = cast<MemRefType>(init.get().getType());
    if (!op.getMatchingIndexingMap(&init).isIdentity() || !type.getLayout().isIdentity() ||
        type.getElementType().isInteger(1) || op.payloadUsesValueFromOperand(&init))
      return false;
  }
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto type = dyn_cast<MemRefType>(input->get().getType());
    // Booleans are bytes in memory, but bits in a vector.
    if (type && type.getElementType().isInteger(1) && type.getRank() != 0)
      return false;
  }
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return isa<arith::ConstantOp>(inner) ||
           (inner.getNumRegions() == 0 && OpTrait::hasElementwiseMappableTraits(&inner));
  });
}

/// Whether operands, with their maps, are such that what `written` holds is touched in place.
static bool touchesInPlace(ValueRange operands, llvm::function_ref<bool(unsigned)> inPlace,
                           const llvm::DenseMap<Value, Value> &written) {
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (!isa<MemRefType>(operand.getType()))
      continue;
    Value buffer = fnc::bufferBehind(operand);
    if (!buffer)
      return false;
    auto it = written.find(buffer);
    if (it != written.end() && (it->second != operand || !inPlace(i)))
      return false;
  }
  return true;
}

bool fnc::touchesInPlace(linalg::GenericOp op, const llvm::DenseMap<Value, Value> &written) {
  auto inPlace = [&](unsigned i) { return op.getIndexingMapsArray()[i].isIdentity(); };
  return ::touchesInPlace(op->getOperands(), inPlace, written);
}

bool fnc::touchesInPlace(kernel::ContractOp op, const llvm::DenseMap<Value, Value> &written) {
  auto inPlace = [&](unsigned i) { return i >= 2 && op.mapOf(i) == op.resultMap(); };
  return ::touchesInPlace(op->getOperands(), inPlace, written);
}

bool fnc::isWorthWaiting(kernel::ContractOp op, func::FuncOp func) {
  SymbolicSizes sizes(func);
  SmallVector<int64_t> symbols = representativeSymbols(func, 64);
  int64_t kept = 0, saved = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    Value buffer = bufferBehind(operand.get());
    auto alloc = buffer ? buffer.getDefiningOp<memref::AllocOp>() : memref::AllocOp();
    if (AffineExpr size = alloc ? sizes.bytes(alloc) : AffineExpr())
      (op.isDpsInit(&operand) ? saved : kept) += evaluate(size, symbols);
  }
  return kept <= saved;
}
