//===- FuseRows.cpp - one loop over rows for ops that follow one another --===//

#include "compiler/buffer/Operands.h"
#include "compiler/buffer/Passes.h"
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

/// The buffer behind reshapes, which leave elements where they are.
Value bufferOf(Value memref) {
  while (Operation *op = memref.getDefiningOp()) {
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(op))
      break;
    memref = op->getOperand(0);
  }
  return memref;
}

/// How an op walks through an operand while it is in one row.
struct Access {
  Value buffer;
  int64_t row = 0;             ///< elements from one row to the next; 0: all rows see the same
  int64_t first = 0, last = 0; ///< elements of the first row that are touched
  unsigned position = 0;       ///< dimension of the memref that counts rows
  bool writes = false;

  /// Whether rows lie one behind the other, each touched by itself.
  bool isApart() const { return row > 0 && first >= 0 && last < row; }
  int64_t rowBytes() const {
    auto type = cast<MemRefType>(buffer.getType());
    return row * ((type.getElementTypeBitWidth() + 7) / 8);
  }
};

/// An op with a loop over rows.
struct RowOp {
  linalg::LinalgOp op;
  int64_t rows = 0;
  SmallVector<Access> accesses; ///< by operand; no buffer for a scalar
};

std::optional<Access> accessOf(linalg::LinalgOp op, OpOperand &operand, unsigned rowDim,
                               ArrayRef<int64_t> bounds) {
  Access access;
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return access;
  access.buffer = bufferOf(operand.get());
  access.writes = op.isDpsInit(&operand);
  if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
      !cast<MemRefType>(access.buffer.getType()).getLayout().isIdentity())
    return std::nullopt;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  unsigned counting = 0;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    for (unsigned dim = 0; dim < bounds.size(); ++dim) {
      std::optional<int64_t> factor = fnc::factorOf(expr, dim);
      if (!factor)
        return std::nullopt;
      int64_t step = *factor * strides[i];
      if (dim == rowDim && step != 0) {
        if (!isa<AffineDimExpr>(expr) || type.getDimSize(i) != bounds[dim])
          return std::nullopt;
        access.row = step;
        access.position = i;
        ++counting;
        continue;
      }
      (step < 0 ? access.first : access.last) += step * (bounds[dim] - 1);
    }
    int64_t start = 0;
    AffineExpr atZero = expr.replaceDims(
        SmallVector<AffineExpr>(map.getNumDims(), getAffineConstantExpr(0, map.getContext())));
    if (auto constant = dyn_cast<AffineConstantExpr>(atZero))
      start = constant.getValue() * strides[i];
    access.first += start;
    access.last += start;
  }
  return counting <= 1 ? std::optional(access) : std::nullopt;
}

/// `op` with its outermost loop over more than one row, if every row can be computed by itself.
std::optional<RowOp> rowsOf(Operation *operation) {
  auto op = dyn_cast<linalg::LinalgOp>(operation);
  if (!op || !op.hasPureBufferSemantics() || op->getNumResults() != 0 ||
      cast<linalg::LinalgOp>(operation).hasIndexSemantics() || op.hasDynamicShape())
    return std::nullopt;
  SmallVector<int64_t> bounds = op.getStaticLoopRanges();
  auto kinds = op.getIteratorTypesArray();
  for (unsigned dim = 0; dim < bounds.size(); ++dim) {
    if (bounds[dim] == 1)
      continue;
    if (kinds[dim] != utils::IteratorType::parallel || bounds[dim] < 1)
      return std::nullopt;
    RowOp result{op, bounds[dim], {}};
    for (OpOperand &operand : op->getOpOperands()) {
      std::optional<Access> access = accessOf(op, operand, dim, bounds);
      if (!access || (access->writes && !access->isApart()))
        return std::nullopt;
      result.accesses.push_back(*access);
    }
    return result;
  }
  return std::nullopt;
}

/// Ops in one loop.
class Group {
public:
  bool empty() const { return ops.empty(); }
  size_t size() const { return ops.size(); }
  Operation *lastOp() const { return ops.back().op; }

  /// Adds an op if the order of rows does not matter to what it reads and writes, and it shares
  /// rows with the others.
  bool add(const RowOp &next) {
    if (!empty() && next.rows != ops.front().rows)
      return false;
    bool shares = empty();
    int64_t bytes = 0;
    llvm::MapVector<Value, SmallVector<Access>> all = buffers;
    for (const Access &access : next.accesses)
      if (access.buffer) {
        shares |= access.row > 0 && all.count(access.buffer);
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
            return !access.isApart() || access.row != accesses.front().row;
          }))
        return false;
    }
    if (!shares || bytes > kMostBytes)
      return false;
    buffers = std::move(all);
    ops.push_back(next);
    return true;
  }

  void fuse(IRRewriter &b) {
    Location loc = ops.front().op.getLoc();
    b.setInsertionPoint(lastOp());
    llvm::DenseMap<Value, Value> rowBuffers = shrink(b);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    auto loop = scf::ForOp::create(b, loc, constant(0), constant(ops.front().rows), constant(1));
    b.setInsertionPointToStart(loop.getBody());
    for (RowOp &row : ops) {
      SmallVector<Value> operands;
      for (auto [operand, access] : llvm::zip(row.op->getOperands(), row.accesses)) {
        Value small = access.buffer ? rowBuffers.lookup(access.buffer) : Value();
        operands.push_back(small            ? reshaped(b, small, operand, access)
                           : access.row > 0 ? rowView(b, operand, access, loop.getInductionVar())
                                            : operand);
      }
      clone(b, row.op, TypeRange(), operands);
    }
    for (RowOp &row : llvm::reverse(ops))
      b.eraseOp(row.op);
  }

private:
  /// Allocations that only these ops use, row by row, hold one row.
  llvm::DenseMap<Value, Value> shrink(IRRewriter &b) {
    llvm::DenseMap<Value, Value> result;
    for (auto &[buffer, accesses] : buffers) {
      auto alloc = buffer.getDefiningOp<memref::AllocOp>();
      if (!alloc || !usedHereAlone(buffer) ||
          llvm::none_of(accesses, [](const Access &access) { return access.writes; }))
        continue;
      auto type = cast<MemRefType>(buffer.getType());
      auto small = MemRefType::get({accesses.front().row}, type.getElementType());
      result[buffer] = memref::AllocOp::create(b, alloc.getLoc(), small, alloc.getAlignmentAttr());
    }
    return result;
  }

  bool usedHereAlone(Value value) {
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(user))
        return usedHereAlone(user->getResult(0));
      return llvm::any_of(ops, [&](RowOp &row) { return row.op == user; });
    });
  }

  static Value rowView(OpBuilder &b, Value memref, const Access &access, Value row) {
    auto type = cast<MemRefType>(memref.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes,
        strides(type.getRank(), b.getIndexAttr(1));
    for (int64_t size : type.getShape())
      sizes.push_back(b.getIndexAttr(size));
    offsets[access.position] = row;
    sizes[access.position] = b.getIndexAttr(1);
    return memref::SubViewOp::create(b, memref.getLoc(), memref, offsets, sizes, strides);
  }

  /// A buffer of one row in the shape of the operand it stands for.
  static Value reshaped(OpBuilder &b, Value small, Value operand, const Access &access) {
    auto type = cast<MemRefType>(operand.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[access.position] = 1;
    if (shape.size() == 1)
      return small;
    ReassociationIndices all = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
    return memref::ExpandShapeOp::create(b, operand.getLoc(), shape, small,
                                         ArrayRef<ReassociationIndices>{all});
  }

  SmallVector<RowOp> ops;
  llvm::MapVector<Value, SmallVector<Access>> buffers;
};

struct FuseRows : fnc::impl::FuseRowsBase<FuseRows> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttr("fn.kernel") && !func.isExternal())
        fuse(func.front());
  }

  void fuse(Block &block) {
    IRRewriter rewriter(&getContext());
    SmallVector<Group> groups;
    Group open;
    auto close = [&] {
      if (open.size() > 1)
        groups.push_back(std::move(open));
      open = Group();
    };
    for (Operation &op : block) {
      // What only makes views or allocates stays before the loop, which stands at the last op.
      if (isMemoryEffectFree(&op) || isa<memref::AllocOp>(op))
        continue;
      std::optional<RowOp> rows = rowsOf(&op);
      if (rows && open.add(*rows))
        continue;
      close();
      if (rows)
        (void)open.add(*rows);
    }
    close();
    for (Group &group : groups)
      group.fuse(rewriter);
  }
};

} // namespace
