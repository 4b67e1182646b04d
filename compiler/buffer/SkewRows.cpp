//===- SkewRows.cpp - few loops in a row, which run beside those of others ===//
//
// The ops of a row form stages: all ops of a stage are one loop along the row, and a new stage
// begins where an op needs a sum or a maximum of the one before. One loop bounds memory, another
// arithmetic, and each ends in a chain of dependent operations that combines its partial results.
// So the last stage of one row, the stage before of the next, and so on, run as one loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/Passes.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_SKEWROWS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// Stages that run beside one another, elements of the rows that make it worth while, and rows for
/// each stage.
constexpr size_t kMostStages = 4;
constexpr int64_t kLeastElements = 64, kLeastRows = 4;

/// Partial results of a reduction along vectors, as in `VectorLoops.h`.
constexpr int64_t kPartials = 32;

/// Operations that cost less than a store and a load.
constexpr unsigned kCheap = 2;

bool isScalar(linalg::GenericOp op) {
  return llvm::all_of(op.getStaticLoopRanges(), [](int64_t size) { return size == 1; });
}

/// Every step writes an element of its own.
bool isElementwise(linalg::GenericOp op, OpOperand *init) {
  return op.getNumParallelLoops() == op.getNumLoops() &&
         op.getMatchingIndexingMap(init).isPermutation();
}

bool readsInit(linalg::GenericOp op, OpOperand *init) {
  return op.payloadUsesValueFromOperand(init);
}

/// What runs as one loop, what has to be done before, and after.
struct Stage {
  SmallVector<linalg::GenericOp> before, along, after;
};

class Rows {
public:
  Rows(scf::ForOp loop, fnc::Registers registers) : loop(loop), registers(registers) {}

  void run() {
    IRRewriter b(loop.getContext());
    if (!collect(b))
      return;
    giveEachValueItsBuffer(b);
    recompute(b);
    formStages();
    if (shouldSkew())
      skew(b);
    else
      merge(b);
  }

private:
  //===-- Ops and buffers -----------------------------------------------------===//

  bool collect(IRRewriter &b) {
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
  bool isViewOfRow(Value value) {
    if (value == loop.getInductionVar() || loop.isDefinedOutsideOfLoop(value))
      return true;
    Operation *op = value.getDefiningOp();
    return isa_and_nonnull<ViewLikeOpInterface>(op) &&
           llvm::all_of(op->getOperands(), [&](Value operand) { return isViewOfRow(operand); });
  }

  /// Whether only this loop knows the memory.
  bool isPrivate(Value root) {
    return root.getDefiningOp<memref::AllocOp>() && usedInside(root);
  }
  bool usedInside(Value value) {
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      return isa<ViewLikeOpInterface>(user) ? usedInside(user->getResult(0))
                                            : loop->isProperAncestor(user);
    });
  }

  /// The view `value` of `root`, of `as` instead, with its values from `map`. Rows that lie in a
  /// larger buffer have other strides.
  static Value viewOf(OpBuilder &b, Value value, Value root, Value as, const IRMapping &map) {
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

  /// A value that takes the place of another in its buffer gets one of its own: nothing waits for
  /// the last use of the old one then.
  void giveEachValueItsBuffer(IRRewriter &b) {
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
        if (isPrivate(root) && !readsInit(op, &init) && coversAll(op, init, root)) {
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

  static bool coversAll(linalg::GenericOp op, OpOperand &init, Value root) {
    auto type = cast<MemRefType>(root.getType());
    AffineMap map = op.getMatchingIndexingMap(&init);
    if (!type.hasStaticShape() || !map.isProjectedPermutation(/*allowZeroInResults=*/true))
      return false;
    int64_t elements = 1;
    for (auto [loop, size] : llvm::enumerate(op.getStaticLoopRanges()))
      elements *= map.isFunctionOfDim(loop) ? size : 1;
    return elements == type.getNumElements();
  }

  /// What takes a few operations is computed again instead of stored and loaded.
  void recompute(IRRewriter &b) {
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
              fits &= !ops[j].isDpsInit(&operand) &&
                      ops[j].getMatchingIndexingMap(&operand) == map &&
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
  bool isCheap(linalg::GenericOp op) {
    if (op.getNumDpsInits() != 1 || isScalar(op))
      return false;
    OpOperand *init = op.getDpsInitOperand(0);
    unsigned operations = 0;
    for (Operation &inner : op.getBody()->without_terminator())
      operations += isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(inner) ? 1 : kCheap + 1;
    if (operations > kCheap || !isElementwise(op, init) || readsInit(op, init) ||
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

  static bool touches(linalg::GenericOp op, Value root) {
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      return isa<MemRefType>(operand.getType()) && fnc::rootOf(operand) == root;
    });
  }
  static bool writes(linalg::GenericOp op, Value root) {
    return llvm::any_of(op.getDpsInits(), [&](Value init) { return fnc::rootOf(init) == root; });
  }

  //===-- Stages --------------------------------------------------------------===//

  void formStages() {
    for (linalg::GenericOp op : ops) {
      if (stages.empty())
        stages.emplace_back();
      Stage &stage = stages.back();
      if (isScalar(op)) {
        bool depends = dependsOnAny(op, stage.along) || dependsOnAny(op, stage.after);
        (depends ? stage.after : stage.before).push_back(op);
        continue;
      }
      bool joins =
          !dependsOnAny(op, stage.after) && llvm::all_of(stage.along, [&](linalg::GenericOp other) {
            return other.getStaticLoopRanges() == op.getStaticLoopRanges() &&
                   canShareLoop(other, op);
          });
      if (!joins)
        stages.emplace_back();
      stages.back().along.push_back(op);
    }
  }

  template <typename Test>
  static bool anyConflict(linalg::GenericOp x, linalg::GenericOp y, Test test) {
    for (OpOperand &a : x->getOpOperands())
      for (OpOperand &c : y->getOpOperands()) {
        if (!isa<MemRefType>(a.get().getType()) || !isa<MemRefType>(c.get().getType()) ||
            (!x.isDpsInit(&a) && !y.isDpsInit(&c)) || fnc::rootOf(a.get()) != fnc::rootOf(c.get()))
          continue;
        if (test(a, c))
          return true;
      }
    return false;
  }

  static bool dependsOnAny(linalg::GenericOp op, ArrayRef<linalg::GenericOp> others) {
    return llvm::any_of(others, [&](linalg::GenericOp other) {
      return anyConflict(other, op, [](OpOperand &, OpOperand &) { return true; });
    });
  }

  /// Whether `second` may do each step right after the one of `first`: what one writes and the
  /// other touches is an element that belongs to the step.
  static bool canShareLoop(linalg::GenericOp first, linalg::GenericOp second) {
    return !anyConflict(first, second, [&](OpOperand &a, OpOperand &c) {
      AffineMap map = first.getMatchingIndexingMap(&a);
      bool writesBoth = first.isDpsInit(&a) && second.isDpsInit(&c);
      return writesBoth || map != second.getMatchingIndexingMap(&c) || !map.isPermutation() ||
             !fnc::isSameView(a.get(), c.get());
    });
  }

  //===-- One row after another -----------------------------------------------===//

  /// The ops of a stage as one, `placed` where its rows are. Results that no other op reads are not
  /// stored.
  fnc::PlacedOp placedAlong(linalg::GenericOp op, const Stage &stage) {
    fnc::PlacedOp placed(op);
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
      OpOperand *init = op.getDpsInitOperand(i);
      Value root = fnc::rootOf(init->get());
      placed.stores[i] =
          !isPrivate(root) || readsInit(op, init) ||
          llvm::any_of(ops, [&](linalg::GenericOp other) {
            return other != op && touches(other, root) && !llvm::is_contained(stage.along, other);
          });
    }
    return placed;
  }

  void merge(IRRewriter &b) {
    Operation *end = loop.getBody()->getTerminator();
    for (Stage &stage : stages) {
      for (linalg::GenericOp op : stage.before)
        op->moveBefore(end);
      if (!stage.along.empty()) {
        SmallVector<fnc::PlacedOp> placed;
        for (linalg::GenericOp op : stage.along)
          placed.push_back(placedAlong(op, stage));
        b.setInsertionPoint(end);
        fnc::mergeGenerics(b, placed);
      }
      for (linalg::GenericOp op : stage.after)
        op->moveBefore(end);
    }
    for (Stage &stage : stages)
      for (linalg::GenericOp op : stage.along)
        b.eraseOp(op);
  }

  //===-- Rows beside one another ---------------------------------------------===//

  bool shouldSkew() {
    if (stages.size() < 2 || stages.size() > kMostStages || registers.count == 0 ||
        registers.bits <= 64)
      return false;
    auto rows = getConstantIntValue(loop.getUpperBound());
    if (rows && *rows < kLeastRows * static_cast<int64_t>(stages.size()))
      return false;
    int64_t reductions = 0;
    SmallVector<int64_t> bounds;
    for (Stage &stage : stages)
      for (linalg::GenericOp op : stage.along) {
        if (bounds.empty())
          bounds = op.getStaticLoopRanges();
        if (op.getStaticLoopRanges() != ArrayRef(bounds))
          return false;
        if (op.getNumReductionLoops() > 0)
          reductions += op.getNumDpsInits();
      }
    if (llvm::any_of(stages, [](Stage &stage) { return stage.along.empty(); }))
      return false;
    // One loop alone, along the row.
    int64_t elements = 1;
    for (int64_t size : bounds) {
      if (size != 1 && elements != 1)
        return false;
      elements *= size;
    }
    int64_t lanes = std::max<int64_t>(registers.bits / 32, 1);
    int64_t accumulators = reductions * std::max<int64_t>(kPartials / lanes, 1);
    return elements >= kLeastElements && accumulators <= registers.count / 2;
  }

  void skew(IRRewriter &b) {
    Location loc = loop.getLoc();
    b.setInsertionPoint(loop);
    makeSlots(b);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    int64_t last = stages.size() - 1;
    Value rows = loop.getUpperBound(), zero = constant(0), one = constant(1);
    Value steps = arith::AddIOp::create(b, loc, rows, constant(last));
    auto skewed = scf::ForOp::create(b, loc, zero, steps, one);
    b.setInsertionPointToStart(skewed.getBody());
    Value step = skewed.getInductionVar();
    auto less = [&](Value x, Value y) -> Value {
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, y);
    };
    // The row that a stage is at; beyond all of them before it begins.
    auto rowOf = [&](int64_t stage) -> Value {
      return arith::SubIOp::create(b, loc, step, constant(stage));
    };
    Value isFull = arith::AndIOp::create(b, loc, less(rowOf(last), rows), less(step, rows));
    auto branch = scf::IfOp::create(b, loc, isFull, /*withElseRegion=*/true);
    // Both sides do the same for a row.
    branch->setAttr("fn.alternatives", b.getUnitAttr());
    b.setInsertionPoint(branch.thenYield());
    SmallVector<Value> rowsOf;
    for (int64_t stage = 0; stage <= last; ++stage)
      rowsOf.push_back(rowOf(stage));
    for (auto [stage, row] : llvm::zip(stages, rowsOf))
      place(b, stage.before, row);
    SmallVector<fnc::PlacedOp> along;
    for (auto [stage, row] : llvm::zip(stages, rowsOf))
      llvm::append_range(along, placed(b, stage, row));
    fnc::mergeGenerics(b, along);
    for (auto [stage, row] : llvm::zip(stages, rowsOf))
      place(b, stage.after, row);
    b.setInsertionPoint(branch.elseYield());
    for (int64_t stage = 0; stage <= last; ++stage) {
      Value row = rowOf(stage);
      auto inside = scf::IfOp::create(b, loc, less(row, rows), /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(inside.thenYield());
      place(b, stages[stage].before, row);
      fnc::mergeGenerics(b, placed(b, stages[stage], row));
      place(b, stages[stage].after, row);
    }
    b.eraseOp(loop);
  }

  /// What one stage leaves for a later one lies in as many rows as are on their way.
  void makeSlots(IRRewriter &b) {
    for (auto [number, stage] : llvm::enumerate(stages))
      for (auto *list : {&stage.before, &stage.along, &stage.after})
        for (linalg::GenericOp op : *list)
          for (Value operand : op->getOperands()) {
            if (!isa<MemRefType>(operand.getType()) || !isPrivate(fnc::rootOf(operand)))
              continue;
            auto [it, isNew] = slots.try_emplace(fnc::rootOf(operand));
            if (isNew)
              it->second.first = number;
            it->second.last = number;
          }
    for (auto &[root, slot] : slots) {
      int64_t count = slot.last - slot.first + 1;
      auto alloc = root.getDefiningOp<memref::AllocOp>();
      auto type = cast<MemRefType>(root.getType());
      SmallVector<int64_t> shape = {count};
      llvm::append_range(shape, type.getShape());
      b.setInsertionPoint(alloc);
      if (count > 1)
        slot.rows = memref::AllocOp::create(b, alloc.getLoc(),
                                            MemRefType::get(shape, type.getElementType()),
                                            alloc.getAlignmentAttr());
    }
    b.setInsertionPoint(loop);
  }

  SmallVector<Value> operandsAt(IRRewriter &b, linalg::GenericOp op, Value row) {
    IRMapping map;
    map.map(loop.getInductionVar(), row);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!isa<MemRefType>(operand.getType())) {
        operands.push_back(operand);
        continue;
      }
      Value root = fnc::rootOf(operand);
      operands.push_back(viewOf(b, operand, root, slotOf(b, root, row), map));
    }
    return operands;
  }

  Value slotOf(IRRewriter &b, Value root, Value row) {
    auto it = slots.find(root);
    if (it == slots.end() || !it->second.rows)
      return root;
    // One view for all who use it: they see that they share elements.
    Value &view = slotViews[{root, row}];
    if (view)
      return view;
    Location loc = root.getLoc();
    auto type = cast<MemRefType>(it->second.rows.getType());
    Value count = arith::ConstantIndexOp::create(b, loc, type.getDimSize(0));
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes,
        strides(type.getRank(), b.getIndexAttr(1));
    offsets[0] = arith::RemUIOp::create(b, loc, row, count).getResult();
    for (int64_t size : type.getShape())
      sizes.push_back(b.getIndexAttr(size));
    sizes[0] = b.getIndexAttr(1);
    auto slot = cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
        type.getShape().drop_front(), type, offsets, sizes, strides));
    view = memref::SubViewOp::create(b, loc, slot, it->second.rows, offsets, sizes, strides);
    return view;
  }

  SmallVector<fnc::PlacedOp> placed(IRRewriter &b, const Stage &stage, Value row) {
    SmallVector<fnc::PlacedOp> result;
    for (linalg::GenericOp op : stage.along) {
      result.push_back(placedAlong(op, stage));
      result.back().operands = operandsAt(b, op, row);
    }
    return result;
  }

  void place(IRRewriter &b, ArrayRef<linalg::GenericOp> scalars, Value row) {
    for (linalg::GenericOp op : scalars)
      clone(b, op, TypeRange(), operandsAt(b, op, row));
  }

  struct Slot {
    unsigned first = 0, last = 0; ///< stages
    Value rows;                   ///< where there is more than one
  };

  scf::ForOp loop;
  fnc::Registers registers;
  SmallVector<linalg::GenericOp> ops;
  SmallVector<Stage> stages;
  llvm::MapVector<Value, Slot> slots;
  llvm::DenseMap<std::pair<Value, Value>, Value> slotViews; ///< by buffer and row
};

struct SkewRows : fnc::impl::SkewRowsBase<SkewRows> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (loop->hasAttr(fnc::kRowsAttr))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops) {
      loop->removeAttr(fnc::kRowsAttr);
      Rows(loop, {vectorBits, registers}).run();
    }
  }
};

} // namespace
