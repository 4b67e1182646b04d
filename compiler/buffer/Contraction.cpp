//===- Contraction.cpp - contractions as loops over blocks ----------------===//
//
// Loops, outermost first: what both operands share and what else rhs has (batches); pieces of the
// reductions where these are long; columns, in blocks as wide as the tile; rows; the reductions. A
// block of columns of rhs, a panel, so stays in the caches while all rows pass by. Where all of rhs
// does, blocks of rows are outside of columns.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/Contraction.h"
#include "compiler/buffer/Operands.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <map>

using namespace mlir;
using namespace fnc;

namespace {

/// Sums of at most this many products that move with the vectors are written out: neighbours then
/// share what they load.
constexpr int64_t kWrittenOut = 25;

class Lowering {
public:
  Lowering(RewriterBase &b, kernel::ContractOp op)
      : b(b), op(op), loc(op.getLoc()), vectorDim(op.getVectorDim()), rowDim(op.getRowDim()),
        columnDim(op.getColumnDim()), rows(op.getTile()[0]), width(op.getTile()[1]),
        parts(op.getTile()[2]), bounds(op.getSizes()) {
    for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
      bool packed = i == 1 && op.getPacked();
      AffineMap map =
          packed ? AffineMap::get(bounds.size(), 0, b.getAffineConstantExpr(0)) : op.mapOf(i);
      operands.push_back(linearOperand(b, loc, operand, map));
      offsets.push_back(constant(operands.back().start));
    }
    findSizes();
    arrange();
  }

  void run() { loopOver(0); }

private:
  using Accumulators = SmallVector<Value>;
  enum { Lhs, Rhs, FirstExtra };
  struct Loop {
    unsigned dim;
    Value from, to;
    int64_t step;
  };
  /// A block of the result: what is computed at once.
  struct Block {
    int64_t rows, columns, width;
  };
  /// Where in a block, and how far along each reduction, beyond the loops' variables.
  struct Place {
    int64_t row = 0, column = 0;
    ArrayRef<int64_t> terms;
  };

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  bool isTiled(unsigned dim) const { return dim == vectorDim || rowDim == dim || columnDim == dim; }

  void findSizes() {
    for (unsigned loop = 0; loop < bounds.size(); ++loop) {
      if (bounds[loop] >= 0) {
        sizes.push_back(constant(bounds[loop]));
        continue;
      }
      Value size;
      for (auto [i, operand] : llvm::enumerate(op.getOperands()))
        for (auto [dim, expr] : llvm::enumerate(op.mapOf(i).getResults()))
          if (expr == b.getAffineDimExpr(loop) && !size)
            size = memref::DimOp::create(b, loc, operand, dim);
      assert(size && "a loop without a size");
      sizes.push_back(size);
    }
  }

  /// Which loops there are, in which order.
  void arrange() {
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
      int64_t terms = 1;
      for (unsigned dim : reductions)
        terms *= bounds[dim];
      int64_t step = terms;
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
    for (unsigned i = reductions.size(); i-- > (op.getPiece() ? 2 : 1);)
      if (!(op.getDot() && i + 1 == reductions.size()) && merge(reductions[i - 1], reductions[i]))
        reductions.erase(reductions.begin() + i - 1);
  }

  /// Steps of packed columns over the terms, in blocks of `blockWidth` columns.
  void stepOverTerms(int64_t blockWidth) {
    if (!op.getPacked())
      return;
    int64_t step = blockWidth;
    for (unsigned dim : llvm::reverse(reductions)) {
      operands[Rhs].steps[dim] = b.getIndexAttr(step);
      step *= bounds[dim];
    }
  }

  bool merge(unsigned outerDim, unsigned innerDim) {
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

  /// Runs `body` with all operands moved by `index` steps along `dim`.
  void moved(unsigned dim, Value index, llvm::function_ref<void()> body) {
    SmallVector<Value> before = offsets;
    for (auto [offset, operand] : llvm::zip(offsets, operands)) {
      std::optional<int64_t> step = operand.step(dim);
      if (step == 0)
        continue;
      Value distance =
          step == 1 ? index
                    : arith::MulIOp::create(
                          b, loc, index, step ? constant(*step) : cast<Value>(operand.steps[dim]))
                          .getResult();
      offset = arith::AddIOp::create(b, loc, offset, distance);
    }
    body();
    offsets = before;
  }

  void forEach(const Loop &loop, llvm::function_ref<void()> body) {
    auto nest = scf::ForOp::create(b, loc, loop.from, loop.to, constant(loop.step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(nest.getBody());
    moved(loop.dim, nest.getInductionVar(), body);
  }

  void loopOver(unsigned depth) {
    if (depth < outer.size())
      return forEach({outer[depth], constant(0), sizes[outer[depth]], 1},
                     [&] { loopOver(depth + 1); });
    inPieces(0, [&] { inPanels(); });
  }

  /// Part after part of the terms.
  void inPieces(unsigned depth, llvm::function_ref<void()> body) {
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

  void inPanels() {
    if (op.getDot())
      return pass(0, [&] {
        inTiles(columnDim, width, [&](int64_t columns) {
          inTiles(rowDim, rows, [&](int64_t rows) { block({rows, columns, lanes()}); });
        });
      });
    if (op.getByRows())
      return pass(0, [&] {
        inTiles(rowDim, rows,
                [&](int64_t rows) { inVectors([&](int64_t width) { block({rows, 1, width}); }); });
      });
    inVectors([&](int64_t width) {
      pass(0, [&] { inTiles(rowDim, rows, [&](int64_t rows) { block({rows, 1, width}); }); });
    });
  }

  void pass(unsigned depth, llvm::function_ref<void()> body) {
    if (depth == passing.size())
      return body();
    forEach({passing[depth], constant(0), sizes[passing[depth]], 1},
            [&] { pass(depth + 1, body); });
  }

  /// Tiles of `size` along `dim`, then the rest: as one tile where its size is known, else in
  /// halves of halves.
  void inTiles(std::optional<unsigned> dim, int64_t size, llvm::function_ref<void(int64_t)> body) {
    if (!dim)
      return body(1);
    if (bounds[*dim] < 0) {
      Value done = constant(0);
      for (; size > 1; size /= 2) {
        Value end = wholeSteps(sizes[*dim], done, size);
        forEach({*dim, done, end, size}, [&] { body(size); });
        done = end;
      }
      return forEach({*dim, done, sizes[*dim], 1}, [&] { body(1); });
    }
    int64_t whole = bounds[*dim] / size * size;
    if (whole > 0)
      forEach({*dim, constant(0), constant(whole), size}, [&] { body(size); });
    if (int64_t rest = bounds[*dim] - whole)
      moved(*dim, constant(whole), [&] { body(rest); });
  }

  /// The columns: as many of the widest blocks as fit, then narrower ones.
  void inVectors(llvm::function_ref<void(int64_t)> body) {
    int64_t total = bounds[vectorDim];
    if (total < 0) {
      Value done = constant(0);
      for (int64_t block = width; block > 0; block /= 2) {
        Value end = block == 1 ? sizes[vectorDim] : wholeSteps(sizes[vectorDim], done, block);
        forEach({vectorDim, done, end, block}, [&] { body(block); });
        done = end;
      }
      return;
    }
    forEachColumnRun(total, width, [&](int64_t from, int64_t to, int64_t block) {
      stepOverTerms(block);
      forEach({vectorDim, constant(from), constant(to), block}, [&] { body(block); });
    });
  }

  /// `from` and as many steps after it as end within `to`.
  Value wholeSteps(Value to, Value from, int64_t step) {
    Value length = arith::SubIOp::create(b, loc, to, from);
    Value rest = arith::RemUIOp::create(b, loc, length, constant(step));
    return arith::SubIOp::create(b, loc, to, rest);
  }

  /// Every element of a block, row by row.
  void inBlock(const Block &block, llvm::function_ref<void(Place)> body) {
    for (int64_t row = 0; row < block.rows; ++row)
      for (int64_t column = 0; column < block.columns; ++column)
        body({row, column, {}});
  }

  void block(const Block &block) {
    Accumulators sums(block.rows * block.columns, zero(op.getDot() ? 1 : block.width));
    if (op.getPiece()) {
      loaded.clear();
      sums.clear();
      inBlock(block,
              [&](Place place) { sums.push_back(load(operands.size() - 1, place, block.width)); });
    }
    sums = op.getDot() ? dotProducts(block, sums) : products(block, sums);
    int64_t width = op.getDot() ? 1 : block.width;
    unsigned next = 0;
    loaded.clear();
    inBlock(block, [&](Place place) { finish(sums[next++], place, width); });
  }

  /// The epilogue of one vector or element of sums.
  void finish(Value sum, Place place, int64_t width) {
    SmallVector<Value> arguments{sum};
    unsigned next = FirstExtra;
    for (; next < FirstExtra + op.getExtras().size(); ++next)
      arguments.push_back(load(next, place, width));
    for (Value made : inlineOnVectors(b, loc, op.getEpilogue().front(), arguments, width)) {
      const LinearOperand &result = operands[next];
      storeVector(b, loc, result, made, address(next++, place), result.steps[vectorDim], width);
    }
  }

  /// Sums of vectors along the result.
  Accumulators products(const Block &block, Accumulators sums) {
    SmallVector<int64_t> start(bounds.size(), 0);
    int64_t terms = 1;
    for (unsigned dim : reductions)
      terms = terms < 0 || bounds[dim] < 0 ? -1 : terms * bounds[dim];
    // Nothing is shared over rows then but what moves along with the terms.
    if (terms >= 0 && terms <= kWrittenOut && operands[Lhs].step(vectorDim) != 0) {
      loaded.clear();
      return writtenOut(block, sums, 0, start);
    }
    if (reductions.empty())
      return step(block, sums, start);
    unsigned inner = reductions.back();
    SmallVector<Loop> loops = reductionLoops();
    if (parts == 1)
      return nest(loops, 0, sums, [&](ArrayRef<Value> in) { return step(block, in, start); });
    size_t count = sums.size();
    sums.append(count * (parts - 1), zero(block.width));
    Value whole = bounds[inner] < 0 ? wholeSteps(sizes[inner], constant(0), parts)
                                    : constant(bounds[inner] / parts * parts);
    loops.back().to = whole;
    loops.back().step = parts;
    sums = nest(loops, 0, sums, [&](ArrayRef<Value> in) {
      Accumulators out;
      for (int64_t part = 0; part < parts; ++part) {
        start[inner] = part;
        llvm::append_range(out, step(block, in.slice(part * count, count), start));
      }
      start[inner] = 0;
      return out;
    });
    for (int64_t left = parts; left > 1; left /= 2)
      for (size_t i = 0; i < count * left / 2; ++i)
        sums[i] = add(sums[i], sums[i + count * left / 2]);
    sums.resize(count);
    if (bounds[inner] >= 0 && bounds[inner] % parts == 0)
      return sums;
    loops.back() = {inner, whole, sizes[inner], 1};
    return nest(loops, 0, sums, [&](ArrayRef<Value> in) { return step(block, in, start); });
  }

  /// All terms without loops.
  Accumulators writtenOut(const Block &block, Accumulators sums, unsigned depth,
                          SmallVector<int64_t> &at) {
    if (depth == reductions.size())
      return step(block, sums, at, /*keepLoads=*/true);
    for (int64_t i = 0; i < bounds[reductions[depth]]; ++i) {
      at[reductions[depth]] = i;
      sums = writtenOut(block, sums, depth + 1, at);
    }
    at[reductions[depth]] = 0;
    return sums;
  }

  /// Sums of vectors along the reduction, then of their elements, then of what is left over.
  Accumulators dotProducts(const Block &block, Accumulators sums) {
    SmallVector<int64_t> start(bounds.size(), 0);
    SmallVector<Loop> loops = reductionLoops();
    int64_t lanes = block.width;
    Value whole = bounds[vectorDim] < 0 ? wholeSteps(sizes[vectorDim], constant(0), lanes)
                                        : constant(bounds[vectorDim] / lanes * lanes);
    loops.back().to = whole;
    loops.back().step = lanes;
    Accumulators vectors(sums.size(), zero(lanes));
    vectors = nest(loops, 0, vectors, [&](ArrayRef<Value> in) { return step(block, in, start); });
    for (auto [sum, vector] : llvm::zip(sums, vectors))
      sum = add(sum, vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, vector,
                                                 arith::FastMathFlags::reassoc));
    if (bounds[vectorDim] >= 0 && bounds[vectorDim] % lanes == 0)
      return sums;
    loops.back() = {vectorDim, whole, sizes[vectorDim], 1};
    Block elements = {block.rows, block.columns, 1};
    return nest(loops, 0, sums, [&](ArrayRef<Value> in) { return step(elements, in, start); });
  }

  SmallVector<Loop> reductionLoops() {
    SmallVector<Loop> loops;
    for (unsigned dim : reductions)
      loops.push_back({dim, constant(0), sizes[dim], 1});
    return loops;
  }

  Accumulators nest(ArrayRef<Loop> loops, unsigned depth, ArrayRef<Value> in,
                    llvm::function_ref<Accumulators(ArrayRef<Value>)> body) {
    if (depth == loops.size())
      return body(in);
    const Loop &loop = loops[depth];
    auto op = scf::ForOp::create(b, loc, loop.from, loop.to, constant(loop.step), in);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    moved(loop.dim, op.getInductionVar(), [&] {
      Accumulators carried(op.getRegionIterArgs());
      scf::YieldOp::create(b, loc, nest(loops, depth + 1, carried, body));
    });
    return Accumulators(op.getResults());
  }

  /// One product added to each accumulator of the block.
  Accumulators step(const Block &block, ArrayRef<Value> in, ArrayRef<int64_t> terms,
                    bool keepLoads = false) {
    if (!keepLoads)
      loaded.clear();
    Accumulators out;
    inBlock(block, [&](Place place) {
      place.terms = terms;
      Value x = toSum(load(Lhs, place, block.width)), y = toSum(load(Rhs, place, block.width));
      out.push_back(multiplyAdd(in[out.size()], x, y));
    });
    return out;
  }

  Value multiplyAdd(Value sum, Value x, Value y) {
    if (!isa<FloatType>(op.sumType()))
      return arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, x, y));
    // One rounding instead of two where the target has the instruction.
    auto contract = arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(b, loc, x, y, contract);
    return arith::AddFOp::create(b, loc, sum, product, contract);
  }

  Value toSum(Value value) {
    if (getElementTypeOrSelf(value.getType()) == op.sumType())
      return value;
    Type type = op.sumType();
    if (auto vector = dyn_cast<VectorType>(value.getType()))
      type = vector.clone(type);
    // Signed bytes among floats.
    if (isa<IntegerType>(getElementTypeOrSelf(value.getType())))
      return arith::SIToFPOp::create(b, loc, type, value);
    return arith::ExtFOp::create(b, loc, type, value);
  }

  Value add(Value x, Value y) {
    if (isa<FloatType>(op.sumType()))
      return arith::AddFOp::create(b, loc, x, y);
    return arith::AddIOp::create(b, loc, x, y);
  }

  Value zero(int64_t width) {
    return splat(b, loc, arith::ConstantOp::create(b, loc, b.getZeroAttr(op.sumType())), width);
  }

  int64_t lanes() { return parts; }

  /// How far `place` lies from where the loops' variables point.
  std::pair<int64_t, Value> distance(unsigned i, Place place) {
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
    go(columnDim, place.column);
    for (auto [dim, steps] : llvm::enumerate(place.terms))
      go(dim, steps);
    return {known, more};
  }

  Value address(unsigned i, Place place) {
    auto [known, more] = distance(i, place);
    Value at = offsets[i];
    if (more)
      at = arith::AddIOp::create(b, loc, at, more);
    return known ? arith::AddIOp::create(b, loc, at, constant(known)).getResult() : at;
  }

  /// A vector or element of an operand; what does not move within the block is loaded once.
  Value load(unsigned i, Place place, int64_t width) {
    const LinearOperand &operand = operands[i];
    auto moves = [&](std::optional<unsigned> dim, int64_t by) {
      return dim && operand.step(*dim) != 0 ? by : 0;
    };
    // Places at one known distance are one.
    bool known =
        (!rowDim || operand.step(*rowDim)) && (!columnDim || operand.step(*columnDim)) &&
        llvm::all_of(reductions, [&](unsigned dim) { return operand.step(dim).has_value(); });
    auto key =
        known ? std::tuple(i, distance(i, place).first, int64_t(0), int64_t(0))
              : std::tuple(i, int64_t(0), moves(rowDim, place.row), moves(columnDim, place.column));
    if (!known && !place.terms.empty())
      for (int64_t steps : place.terms)
        std::get<1>(key) = std::get<1>(key) * 1024 + steps;
    if (Value value = loaded[key])
      return value;
    // Columns of a packed block are neighbours.
    OpFoldResult step = i == Rhs && op.getPacked() ? b.getIndexAttr(1) : operand.steps[vectorDim];
    Value made = loadVector(b, loc, operand, address(i, place), step, width);
    return loaded[key] = made;
  }

  RewriterBase &b;
  kernel::ContractOp op;
  Location loc;
  unsigned vectorDim;
  std::optional<unsigned> rowDim, columnDim;
  int64_t rows, width, parts;
  SmallVector<int64_t> bounds;
  SmallVector<unsigned> outer, passing, reductions;
  SmallVector<unsigned> single; ///< reductions around the pieces
  SmallVector<Value> sizes;
  SmallVector<LinearOperand> operands;
  SmallVector<Value> offsets; ///< of the operands, where the loops' variables point
  std::map<std::tuple<unsigned, int64_t, int64_t, int64_t>, Value> loaded;
};

} // namespace

void fnc::lowerContraction(RewriterBase &rewriter, kernel::ContractOp op) {
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op).run();
  rewriter.eraseOp(op);
}
