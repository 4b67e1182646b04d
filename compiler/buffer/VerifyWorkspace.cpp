//===- VerifyWorkspace.cpp - an independent check of the plan -------------===//

#include "compiler/buffer/Passes.h"
#include "compiler/buffer/SymbolicSize.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_VERIFYWORKSPACE
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

struct Live {
  memref::ViewOp view;
  int64_t first, last;
  int64_t begin, end;
};

struct VerifyWorkspace : fnc::impl::VerifyWorkspaceBase<VerifyWorkspace> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func->hasAttr("fn.kernel") && !func.isExternal() &&
        (failed(checkContract(func)) || failed(checkPlan(func))))
      signalPassFailure();
  }

  static LogicalResult checkContract(func::FuncOp func) {
    if (func.getNumResults() != 0)
      return func.emitError("a kernel returns values after the buffer stage");
    WalkResult walked = func.walk([](Operation *op) -> WalkResult {
      if (isa<memref::AllocOp, memref::AllocaOp, memref::DeallocOp>(op))
        return op->emitError("an allocation is left after the buffer stage");
      for (Type type : op->getResultTypes())
        if (isa<TensorType>(type))
          return op->emitError("a tensor is left after the buffer stage");
      return WalkResult::advance();
    });
    return failure(walked.wasInterrupted());
  }

  /// Values that may be the same memory as what `use` passes on.
  static SmallVector<Value> passedOn(OpOperand &use) {
    Operation *user = use.getOwner(), *parent = user->getParentOp();
    unsigned index = use.getOperandNumber();
    if (auto loop = dyn_cast<scf::ForOp>(user))
      return {loop.getRegionIterArg(index - loop.getNumControlOperands()),
              loop.getResult(index - loop.getNumControlOperands())};
    if (auto loop = dyn_cast<scf::WhileOp>(user))
      return {loop.getBeforeArguments()[index]};
    if (isa<scf::ConditionOp>(user)) {
      auto loop = cast<scf::WhileOp>(parent);
      return {loop.getAfterArguments()[index - 1], loop.getResult(index - 1)};
    }
    if (isa<scf::YieldOp>(user)) {
      if (auto loop = dyn_cast<scf::ForOp>(parent))
        return {loop.getRegionIterArg(index), loop.getResult(index)};
      if (auto loop = dyn_cast<scf::WhileOp>(parent))
        return {loop.getBeforeArguments()[index]};
    }
    // Whatever else yields a memref from a memref may be the same memory.
    Operation *giver = user->hasTrait<OpTrait::IsTerminator>() ? parent : user;
    if (isa<scf::IfOp>(giver))
      return {giver->getResult(index)};
    SmallVector<Value> values(isa<func::FuncOp>(giver) ? ValueRange() : giver->getResults());
    return values;
  }

  /// All ops that touch `value`, through everything derived from it.
  static void findUses(Value value, llvm::SetVector<Operation *> &uses,
                       llvm::DenseSet<Value> &seen) {
    if (!seen.insert(value).second)
      return;
    for (OpOperand &use : value.getUses()) {
      uses.insert(use.getOwner());
      for (Value other : passedOn(use))
        if (isa<MemRefType>(other.getType()))
          findUses(other, uses, seen);
    }
  }

  /// The times from the first to the last use, as seen from the innermost op around all of them:
  /// a use in a nested region lasts as long as the op that holds the region.
  static Live lifeOf(memref::ViewOp view, const llvm::DenseMap<Operation *, int64_t> &position,
                     const llvm::DenseMap<Operation *, int64_t> &end) {
    llvm::SetVector<Operation *> uses;
    llvm::DenseSet<Value> seen;
    findUses(view, uses, seen);
    Region *around = view->getParentRegion();
    while (
        !llvm::all_of(uses, [&](Operation *use) { return around->findAncestorOpInRegion(*use); }))
      around = around->getParentRegion();
    Live live{view, std::numeric_limits<int64_t>::max(), -1, 0, 0};
    for (Operation *use : uses) {
      Operation *shown = around->findAncestorOpInRegion(*use);
      live.first = std::min(live.first, position.lookup(shown));
      live.last = std::max(live.last, end.lookup(shown));
    }
    return live;
  }

  static LogicalResult checkPlan(func::FuncOp func) {
    llvm::DenseMap<Operation *, int64_t> position;
    func.walk<WalkOrder::PreOrder>([&](Operation *op) { position[op] = position.size(); });
    // Of the last op inside; what is inside is walked first.
    llvm::DenseMap<Operation *, int64_t> end;
    func.walk([&](Operation *op) {
      int64_t last = std::max(end.lookup(op), position.lookup(op));
      end[op] = last;
      if (op != func)
        end[op->getParentOp()] = std::max(end.lookup(op->getParentOp()), last);
    });
    auto plan = func->getAttrOfType<ArrayAttr>("fn.workspace");
    if (!plan)
      return func.emitError("a kernel has no 'fn.workspace' after the buffer stage");
    SmallVector<Live> lives;
    WalkResult walked = func.walk([&](memref::ViewOp view) -> WalkResult {
      auto index = view->getAttrOfType<IntegerAttr>("fn.buffer");
      if (!index || index.getInt() >= static_cast<int64_t>(plan.size()))
        return view.emitError("a view of the workspace is not in the plan");
      if (!view->use_empty())
        lives.push_back(lifeOf(view, position, end));
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return failure();

    for (int64_t size : {1, 3, 64, 1000}) {
      SmallVector<int64_t> symbols = fnc::representativeSymbols(func, size);
      SmallVector<int64_t> begins, ends;
      for (auto entry : plan.getAsRange<DictionaryAttr>()) {
        int64_t begin = 0;
        for (int64_t j : entry.getAs<DenseI64ArrayAttr>("below").asArrayRef())
          begin = std::max(begin, ends[j]);
        AffineExpr bytes = entry.getAs<AffineMapAttr>("size").getValue().getResult(0);
        begins.push_back(begin);
        ends.push_back(begin + llvm::alignTo(fnc::evaluate(bytes, symbols), 64));
      }
      for (Live &live : lives) {
        int64_t index = live.view->getAttrOfType<IntegerAttr>("fn.buffer").getInt();
        live.begin = begins[index];
        live.end = ends[index];
      }
      if (failed(checkOverlaps(lives)))
        return failure();
    }
    return success();
  }

  /// A sweep over time with the set of live address ranges: n log n.
  static LogicalResult checkOverlaps(ArrayRef<Live> lives) {
    struct Event {
      int64_t time;
      bool starts;
      const Live *live;
    };
    SmallVector<Event> events;
    for (const Live &live : lives) {
      events.push_back({live.first, true, &live});
      events.push_back({live.last + 1, false, &live});
    }
    llvm::stable_sort(events, [](const Event &a, const Event &b) {
      return std::tie(a.time, a.starts) < std::tie(b.time, b.starts);
    });
    std::map<int64_t, const Live *> active;
    for (const Event &event : events) {
      const Live &live = *event.live;
      if (live.begin == live.end)
        continue;
      if (!event.starts) {
        active.erase(live.begin);
        continue;
      }
      auto next = active.lower_bound(live.begin);
      const Live *hit =
          next != active.end() && next->second->begin < live.end ? next->second : nullptr;
      if (!hit && next != active.begin() && std::prev(next)->second->end > live.begin)
        hit = std::prev(next)->second;
      if (hit) {
        Live other = *hit, self = live;
        auto error = self.view.emitError("this buffer overlaps another in the workspace while "
                                         "both are live");
        error.attachNote(other.view.getLoc()) << "the other buffer";
        return error;
      }
      active[live.begin] = &live;
    }
    return success();
  }
};

} // namespace
