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
#include "compiler/buffer/RowOps.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

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
// Of a loop's body: registers and the time to compile it.
constexpr size_t kMostOps = 512;

/// Partial results of a reduction along vectors, as in `VectorLoops.h`.
constexpr int64_t kPartials = 32;

/// What runs as one loop, what has to be done before, and after.
struct Stage {
  SmallVector<linalg::GenericOp> before, along, after;
};

class Rows {
public:
  Rows(scf::ForOp loop, fnc::Registers registers)
      : loop(loop), rowOps(loop), registers(registers) {}

  void run() {
    IRRewriter b(loop.getContext());
    if (!rowOps.collect(b))
      return;
    rowOps.giveEachValueItsBuffer(b);
    rowOps.recompute(b);
    formStages();
    if (shouldSkew())
      skew(b);
    else
      merge(b);
  }

private:
  //===-- Stages --------------------------------------------------------------===//

  void formStages() {
    for (linalg::GenericOp op : rowOps.ops) {
      if (stages.empty())
        stages.emplace_back();
      Stage &stage = stages.back();
      if (fnc::isScalar(op)) {
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
      placed.stores[i] = !rowOps.isPrivate(root) || fnc::readsInit(op, init) ||
                         llvm::any_of(rowOps.ops, [&](linalg::GenericOp other) {
                           return other != op && fnc::touches(other, root) &&
                                  !llvm::is_contained(stage.along, other);
                         });
    }
    return placed;
  }

  static size_t opsOf(const Stage &stage) {
    size_t count = 0;
    for (linalg::GenericOp op : stage.along)
      count += op.getBody()->getOperations().size();
    return count;
  }

  void merge(IRRewriter &b) {
    Operation *end = loop.getBody()->getTerminator();
    for (Stage &stage : stages) {
      for (linalg::GenericOp op : stage.before)
        op->moveBefore(end);
      if (opsOf(stage) > kMostOps) {
        for (linalg::GenericOp op : stage.along)
          op->moveBefore(end);
        stage.along.clear();
      } else if (!stage.along.empty()) {
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
    size_t count = 0;
    for (Stage &stage : stages)
      count += opsOf(stage);
    if (count > kMostOps)
      return false;
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
            if (!isa<MemRefType>(operand.getType()) || !rowOps.isPrivate(fnc::rootOf(operand)))
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
      operands.push_back(fnc::viewOf(b, operand, root, slotOf(b, root, row), map));
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
  fnc::RowOps rowOps;
  fnc::Registers registers;
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
