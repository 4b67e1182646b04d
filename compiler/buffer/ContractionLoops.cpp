//===- ContractionLoops.cpp - the loops of a contraction ------------------===//

#include "compiler/buffer/ContractionLoops.h"
#include "compiler/buffer/LoopMarks.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace fnc;

ContractionLoops::ContractionLoops(RewriterBase &b, kernel::ContractOp op)
    : b(b), op(op), loc(op.getLoc()), vectorDim(op.getVectorDim()), rowDim(op.getRowDim()),
      columnDim(op.getColumnDim()), rows(op.getTile()[0]), width(op.getTile()[1]),
      parts(op.getTile()[2]), group(op.getGroup()), bounds(op.getSizes()),
      isPacked(op.getPacked()) {
  for (auto [i, operand] : llvm::enumerate(op.getMapped())) {
    bool packed = i == 1 && op.getPacked();
    AffineMap map =
        packed ? AffineMap::get(bounds.size(), 0, b.getAffineConstantExpr(0)) : op.mapOf(i);
    operands.push_back(linearOperand(b, loc, operand, map));
    offsets.push_back(constant(operands.back().start));
  }
  findSizes();
  arrange();
  if (hasRestBeside(op))
    forEachColumnBlock(bounds[vectorDim], width,
                       [&](int64_t first, int64_t block) { beside.push_back({first, block}); });
}

bool fnc::hasRestBeside(kernel::ContractOp op) {
  return !op.getDot() && !op.getPacked() &&
         hasRestBeside(op.getSizes()[op.getVectorDim()], op.getTile()[1]);
}

Value ContractionLoops::constant(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

int64_t ContractionLoops::termsOf(ArrayRef<unsigned> reductions) const {
  int64_t terms = 1;
  for (unsigned dim : reductions)
    terms = terms < 0 || bounds[dim] < 0 ? -1 : terms * bounds[dim];
  return terms;
}

bool ContractionLoops::isTiled(unsigned dim) const {
  return dim == vectorDim || rowDim == dim || columnDim == dim;
}

void ContractionLoops::findSizes() {
  for (unsigned loop = 0; loop < bounds.size(); ++loop) {
    if (bounds[loop] >= 0) {
      sizes.push_back(constant(bounds[loop]));
      continue;
    }
    Value size;
    for (auto [i, operand] : llvm::enumerate(op.getMapped()))
      for (auto [dim, expr] : llvm::enumerate(op.mapOf(i).getResults()))
        if (expr == b.getAffineDimExpr(loop) && !size)
          size = memref::DimOp::create(b, loc, operand, dim);
    assert(size && "a loop without a size");
    sizes.push_back(size);
  }
}

void ContractionLoops::arrange() {
  // In rhs or not decides: what rhs lacks passes by while a panel of it stays.
  SmallVector<unsigned> batches;
  for (unsigned i = 0; i < bounds.size(); ++i) {
    if (op.isReduction(i)) {
      if (!(op.getDot() && i == vectorDim))
        reductions.push_back(i);
    } else if (!isTiled(i)) {
      (op.mapOf(Rhs).isFunctionOfDim(i) ? batches : passing).push_back(i);
    }
  }
  if (op.getDot())
    reductions.push_back(vectorDim);
  if (auto piece = op.getPiece()) {
    auto at = llvm::find(reductions, (*piece)[0]);
    single.assign(reductions.begin(), at);
    reductions.erase(reductions.begin(), at);
  }
  outer = batches;
  if (op.getPacked()) {
    LinearOperand &rhs = operands[Rhs];
    rhs.steps.assign(bounds.size(), b.getIndexAttr(0));
    int64_t step = 1;
    for (unsigned dim : reductions)
      step *= packedBound(dim);
    rhs.steps[vectorDim] = b.getIndexAttr(step);
    step *= bounds[vectorDim];
    for (unsigned dim : llvm::reverse(batches)) {
      rhs.steps[dim] = b.getIndexAttr(step);
      step *= bounds[dim];
    }
    stepOverTerms(width);
  }
  // Loops that are one walk through memory.
  for (unsigned i = passing.size(); i-- > 0 && rowDim;)
    if (merge(passing[i], *rowDim))
      passing.erase(passing.begin() + i);
    else
      break;
  // A loop of one step is none.
  if (!op.getPiece())
    for (unsigned i = reductions.size(); i-- > 0;)
      if (bounds[reductions[i]] == 1 && i + 1 < reductions.size())
        reductions.erase(reductions.begin() + i);
  for (unsigned i = reductions.size(); i-- > (op.getPiece() ? 2 : 1);)
    if (!(op.getDot() && i + 1 == reductions.size()) && merge(reductions[i - 1], reductions[i]))
      reductions.erase(reductions.begin() + i - 1);
}

void ContractionLoops::stepOverTerms(int64_t blockWidth) {
  if (!op.getPacked())
    return;
  int64_t step = blockWidth;
  for (unsigned dim : llvm::reverse(reductions)) {
    operands[Rhs].steps[dim] = b.getIndexAttr(step);
    step *= packedBound(dim);
  }
}

int64_t ContractionLoops::packedBound(unsigned dim) const {
  return dim == reductions.back() ? llvm::alignTo(bounds[dim], group) : bounds[dim];
}

bool ContractionLoops::merge(unsigned outerDim, unsigned innerDim) {
  int64_t size = bounds[innerDim];
  if (size < 0 || !llvm::all_of(
                      operands,
                      [&](const LinearOperand &operand) {
                        std::optional<int64_t> x = operand.step(outerDim),
                                               y = operand.step(innerDim);
                        return x && y && *x == *y * size;
                      }))
    return false;
  sizes[innerDim] =
      bounds[outerDim] < 0
          ? arith::MulIOp::create(b, loc, sizes[outerDim], sizes[innerDim]).getResult()
          : constant(bounds[outerDim] * size);
  bounds[innerDim] = bounds[outerDim] < 0 ? -1 : bounds[outerDim] * size;
  return true;
}

void ContractionLoops::moved(unsigned dim, Value index, llvm::function_ref<void()> body) {
  SmallVector<Value> before = offsets;
  for (auto [offset, operand] : llvm::zip(offsets, operands)) {
    std::optional<int64_t> step = operand.step(dim);
    if (step == 0)
      continue;
    Value distance =
        step == 1 ? index
                  : arith::MulIOp::create(b, loc, index,
                                          step ? constant(*step) : cast<Value>(operand.steps[dim]))
                        .getResult();
    offset = arith::AddIOp::create(b, loc, offset, distance);
  }
  body();
  offsets = before;
}

void ContractionLoops::mark(scf::ForOp loop) { inRest ? keepRolled(loop) : keepVectors(loop); }

void ContractionLoops::forEach(const Loop &loop, llvm::function_ref<void()> body) {
  auto nest = scf::ForOp::create(b, loc, loop.from, loop.to, constant(loop.step));
  mark(nest);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(nest.getBody());
  moved(loop.dim, nest.getInductionVar(), body);
}

void ContractionLoops::loopOver(unsigned depth) {
  if (depth < outer.size())
    return forEach({outer[depth], constant(0), sizes[outer[depth]], 1},
                   [&] { loopOver(depth + 1); });
  if (op.getScratch())
    return byBlocks();
  inPieces(0, [&] { inPanels(); });
}

void ContractionLoops::inPieces(unsigned depth, llvm::function_ref<void()> body) {
  if (!op.getPiece())
    return body();
  if (depth < single.size())
    return forEach({single[depth], constant(0), sizes[single[depth]], 1},
                   [&] { inPieces(depth + 1, body); });
  unsigned dim = (*op.getPiece())[0];
  int64_t steps = (*op.getPiece())[1], total = bounds[dim];
  Value all = sizes[dim];
  auto loop = scf::ForOp::create(b, loc, constant(0), all, constant(steps));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value from = loop.getInductionVar();
  bool isEven = total >= 0 && total % steps == 0;
  bounds[dim] = isEven ? steps : -1;
  sizes[dim] = constant(steps);
  if (!isEven)
    sizes[dim] =
        arith::MinUIOp::create(b, loc, sizes[dim], arith::SubIOp::create(b, loc, all, from));
  moved(dim, from, body);
  bounds[dim] = total;
  sizes[dim] = all;
}

void ContractionLoops::inPanels() {
  if (op.getDot())
    return pass(0, [&] {
      inTiles(columnDim, width, [&](int64_t columns) {
        inTiles(rowDim, rows, [&](int64_t rows) { block({rows, columns, parts}); });
      });
    });
  int64_t vectors = std::max<int64_t>(1, beside.size());
  if (op.getByRows())
    return pass(0, [&] {
      inTiles(rowDim, rows, [&](int64_t rows) {
        inVectors([&](int64_t width) { block({rows, vectors, width}); });
      });
    });
  inVectors([&](int64_t width) {
    pass(0, [&] { inTiles(rowDim, rows, [&](int64_t rows) { block({rows, vectors, width}); }); });
  });
}

void ContractionLoops::pass(unsigned depth, llvm::function_ref<void()> body) {
  if (depth == passing.size())
    return body();
  forEach({passing[depth], constant(0), sizes[passing[depth]], 1}, [&] { pass(depth + 1, body); });
}

void ContractionLoops::inTiles(std::optional<unsigned> dim, int64_t size,
                               llvm::function_ref<void(int64_t)> body) {
  if (!dim)
    return body(1);
  if (bounds[*dim] < 0) {
    llvm::SaveAndRestore<bool> guard(inRest);
    Value done = constant(0);
    for (; size > 1; size /= 2) {
      Value end = wholeSteps(sizes[*dim], done, size);
      forEach({*dim, done, end, size}, [&] { body(size); });
      done = end;
      inRest = true;
    }
    return forEach({*dim, done, sizes[*dim], 1}, [&] { body(1); });
  }
  int64_t whole = bounds[*dim] / size * size;
  if (whole > 0)
    overTiles({*dim, constant(0), constant(whole), size}, [&] { body(size); });
  if (int64_t rest = bounds[*dim] - whole)
    moved(*dim, constant(whole), [&] { body(rest); });
}

void ContractionLoops::inRuns(llvm::function_ref<void(Value, Value, int64_t)> body) {
  int64_t total = bounds[vectorDim];
  if (total >= 0)
    return forEachColumnRun(total, width, [&](int64_t from, int64_t to, int64_t block) {
      body(constant(from), constant(to), block);
    });
  llvm::SaveAndRestore<bool> guard(inRest);
  Value done = constant(0);
  for (int64_t block = width; block > 0; block /= 2) {
    Value end = block == 1 ? sizes[vectorDim] : wholeSteps(sizes[vectorDim], done, block);
    body(done, end, block);
    done = end;
    inRest = true;
  }
}

void ContractionLoops::inVectors(llvm::function_ref<void(int64_t)> body) {
  if (!beside.empty())
    return body(width);
  inRuns([&](Value from, Value to, int64_t block) {
    stepOverTerms(block);
    overTiles({vectorDim, from, to, block}, [&] { body(block); });
  });
}

Value ContractionLoops::wholeSteps(Value to, Value from, int64_t step) {
  Value length = arith::SubIOp::create(b, loc, to, from);
  Value rest = arith::RemUIOp::create(b, loc, length, constant(step));
  return arith::SubIOp::create(b, loc, to, rest);
}

void ContractionLoops::inBlock(const Block &block, llvm::function_ref<void(Place)> body) {
  for (int64_t row = 0; row < block.rows; ++row)
    for (int64_t column = 0; column < block.columns; ++column)
      body({row, column, {}});
}

std::pair<int64_t, Value> ContractionLoops::distance(unsigned i, Place place) {
  int64_t known = 0;
  Value more;
  auto go = [&](std::optional<unsigned> dim, int64_t steps) {
    if (!dim || steps == 0)
      return;
    if (std::optional<int64_t> step = operands[i].step(*dim)) {
      known += *step * steps;
      return;
    }
    Value far =
        arith::MulIOp::create(b, loc, cast<Value>(operands[i].steps[*dim]), constant(steps));
    more = more ? arith::AddIOp::create(b, loc, more, far).getResult() : far;
  };
  go(rowDim, place.row);
  if (beside.empty())
    go(columnDim, place.column);
  else
    go(vectorDim, beside[place.column].first);
  for (auto [dim, steps] : llvm::enumerate(place.terms))
    go(dim, steps);
  return {known, more};
}

Value ContractionLoops::address(unsigned i, Place place) {
  auto [known, more] = distance(i, place);
  Value at = offsets[i];
  if (more)
    at = arith::AddIOp::create(b, loc, at, more);
  return known ? arith::AddIOp::create(b, loc, at, constant(known)).getResult() : at;
}
