//===- LoopPointers.cpp - addresses in loops as pointers that move --------===//
//
//   loop i: load base[128 * i + j]   ==>   p = base + 512 * start + 4 * j
//           load base[128 * i + j + 1]     loop i: load p, load p + 4, p += 512 * step
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/LoopPointers.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

namespace {

/// Registers for pointers of one loop; beyond them, what is computed anew is the cheaper.
constexpr size_t kMostPointers = 8;

/// Sums of values times constants. Addresses wrap around, and so do these.
using Terms = MapVector<Value *, int64_t>;

struct Address {
  Value *base = nullptr;
  int64_t offset = 0;
  Terms fixed;               ///< what stays the same in the loop
  PHINode *moving = nullptr; ///< what counts the loop's steps
  int64_t scale = 0;

  bool hasForm() const {
    return fixed.empty() && (scale == 1 || scale == 2 || scale == 4 || scale == 8);
  }
};

/// Addresses that differ in their offsets alone.
struct Group {
  Address address;
  SmallVector<std::pair<Use *, int64_t>> uses;
};

class LoopPointers {
public:
  LoopPointers(Loop &loop, const DataLayout &layout)
      : loop(loop), layout(layout), preheader(loop.getLoopPreheader()), latch(loop.getLoopLatch()) {
  }

  void run(const LoopInfo &loops) {
    if (!preheader || !latch)
      return;
    for (BasicBlock *block : loop.blocks())
      if (loops.getLoopFor(block) == &loop)
        for (Instruction &op : *block)
          collect(op);
    // Those that are computed with a multiplication first.
    stable_sort(groups, [](const Group &x, const Group &y) {
      return x.address.fixed.empty() && !y.address.fixed.empty();
    });
    for (Group &group : MutableArrayRef(groups).take_front(kMostPointers))
      rewrite(group);
    RecursivelyDeleteTriviallyDeadInstructionsPermissive(dead);
    for (const Moved &pointer : moved)
      if (countWith(pointer))
        break;
  }

private:
  void collect(Instruction &op);
  std::optional<Address> decompose(Value *pointer) const;
  bool addIndex(Address &address, Value *index, int64_t scale) const;
  /// By how much a counter of the loop moves; 0 for another value.
  int64_t stepOf(const PHINode *phi) const;
  void rewrite(Group &group);

  /// A pointer that is `origin` where the counter is 0.
  struct Moved {
    Value *origin, *next;
    PHINode *counter;
    int64_t scale;
  };
  bool countWith(const Moved &pointer);

  Value *plus(IRBuilder<> &b, Value *pointer, Value *index, int64_t scale) {
    return b.CreateGEP(b.getInt8Ty(), pointer, b.CreateMul(index, b.getInt64(scale)));
  }

  Loop &loop;
  const DataLayout &layout;
  BasicBlock *preheader, *latch;
  SmallVector<Group> groups;
  SmallVector<WeakTrackingVH> dead;
  SmallVector<Moved> moved;
};

int64_t LoopPointers::stepOf(const PHINode *phi) const {
  if (phi->getParent() != loop.getHeader())
    return 0;
  auto *next = dyn_cast<BinaryOperator>(phi->getIncomingValueForBlock(latch));
  if (!next || next->getOpcode() != Instruction::Add || next->getOperand(0) != phi)
    return 0;
  auto *step = dyn_cast<ConstantInt>(next->getOperand(1));
  return step ? step->getSExtValue() : 0;
}

bool LoopPointers::addIndex(Address &address, Value *index, int64_t scale) const {
  if (auto *constant = dyn_cast<ConstantInt>(index)) {
    address.offset += scale * constant->getSExtValue();
    return true;
  }
  if (loop.isLoopInvariant(index)) {
    address.fixed[index] += scale;
    return true;
  }
  if (auto *phi = dyn_cast<PHINode>(index)) {
    if (!stepOf(phi) || (address.moving && address.moving != phi))
      return false;
    address.moving = phi;
    address.scale += scale;
    return true;
  }
  auto *op = dyn_cast<BinaryOperator>(index);
  if (!op)
    return false;
  auto *constant = dyn_cast<ConstantInt>(op->getOperand(1));
  auto both = [&](int64_t right) {
    return addIndex(address, op->getOperand(0), scale) &&
           addIndex(address, op->getOperand(1), right);
  };
  switch (op->getOpcode()) {
  case Instruction::Add:
    return both(scale);
  case Instruction::Sub:
    return both(-scale);
  case Instruction::Or:
    return cast<PossiblyDisjointInst>(op)->isDisjoint() && both(scale);
  case Instruction::Mul:
    return constant && addIndex(address, op->getOperand(0), scale * constant->getSExtValue());
  case Instruction::Shl:
    return constant && constant->getValue().ult(32) &&
           addIndex(address, op->getOperand(0), scale * (int64_t(1) << constant->getZExtValue()));
  default:
    return false;
  }
}

std::optional<Address> LoopPointers::decompose(Value *pointer) const {
  Address address;
  while (!loop.isLoopInvariant(pointer)) {
    auto *gep = dyn_cast<GEPOperator>(pointer);
    SmallMapVector<Value *, APInt, 4> indices;
    APInt offset(64, 0);
    if (!gep || !gep->collectOffset(layout, 64, indices, offset))
      return std::nullopt;
    address.offset += offset.getSExtValue();
    for (auto &[index, scale] : indices)
      if (index->getType()->getScalarSizeInBits() != 64 ||
          !addIndex(address, index, scale.getSExtValue()))
        return std::nullopt;
    pointer = gep->getPointerOperand();
  }
  address.base = pointer;
  address.fixed.remove_if([](auto &term) { return term.second == 0; });
  return address;
}

void LoopPointers::collect(Instruction &op) {
  bool isCall = isa<MemIntrinsic>(op) || (isa<IntrinsicInst>(op) && op.mayReadOrWriteMemory());
  if (!isa<LoadInst, StoreInst>(op) && !isCall)
    return;
  for (Use &use : op.operands()) {
    if (!use->getType()->isPointerTy() || (isa<StoreInst>(op) && use.getOperandNo() == 0) ||
        !isa<GetElementPtrInst>(use))
      continue;
    std::optional<Address> address = decompose(use);
    if (!address || !address->moving || address->scale == 0 || address->hasForm() ||
        !isInt<31>(address->offset) || !isInt<31>(address->scale))
      continue;
    auto *group = find_if(groups, [&](const Group &other) {
      return other.address.base == address->base && other.address.moving == address->moving &&
             other.address.scale == address->scale && equal(other.address.fixed, address->fixed);
    });
    if (group == groups.end()) {
      groups.push_back({*address, {}});
      group = std::prev(groups.end());
    }
    group->uses.push_back({&use, address->offset});
  }
}

void LoopPointers::rewrite(Group &group) {
  Address &address = group.address;
  IRBuilder<> b(preheader->getTerminator());
  Value *pointer = address.base;
  for (auto &[index, scale] : address.fixed)
    pointer = plus(b, pointer, index, scale);
  address.fixed.clear();
  bool isScaled = address.hasForm();
  if (!isScaled) {
    Value *origin = pointer, *start = address.moving->getIncomingValueForBlock(preheader);
    if (auto *zero = dyn_cast<ConstantInt>(start); !zero || !zero->isZero())
      pointer = plus(b, pointer, start, address.scale);
    b.SetInsertPoint(&loop.getHeader()->front());
    PHINode *here = b.CreatePHI(pointer->getType(), 2);
    here->addIncoming(pointer, preheader);
    b.SetInsertPoint(latch->getTerminator());
    Value *next = b.CreateConstGEP1_64(b.getInt8Ty(), here, address.scale * stepOf(address.moving));
    here->addIncoming(next, latch);
    moved.push_back({origin, next, address.moving, address.scale});
    pointer = here;
  }
  for (auto [use, offset] : group.uses) {
    b.SetInsertPoint(cast<Instruction>(use->getUser()));
    Value *place = pointer;
    if (isScaled)
      place = b.CreateGEP(b.getIntNTy(8 * address.scale), place, address.moving);
    if (offset != 0)
      place = b.CreateConstGEP1_64(b.getInt8Ty(), place, offset);
    dead.push_back(use->get());
    use->set(place);
  }
}

/// Lets the loop end where the pointer does, if its counter counts for nothing else. No two steps
/// of a loop that touches memory at each have the same pointer.
bool LoopPointers::countWith(const Moved &pointer) {
  auto *branch = dyn_cast<BranchInst>(latch->getTerminator());
  auto *test =
      branch && branch->isConditional() ? dyn_cast<ICmpInst>(branch->getCondition()) : nullptr;
  Value *step = pointer.counter->getIncomingValueForBlock(latch);
  if (!test || !test->isEquality() || !test->hasOneUse() || test->getOperand(0) != step ||
      !loop.isLoopInvariant(test->getOperand(1)) || !pointer.counter->hasOneUse() ||
      !step->hasNUses(2))
    return false;
  IRBuilder<> b(preheader->getTerminator());
  Value *end = plus(b, pointer.origin, test->getOperand(1), pointer.scale);
  b.SetInsertPoint(branch);
  branch->setCondition(b.CreateICmp(test->getPredicate(), pointer.next, end));
  test->eraseFromParent();
  RecursivelyDeleteDeadPHINode(pointer.counter);
  return true;
}

} // namespace

bool fnc::hasScaledIndices(const TargetMachine &machine) {
  const Triple &triple = machine.getTargetTriple();
  return triple.isX86() && triple.isArch64Bit();
}

void fnc::moveLoopPointers(Module &module, const TargetMachine &machine) {
  if (!hasScaledIndices(machine))
    return;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    DominatorTree dominators(function);
    LoopInfo loops(dominators);
    for (Loop *loop : loops.getLoopsInPreorder())
      LoopPointers(*loop, module.getDataLayout()).run(loops);
  }
}
