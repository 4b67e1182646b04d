//===- ContractionBlocks.cpp - contractions by blocks that are copied -----===//
//
// Many rows meet a right operand that is larger than the caches near the core (Goto and van de
// Geijn, Anatomy of High-Performance Matrix Multiplication): a block of it is copied in the order
// in which it is read, and all rows pass by before the next one. What the other operand has of a
// block of rows is in the nearest cache soon, wherever it lies.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/ContractionLoops.h"
#include "compiler/buffer/LoopMarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace fnc;

/// Vectors of a square that is turned in registers.
static constexpr int64_t kSide = 8;

void ContractionLoops::byBlocks() {
  auto blocks = [&] {
    int64_t columns = (*op.getBlock())[1];
    inRuns([&](Value from, Value to, int64_t block) {
      auto loop = scf::ForOp::create(b, loc, from, to, constant(columns));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value first = loop.getInductionVar();
      Value left = arith::SubIOp::create(b, loc, to, first);
      Value count = arith::MinUIOp::create(b, loc, left, constant(columns));
      moved(vectorDim, first, [&] { inPieces(0, [&] { packedBlock(count, block); }); });
    });
  };
  Value isWorthIt = hasManyRows();
  if (!isWorthIt)
    return blocks();
  auto choice = scf::IfOp::create(b, loc, isWorthIt, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  blocks();
  b.setInsertionPointToStart(choice.elseBlock());
  inPieces(0, [&] { inPanels(); });
}

Value ContractionLoops::hasManyRows() {
  SmallVector<unsigned> loops(passing);
  loops.push_back(*rowDim);
  if (llvm::none_of(loops, [&](unsigned dim) { return bounds[dim] < 0; }))
    return {};
  Value rows = constant(1);
  for (unsigned dim : loops)
    rows = arith::MulIOp::create(b, loc, rows, sizes[dim]);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, rows,
                               constant((*op.getBlock())[2]));
}

void ContractionLoops::packedBlock(Value count, int64_t block) {
  unsigned terms = reductions[0];
  auto panels = [&](llvm::function_ref<void()> body) {
    forEach({vectorDim, constant(0), count, block}, body);
  };
  LinearOperand packed = linearOperand(
      b, loc, op.getScratch(), AffineMap::get(bounds.size(), 0, b.getAffineConstantExpr(0)));
  packed.steps[vectorDim] = b.getIndexAttr((*op.getBlock())[0]);
  packed.steps[terms] = b.getIndexAttr(block);
  operands.push_back(packed);
  offsets.push_back(constant(0));
  bool turns = operands[Rhs].step(vectorDim) != 1 && operands[Rhs].step(terms) == 1;
  panels([&] { turns ? turnPanel(block) : packPanel(constant(0), block); });
  operands.pop_back();
  offsets.pop_back();

  std::swap(operands[Rhs], packed);
  llvm::SaveAndRestore<Value> at(offsets[Rhs], constant(0));
  llvm::SaveAndRestore<bool> guard(isPacked, true);
  pass(0, [&] {
    inTiles(rowDim, rows, [&](int64_t rows) { panels([&] { this->block({rows, 1, block}); }); });
  });
  operands[Rhs] = packed;
}

/// The columns of a square of vectors: twice as many neighbours are in their places with each step.
static SmallVector<Value> transposed(OpBuilder &b, Location loc, SmallVector<Value> rows) {
  int64_t count = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < count; ++i) {
    low.push_back(i / 2 + i % 2 * count);
    high.push_back(low.back() + count / 2);
  }
  for (int64_t done = 1; done < count; done *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < count / 2; ++i)
      for (ArrayRef<int64_t> lanes : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(b, loc, rows[i], rows[i + count / 2], lanes));
    rows = next;
  }
  return rows;
}

void ContractionLoops::turnPanel(int64_t block) {
  unsigned terms = reductions[0], target = operands.size() - 1;
  int64_t side = std::min(block, kSide);
  Value whole = wholeSteps(sizes[terms], constant(0), side);
  OpFoldResult one = b.getIndexAttr(1);
  auto movedBy = [&](unsigned dim, int64_t steps, llvm::function_ref<void()> body) {
    moved(dim, constant(steps), body);
  };
  forEach({terms, constant(0), whole, side}, [&] {
    for (int64_t column = 0; column < block; column += side) {
      SmallVector<Value> square;
      for (int64_t i = 0; i < side; ++i)
        movedBy(vectorDim, column + i, [&] {
          square.push_back(loadVector(b, loc, operands[Rhs], offsets[Rhs], one, side));
        });
      for (auto [i, row] : llvm::enumerate(transposed(b, loc, square)))
        movedBy(terms, i, [&, row = row] {
          Value at = arith::AddIOp::create(b, loc, offsets[target], constant(column));
          storeVector(b, loc, operands[target], row, at, one, side);
        });
    }
  });
  packPanel(whole, block);
}

void ContractionLoops::packPanel(Value from, int64_t block) {
  unsigned terms = reductions[0];
  forEach({terms, from, sizes[terms], 1}, [&] {
    Value row =
        loadVector(b, loc, operands[Rhs], offsets[Rhs], operands[Rhs].steps[vectorDim], block);
    storeVector(b, loc, operands.back(), row, offsets.back(), b.getIndexAttr(1), block);
  });
}
