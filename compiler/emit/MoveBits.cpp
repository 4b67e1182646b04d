//===- MoveBits.cpp - bf16 that is moved only, as integers ----------------===//
//
// Where a machine has no bf16, LLVM makes f32 of vectors that are put together from others or that
// live from one block to the next, and then calls a support routine, which older compilers lack,
// to get bf16 back. All that computes is f32 by now, and its conversions are operations on
// integers: so the rest can be integers, too.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/MoveBits.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"

using namespace llvm;

static bool isBFloat(Value *value) { return value->getType()->getScalarType()->isBFloatTy(); }

/// Its bits: what they were made of, where they are a bitcast.
static Value *asInteger(IRBuilder<> &b, Value *value) {
  if (!isBFloat(value))
    return value;
  Type *type = value->getType()->getWithNewType(b.getInt16Ty());
  if (auto *cast = dyn_cast<BitCastInst>(value); cast && cast->getSrcTy() == type)
    return cast->getOperand(0);
  return b.CreateBitCast(value, type);
}

/// The same op on integers, or null for one that stays.
static Value *onIntegers(IRBuilder<> &b, Instruction &op) {
  auto operand = [&](unsigned i) { return asInteger(b, op.getOperand(i)); };
  if (auto *shuffle = dyn_cast<ShuffleVectorInst>(&op))
    return b.CreateShuffleVector(operand(0), operand(1), shuffle->getShuffleMask());
  if (isa<InsertElementInst>(op))
    return b.CreateInsertElement(operand(0), operand(1), operand(2));
  if (isa<ExtractElementInst>(op))
    return b.CreateExtractElement(operand(0), operand(1));
  if (isa<SelectInst>(op))
    return b.CreateSelect(operand(0), operand(1), operand(2));
  if (auto *load = dyn_cast<LoadInst>(&op)) {
    Type *type = load->getType()->getWithNewType(b.getInt16Ty());
    LoadInst *made = b.CreateAlignedLoad(type, load->getPointerOperand(), load->getAlign());
    made->copyMetadata(*load);
    return made;
  }
  if (auto *phi = dyn_cast<PHINode>(&op)) {
    Type *type = phi->getType()->getWithNewType(b.getInt16Ty());
    PHINode *made = b.CreatePHI(type, phi->getNumIncomingValues());
    for (auto [value, block] : zip(phi->incoming_values(), phi->blocks())) {
      IRBuilder<> end(block->getTerminator());
      made->addIncoming(asInteger(end, value), block);
    }
    return made;
  }
  return nullptr;
}

static void moveBits(llvm::Function &function) {
  for (Instruction &op : make_early_inc_range(instructions(function))) {
    IRBuilder<> b(&op);
    if (auto *store = dyn_cast<StoreInst>(&op); store && isBFloat(store->getValueOperand())) {
      store->setOperand(0, asInteger(b, store->getValueOperand()));
      continue;
    }
    if (!isBFloat(&op) || isa<BitCastInst>(op))
      continue;
    Value *made = onIntegers(b, op);
    if (!made)
      continue;
    if (isa<PHINode>(op))
      b.SetInsertPoint(op.getParent(), op.getParent()->getFirstInsertionPt());
    op.replaceAllUsesWith(b.CreateBitCast(made, op.getType()));
    op.eraseFromParent();
  }
  // Users that came before what they use have made bitcasts of bitcasts.
  for (Instruction &op : make_early_inc_range(instructions(function)))
    if (auto *cast = dyn_cast<BitCastInst>(&op); cast && isBFloat(cast->getOperand(0)))
      if (auto *inner = dyn_cast<BitCastInst>(cast->getOperand(0));
          inner && inner->getSrcTy() == cast->getDestTy()) {
        cast->replaceAllUsesWith(inner->getOperand(0));
        cast->eraseFromParent();
      }
  for (Instruction &op : make_early_inc_range(instructions(function)))
    if (isa<BitCastInst>(op) && op.use_empty())
      op.eraseFromParent();
}

void fnc::moveBits(Module &module) {
  for (llvm::Function &function : module)
    ::moveBits(function);
}
