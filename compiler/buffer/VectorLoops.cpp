//===- VectorLoops.cpp - elementwise loops and reductions in vectors ------===//

#include "compiler/buffer/VectorLoops.h"
#include "compiler/buffer/LoopBody.h"
#include "compiler/buffer/LoopMarks.h"
#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/Operands.h"
#include "compiler/buffer/Reduction.h"
#include "compiler/buffer/SideBySide.h"
#include "compiler/kernel/Rare.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace {

/// Partial results of a reduction along vectors. Enough for the latency of an addition, few enough
/// for the registers of the least target.
constexpr int64_t kPartials = 32;

/// Steps of a loop of unknown size.
constexpr int64_t kMany = 1 << 20;

/// Shorter vectors than this are not worth their own loop.
constexpr int64_t kShortest = 4;

/// Of a long body there is one copy, each step of which finds where its vector goes, unless there
/// are many steps.
constexpr int64_t kMostSteps = 8;

using fnc::Reduction;

struct Plan {
  unsigned vectorDim = 0;
  bool alongReduction = false;
  int64_t lanes = 0;        ///< of a register
  int64_t width = 0;        ///< of one vector, of as many registers as go side by side
  int64_t accumulators = 0; ///< vectors that results over other loops may take
  /// By result; without a combiner where the result is elementwise along the vectors.
  SmallVector<Reduction> reductions;
};

bool isBit(Value value) { return getElementTypeOrSelf(value.getType()).isInteger(1); }

bool hasVectorElements(Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  return isBit(value) || (element.isIntOrFloat() && element.getIntOrFloatBitWidth() >= 8);
}

std::optional<Plan> planLoops(linalg::GenericOp op, fnc::Registers registers) {
  if (!op.hasPureBufferSemantics() || !fnc::isElementwiseBody(*op.getBody()) ||
      op.getNumLoops() == 0)
    return std::nullopt;
  unsigned widest = 32;
  for (OpOperand &operand : op->getOpOperands()) {
    // A single flag is the same for all elements.
    if (op.isDpsInput(&operand) && op.getMatchingIndexingMap(&operand).getNumResults() == 0)
      continue;
    if (!hasVectorElements(operand.get()))
      return std::nullopt;
    Type element = getElementTypeOrSelf(operand.get().getType());
    widest = std::max(widest, element.getIntOrFloatBitWidth());
  }
  int64_t lanes = std::min(fnc::lanes(registers, widest), kPartials);
  if (lanes < 2)
    return std::nullopt;
  auto kinds = op.getIteratorTypesArray();
  SmallVector<int64_t> bounds = op.getStaticLoopRanges();
  std::optional<Plan> best;
  int64_t bestLanes = 0;
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    bool isReduction = kinds[dim] == utils::IteratorType::reduction;
    int64_t size = ShapedType::isDynamic(bounds[dim]) ? kPartials : bounds[dim];
    int64_t filled = std::min(size, lanes);
    if (filled < std::min(kShortest, lanes) || filled <= bestLanes)
      continue;
    Plan plan;
    plan.vectorDim = dim;
    plan.alongReduction = isReduction;
    plan.accumulators = registers.count / 2;
    plan.lanes = lanes;
    plan.width = llvm::bit_floor(static_cast<uint64_t>(filled));
    bool fits = llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *input) {
      return fnc::stepAlong(op, input, dim).has_value();
    });
    for (unsigned i = 0; fits && i < op.getNumDpsInits(); ++i) {
      std::optional<int64_t> step = fnc::stepAlong(op, op.getDpsInitOperand(i), dim);
      plan.reductions.push_back({});
      if (step == 1)
        continue;
      std::optional<Reduction> reduction;
      // Of bits there are no vectors to combine.
      if (step == 0 && isReduction && !isBit(op.getDpsInitOperand(i)->get()))
        reduction = fnc::matchReduction(op, i);
      fits = reduction.has_value();
      if (fits)
        plan.reductions.back() = *reduction;
    }
    if (!fits)
      continue;
    bestLanes = filled;
    best = plan;
  }
  if (best && best->width == lanes && op.getNumReductionLoops() == 0) {
    int64_t size = bounds[best->vectorDim];
    best->width *= fnc::vectorsSideBySide(
        op, lanes, registers, ShapedType::isDynamic(size) ? kMany : size,
        [&](OpOperand &input) { return fnc::stepAlong(op, &input, best->vectorDim) == 0; });
  }
  return best;
}

class Lowering : fnc::LoopBody {
public:
  Lowering(RewriterBase &b, linalg::GenericOp op, const Plan &plan, fnc::Fills &fills)
      : LoopBody(b, op, plan.vectorDim), plan(plan), fills(fills) {}

  void run() {
    if (plan.alongReduction) {
      takeStarts(fills);
      return nest(outer, 0, {},
                  [&](ValueRange) -> SmallVector<Value> {
                    loadConstants();
                    alongReduction();
                    return {};
                  }),
             void();
    }
    if (!reductions.empty() && fitsRegisters()) {
      takeStarts(fills);
      return nest(outer, 0, {},
                  [&](ValueRange) -> SmallVector<Value> {
                    acrossReductions();
                    return {};
                  }),
             void();
    }
    SmallVector<unsigned> all(outer);
    llvm::append_range(all, reductions);
    nest(all, 0, {}, [&](ValueRange) -> SmallVector<Value> {
      if (reductions.empty())
        loadConstants();
      overlaps = mayOverlap();
      inVectors([&](int64_t width) { storeAll(evaluate(width, loadInits(width)), width); });
      return {};
    });
  }

private:
  /// The vector loop: full vectors, then shorter ones where the size is known, then elements. Where
  /// nothing reads what is written, one vector that overlaps the last full one does for all the
  /// rest; of a long body it is a step of the same loop.
  void inVectors(llvm::function_ref<void(int64_t)> body) {
    unsigned dim = plan.vectorDim;
    if (isOneLoop())
      return overlapping(body);
    auto loop = [&](Value from, Value to, int64_t width) {
      forEach(dim, from, to, width, {}, [&](ValueRange) -> SmallVector<Value> {
        body(width);
        return {};
      });
    };
    if (ShapedType::isDynamic(bounds[dim])) {
      Value done = constant(0);
      for (int64_t width = plan.width; width > 0; width = width > plan.lanes ? plan.lanes : 0) {
        Value whole = wholeSteps(width);
        loop(done, whole, width);
        done = whole;
      }
      return overlaps ? lastOfUnknown(done, loop) : loop(done, sizes[dim], 1);
    }
    int64_t done = 0;
    for (int64_t width = plan.width; done < bounds[dim]; width /= 2) {
      int64_t rest = bounds[dim] - done, end = done + rest / width * width;
      if (overlaps && done > 0 && !llvm::isPowerOf2_64(rest)) {
        int64_t last = llvm::bit_ceil(uint64_t(rest));
        return loop(constant(bounds[dim] - last), sizes[dim], last);
      }
      if (end > done)
        loop(constant(done), constant(end), width);
      done = end;
    }
  }

  /// What reads a row next must not wait for stores that overlap: a load that needs both of them
  /// takes long.
  bool isOneLoop() {
    int64_t size = bounds[plan.vectorDim];
    return overlaps && isa<func::FuncOp>(op->getParentOp()) && plan.width == plan.lanes &&
           size > plan.width && size < kMostSteps * plan.width && size % plan.width != 0 &&
           isLong();
  }

  /// Vectors of one width, the last of which ends where the row does.
  void overlapping(llvm::function_ref<void(int64_t)> body) {
    unsigned dim = plan.vectorDim;
    auto loop = scf::ForOp::create(b, loc, constant(0), sizes[dim], constant(plan.width));
    fnc::keepRolled(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value last = constant(bounds[dim] - plan.width);
    indices[dim] = arith::MinUIOp::create(b, loc, loop.getInductionVar(), last);
    body(plan.width);
  }

  /// What is left over behind whole vectors: the last vector there is room for, or elements where
  /// there is none.
  void lastOfUnknown(Value done, llvm::function_ref<void(Value, Value, int64_t)> loop) {
    Value size = sizes[plan.vectorDim], lanes = constant(plan.lanes);
    Value isLong = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, size, lanes);
    auto branch = scf::IfOp::create(b, loc, isLong, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    Value rest = arith::SubIOp::create(b, loc, size, done);
    Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, rest, constant(0));
    Value last = arith::SubIOp::create(b, loc, size, lanes);
    loop(arith::SelectOp::create(b, loc, none, size, last), size, plan.lanes);
    b.setInsertionPointToStart(branch.elseBlock());
    loop(done, size, 1);
  }

  /// Whether elements may be computed twice: what they are made of is not what is written.
  bool mayOverlap() {
    auto known = [](Value root) {
      auto argument = dyn_cast<BlockArgument>(root);
      return argument ? isa<func::FuncOp>(argument.getOwner()->getParentOp())
                      : isa_and_nonnull<memref::ViewOp, memref::AllocOp, memref::GetGlobalOp>(
                            root.getDefiningOp());
    };
    llvm::SmallDenseSet<Value> written;
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
      Value root = fnc::rootOf(op.getDpsInitOperand(i)->get());
      if (isRead(i) || !known(root))
        return false;
      written.insert(root);
    }
    return reductions.empty() && llvm::all_of(op.getDpsInputs(), [&](Value input) {
             if (!isa<MemRefType>(input.getType()))
               return true;
             Value root = fnc::rootOf(input);
             return known(root) && !written.contains(root);
           });
  }

  //===-- Reductions ----------------------------------------------------------===//

  /// Whether a row of every reduction's result fits in registers over the other loops.
  bool fitsRegisters() {
    int64_t size = bounds[plan.vectorDim];
    return !ShapedType::isDynamic(size) &&
           size * static_cast<int64_t>(op.getNumDpsInits()) <= plan.width * plan.accumulators &&
           size % kShortest == 0 && llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
             return fnc::isWholeOverReductions(op, init);
           });
  }

  /// Vectors along the result, accumulated in registers over the reductions.
  void acrossReductions() {
    SmallVector<std::pair<int64_t, int64_t>> pieces; // start, width
    int64_t done = 0;
    for (int64_t width = plan.width; done < bounds[plan.vectorDim]; width /= 2)
      for (; done + width <= bounds[plan.vectorDim]; done += width)
        pieces.push_back({done, width});
    SmallVector<Value> sums;
    auto at = [&](int64_t start) { indices[plan.vectorDim] = constant(start); };
    for (auto [start, width] : pieces) {
      at(start);
      llvm::append_range(sums, loadInits(width));
    }
    unsigned each = op.getNumDpsInits();
    sums = nest(reductions, 0, sums, [&](ValueRange in) {
      SmallVector<Value> out;
      for (auto [i, piece] : llvm::enumerate(pieces)) {
        at(piece.first);
        llvm::append_range(out, evaluate(piece.second, in.slice(i * each, each)));
      }
      return out;
    });
    for (auto [i, piece] : llvm::enumerate(pieces)) {
      at(piece.first);
      storeAll(ArrayRef(sums).slice(i * each, each), piece.second);
    }
  }

  /// Vectors along the reduction: partial results of a full step, then one, then the rest.
  void alongReduction() {
    unsigned dim = plan.vectorDim;
    bool isDynamic = ShapedType::isDynamic(bounds[dim]);
    int64_t partials = isDynamic
                           ? kPartials
                           : std::min<int64_t>(kPartials, llvm::bit_floor(uint64_t(bounds[dim])));
    int64_t width = std::min(plan.width, partials), vectors = partials / width, stride = partials;
    // Two vectors that begin with what changes nothing are as good as one after the other: one copy
    // of a long body.
    if (!isDynamic && isLong() && reductions.empty() && vectors == 2 &&
        bounds[dim] < 2 * partials) {
      vectors = 1;
      stride = width;
    }
    unsigned results = op.getNumDpsInits();
    SmallVector<Value> sums;
    for (int64_t v = 0; v < vectors; ++v)
      for (const Reduction &reduction : plan.reductions)
        if (reduction.combine)
          sums.push_back(
              fnc::splat(b, loc, arith::ConstantOp::create(b, loc, reduction.neutral), width));
    unsigned each = sums.size() / vectors;
    Value whole = isDynamic ? wholeSteps(partials) : constant(bounds[dim] / partials * partials);

    auto step = [&](int64_t lanes, ValueRange in) {
      SmallVector<Value> inits;
      unsigned next = 0;
      for (unsigned i = 0; i < results; ++i)
        inits.push_back(plan.reductions[i].combine ? in[next++] : loadInit(i, lanes));
      SmallVector<Value> values = evaluate(lanes, inits), out;
      for (unsigned i = 0; i < results; ++i)
        if (plan.reductions[i].combine)
          out.push_back(values[i]);
        else
          storeResult(i, values[i], lanes);
      return out;
    };
    sums = nest(reductions, 0, sums, [&](ValueRange in) {
      return forEach(dim, constant(0), whole, stride, in, [&](ValueRange carried) {
        SmallVector<Value> out;
        Value start = indices[dim];
        for (int64_t v = 0; v < vectors; ++v) {
          indices[dim] = v ? arith::AddIOp::create(b, loc, start, constant(v * width)) : start;
          llvm::append_range(out, step(width, carried.slice(v * each, each)));
        }
        return out;
      });
    });
    for (int64_t left = vectors; left > 1; left /= 2)
      for (unsigned i = 0; i < each * left / 2; ++i)
        sums[i] = combine(i % each, sums[i], sums[i + each * left / 2]);
    sums.resize(each);
    for (unsigned i = 0; i < each; ++i)
      sums[i] = combineLanes(i, sums[i], width);
    // With what the result held before, then the elements past the last full step.
    unsigned next = 0;
    for (unsigned i = 0; i < results; ++i)
      if (plan.reductions[i].combine) {
        if (!startsNeutral(i))
          sums[next] = combine(next, loadInit(i, 1), sums[next]);
        ++next;
      }
    if (isDynamic || bounds[dim] % partials != 0)
      sums = nest(reductions, 0, sums, [&](ValueRange in) {
        return forEach(dim, whole, sizes[dim], 1, in,
                       [&](ValueRange carried) { return step(1, carried); });
      });
    next = 0;
    for (unsigned i = 0; i < results; ++i)
      if (plan.reductions[i].combine)
        storeResult(i, sums[next++], 1);
  }

  /// Whether a choice starts from what nothing is chosen over: so do partial results.
  bool startsNeutral(unsigned init) {
    const Reduction &reduction = plan.reductions[init];
    Value start = startOf(init);
    Attribute value;
    return reduction.choice && start && matchPattern(start, m_Constant(&value)) &&
           value == reduction.neutral;
  }

  const Reduction &reductionAt(unsigned number) {
    for (const Reduction &reduction : plan.reductions)
      if (reduction.combine && number-- == 0)
        return reduction;
    llvm_unreachable("more accumulators than reductions");
  }

  /// The combiner of accumulator `number` on two values.
  Value combine(unsigned number, Value x, Value y) {
    return fnc::combine(b, loc, reductionAt(number), x, y);
  }

  Value combineLanes(unsigned number, Value vector, int64_t width) {
    // LLVM 22 loses sums of bytes' products where it finds them added up in halves, and makes
    // vpdpbusd of them.
    if (width > 1 && isa<arith::AddIOp>(reductionAt(number).combine))
      return vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, vector);
    for (; width > 2; width /= 2)
      vector = combine(number, fnc::sliceOf(b, loc, vector, 0, width / 2),
                       fnc::sliceOf(b, loc, vector, width / 2, width / 2));
    if (width == 2)
      return combine(number, vector::ExtractOp::create(b, loc, vector, 0),
                     vector::ExtractOp::create(b, loc, vector, 1));
    if (isa<VectorType>(vector.getType()))
      return vector::ExtractOp::create(b, loc, vector, 0);
    return vector;
  }

  const Plan &plan;
  fnc::Fills &fills;
  bool overlaps = false; ///< see mayOverlap
};

} // namespace

bool fnc::lowerToVectorLoops(RewriterBase &rewriter, linalg::GenericOp op, Registers registers,
                             Fills &fills) {
  if (registers.count == 0)
    return false;
  std::optional<Plan> plan = planLoops(op, registers);
  if (!plan)
    return false;
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op, *plan, fills).run();
  rewriter.eraseOp(op);
  return true;
}
