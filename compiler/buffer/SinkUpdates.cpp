//===- SinkUpdates.cpp - updates computed in place at the commit ----------===//

#include "compiler/buffer/Accesses.h"
#include "compiler/buffer/Passes.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_SINKUPDATES
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What the commit does: copies, or what makes the copied values and could do so in place.
struct Item {
  SmallVector<linalg::CopyOp> copies;
  llvm::SetVector<Operation *> makers;       ///< in order; none: copies that stay
  SmallVector<linalg::CopyOp> entries;       ///< of old values, of which makers change parts
  llvm::DenseMap<Value, Value> destinations; ///< by allocation
  fnc::Accesses accesses;                    ///< at the commit
};

/// Where a kernel's variables get the values that were not computed in place: copies, at the end or
/// in a branch for the status that is zero.
struct Commit {
  SmallVector<linalg::CopyOp> copies;
  scf::IfOp branch; ///< null: at the end

  /// What stands in the block of the kernel.
  Operation *place() { return branch ? branch.getOperation() : copies.front().getOperation(); }
};

Commit commitOf(func::FuncOp func) {
  Commit commit;
  Operation *last = func.front().getTerminator()->getPrevNode();
  commit.branch = dyn_cast_or_null<scf::IfOp>(last);
  if (commit.branch)
    last = commit.branch.thenBlock()->getTerminator()->getPrevNode();
  for (; last; last = last->getPrevNode()) {
    auto copy = dyn_cast<linalg::CopyOp>(last);
    auto destination = copy ? dyn_cast<BlockArgument>(copy.getOutputs()[0]) : BlockArgument();
    if (!destination || destination.getOwner() != &func.front() ||
        !func.getArgAttr(destination.getArgNumber(), "fn.written"))
      break;
    commit.copies.insert(commit.copies.begin(), copy);
  }
  // A branch of the graph's.
  if (commit.branch && (last || !commit.branch.getElseRegion().empty()))
    commit.copies.clear();
  return commit;
}

/// Whether `op` may write to `destinations` what it writes to allocations: all that it reads there
/// is the element that it replaces.
bool canWriteInPlace(Operation *op, const llvm::DenseMap<Value, Value> &destinations) {
  llvm::DenseMap<Value, Value> written;
  for (auto [alloc, destination] : destinations) {
    written[alloc] = alloc;
    if (!written.try_emplace(destination, destination).second)
      return false;
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return fnc::isElementwiseLoop(generic) && fnc::touchesInPlace(generic, written);
  auto contract = dyn_cast<fnc::kernel::ContractOp>(op);
  return contract && fnc::touchesInPlace(contract, written);
}

struct SinkUpdates : fnc::impl::SinkUpdatesBase<SinkUpdates> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func->hasAttr("fn.kernel") && !func.isExternal())
      if (Commit commit = commitOf(func); !commit.copies.empty())
        sink(commit, func);
  }

  void sink(Commit &commit, func::FuncOp func) {
    SmallVector<Item, 0> items = collect(commit);
    for (size_t i = items.size(); i-- > 0;)
      if (!canMake(items[i], commit, func))
        split(items, i);
    // All read the entry values. Copies come last, so that what they write may be read before.
    auto reads = [](const Item &reader, const Item &writer) {
      return llvm::any_of(writer.accesses.writes,
                          [&](Value buffer) { return reader.accesses.reads.contains(buffer); });
    };
    auto overwrites = [&](const Item &item) {
      return !item.makers.empty() && llvm::any_of(items, [&](const Item &other) {
        return &other != &item && reads(other, item);
      });
    };
    for (auto it = llvm::find_if(items, overwrites); it != items.end();
         it = llvm::find_if(items, overwrites))
      split(items, it - items.begin());

    Operation *begin = commit.copies.front();
    for (Item &item : items)
      for (Operation *maker : item.makers)
        maker->moveBefore(begin);
    for (Item &item : items) {
      if (item.makers.empty())
        continue;
      for (linalg::CopyOp copy : item.copies)
        copy.erase();
      for (linalg::CopyOp entry : item.entries)
        entry.erase();
      for (auto [alloc, destination] : item.destinations) {
        alloc.replaceAllUsesWith(destination);
        alloc.getDefiningOp()->erase();
      }
    }
  }

  /// Copies with all that makes what they copy. What several copies share is one item.
  static SmallVector<Item, 0> collect(Commit &commit) {
    SmallVector<Item, 0> items;
    for (linalg::CopyOp copy : commit.copies) {
      Item item;
      item.copies = {copy};
      Value source = copy.getInputs()[0], destination = copy.getOutputs()[0];
      if (source.getDefiningOp<memref::AllocOp>() && source.getType() == destination.getType()) {
        item.destinations[source] = destination;
        for (Operation *user : source.getUsers()) {
          if (user == copy)
            continue;
          Operation *maker = commit.place()->getBlock()->findAncestorOpInBlock(*user);
          auto entry = dyn_cast_or_null<linalg::CopyOp>(maker);
          if (entry && entry.getInputs()[0] == destination && entry.getOutputs()[0] == source)
            item.entries.push_back(entry);
          else
            item.makers.insert(maker ? maker : user);
        }
      }
      for (size_t i = items.size(); i-- > 0;) {
        Item &other = items[i];
        if (llvm::none_of(other.makers,
                          [&](Operation *maker) { return item.makers.contains(maker); }))
          continue;
        item.copies.append(other.copies);
        item.entries.append(other.entries);
        item.makers.insert_range(other.makers);
        item.destinations.insert_range(other.destinations);
        items.erase(items.begin() + i);
      }
      items.push_back(std::move(item));
    }
    return items;
  }

  /// Whether the makers can wait for the commit and write to the variables then. Fills in what they
  /// touch.
  static bool canMake(Item &item, Commit &commit, func::FuncOp func) {
    SmallVector<Operation *> makers(item.makers.getArrayRef());
    if (makers.empty() || llvm::any_of(makers, [&](Operation *maker) {
          return maker->getBlock() != commit.place()->getBlock() ||
                 !(canWriteInPlace(maker, item.destinations) || changesParts(maker, item));
        }))
      return false;
    // What they change parts of is the old value until the commit.
    for (linalg::CopyOp entry : item.entries)
      for (Operation *at = entry->getNextNode(); at != commit.place(); at = at->getNextNode())
        if (fnc::accessesOf(at).writes.contains(entry.getInputs()[0]))
          return false;
    llvm::sort(makers, [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
    item.makers = llvm::SetVector<Operation *>(makers.begin(), makers.end());
    for (Operation *maker : makers) {
      fnc::Accesses accesses = fnc::accessesOf(maker);
      if (!accesses.known)
        return false;
      if (auto contract = dyn_cast<fnc::kernel::ContractOp>(maker);
          contract && commit.branch && !fnc::isWorthWaiting(contract, func))
        return false;
      for (Operation *at = maker->getNextNode(); at != commit.place(); at = at->getNextNode())
        if (!item.makers.contains(at) && !isa<memref::AllocOp>(at) &&
            fnc::interfere(accesses, fnc::accessesOf(at)))
          return false;
      // What an earlier one has replaced is not there any more.
      for (Value buffer : accesses.reads) {
        if (item.accesses.writes.contains(buffer))
          return false;
        if (!item.destinations.contains(buffer))
          item.accesses.reads.insert(buffer);
      }
      for (Value buffer : accesses.writes)
        item.accesses.writes.insert(
            item.destinations.contains(buffer) ? item.destinations.lookup(buffer) : buffer);
    }
    return true;
  }

  /// Whether all that `maker` touches of new values is a copy of the old one, which it does not
  /// touch apart from that.
  static bool changesParts(Operation *maker, Item &item) {
    fnc::Accesses accesses = fnc::accessesOf(maker);
    // Not views, nor what others take values from.
    if (!accesses.known || maker->getNumResults() != 0)
      return false;
    return llvm::all_of(item.destinations, [&](auto &pair) {
      auto [alloc, destination] = pair;
      if (accesses.touches(destination))
        return false;
      return !accesses.touches(alloc) || llvm::any_of(item.entries, [&](linalg::CopyOp entry) {
        return entry.getOutputs()[0] == alloc;
      });
    });
  }

  /// Copies that stay.
  static void split(SmallVectorImpl<Item> &items, size_t at) {
    SmallVector<linalg::CopyOp> copies = std::move(items[at].copies);
    items.erase(items.begin() + at);
    for (linalg::CopyOp copy : copies) {
      Item single;
      single.copies = {copy};
      single.accesses = fnc::accessesOf(copy);
      items.push_back(std::move(single));
    }
  }
};

} // namespace
