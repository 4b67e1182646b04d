//===- FuseRows.cpp - one loop over rows for ops that follow one another --===//

#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/Operands.h"
#include "compiler/buffer/Passes.h"
#include "compiler/buffer/SymbolicSize.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_FUSEROWS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// A row of one buffer, and of all that a loop touches: what lies near the core while the next op
/// reads it.
constexpr int64_t kMostRowBytes = 64 << 10, kMostBytes = 256 << 10;

/// Ops and buffers of one loop: more streams than a cache has ways drive each other out, and the
/// time that LLVM takes for a loop's body grows with the square of it.
constexpr size_t kMostOps = 64, kMostBuffers = 32;

/// Elements of a row that more than one loop may lead to.
constexpr int64_t kShortestRow = 64;

/// How an op walks through an operand while it is in one row. Steps are by the loops over rows.
struct Access {
  Value buffer;
  SmallVector<AffineExpr> steps; ///< elements to the next row; 0: all rows see the same
  int64_t first = 0, last = 0;   ///< elements of the first row that are touched
  /// Which loop over rows counts a dimension of the memref.
  SmallVector<std::pair<unsigned, unsigned>> counted;
  bool writes = false;

  /// Elements from one row to the next.
  int64_t row() const {
    auto constant = dyn_cast<AffineConstantExpr>(steps.back());
    return constant ? constant.getValue() : 0;
  }
  bool isPerRow() const { return !counted.empty(); }
  /// Whether rows lie one behind the other, each touched by itself.
  bool isApart(ArrayRef<AffineExpr> sizes) const {
    for (unsigned i = 0; i + 1 < steps.size(); ++i)
      if (steps[i] != steps[i + 1] * sizes[i + 1])
        return false;
    return row() > 0 && first >= 0 && last < row();
  }
  int64_t rowBytes() const {
    auto type = cast<MemRefType>(buffer.getType());
    int64_t elements = isPerRow() ? std::max(row(), last - first + 1) : 0;
    return elements * ((type.getElementTypeBitWidth() + 7) / 8);
  }
};

/// An op's loops, and its way through each operand: upstream makes them anew at each question.
struct Loops {
  explicit Loops(linalg::LinalgOp op)
      : op(op), maps(op.getIndexingMapsArray()), bounds(op.getStaticLoopRanges()) {
    for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
      if (bounds[loop] == 1)
        continue;
      if (kind != utils::IteratorType::parallel || bounds[loop] == 0)
        break;
      outer.push_back(loop);
    }
  }

  linalg::LinalgOp op;
  SmallVector<AffineMap> maps;
  SmallVector<int64_t> bounds;
  SmallVector<unsigned> outer; ///< of more than one step, the outermost and parallel
};

/// An op with loops over rows.
struct RowOp {
  linalg::LinalgOp op;
  SmallVector<AffineExpr> rows;
  int64_t inside = 1;           ///< steps of the other loops
  SmallVector<Access> accesses; ///< by operand; no buffer for a scalar
};

/// Reads ops as loops over rows. Sizes may depend on the call.
class Reader {
public:
  explicit Reader(func::FuncOp func) : sizes(func), context(func.getContext()) {}

  /// An op with its outermost `depth` loops, if every row can be computed by itself.
  std::optional<RowOp> rowsOf(Loops &op, unsigned depth) {
    if (op.outer.size() < depth)
      return std::nullopt;
    ArrayRef<unsigned> loops = ArrayRef(op.outer).take_front(depth);
    RowOp result{op.op, {}, 1, {}};
    for (unsigned loop : loops) {
      result.rows.push_back(sizeOf(op, loop));
      if (!result.rows.back())
        return std::nullopt;
    }
    for (auto [loop, bound] : llvm::enumerate(op.bounds))
      if (!llvm::is_contained(loops, loop)) {
        if (bound < 1)
          return std::nullopt;
        result.inside *= bound;
      }
    for (OpOperand &operand : result.op->getOpOperands()) {
      std::optional<Access> access = accessOf(op, operand, loops, result.rows);
      if (!access || (access->writes && !access->isApart(result.rows)))
        return std::nullopt;
      result.accesses.push_back(*access);
    }
    // Columns are no rows: vectors run along them.
    if (result.inside > 1 && llvm::all_of(result.accesses, [](const Access &access) {
          return isa<AffineConstantExpr>(access.steps.back()) && access.row() <= 1;
        }))
      return std::nullopt;
    return result;
  }

private:
  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, context); }

  AffineExpr sizeOf(Loops &op, unsigned loop) {
    int64_t bound = op.bounds[loop];
    if (!ShapedType::isDynamic(bound))
      return number(bound);
    AffineExpr dim = getAffineDimExpr(loop, context);
    for (auto [operand, map] : llvm::zip(op.op->getOperands(), op.maps))
      if (isa<MemRefType>(operand.getType()))
        if (auto at = map.getResultPosition(dim))
          if (AffineExpr size = sizes.dimension(operand, *at))
            return size;
    return {};
  }

  std::optional<Access> accessOf(Loops &op, OpOperand &operand, ArrayRef<unsigned> loops,
                                 ArrayRef<AffineExpr> rows) {
    ArrayRef<int64_t> bounds = op.bounds;
    Access access;
    access.steps.assign(loops.size(), number(0));
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type)
      return access;
    access.buffer = fnc::behindReshapes(operand.get());
    access.writes = op.op.isDpsInit(&operand);
    // A slice that is only read counts as if it lay by itself.
    bool isSlice = !type.getLayout().isIdentity() ||
                   !cast<MemRefType>(access.buffer.getType()).getLayout().isIdentity();
    if (isSlice && access.writes)
      return std::nullopt;
    if (isSlice)
      access.buffer = fnc::rootOf(access.buffer);
    AffineMap map = op.maps[operand.getOperandNumber()];
    AffineExpr stride = number(1);
    for (unsigned i = type.getRank(); i-- > 0;) {
      AffineExpr expr = map.getResult(i), size = sizes.dimension(operand.get(), i);
      if (!stride || !size)
        return std::nullopt;
      for (unsigned dim = 0; dim < bounds.size(); ++dim) {
        std::optional<int64_t> factor = fnc::factorOf(expr, dim);
        if (!factor)
          return std::nullopt;
        if (*factor == 0)
          continue;
        if (const auto *row = llvm::find(loops, dim); row != loops.end()) {
          unsigned which = row - loops.begin();
          if (!isa<AffineDimExpr>(expr) || size != rows[which] || access.steps[which] != number(0))
            return std::nullopt;
          access.steps[which] = stride;
          access.counted.push_back({i, which});
          continue;
        }
        auto constant = dyn_cast<AffineConstantExpr>(stride);
        if (!constant && bounds[dim] != 1)
          return std::nullopt;
        int64_t step = constant ? *factor * constant.getValue() : 0;
        (step < 0 ? access.first : access.last) += step * (bounds[dim] - 1);
      }
      AffineExpr atZero = expr.replaceDims(SmallVector<AffineExpr>(map.getNumDims(), number(0)));
      if (auto begin = dyn_cast<AffineConstantExpr>(atZero); begin && begin.getValue() != 0) {
        auto constant = dyn_cast<AffineConstantExpr>(stride);
        if (!constant)
          return std::nullopt;
        access.first += begin.getValue() * constant.getValue();
        access.last += begin.getValue() * constant.getValue();
      }
      stride = stride * size;
    }
    // What is written of its buffer may be anywhere in it.
    if (isSlice)
      access.first = -1;
    return access;
  }

  fnc::SymbolicSizes sizes;
  MLIRContext *context;
};

/// Ops in one loop.
class Group {
public:
  bool empty() const { return ops.empty(); }
  size_t size() const { return ops.size(); }
  Operation *lastOp() const { return ops.back().op; }

  /// Adds an op, as deep as rows are still long enough: the deeper, the nearer is what the op
  /// before left. A group of one op may still go deeper.
  bool add(linalg::LinalgOp op, Reader &reader) {
    Loops loops(op);
    if (size() > 1) {
      std::optional<RowOp> next = reader.rowsOf(loops, ops.front().rows.size());
      return next && hasLongRowsWith(*next) && add(*next);
    }
    unsigned deepest = loops.outer.size();
    if (first)
      deepest = std::min<unsigned>(deepest, first->outer.size());
    for (unsigned depth = deepest; depth > 0; --depth) {
      Group deeper;
      if (first) {
        std::optional<RowOp> before = reader.rowsOf(*first, depth);
        if (!before || !deeper.add(*before))
          continue;
      }
      std::optional<RowOp> next = reader.rowsOf(loops, depth);
      if (next && deeper.hasLongRowsWith(*next) && deeper.add(*next)) {
        deeper.first = first ? std::move(first) : std::move(loops);
        *this = std::move(deeper);
        return true;
      }
    }
    return false;
  }

  /// Rows of single elements would be no vectors any more.
  bool hasRows() const {
    return llvm::any_of(ops, [](const RowOp &row) { return row.inside > 1; });
  }

  void fuse(IRRewriter &b) {
    Location loc = ops.front().op.getLoc();
    b.setInsertionPoint(lastOp());
    llvm::DenseMap<Value, Value> rowBuffers = shrink(b);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    SmallVector<Value> sizes, row;
    for (unsigned i = 0; i < ops.front().rows.size(); ++i)
      sizes.push_back(numberOfRows(b, i));
    scf::ForOp loop;
    for (Value size : sizes) {
      loop = scf::ForOp::create(b, loc, constant(0), size, constant(1));
      row.push_back(loop.getInductionVar());
      b.setInsertionPointToStart(loop.getBody());
    }
    loop->setAttr(fnc::kRowsAttr, b.getUnitAttr());
    for (RowOp &rowOp : ops) {
      SmallVector<Value> operands;
      for (auto [operand, access] : llvm::zip(rowOp.op->getOperands(), rowOp.accesses)) {
        Value small = access.buffer ? rowBuffers.lookup(access.buffer) : Value();
        operands.push_back(small               ? reshaped(b, small, operand, access)
                           : access.isPerRow() ? rowView(b, operand, access, row)
                                               : operand);
      }
      clone(b, rowOp.op, TypeRange(), operands);
    }
    for (RowOp &row : llvm::reverse(ops))
      b.eraseOp(row.op);
  }

private:
  /// Adds an op if the order of rows does not matter to what it reads and writes, and it shares
  /// rows with the others.
  bool add(const RowOp &next) {
    if (size() == kMostOps || (!empty() && next.rows != ops.front().rows))
      return false;
    bool shares = empty();
    int64_t bytes = 0;
    llvm::MapVector<Value, SmallVector<Access>> all = buffers;
    for (const Access &access : next.accesses)
      if (access.buffer) {
        shares |= access.isPerRow() && buffers.count(access.buffer);
        all[access.buffer].push_back(access);
      }
    for (auto &[buffer, accesses] : all) {
      int64_t rowBytes = 0;
      for (const Access &access : accesses)
        rowBytes = std::max(rowBytes, access.rowBytes());
      bytes += rowBytes;
      if (rowBytes > kMostRowBytes)
        return false;
      if (llvm::none_of(accesses, [](const Access &access) { return access.writes; }))
        continue;
      if (llvm::any_of(accesses, [&](const Access &access) {
            return !access.isApart(next.rows) || access.steps != accesses.front().steps;
          }))
        return false;
    }
    if (!shares || bytes > kMostBytes || all.size() > kMostBuffers)
      return false;
    buffers = std::move(all);
    ops.push_back(next);
    return true;
  }

  /// One loop may be over whatever there is; more of them end where vectors would be cut short.
  bool hasLongRowsWith(const RowOp &next) const {
    auto hasRows = [](const RowOp &row) { return row.inside > 1; };
    auto isLong = [](const RowOp &row) { return row.inside == 1 || row.inside >= kShortestRow; };
    return next.rows.size() == 1 || (isLong(next) && llvm::all_of(ops, isLong) &&
                                     (hasRows(next) || llvm::any_of(ops, hasRows)));
  }

  /// Allocations that only these ops use, row by row, hold one row.
  llvm::DenseMap<Value, Value> shrink(IRRewriter &b) {
    llvm::DenseMap<Value, Value> result;
    for (auto &[buffer, accesses] : buffers) {
      auto alloc = buffer.getDefiningOp<memref::AllocOp>();
      if (!alloc || !usedHereAlone(buffer) ||
          llvm::none_of(accesses, [](const Access &access) { return access.writes; }))
        continue;
      auto type = cast<MemRefType>(buffer.getType());
      auto small = MemRefType::get({accesses.front().row()}, type.getElementType());
      result[buffer] = memref::AllocOp::create(b, alloc.getLoc(), small, alloc.getAlignmentAttr());
    }
    return result;
  }

  bool usedHereAlone(Value value) {
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      if (fnc::isReshape(user))
        return usedHereAlone(user->getResult(0));
      return llvm::any_of(ops, [&](RowOp &row) { return row.op == user; });
    });
  }

  /// The steps of a loop over rows.
  Value numberOfRows(OpBuilder &b, unsigned loop) {
    Location loc = ops.front().op.getLoc();
    if (auto constant = dyn_cast<AffineConstantExpr>(ops.front().rows[loop]))
      return arith::ConstantIndexOp::create(b, loc, constant.getValue());
    for (RowOp &row : ops)
      for (auto [operand, access] : llvm::zip(row.op->getOperands(), row.accesses))
        for (auto [dim, which] : access.counted)
          if (which == loop)
            return b.createOrFold<memref::DimOp>(loc, operand, dim);
    llvm_unreachable("what is written is apart by rows");
  }

  static Value rowView(OpBuilder &b, Value memref, const Access &access, ArrayRef<Value> row) {
    auto type = cast<MemRefType>(memref.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
        sizes = memref::getMixedSizes(b, memref.getLoc(), memref),
        strides(type.getRank(), b.getIndexAttr(1));
    for (auto [dim, loop] : access.counted) {
      offsets[dim] = row[loop];
      sizes[dim] = b.getIndexAttr(1);
    }
    return memref::SubViewOp::create(b, memref.getLoc(), memref, offsets, sizes, strides);
  }

  /// A buffer of one row in the shape of the operand it stands for.
  static Value reshaped(OpBuilder &b, Value small, Value operand, const Access &access) {
    auto type = cast<MemRefType>(operand.getType());
    SmallVector<int64_t> shape(type.getShape());
    for (auto [dim, loop] : access.counted)
      shape[dim] = 1;
    if (shape.size() == 1)
      return small;
    ReassociationIndices all = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
    return memref::ExpandShapeOp::create(b, operand.getLoc(), shape, small,
                                         ArrayRef<ReassociationIndices>{all});
  }

  std::optional<Loops> first;
  std::vector<RowOp> ops;
  llvm::MapVector<Value, SmallVector<Access>> buffers;
};

struct FuseRows : fnc::impl::FuseRowsBase<FuseRows> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func->hasAttr("fn.kernel") || func.isExternal())
      return;
    Reader reader(func);
    fuse(func.front(), reader);
    func.walk([&](scf::ForOp loop) {
      if (loop->removeAttr(fnc::kStripsAttr))
        fuse(*loop.getBody(), reader);
    });
  }

  void fuse(Block &block, Reader &reader) {
    IRRewriter rewriter(&getContext());
    std::vector<Group> groups;
    Group open;
    auto close = [&] {
      if (open.size() > 1 && open.hasRows())
        groups.push_back(std::move(open));
      open = Group();
    };
    for (Operation &op : block.without_terminator()) {
      // What only makes views or allocates stays before the loop, which stands at the last op.
      if (isMemoryEffectFree(&op) || isa<memref::AllocOp>(op))
        continue;
      auto structured = dyn_cast<linalg::LinalgOp>(op);
      bool fits = structured && structured.hasPureBufferSemantics() && op.getNumResults() == 0 &&
                  !structured.hasIndexSemantics();
      if (fits && open.add(structured, reader))
        continue;
      close();
      if (fits)
        (void)open.add(structured, reader);
    }
    close();
    for (Group &group : groups)
      group.fuse(rewriter);
  }
};

} // namespace
