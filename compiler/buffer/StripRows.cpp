//===- StripRows.cpp - contractions with ops on rows in between, in strips -===//
//
// Attention multiplies queries by keys, turns each row of these products into shares, and
// multiplies the shares by values. No row needs another one: a strip of rows goes through all of it
// while it lies in the caches, and no buffer in between is larger than the strip.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/Accesses.h"
#include "compiler/buffer/BufferUses.h"
#include "compiler/buffer/Passes.h"
#include "compiler/buffer/SymbolicSize.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using fnc::kernel::ContractOp;

namespace fnc {
#define GEN_PASS_DEF_STRIPROWS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What lies between contractions and stays in the second-level cache anyway, and what a strip
/// takes of it. Of several heads or batches it takes less: it loses nothing.
constexpr int64_t kNearBytes = 256 << 10, kStripBytes = 256 << 10, kGroupBytes = 64 << 10;

/// Rows of a strip, of which operands that each strip reads again ask for more, up to a point.
constexpr int64_t kLeastRows = 16, kEnoughRows = 64;

/// What a size of the call is taken for.
constexpr int64_t kUnknown = 2048;

/// Operations that are done again for each strip that needs their results.
constexpr unsigned kCheap = 8;

/// Ops that a chain may go over: looking further takes quadratic time.
constexpr unsigned kFarthest = 256;

/// By row: a loop of an op, or by dimension of a buffer: a row; -1: none.
using Numbers = SmallVector<int64_t, 4>;

bool isParallel(Operation *op, unsigned loop) {
  if (auto contraction = dyn_cast<ContractOp>(op))
    return !contraction.isReduction(loop);
  return cast<linalg::LinalgOp>(op).getIteratorTypesArray()[loop] == utils::IteratorType::parallel;
}

/// The loop that an expression is, or -1.
int64_t loopOf(AffineExpr expr) {
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return dim ? static_cast<int64_t>(dim.getPosition()) : -1;
}

/// A contraction, and the ops that make the rows that it reads.
class Chain {
public:
  /// The chain that ends with `last`, if there is one that had better go by strips.
  static std::optional<Chain> to(ContractOp last) {
    for (unsigned operand : {0, 1}) {
      Chain chain(last);
      if (chain.reads(operand) && chain.isSound() && chain.choose())
        return chain;
    }
    return std::nullopt;
  }

  void run(IRRewriter &b) {
    for (auto [alloc, start] : apart)
      fnc::giveOwnBuffer(b, cast<memref::AllocOp>(alloc), start);
    b.setInsertionPoint(last);
    from.assign(rows.size(), {});
    count.assign(rows.size(), {});
    inLoops(b, 0);
    for (Operation *op : llvm::reverse(ops))
      b.eraseOp(op);
  }

  /// All of them, in their order.
  SmallVector<Operation *> ops;

private:
  explicit Chain(ContractOp last) : last(last) {}

  //===-- What belongs to the chain -------------------------------------------===//

  /// Finds what makes an operand of the last contraction. Rows are its parallel dimensions.
  bool reads(unsigned operand) {
    std::optional<fnc::WholeBuffer> whole = fnc::WholeBuffer::of(last->getOperand(operand));
    if (!whole)
      return false;
    read = operand;
    Numbers rowOf(whole->buffer.getType().getRank(), -1);
    for (auto [dim, expr] : llvm::zip(whole->dims, last.mapOf(operand).getResults())) {
      int64_t loop = loopOf(expr);
      if (dim < 0 || whole->buffer.getType().getDimSize(dim) == 1 || loop < 0 ||
          last.isReduction(loop))
        continue;
      rowOf[dim] = rows.size();
      rows.push_back(sizeOf(whole->buffer, dim));
    }
    if (rows.empty() || !addBuffer(whole->buffer, rowOf, last))
      return false;
    addShared();
    return !isTooLong();
  }

  static OpFoldResult sizeOf(memref::AllocOp alloc, int64_t dim) {
    MemRefType type = alloc.getType();
    if (type.isDynamicDim(dim))
      return alloc.getDynamicSizes()[type.getDynamicDimIndex(dim)];
    return OpBuilder(alloc).getIndexAttr(type.getDimSize(dim));
  }

  /// Adds what a buffer holds when `op` reads or writes it, with all ops that know that. Returns
  /// false where one of them does not belong to the chain.
  bool addBuffer(memref::AllocOp alloc, const Numbers &rowOf, Operation *op) {
    auto [known, isNew] = buffers.insert({alloc, rowOf});
    if (known->second != rowOf)
      return false;
    std::optional<fnc::BufferUses> uses = fnc::BufferUses::of(alloc);
    if (!uses)
      return false;
    fnc::BufferUses::Life life = uses->lifeAt(op);
    if (!values.insert({alloc, life.start}).second)
      return true;
    return llvm::all_of(uses->within(life), [&](OpOperand *use) { return addUse(*use, rowOf); });
  }

  bool addUse(OpOperand &use, const Numbers &rowOf) {
    Operation *op = use.getOwner();
    bool isLast = op == last;
    std::optional<fnc::WholeBuffer> whole = fnc::WholeBuffer::of(use.get());
    if (!whole || op->getBlock() != last->getBlock() || !fnc::isStructured(op) ||
        (!isLast && !op->isBeforeInBlock(last)) ||
        (isLast &&
         (fnc::isInit(use) || (use.getOperandNumber() < 2 && use.getOperandNumber() != read))))
      return false;
    if (isTooLong())
      return false;
    auto [member, isNew] = members.insert({op, Numbers(rows.size(), -1)});
    Numbers loops = member->second;
    for (auto [dim, expr] : llvm::zip(whole->dims, fnc::mapOf(use).getResults())) {
      int64_t row = dim < 0 ? -1 : rowOf[dim], loop = loopOf(expr);
      if (row < 0)
        continue;
      if (loop < 0 || !isParallel(op, loop) || (loops[row] >= 0 && loops[row] != loop))
        return false;
      loops[row] = loop;
    }
    if (!isNew && members[op] == loops)
      return true;
    members[op] = loops;
    return addOperands(op, loops);
  }

  /// Whether the chain goes over more ops than it may, which `mayWait` would find at the end.
  bool isTooLong() const { return members.size() > kFarthest; }

  /// Which row counts each dimension of an operand.
  static Numbers rowsOf(OpOperand &operand, fnc::WholeBuffer whole, const Numbers &loops) {
    Numbers rowOf(whole.buffer.getType().getRank(), -1);
    for (auto [dim, expr] : llvm::zip(whole.dims, fnc::mapOf(operand).getResults()))
      for (auto [row, loop] : llvm::enumerate(loops))
        if (dim >= 0 && loop >= 0 && loopOf(expr) == loop)
          rowOf[dim] = row;
    return rowOf;
  }

  /// Adds what an op of the chain writes, and what it reads that was made row by row.
  bool addOperands(Operation *op, const Numbers &loops) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()) || (op == last && fnc::isInit(operand)) ||
          isFactor(operand))
        continue;
      std::optional<fnc::WholeBuffer> whole = fnc::WholeBuffer::of(operand.get());
      if (fnc::isInit(operand)) {
        if (!whole || !addBuffer(whole->buffer, rowsOf(operand, *whole, loops), op))
          return false;
      } else if (whole) {
        Numbers rowOf = rowsOf(operand, *whole, loops);
        bool isComplete = llvm::all_of(llvm::seq<int64_t>(0, rows.size()),
                                       [&](int64_t row) { return llvm::is_contained(rowOf, row); });
        if (isComplete)
          tryBuffer(whole->buffer, rowOf, op);
      }
    }
    return true;
  }

  /// A contraction reads its operands in an order of its own; what makes them stays outside.
  static bool isFactor(OpOperand &operand) {
    return isa<ContractOp>(operand.getOwner()) && operand.getOperandNumber() < 2;
  }

  void tryBuffer(memref::AllocOp alloc, const Numbers &rowOf, Operation *op) {
    Chain before = *this;
    bool isAdded = addBuffer(alloc, rowOf, op);
    // Nothing makes it shorter again.
    if (isTooLong())
      return;
    if (!isAdded ||
        llvm::any_of(members, [](auto &member) { return !isPerRow(member.first, member.second); }))
      *this = std::move(before);
  }

  /// Adds what all of several batches or heads read by rows, such as masks: it is made for each.
  void addShared() {
    llvm::DenseSet<Operation *> tried;
    for (unsigned i = 0; i < members.size(); ++i) {
      auto [op, loops] = members.begin()[i];
      for (OpOperand &operand : op->getOpOperands()) {
        if (!isa<MemRefType>(operand.get().getType()) || fnc::isInit(operand) || isFactor(operand))
          continue;
        std::optional<fnc::WholeBuffer> whole = fnc::WholeBuffer::of(operand.get());
        if (!whole || buffers.contains(whole->buffer) || !tried.insert(whole->buffer).second)
          continue;
        Numbers rowOf = rowsOf(operand, *whole, loops);
        if (!llvm::all_of(rowOf, [](int64_t row) { return row < 0; }))
          tryBuffer(whole->buffer, rowOf, op);
      }
    }
  }

  /// Whether an op knows each row, or may be done again for several.
  static bool isPerRow(Operation *op, const Numbers &loops) {
    if (!llvm::is_contained(loops, -1))
      return true;
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    return structured && structured.getBlock()->getOperations().size() <= kCheap;
  }

  //===-- Whether it may go by strips -----------------------------------------===//

  bool isSound() {
    bool hasFirst = false;
    for (auto &[op, loops] : members) {
      if (!isPerRow(op, loops) || llvm::any_of(op->getOpOperands(), [&, &loops = loops](auto &use) {
            return !isByRows(use, loops);
          }))
        return false;
      if (auto contraction = dyn_cast<ContractOp>(op); contraction && op != last) {
        hasFirst = true;
        if (!makesMore(contraction))
          return false;
      }
    }
    // Contractions alone are chained elsewhere.
    return hasFirst && members.size() > 2 && mayWait() && isApart();
  }

  /// Whether an operand is walked through by rows, or known as a whole.
  bool isByRows(OpOperand &operand, const Numbers &loops) {
    if (!isa<MemRefType>(operand.get().getType()))
      return true;
    auto contraction = dyn_cast<ContractOp>(operand.getOwner());
    std::optional<fnc::WholeBuffer> whole = fnc::WholeBuffer::of(operand.get());
    auto *buffer = whole ? buffers.find(whole->buffer) : buffers.end();
    // What it holds may be something else, from before.
    if (buffer != buffers.end() &&
        !values.contains(
            {whole->buffer, fnc::BufferUses::of(whole->buffer)->lifeAt(operand.getOwner()).start}))
      return false;
    for (auto [dim, expr] : llvm::enumerate(fnc::mapOf(operand).getResults())) {
      int64_t row = -1;
      for (auto [number, loop] : llvm::enumerate(loops))
        if (loop >= 0 && expr.isFunctionOfDim(loop)) {
          if (loopOf(expr) != loop)
            return false;
          row = number;
        }
      if (row >= 0 && contraction && contraction.getPacked() && operand.getOperandNumber() == 1)
        return false;
      if (buffer != buffers.end() && whole->dims[dim] >= 0 &&
          buffer->second[whole->dims[dim]] != row)
        return false;
    }
    return true;
  }

  /// What makes less than it reads is better read as it is.
  static bool makesMore(ContractOp op) {
    int64_t made = 1, lhs = 1;
    for (auto [loop, size] : llvm::enumerate(op.getSizes())) {
      int64_t steps = size < 0 ? kUnknown : size;
      made *= op.resultMap().isFunctionOfDim(loop) ? steps : 1;
      lhs *= op.mapOf(0).isFunctionOfDim(loop) ? steps : 1;
    }
    return made >= lhs;
  }

  /// Whether no op reads what the last one writes, but for what it reads where it writes.
  bool isApart() {
    for (Value init : last.getInits()) {
      Value written = fnc::bufferBehind(init);
      for (auto &[op, loops] : members)
        for (OpOperand &operand : op->getOpOperands()) {
          if (!isa<MemRefType>(operand.get().getType()))
            continue;
          Value buffer = fnc::bufferBehind(operand.get());
          bool inPlace = op == last && operand.getOperandNumber() > 1 && operand.get() == init &&
                         fnc::mapOf(operand) == last.resultMap();
          if (!written || !buffer || (buffer == written && !inPlace && !isKeptApart(buffer, last)))
            return false;
        }
    }
    return true;
  }

  /// Whether a buffer holds, at `op`, what was written to it behind the first op of the chain. That
  /// gets a buffer of its own, for others that wait may need what it held before.
  bool isKeptApart(Value buffer, Operation *op) {
    auto alloc = buffer.getDefiningOp<memref::AllocOp>();
    std::optional<fnc::BufferUses> uses;
    if (alloc)
      uses = fnc::BufferUses::of(alloc);
    if (!uses)
      return false;
    Operation *start = uses->lifeAt(op).start;
    if (!start || !ops.front()->isBeforeInBlock(start))
      return false;
    apart.insert({alloc, start});
    return true;
  }

  /// Whether all ops can wait for the last one.
  bool mayWait() {
    SmallVector<fnc::Accesses> waiting;
    unsigned left = members.size(), gone = 0;
    Operation *at = last;
    for (; left > 0; at = at->getPrevNode()) {
      if (!at || ++gone > kFarthest)
        return false;
      left -= members.contains(at);
    }
    for (at = at ? at->getNextNode() : &last->getBlock()->front();; at = at->getNextNode()) {
      if (members.contains(at)) {
        ops.push_back(at);
        waiting.push_back(fnc::accessesOf(at));
        if (at == last)
          return true;
      } else if (!isMemoryEffectFree(at) && !isa<memref::AllocOp>(at)) {
        if (!mayStay(at, fnc::accessesOf(at), waiting))
          return false;
      }
    }
  }

  /// Whether an op between those of the chain may come before all of them.
  bool mayStay(Operation *op, const fnc::Accesses &here, ArrayRef<fnc::Accesses> waiting) {
    if (!here.known)
      return false;
    auto mayTouch = [&](Value buffer, bool writes) {
      // The chain has strips of its own instead.
      if (buffers.contains(buffer.getDefiningOp()))
        return true;
      bool minds = llvm::any_of(waiting, [&](const fnc::Accesses &other) {
        return !other.known || other.writes.contains(buffer) || (writes && other.touches(buffer));
      });
      return !minds || isKeptApart(buffer, op);
    };
    return llvm::all_of(here.reads, [&](Value buffer) { return mayTouch(buffer, false); }) &&
           llvm::all_of(here.writes, [&](Value buffer) { return mayTouch(buffer, true); });
  }

  //===-- How large strips are ------------------------------------------------===//

  int64_t estimate(OpFoldResult size) {
    auto func = last->getParentOfType<func::FuncOp>();
    AffineExpr expr = fnc::SymbolicSizes(func).of(size);
    return expr ? fnc::evaluate(expr, fnc::representativeSymbols(func, kUnknown)) : kUnknown;
  }

  /// Bytes of all buffers for one step of each of the first `depth` rows.
  int64_t bytesOf(unsigned depth) {
    int64_t total = 0;
    for (auto &[op, rowOf] : buffers) {
      auto alloc = cast<memref::AllocOp>(op);
      int64_t bytes = llvm::divideCeil(alloc.getType().getElementTypeBitWidth(), 8);
      for (auto [dim, row] : llvm::enumerate(rowOf))
        if (row < 0 || row >= depth)
          bytes *= estimate(sizeOf(alloc, dim));
      total += bytes;
    }
    return total;
  }

  /// Bytes that the contractions read again for each strip.
  int64_t bytesAgain() {
    int64_t total = 0;
    for (auto &[op, loops] : members)
      for (OpOperand &operand : op->getOpOperands()) {
        AffineMap map = fnc::mapOf(operand);
        int64_t loop = loops[depth - 1];
        if (!isFactor(operand) || (loop >= 0 && map.isFunctionOfDim(loop)))
          continue;
        auto type = cast<MemRefType>(operand.get().getType());
        int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
        for (auto [size, expr] : llvm::zip(type.getShape(), map.getResults()))
          if (!llvm::is_contained(ArrayRef(loops).take_front(depth), loopOf(expr)))
            bytes *= ShapedType::isDynamic(size) ? kUnknown : size;
        total += bytes;
      }
    return total;
  }

  /// Rows that the contractions do at once.
  int64_t tileRows() {
    int64_t most = 1;
    for (auto &[op, loops] : members)
      if (auto contraction = dyn_cast<ContractOp>(op))
        if (std::optional<uint64_t> row = contraction.getRowDim())
          if (loops[depth - 1] == static_cast<int64_t>(*row))
            most = std::max(most, contraction.getTile()[0]);
    return most;
  }

  /// Chooses how many of the rows are cut, and the length of a piece of the last of them. Returns
  /// false where strips do not pay.
  bool choose() {
    if (bytesOf(0) <= kNearBytes)
      return false;
    for (depth = 1; depth < rows.size() && bytesOf(depth) > kGroupBytes; ++depth)
      ;
    bool isGroup = depth < rows.size();
    int64_t each = bytesOf(depth), total = estimate(rows[depth - 1]);
    int64_t tile = isGroup ? 1 : tileRows(), least = 1;
    // What a strip saves should be as much as what it reads again, which lies nearer.
    if (!isGroup)
      least = std::clamp(bytesAgain() / (4 * each), kLeastRows, kEnoughRows);
    length = std::max(least, kStripBytes / each);
    length = std::max((length + tile / 2) / tile, int64_t(1)) * tile;
    if (length >= total && getConstantIntValue(rows[depth - 1])) {
      length = total;
      return depth > 1;
    }
    // Strips of one length, where there is one.
    for (int64_t even = length; even > length / 2; even -= tile)
      if (total % even == 0) {
        length = even;
        return true;
      }
    int64_t strips = llvm::divideCeil(total, length);
    length = std::min<int64_t>(length, llvm::alignTo(llvm::divideCeil(total, strips), tile));
    return true;
  }

  //===-- Strips --------------------------------------------------------------===//

  void inLoops(IRRewriter &b, unsigned row) {
    Location loc = last.getLoc();
    auto asValue = [&](OpFoldResult number) {
      return getValueOrCreateConstantIndexOp(b, loc, number);
    };
    auto constant = [&](int64_t number) { return asValue(b.getIndexAttr(number)); };
    bool isStrip = row + 1 == depth;
    std::optional<int64_t> size = getConstantIntValue(rows[row]);
    int64_t step = isStrip ? length : 1;
    count[row] = b.getIndexAttr(step);
    OpFoldResult whole = rows[row], rest = b.getIndexAttr(0);
    if (size) {
      whole = b.getIndexAttr(*size / step * step);
      rest = b.getIndexAttr(*size % step);
    } else if (isStrip) {
      rest = arith::RemUIOp::create(b, loc, asValue(rows[row]), constant(step)).getResult();
      whole = arith::SubIOp::create(b, loc, asValue(rows[row]), asValue(rest)).getResult();
    }
    auto go = [&] { isStrip ? strip(b) : inLoops(b, row + 1); };
    if (size == step) {
      from[row] = b.getIndexAttr(0);
      return go();
    }
    auto loop = scf::ForOp::create(b, loc, constant(0), asValue(whole), constant(step));
    loop->setAttr(fnc::kStripsAttr, b.getUnitAttr());
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      from[row] = loop.getInductionVar();
      go();
    }
    if (getConstantIntValue(rest) == 0)
      return;
    from[row] = whole;
    count[row] = rest;
    go();
  }

  bool isCut(int64_t row) { return row >= 0 && row < static_cast<int64_t>(depth); }

  /// All ops for the rows at hand, in buffers of their own.
  void strip(IRRewriter &b) {
    llvm::DenseMap<Operation *, Value> strips;
    for (auto &[op, rowOf] : buffers) {
      auto alloc = cast<memref::AllocOp>(op);
      SmallVector<OpFoldResult> sizes;
      for (auto [dim, row] : llvm::enumerate(rowOf))
        sizes.push_back(isCut(row) ? count[row] : sizeOf(alloc, dim));
      SmallVector<Value> dynamic;
      SmallVector<int64_t> shape;
      dispatchIndexOpFoldResults(sizes, dynamic, shape);
      strips[op] = memref::AllocOp::create(b, alloc.getLoc(),
                                           MemRefType::get(shape, alloc.getType().getElementType()),
                                           dynamic, alloc.getAlignmentAttr());
    }
    for (Operation *op : ops) {
      const Numbers &loops = members[op];
      SmallVector<Value> operands;
      for (OpOperand &operand : op->getOpOperands()) {
        Value value = operand.get();
        std::optional<fnc::WholeBuffer> whole;
        if (isa<MemRefType>(value.getType()))
          whole = fnc::WholeBuffer::of(value);
        Value made = whole ? strips.lookup(whole->buffer) : Value();
        operands.push_back(made ? fnc::reshapedLike(b, value, made) : slice(b, operand, loops));
      }
      place(b, clone(b, op, TypeRange(), operands), loops);
    }
  }

  /// An op that was cloned is told of its sizes, and where it is.
  void place(IRRewriter &b, Operation *op, const Numbers &loops) {
    if (auto contraction = dyn_cast<ContractOp>(op)) {
      SmallVector<int64_t> sizes(contraction.getSizes());
      for (auto [row, loop] : llvm::enumerate(loops))
        if (isCut(row) && loop >= 0)
          sizes[loop] = getConstantIntValue(count[row]).value_or(-1);
      contraction.setSizes(sizes);
      return;
    }
    op->walk([&](linalg::IndexOp index) {
      for (auto [row, loop] : llvm::enumerate(loops)) {
        if (!isCut(row) || loop != static_cast<int64_t>(index.getDim()) ||
            getConstantIntValue(from[row]) == 0)
          continue;
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(op);
        Value first = getValueOrCreateConstantIndexOp(b, op->getLoc(), from[row]);
        b.setInsertionPointAfter(index);
        auto moved = arith::AddIOp::create(b, index.getLoc(), index, first);
        b.replaceAllUsesExcept(index, moved, moved);
      }
    });
  }

  /// The rows at hand of something that is not in the chain.
  Value slice(IRRewriter &b, OpOperand &operand, const Numbers &loops) {
    Value value = operand.get();
    if (!isa<MemRefType>(value.getType()))
      return value;
    SmallVector<OpFoldResult> sizes = memref::getMixedSizes(b, value.getLoc(), value),
                              offsets(sizes.size(), b.getIndexAttr(0)),
                              strides(sizes.size(), b.getIndexAttr(1));
    bool isPart = false;
    for (auto [dim, expr] : llvm::enumerate(fnc::mapOf(operand).getResults()))
      for (auto [row, loop] : llvm::enumerate(loops))
        if (isCut(row) && loop >= 0 && loopOf(expr) == loop) {
          offsets[dim] = from[row];
          sizes[dim] = count[row];
          isPart = true;
        }
    return isPart ? memref::SubViewOp::create(b, value.getLoc(), value, offsets, sizes, strides)
                  : value;
  }

  ContractOp last;
  unsigned read = 0;                             ///< operand of `last` that the others make
  SmallVector<OpFoldResult> rows;                ///< how many there are, from outside
  llvm::MapVector<Operation *, Numbers> buffers; ///< which row counts each dimension
  /// Buffers, and the ops that began to write what they hold.
  llvm::DenseSet<std::pair<Operation *, Operation *>> values;
  llvm::SetVector<std::pair<Operation *, Operation *>> apart; ///< what leaves its buffer
  llvm::MapVector<Operation *, Numbers> members; ///< which loop goes over each of the rows
  unsigned depth = 0;                    ///< rows that are cut; all but the last of them singly
  int64_t length = 0;                    ///< of a strip
  SmallVector<OpFoldResult> from, count; ///< the rows at hand
};

struct StripRows : fnc::impl::StripRowsBase<StripRows> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func->hasAttr("fn.kernel") || func.isExternal())
      return;
    IRRewriter rewriter(&getContext());
    // From the end: what an earlier one makes is whole for a later one.
    SmallVector<ContractOp> contractions(func.front().getOps<ContractOp>());
    llvm::DenseSet<Operation *> gone;
    for (ContractOp op : llvm::reverse(contractions)) {
      if (gone.contains(op))
        continue;
      if (std::optional<Chain> chain = Chain::to(op)) {
        for (Operation *member : chain->ops)
          gone.insert(member);
        chain->run(rewriter);
      }
    }
  }
};

} // namespace
