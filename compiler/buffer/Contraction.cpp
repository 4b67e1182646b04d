//===- Contraction.cpp - contractions as loops over blocks ----------------===//
//
// Inside of the loops of ContractionLoops.h: sums in registers over the reductions, and the
// epilogue.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/Contraction.h"
#include "compiler/buffer/ContractionFetches.h"
#include "compiler/buffer/LoopMarks.h"
#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/Reduction.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
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

class Lowering : ContractionFetches {
public:
  Lowering(RewriterBase &b, kernel::ContractOp op) : ContractionFetches(b, op) {
    if (isSpread({rows, 1, width}) && finishesLate(op, op.getEpilogue().front(), op.getInits()))
      makeScratch();
  }

  void run() { loopOver(0); }

private:
  using Accumulators = SmallVector<Value>;

  void block(const Block &block) override {
    if (isWide(block.width) && !inRest && !isSpread(block))
      inBlock(block, [&](Place place) { fetchRow(block, place); });
    Accumulators sums;
    loaded.clear();
    inBlock(block, [&](Place place) {
      int64_t width = op.getDot() ? 1 : widthOf(block, place);
      sums.push_back(op.getPiece() ? load(op.getMaps().size() - 1, place, width) : zero(width));
    });
    if (late != Late::No)
      return lateBlock(block, sums);
    if (op.getDot())
      return dotBlock(block, sums);
    sums = products(block, sums);
    finishAll(block, sums);
  }

  void finishAll(const Block &block, ArrayRef<Value> sums) {
    unsigned next = 0;
    loaded.clear();
    inBlock(block, [&](Place place) { finish(sums[next++], place, widthOf(block, place)); });
  }

  //===-- Blocks that are finished beside the next one ------------------------===//

  void makeScratch() {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&op->getParentOfType<func::FuncOp>().front());
    auto type = MemRefType::get({rows * width}, op.sumType());
    scratch = linearOperand(
        b, loc, memref::AllocaOp::create(b, loc, type, b.getI64IntegerAttr(kLine)).getResult(),
        b.getMultiDimIdentityMap(1));
  }

  /// The first block leaves its sums in the scratch, each other one finishes what it finds there
  /// while its own are made, and the last ones are finished behind the loop.
  void overTiles(const Loop &loop, llvm::function_ref<void()> body) override {
    std::optional<int64_t> from = getConstantIntValue(loop.from), to = getConstantIntValue(loop.to);
    if (!scratch || loop.dim != (op.getByRows() ? vectorDim : *rowDim) || !from || !to ||
        *to - *from < 2 * loop.step)
      return forEach(loop, body);
    late = Late::First;
    moved(loop.dim, loop.from, body);
    late = Late::Beside;
    lateLoop = loop;
    forEach({loop.dim, constant(*from + loop.step), loop.to, loop.step}, body);
    late = Late::No;
    moved(loop.dim, constant(*to - loop.step), [&] { finishScratch(); });
  }

  void finishScratch() {
    auto loop = scf::ForOp::create(b, loc, constant(0), constant(lateRows), constant(1));
    keepRolled(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value row = loop.getInductionVar();
    moved(*rowDim, row, [&] { finishLate(row); });
  }

  void lateBlock(const Block &block, Accumulators sums) {
    sums = products(block, sums);
    lateRows = block.rows;
    lateWidth = block.width;
    for (auto [row, sum] : llvm::enumerate(sums))
      storeVector(b, loc, *scratch, sum, constant(row * block.width), b.getIndexAttr(1),
                  block.width);
  }

  bool hasBeside() { return late == Late::Beside || (!inRest && fetchesRows()); }

  /// Sums of a block; in between rows of it are fetched, and of the block before finished.
  Accumulators productsBeside(const Block &block, Accumulators sums) {
    SmallVector<int64_t> start(bounds.size(), 0);
    unsigned dim = reductions[0];
    int64_t each = bounds[dim] / block.rows;
    auto terms = [&](Value from, Value to, ArrayRef<Value> in) {
      return nest({{dim, from, to, 1}}, 0, in,
                  [&](ArrayRef<Value> in) { return step(block, in, start); });
    };
    auto nest = scf::ForOp::create(b, loc, constant(0), constant(block.rows), constant(1), sums);
    mark(nest);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(nest.getBody());
      Value row = nest.getInductionVar();
      Value from = arith::MulIOp::create(b, loc, row, constant(each));
      Value to = arith::AddIOp::create(b, loc, from, constant(each));
      moved(*rowDim, row, [&] {
        fetchRow(block, {});
        fetchTerms();
      });
      Accumulators made = terms(from, to, Accumulators(nest.getRegionIterArgs()));
      if (late == Late::Beside)
        moved(lateLoop->dim, constant(-lateLoop->step),
              [&] { moved(*rowDim, row, [&] { finishLate(row); }); });
      scf::YieldOp::create(b, loc, made);
    }
    sums = Accumulators(nest.getResults());
    if (bounds[dim] % block.rows != 0)
      sums = terms(constant(each * block.rows), constant(bounds[dim]), sums);
    return sums;
  }

  /// The epilogue of a row of the block that the scratch holds.
  void finishLate(Value row) {
    loaded.clear();
    Value at = arith::MulIOp::create(b, loc, row, constant(lateWidth));
    finish(loadVector(b, loc, *scratch, at, b.getIndexAttr(1), lateWidth), {}, lateWidth);
    loaded.clear();
  }

  /// The epilogue of one vector or element of sums.
  void finish(Value sum, Place place, int64_t width) {
    SmallVector<Value> arguments{sum};
    unsigned next = FirstExtra;
    for (; next < FirstExtra + op.getExtras().size(); ++next)
      arguments.push_back(load(next, place, width));
    for (Value made : inlineOnVectors(b, loc, op.getEpilogue().front(), arguments, width)) {
      const LinearOperand &result = operands[next];
      storeVector(b, loc, result, made, address(next++, place), result.steps[along], width);
    }
  }

  /// Sums of vectors along the result.
  Accumulators products(const Block &block, Accumulators sums) {
    SmallVector<int64_t> start(bounds.size(), 0);
    int64_t terms = termsOf(reductions);
    // Nothing is shared over rows then but what moves along with the terms.
    if (terms >= 0 && terms <= kWrittenOut && operands[Lhs].step(vectorDim) != 0) {
      loaded.clear();
      return writtenOut(block, sums, 0, start);
    }
    if (reductions.empty())
      return step(block, sums, start);
    unsigned inner = reductions.back();
    SmallVector<Loop> loops = reductionLoops();
    if (hasBeside() && isSpread(block))
      return productsBeside(block, sums);
    if (parts == 1)
      return rest(block, loops, sums, constant(0));
    size_t count = sums.size();
    for (int64_t part = 1; part < parts; ++part)
      inBlock(block, [&](Place place) { sums.push_back(zero(widthOf(block, place))); });
    int64_t stride = parts * group;
    Value whole = bounds[inner] < 0 ? wholeSteps(sizes[inner], constant(0), stride)
                                    : constant(bounds[inner] / stride * stride);
    loops.back().to = whole;
    loops.back().step = stride;
    sums = nest(loops, 0, sums, [&](ArrayRef<Value> in) {
      Accumulators out;
      for (int64_t part = 0; part < parts; ++part) {
        start[inner] = part * group;
        llvm::append_range(out, step(block, in.slice(part * count, count), start));
      }
      start[inner] = 0;
      return out;
    });
    for (int64_t left = parts; left > 1; left /= 2)
      for (size_t i = 0; i < count * left / 2; ++i)
        sums[i] = add(sums[i], sums[i + count * left / 2]);
    sums.resize(count);
    if (bounds[inner] >= 0 && bounds[inner] % stride == 0)
      return sums;
    return rest(block, loops, sums, whole);
  }

  /// The terms from `from` on along the last reduction, group by group.
  Accumulators rest(const Block &block, SmallVector<Loop> loops, Accumulators sums, Value from) {
    SmallVector<int64_t> start(bounds.size(), 0);
    unsigned inner = reductions.back();
    auto go = [&](Value first, Value end, int64_t by, int64_t terms) {
      loops.back() = {inner, first, end, by};
      return nest(loops, 0, sums,
                  [&](ArrayRef<Value> in) { return step(block, in, start, false, terms); });
    };
    if (group == 1)
      return go(from, sizes[inner], 1, 1);
    int64_t left = bounds[inner] % group;
    Value whole = constant(bounds[inner] - left);
    sums = go(from, whole, group, group);
    return left == 0 ? sums : go(whole, sizes[inner], group, left);
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
  void dotBlock(const Block &block, Accumulators sums) {
    SmallVector<int64_t> start(bounds.size(), 0);
    SmallVector<Loop> loops = reductionLoops();
    int64_t lanes = block.width;
    Value whole = bounds[vectorDim] < 0 ? wholeSteps(sizes[vectorDim], constant(0), lanes)
                                        : constant(bounds[vectorDim] / lanes * lanes);
    loops.back().to = whole;
    loops.back().step = lanes;
    Accumulators vectors(sums.size(), zero(lanes));
    vectors = nest(loops, 0, vectors, [&](ArrayRef<Value> in) { return step(block, in, start); });
    bool isWhole = bounds[vectorDim] >= 0 && bounds[vectorDim] % lanes == 0;
    if (isWhole && finishesRows(block))
      return finishRows(block, vectors);
    for (auto [sum, vector] : llvm::zip(sums, vectors))
      sum = add(sum, vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, vector,
                                                 arith::FastMathFlags::reassoc));
    if (!isWhole) {
      loops.back() = {vectorDim, whole, sizes[vectorDim], 1};
      Block elements = {block.rows, block.columns, 1};
      sums = nest(loops, 0, sums, [&](ArrayRef<Value> in) { return step(elements, in, start); });
    }
    finishAll({block.rows, block.columns, 1}, sums);
  }

  /// Whether the columns of a block of dot products are neighbours, as many as a part of a vector.
  bool finishesRows(const Block &block) {
    return block.columns > 1 && llvm::isPowerOf2_64(block.columns) &&
           block.columns <= block.width && llvm::isPowerOf2_64(block.width) &&
           llvm::all_of(llvm::seq<unsigned>(FirstExtra, op.getMaps().size()), [&](unsigned i) {
             std::optional<int64_t> step = operands[i].step(*columnDim);
             return step == 1 || (step == 0 && i < FirstExtra + op.getExtras().size());
           });
  }

  /// Adds up the elements of the vectors of several rows together, and finishes each row at once.
  void finishRows(const Block &block, ArrayRef<Value> vectors) {
    loaded.clear();
    along = *columnDim;
    for (int64_t row = 0, some; row < block.rows; row += some) {
      some = llvm::bit_floor(uint64_t(std::min(block.rows - row, block.width / block.columns)));
      Value sums = sumsOfEach(b, loc, vectors.slice(row * block.columns, some * block.columns));
      for (int64_t i = 0; i < some; ++i)
        finish(sliceOf(b, loc, sums, i * block.columns, block.columns), {row + i, 0, {}},
               block.columns);
    }
    along = vectorDim;
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
    mark(op);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    moved(loop.dim, op.getInductionVar(), [&] {
      Accumulators carried(op.getRegionIterArgs());
      scf::YieldOp::create(b, loc, nest(loops, depth + 1, carried, body));
    });
    return Accumulators(op.getResults());
  }

  /// One product added to each accumulator of the block, or the products of `count` terms of a
  /// group.
  Accumulators step(const Block &block, ArrayRef<Value> in, ArrayRef<int64_t> terms,
                    bool keepLoads = false, int64_t count = 0) {
    if (!keepLoads)
      loaded.clear();
    fetchStep(terms);
    Accumulators out;
    inBlock(block, [&](Place place) {
      place.terms = terms;
      Value sum = in[out.size()];
      if (group > 1) {
        Value x = loadGroup(place, count ? count : group);
        Value y = load(Rhs, place, block.width * group);
        out.push_back(kernel::ByteDotOp::create(b, loc, sum.getType(), x, y, sum,
                                                op.getLhsUnsigned() != op.getFlip(),
                                                op.getRhsUnsigned()));
        return;
      }
      int64_t width = widthOf(block, place);
      Value x = toSum(load(Lhs, place, width), op.getLhsUnsigned()),
            y = toSum(load(Rhs, place, width), op.getRhsUnsigned());
      out.push_back(multiplyAdd(sum, x, y));
    });
    return out;
  }

  /// Bytes of lhs that are neighbours along the last reduction; zeros behind the first `count`.
  Value loadGroup(Place place, int64_t count) {
    Value &made = loaded[keyOf(Lhs, place, group)];
    if (made)
      return made;
    const LinearOperand &operand = operands[Lhs];
    auto type = VectorType::get({group}, operand.element);
    OpFoldResult step = operand.steps[reductions.back()];
    Value at = address(Lhs, place);
    if (count == group) {
      made = loadVector(b, loc, operand, at, step, group);
    } else {
      made = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
      Value distance = getValueOrCreateConstantIndexOp(b, loc, step);
      for (int64_t i = 0; i < count; ++i) {
        made = vector::InsertOp::create(b, loc, memref::LoadOp::create(b, loc, operand.base, at),
                                        made, i);
        at = arith::AddIOp::create(b, loc, at, distance);
      }
    }
    if (op.getFlip()) {
      Value top =
          arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, b.getI8IntegerAttr(-128)));
      made = arith::XOrIOp::create(b, loc, made, top);
    }
    return made;
  }

  Value multiplyAdd(Value sum, Value x, Value y) {
    if (!isa<FloatType>(op.sumType()))
      return arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, x, y));
    // One rounding instead of two where the target has the instruction.
    auto contract = arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(b, loc, x, y, contract);
    return arith::AddFOp::create(b, loc, sum, product, contract);
  }

  Value toSum(Value value, bool isUnsigned) {
    if (getElementTypeOrSelf(value.getType()) == op.sumType())
      return value;
    Type type = op.sumType();
    if (auto vector = dyn_cast<VectorType>(value.getType()))
      type = vector.clone(type);
    if (isa<IntegerType>(op.sumType()))
      return isUnsigned ? arith::ExtUIOp::create(b, loc, type, value).getResult()
                        : arith::ExtSIOp::create(b, loc, type, value).getResult();
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

  /// An operand, a width and a place in it.
  using Key = std::tuple<unsigned, int64_t, int64_t, int64_t, int64_t>;

  /// Places of which is known that they are the same have one key.
  Key keyOf(unsigned i, Place place, int64_t width) {
    const LinearOperand &operand = operands[i];
    auto moves = [&](std::optional<unsigned> dim, int64_t by) {
      return dim && operand.step(*dim) != 0 ? by : 0;
    };
    std::optional<unsigned> across = beside.empty() ? columnDim : vectorDim;
    // Places at one known distance are one.
    bool known =
        (!rowDim || operand.step(*rowDim)) && (!across || operand.step(*across)) &&
        llvm::all_of(reductions, [&](unsigned dim) { return operand.step(dim).has_value(); });
    if (known)
      return {i, width, distance(i, place).first, 0, 0};
    Key key = {i, width, 0, moves(rowDim, place.row), moves(across, place.column)};
    for (int64_t steps : place.terms)
      std::get<2>(key) = std::get<2>(key) * 1024 + steps;
    return key;
  }

  /// A vector or element of an operand; what does not move within the block is loaded once.
  Value load(unsigned i, Place place, int64_t width) {
    Value &made = loaded[keyOf(i, place, width)];
    if (made)
      return made;
    // Columns of a packed block are neighbours.
    OpFoldResult step = i == Rhs && isPacked ? b.getIndexAttr(1) : operands[i].steps[along];
    return made = loadVector(b, loc, operands[i], address(i, place), step, width);
  }

  unsigned along = vectorDim; ///< which loop vectors are along
  enum class Late { No, First, Beside } late = Late::No;
  std::optional<Loop> lateLoop;
  int64_t lateRows = 0, lateWidth = 0;
  std::optional<LinearOperand> scratch; ///< of the sums of the block before
  std::map<Key, Value> loaded;
};

} // namespace

bool fnc::finishesLate(kernel::ContractOp op, mlir::Block &epilogue, ValueRange results) {
  ArrayRef<int64_t> tile = op.getTile();
  SmallVector<int64_t> terms;
  for (auto [loop, size] : llvm::enumerate(op.getSizes()))
    if (op.isReduction(loop))
      terms.push_back(size);
  bool hasSlowOps = llvm::any_of(epilogue, [](Operation &inner) {
    return isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(inner);
  });
  auto isOperand = [&](Value result) {
    return rootOf(result) == rootOf(op.getLhs()) || rootOf(result) == rootOf(op.getRhs());
  };
  return hasSlowOps && !op.getDot() && !hasRestBeside(op) && !op.getPiece() && !op.getBlock() &&
         op.getGroup() == 1 && op.getRowDim() && tile[2] == 1 &&
         tile[1] * op.sumType().getIntOrFloatBitWidth() >= kFewestBitsAhead && terms.size() == 1 &&
         terms[0] >= kFewestTermsBeside * tile[0] && llvm::none_of(results, isOperand);
}

void fnc::lowerContraction(RewriterBase &rewriter, kernel::ContractOp op) {
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op).run();
  rewriter.eraseOp(op);
}
