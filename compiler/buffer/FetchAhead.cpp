//===- FetchAhead.cpp - constants that come while others are multiplied ---===//
//
// Constants that the caches do not keep from call to call come from memory at each of them. A
// product of a vector and a matrix waits for that all the time, and any other contraction when it
// begins; while a contraction multiplies many rows, memory is idle.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/Passes.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using fnc::kernel::ContractOp;

namespace fnc {
#define GEN_PASS_DEF_FETCHAHEAD
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What a cache near the core keeps from call to call; what is fetched whole though rows pass by
/// it; and least and most that is fetched for one op, which the caches behind it must hold.
constexpr int64_t kNear = 1 << 20, kWhole = 256 << 10, kLeast = 32 << 10, kMost = 8 << 20;

/// A byte in the time of so many products leaves memory half idle; rows that make products enough.
constexpr int64_t kProductsOfByte = 8, kFewestRows = 16;

/// Elements of a constant that something will read.
struct Piece {
  mutable memref::GetGlobalOp constant;
  int64_t from = 0, count = 0;

  int64_t bytesOfOne() const {
    return llvm::divideCeil(constant.getType().getElementTypeBitWidth(), 8);
  }
};

/// How many results share each element of rhs; -1: unknown.
int64_t rowsOf(ContractOp op) {
  int64_t rows = 1;
  for (auto [loop, size] : llvm::enumerate(op.getSizes()))
    if (!op.isReduction(loop) && !op.mapOf(1).isFunctionOfDim(loop))
      rows = rows < 0 || size < 0 ? -1 : rows * size;
  return rows;
}

/// What `op` had better find in the caches: all that it reads once, and else what it begins with.
std::optional<Piece> needOf(ContractOp op) {
  auto constant = op.getRhs().getDefiningOp<memref::GetGlobalOp>();
  if (!constant || !op.getPacked())
    return std::nullopt;
  Piece need{constant, 0, constant.getType().getNumElements()};
  int64_t rows = rowsOf(op), one = need.bytesOfOne();
  if (need.count * one < kLeast)
    return std::nullopt;
  if (rows == 1) {
    need.count = std::min(need.count, kMost / one);
  } else if (need.count * one > kWhole) {
    int64_t panel = op.getTile()[1];
    for (auto [loop, size] : llvm::enumerate(op.getSizes()))
      if (op.isReduction(loop))
        panel *= size;
    need.count = std::min(need.count, panel);
  }
  return need;
}

/// How many bytes memory has time for while `op` multiplies.
int64_t roomOf(ContractOp op) {
  if (op.getDot() || op.getPiece() || !op.getRowDim() || rowsOf(op) < kFewestRows ||
      op.mapOf(0).isFunctionOfDim(op.getVectorDim()))
    return 0;
  int64_t products = 1;
  for (int64_t size : op.getSizes())
    products *= std::max<int64_t>(size, 0);
  return products / kProductsOfByte;
}

/// Takes of `pieces` the last, which are needed first.
SmallVector<Piece> take(SmallVectorImpl<Piece> &pieces, int64_t bytes) {
  SmallVector<Piece> taken;
  while (!pieces.empty()) {
    Piece &last = pieces.back();
    int64_t count = std::min(last.count, bytes / last.bytesOfOne());
    if (count == 0)
      break;
    bytes -= count * last.bytesOfOne();
    last.count -= count;
    taken.push_back({last.constant, last.from + last.count, count});
    if (last.count == 0)
      pieces.pop_back();
  }
  return taken;
}

void setAhead(ContractOp op, ArrayRef<Piece> pieces) {
  Builder b(op.getContext());
  SmallVector<Attribute> constants;
  SmallVector<int64_t> ranges;
  for (const Piece &piece : pieces) {
    constants.push_back(piece.constant.getNameAttr());
    llvm::append_range(ranges, ArrayRef<int64_t>{piece.from, piece.count});
  }
  op.setAheadAttr(b.getArrayAttr(constants));
  op.setAheadRanges(ranges);
}

struct FetchAhead : fnc::impl::FetchAheadBase<FetchAhead> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func->hasAttr("fn.kernel") && !func.isExternal())
      runOn(func);
  }

  void runOn(func::FuncOp func) {
    llvm::DenseSet<StringAttr> constants;
    int64_t bytes = 0;
    func.walk([&](memref::GetGlobalOp op) {
      if (op.getType().hasStaticShape() && constants.insert(op.getNameAttr().getAttr()).second)
        bytes += Piece{op, 0, 0}.bytesOfOne() * op.getType().getNumElements();
    });
    if (bytes <= kNear)
      return;
    // From the last op to the first: what has no room yet waits for an earlier one.
    SmallVector<Piece> waiting;
    SmallVector<ContractOp> readers;
    for (Operation &op : llvm::reverse(func.front())) {
      if (auto contract = dyn_cast<ContractOp>(op))
        if (SmallVector<Piece> pieces = take(waiting, roomOf(contract)); !pieces.empty())
          setAhead(contract, pieces);
      op.walk([&](ContractOp inner) {
        std::optional<Piece> need = needOf(inner);
        if (!need)
          return;
        // By the first op that reads it.
        llvm::erase_if(waiting, [&](Piece &piece) {
          return piece.constant.getNameAttr() == need->constant.getNameAttr();
        });
        waiting.push_back(*need);
        readers.push_back(inner);
      });
    }
    for (ContractOp reader : readers) {
      auto constant = reader.getRhs().getDefiningOp<memref::GetGlobalOp>();
      bool isLeft = llvm::any_of(waiting, [&](Piece &piece) {
        return piece.constant.getNameAttr() == constant.getNameAttr();
      });
      if (rowsOf(reader) == 1 && !isLeft &&
          constant.getType().getNumElements() * Piece{constant}.bytesOfOne() <= kMost)
        reader.setNear(true);
    }
  }
};

} // namespace
