//===- VectorLoops.cpp - elementwise loops and reductions in vectors ------===//

#include "compiler/buffer/VectorLoops.h"
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

/// Of bodies of so many operations there is one copy, each step of which finds where its vector
/// goes, unless there are many steps.
constexpr size_t kLongBody = 12;
constexpr int64_t kMostSteps = 8;

/// Elements by which an operand moves along `dim`, if that is 0 or 1.
std::optional<int64_t> stepAlong(linalg::GenericOp op, OpOperand *operand, unsigned dim) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  if (!type)
    return 0;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  int64_t total = 0;
  for (auto [expr, stride] : llvm::zip(map.getResults(), strides)) {
    std::optional<int64_t> factor = fnc::factorOf(expr, dim);
    if (!factor)
      return std::nullopt;
    if (*factor != 0 && (ShapedType::isDynamic(stride) || stride != 1))
      return std::nullopt;
    total += *factor;
  }
  return total == 0 || total == 1 ? std::optional(total) : std::nullopt;
}

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

/// Whether every operation can work on vectors.
bool isElementwiseBody(Block &body) {
  return llvm::all_of(body.without_terminator(), [](Operation &inner) {
    if (isa<arith::ConstantOp, linalg::IndexOp>(inner))
      return true;
    if (auto branch = dyn_cast<scf::IfOp>(inner))
      return branch->hasAttr(fnc::kRareAttr) && isElementwiseBody(*branch.elseBlock());
    return OpTrait::hasElementwiseMappableTraits(&inner) && inner.getNumRegions() == 0;
  });
}

bool isBit(Value value) { return getElementTypeOrSelf(value.getType()).isInteger(1); }

bool hasVectorElements(Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  return isBit(value) || (element.isIntOrFloat() && element.getIntOrFloatBitWidth() >= 8);
}

std::optional<Plan> planLoops(linalg::GenericOp op, fnc::Registers registers) {
  if (!op.hasPureBufferSemantics() || !isElementwiseBody(*op.getBody()) || op.getNumLoops() == 0)
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
      return stepAlong(op, input, dim).has_value();
    });
    for (unsigned i = 0; fits && i < op.getNumDpsInits(); ++i) {
      std::optional<int64_t> step = stepAlong(op, op.getDpsInitOperand(i), dim);
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
        [&](OpOperand &input) { return stepAlong(op, &input, best->vectorDim) == 0; });
  }
  return best;
}

class Lowering {
public:
  Lowering(RewriterBase &b, linalg::GenericOp op, const Plan &plan)
      : b(b), op(op), plan(plan), loc(op.getLoc()), indices(op.getNumLoops()),
        bounds(op.getStaticLoopRanges()), terminator(op.getBody()->getTerminator()) {
    for (Range &range : cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(b, loc))
      sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
    for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      if (dim != plan.vectorDim)
        (kind == utils::IteratorType::reduction ? reductions : outer).push_back(dim);
  }

  void run() {
    if (plan.alongReduction)
      return nest(outer, 0, {},
                  [&](ValueRange) -> SmallVector<Value> {
                    loadConstants();
                    alongReduction();
                    return {};
                  }),
             void();
    if (!reductions.empty() && fitsRegisters())
      return nest(outer, 0, {},
                  [&](ValueRange) -> SmallVector<Value> {
                    acrossReductions();
                    return {};
                  }),
             void();
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
  using Body = llvm::function_ref<SmallVector<Value>(ValueRange)>;

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

  /// Loops over `dims` around `body`, which gets and yields the carried values.
  SmallVector<Value> nest(ArrayRef<unsigned> dims, unsigned depth, ValueRange carried, Body body) {
    if (depth == dims.size())
      return body(carried);
    unsigned dim = dims[depth];
    if (bounds[dim] == 1) {
      indices[dim] = constant(0);
      return nest(dims, depth + 1, carried, body);
    }
    return forEach(dim, constant(0), sizes[dim], 1, carried,
                   [&](ValueRange in) { return nest(dims, depth + 1, in, body); });
  }

  SmallVector<Value> forEach(unsigned dim, Value from, Value to, int64_t step, ValueRange carried,
                             Body body) {
    auto loop = scf::ForOp::create(b, loc, from, to, constant(step), carried);
    // What is left over of a size that nobody knows is less than a vector.
    bool isRest = step == 1 && dim == plan.vectorDim && ShapedType::isDynamic(bounds[dim]);
    isRest ? fnc::keepRolled(loop) : fnc::keepVectors(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    indices[dim] = loop.getInductionVar();
    SmallVector<Value> yielded = body(loop.getRegionIterArgs());
    if (!carried.empty())
      scf::YieldOp::create(b, loc, yielded);
    return SmallVector<Value>(loop.getResults());
  }

  Value wholeSteps(int64_t step) {
    Value width = constant(step);
    return arith::MulIOp::create(
        b, loc, arith::DivUIOp::create(b, loc, sizes[plan.vectorDim], width), width);
  }

  /// Inputs that stay the same along the vectors and the reductions are loaded once: stores in the
  /// loop would make LLVM load them again.
  void loadConstants() {
    constants.clear();
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      auto moves = [&](unsigned dim) { return map.isFunctionOfDim(dim); };
      if (!isa<MemRefType>(input->get().getType()) || moves(plan.vectorDim) ||
          llvm::any_of(reductions, moves) ||
          op.getBlock()->getArgument(input->getOperandNumber()).use_empty() ||
          llvm::any_of(op.getDpsInits(),
                       [&](Value init) { return fnc::rootOf(init) == fnc::rootOf(input->get()); }))
        continue;
      indices[plan.vectorDim] = constant(0);
      for (unsigned dim : reductions)
        indices[dim] = constant(0);
      constants[input] = memref::LoadOp::create(b, loc, input->get(), access(input));
    }
  }

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
           op.getBody()->getOperations().size() > kLongBody;
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
             AffineMap map = op.getMatchingIndexingMap(&init);
             return llvm::none_of(reductions,
                                  [&](unsigned dim) { return map.isFunctionOfDim(dim); });
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
    int64_t width = std::min(plan.width, partials), vectors = partials / width;
    unsigned results = op.getNumDpsInits();
    SmallVector<Value> sums;
    for (int64_t v = 0; v < vectors; ++v)
      for (const Reduction &reduction : plan.reductions)
        if (reduction.combine)
          sums.push_back(splat(arith::ConstantOp::create(b, loc, reduction.neutral), width));
    unsigned each = sums.size() / vectors;
    Value whole = isDynamic ? wholeSteps(partials) : constant(bounds[dim] / partials * partials);

    auto step = [&](int64_t lanes, ValueRange in) {
      SmallVector<Value> inits;
      unsigned next = 0;
      for (unsigned i = 0; i < results; ++i)
        inits.push_back(plan.reductions[i].combine ? in[next++]
                                                   : load(op.getDpsInitOperand(i), lanes));
      SmallVector<Value> values = evaluate(lanes, inits), out;
      for (unsigned i = 0; i < results; ++i)
        if (plan.reductions[i].combine)
          out.push_back(values[i]);
        else
          store(values[i], op.getDpsInitOperand(i), lanes);
      return out;
    };
    sums = nest(reductions, 0, sums, [&](ValueRange in) {
      return forEach(dim, constant(0), whole, partials, in, [&](ValueRange carried) {
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
        sums[next] = combine(next, load(op.getDpsInitOperand(i), 1), sums[next]);
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
        store(sums[next++], op.getDpsInitOperand(i), 1);
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
    for (; width > 1; width /= 2) {
      auto half = [&](int64_t from) {
        return vector::ShuffleOp::create(
            b, loc, vector, vector, llvm::to_vector(llvm::seq<int64_t>(from, from + width / 2)));
      };
      Value low = half(0), high = half(width / 2);
      vector = combine(number, low, high);
    }
    if (isa<VectorType>(vector.getType()))
      return vector::ExtractOp::create(b, loc, vector, 0);
    return vector;
  }

  //===-- Elements ------------------------------------------------------------===//

  Value splat(Value element, int64_t width) {
    if (width == 1)
      return element;
    return vector::BroadcastOp::create(b, loc, VectorType::get({width}, element.getType()),
                                       element);
  }

  SmallVector<Value> access(OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    SmallVector<Value> at;
    for (AffineExpr expr : map.getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        at.push_back(indices[dim.getPosition()]);
      else
        at.push_back(affine::AffineApplyOp::create(
            b, loc, AffineMap::get(map.getNumDims(), 0, expr), indices));
    }
    return at;
  }

  Value load(OpOperand *operand, int64_t width) {
    Value memref = operand->get();
    if (!isa<MemRefType>(memref.getType()))
      return splat(memref, width);
    if (Value constant = constants.lookup(operand))
      return splat(constant, width);
    SmallVector<Value> at = access(operand);
    if (width > 1 && stepAlong(op, operand, plan.vectorDim) == 1) {
      Type element = getElementTypeOrSelf(memref.getType());
      return vector::LoadOp::create(b, loc, VectorType::get({width}, element), memref, at);
    }
    return splat(memref::LoadOp::create(b, loc, memref, at), width);
  }

  void store(Value value, OpOperand *operand, int64_t width) {
    if (width == 1)
      memref::StoreOp::create(b, loc, value, operand->get(), access(operand));
    else
      vector::StoreOp::create(b, loc, value, operand->get(), access(operand));
  }

  /// What the results hold; nothing where the body does not ask.
  SmallVector<Value> loadInits(int64_t width) {
    SmallVector<Value> values;
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i)
      values.push_back(isRead(i) || !reductions.empty() ? load(op.getDpsInitOperand(i), width)
                                                        : Value());
    return values;
  }
  bool isRead(unsigned init) {
    return !op.getBody()->getArgument(op.getNumDpsInputs() + init).use_empty();
  }

  void storeAll(ArrayRef<Value> values, int64_t width) {
    for (auto [i, value] : llvm::enumerate(values))
      store(value, op.getDpsInitOperand(i), width);
  }

  /// The body on `width` elements.
  SmallVector<Value> evaluate(int64_t width, ValueRange inits) {
    IRMapping map;
    Block &body = *op.getBody();
    unsigned inputs = op.getNumDpsInputs();
    for (unsigned i = 0; i < inputs; ++i)
      if (!body.getArgument(i).use_empty())
        map.map(body.getArgument(i), load(op.getDpsInputOperand(i), width));
    for (auto [i, init] : llvm::enumerate(inits))
      if (init)
        map.map(body.getArgument(inputs + i), init);
    return evaluate(body, map, width);
  }

  SmallVector<Value> evaluate(Block &body, IRMapping &map, int64_t width) {
    auto vectorOf = [&](Value value) {
      Value mapped = map.lookupOrNull(value);
      return mapped ? mapped : splat(value, width);
    };
    for (Operation &inner : body.without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        map.map(index.getResult(), position(index.getDim(), width));
        continue;
      }
      if (isa<arith::ConstantOp>(inner)) {
        map.map(inner.getResult(0), splat(b.clone(inner)->getResult(0), width));
        continue;
      }
      if (auto branch = dyn_cast<scf::IfOp>(inner); branch && width > 1) {
        map.map(branch.getResults(), evaluateRare(branch, map, width));
        continue;
      }
      if (width == 1) {
        b.clone(inner, map);
        continue;
      }
      OperationState state(inner.getLoc(), inner.getName());
      for (Value operand : inner.getOperands())
        state.operands.push_back(vectorOf(operand));
      for (Type type : inner.getResultTypes())
        state.types.push_back(VectorType::get({width}, type));
      state.attributes = inner.getAttrDictionary();
      map.map(inner.getResults(), b.create(state)->getResults());
    }
    return llvm::map_to_vector(body.getTerminator()->getOperands(), vectorOf);
  }

  /// The second branch on vectors; the first one on those elements, if any, that take it.
  SmallVector<Value> evaluateRare(scf::IfOp branch, IRMapping &map, int64_t width) {
    SmallVector<Value> usual = evaluate(*branch.elseBlock(), map, width);
    Value takes = map.lookup(branch.getCondition());
    Value any = vector::ReductionOp::create(b, loc, vector::CombiningKind::OR, takes);
    auto yield = [](OpBuilder &nested, Location loc, ValueRange values) {
      scf::YieldOp::create(nested, loc, values);
    };
    auto element = [&](OpBuilder &nested, Location loc, Value lane, ValueRange vectors) {
      IRMapping elements(map);
      branch.getThenRegion().walk([&](Operation *op) {
        for (Value operand : op->getOperands())
          if (Value mapped = elements.lookupOrNull(operand);
              mapped && isa<VectorType>(mapped.getType()))
            elements.map(operand, vector::ExtractOp::create(nested, loc, mapped, lane));
      });
      for (Operation &inner : branch.thenBlock()->without_terminator())
        nested.clone(inner, elements);
      SmallVector<Value> changed;
      for (auto [value, old] : llvm::zip(branch.thenYield().getResults(), vectors))
        changed.push_back(
            vector::InsertOp::create(nested, loc, elements.lookupOrDefault(value), old, lane));
      yield(nested, loc, changed);
    };
    auto result = scf::IfOp::create(
        b, loc, any,
        [&](OpBuilder &outer, Location loc) {
          auto lanes = scf::ForOp::create(
              outer, loc, constant(0), constant(width), constant(1), usual,
              [&](OpBuilder &nested, Location loc, Value lane, ValueRange vectors) {
                Value taken = vector::ExtractOp::create(nested, loc, takes, lane);
                auto one = scf::IfOp::create(
                    nested, loc, taken,
                    [&](OpBuilder &inner, Location loc) { element(inner, loc, lane, vectors); },
                    [&](OpBuilder &inner, Location loc) { yield(inner, loc, vectors); });
                yield(nested, loc, one.getResults());
              });
          yield(outer, loc, lanes.getResults());
        },
        [&](OpBuilder &outer, Location loc) { yield(outer, loc, usual); });
    return SmallVector<Value>(result.getResults());
  }

  Value position(uint64_t dim, int64_t width) {
    if (width == 1)
      return indices[dim];
    Value base = splat(indices[dim], width);
    if (dim != plan.vectorDim)
      return base;
    auto type = VectorType::get({width}, b.getIndexType());
    return arith::AddIOp::create(b, loc, base, vector::StepOp::create(b, loc, type));
  }

  RewriterBase &b;
  linalg::GenericOp op;
  const Plan &plan;
  Location loc;
  SmallVector<unsigned> outer, reductions;
  SmallVector<Value> sizes, indices;
  llvm::DenseMap<OpOperand *, Value> constants; ///< inputs that are loaded
  SmallVector<int64_t> bounds;
  bool overlaps = false; ///< see mayOverlap
  Operation *terminator;
};

} // namespace

bool fnc::lowerToVectorLoops(RewriterBase &rewriter, linalg::GenericOp op, Registers registers) {
  if (registers.count == 0)
    return false;
  std::optional<Plan> plan = planLoops(op, registers);
  if (!plan)
    return false;
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op, *plan).run();
  rewriter.eraseOp(op);
  return true;
}
