//===- ShareValues.cpp - equal values are one value -----------------------===//

#include "compiler/ShareValues.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/ScopedHashTable.h"
#include "llvm/Support/RecyclingAllocator.h"

using namespace mlir;

namespace {

/// An op, with what it is but for its place: of equal ones the hashes are equal, too.
struct Computation {
  Operation *op;
  size_t hash;

  static Computation of(Operation *op) {
    size_t hash = mixed(0, op->getName().getAsOpaquePointer());
    hash = mixed(hash, op->getRawDictionaryAttrs().getAsOpaquePointer());
    hash = mixed(hash, op->hashProperties());
    if (op->getNumResults() != 0)
      hash = mixed(hash, op->getResult(0).getType().getAsOpaquePointer());
    bool isCommutative = op->hasTrait<OpTrait::IsCommutative>();
    size_t sum = 0;
    for (Value operand : op->getOperands()) {
      if (isCommutative)
        sum += mixed(0, operand.getAsOpaquePointer());
      else
        hash = mixed(hash, operand.getAsOpaquePointer());
    }
    return {op, mixed(hash, sum)};
  }

private:
  static size_t mixed(size_t hash, size_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ (hash >> 32);
  }
  static size_t mixed(size_t hash, const void *pointer) {
    return mixed(hash, reinterpret_cast<size_t>(pointer));
  }
};

struct ComputationInfo {
  static Computation getEmptyKey() { return {DenseMapInfo<Operation *>::getEmptyKey(), 0}; }
  static Computation getTombstoneKey() { return {DenseMapInfo<Operation *>::getTombstoneKey(), 0}; }
  static unsigned getHashValue(const Computation &computation) { return computation.hash; }
  static bool isEqual(const Computation &a, const Computation &b) {
    if (a.op == b.op || a.hash != b.hash)
      return a.op == b.op;
    auto isOp = [](const Computation &it) {
      return it.op != getEmptyKey().op && it.op != getTombstoneKey().op;
    };
    return isOp(a) && isOp(b) &&
           OperationEquivalence::isEquivalentTo(a.op, b.op, OperationEquivalence::IgnoreLocations);
  }
};

using Allocator = llvm::RecyclingAllocator<llvm::BumpPtrAllocator,
                                           llvm::ScopedHashTableVal<Computation, Operation *>>;
using Known = llvm::ScopedHashTable<Computation, Operation *, ComputationInfo, Allocator>;

struct ShareValues : PassWrapper<ShareValues, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ShareValues)

  StringRef getArgument() const override { return "fnc-share-values"; }
  StringRef getDescription() const override { return "equal values are one value"; }

  void runOnOperation() override {
    Known known;
    for (Region &region : getOperation()->getRegions())
      share(region, known);
    if (dead.empty())
      return markAllAnalysesPreserved();
    for (Operation *op : dead)
      op->erase();
    dead.clear();
  }

private:
  void share(Region &region, Known &known) {
    if (!region.hasOneBlock())
      return;
    Known::ScopeTy scope(known);
    for (Operation &op : region.front()) {
      if (op.getNumRegions() != 0)
        shareInside(op, known);
      if (!op.mightHaveTrait<OpTrait::IsTerminator>())
        share(&op, known);
    }
  }

  void shareInside(Operation &op, Known &known) {
    // Values do not get in unseen.
    if (op.mightHaveTrait<OpTrait::IsIsolatedFromAbove>()) {
      Known inside;
      for (Region &region : op.getRegions())
        share(region, inside);
      return;
    }
    for (Region &region : op.getRegions())
      share(region, known);
  }

  void share(Operation *op, Known &known) {
    if (isOpTriviallyDead(op)) {
      dead.push_back(op);
      return;
    }
    if (llvm::any_of(op->getRegions(),
                     [](Region &region) { return !region.empty() && !region.hasOneBlock(); }))
      return;
    bool reads = !isMemoryEffectFree(op);
    if (reads) {
      auto effects = dyn_cast<MemoryEffectOpInterface>(op);
      if (!effects || !effects.onlyHasEffect<MemoryEffects::Read>())
        return;
    }
    Computation computation = Computation::of(op);
    Operation *existing = known.lookup(computation);
    if (!existing || (reads && mayWriteBetween(existing, op)))
      return known.insert(computation, op);
    op->replaceAllUsesWith(existing);
    dead.push_back(op);
    if (isa<UnknownLoc>(existing->getLoc()))
      existing->setLoc(op->getLoc());
  }

  static bool mayWriteBetween(Operation *from, Operation *to) {
    if (from->getBlock() != to->getBlock())
      return true;
    for (Operation *op = from->getNextNode(); op && op != to; op = op->getNextNode()) {
      auto effects = dyn_cast<MemoryEffectOpInterface>(op);
      if (!effects || effects.hasEffect<MemoryEffects::Write>())
        return true;
    }
    return false;
  }

  /// Erased at the end: what comes next still looks at them.
  SmallVector<Operation *> dead;
};

} // namespace

std::unique_ptr<Pass> fnc::createShareValues() { return std::make_unique<ShareValues>(); }

void fnc::registerShareValues() { PassRegistration<ShareValues>(); }
