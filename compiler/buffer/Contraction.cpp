//===- Contraction.cpp - contractions as loops over blocks ----------------===//
//
// Inside of the loops of ContractionLoops.h: sums in registers over the reductions, the epilogue,
// and what is fetched meanwhile.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/Contraction.h"
#include "compiler/buffer/ContractionLoops.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
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

/// A line of the caches, and what does not stay in the nearest.
constexpr int64_t kLine = 64, kNear = 128 << 10;

/// Sums that are long enough for a block of results to arrive meanwhile, and bits of blocks of
/// registers that targets with caches have.
constexpr int64_t kFewestTermsAhead = 16, kFewestBitsAhead = 256;

/// A panel that leaves room for the next one beside it; blocks of rows that meet it, after which
/// there is little to wait for; and how far ahead a single block of rows looks.
constexpr int64_t kPanel = 320 << 10, kMostTilesAhead = 64, kDistance = 8 << 10;

/// Whether a buffer may lie far from the core.
bool isFar(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  return !type.hasStaticShape() ||
         type.getNumElements() * type.getElementTypeBitWidth() / 8 > kNear;
}

class Lowering : ContractionLoops {
public:
  Lowering(RewriterBase &b, kernel::ContractOp op) : ContractionLoops(b, op) { planPanelAhead(); }

  void run() { loopOver(0); }

private:
  using Accumulators = SmallVector<Value>;

  void block(const Block &block) override {
    fetchAhead(block);
    Accumulators sums(block.rows * block.columns, zero(op.getDot() ? 1 : block.width));
    if (op.getPiece()) {
      loaded.clear();
      sums.clear();
      inBlock(block, [&](Place place) {
        sums.push_back(load(op->getNumOperands() - 1, place, block.width));
      });
    }
    sums = op.getDot() ? dotProducts(block, sums) : products(block, sums);
    int64_t width = op.getDot() ? 1 : block.width;
    unsigned next = 0;
    loaded.clear();
    inBlock(block, [&](Place place) { finish(sums[next++], place, width); });
  }

  /// While rows pass by a packed panel, each of their steps fetches a piece of the next one; a
  /// single block of rows fetches what it comes to soon.
  void planPanelAhead() {
    if (!op.getPacked() || op.getByRows() || !isFar(op.getRhs()) || !isWide(width))
      return;
    int64_t tiles = 1;
    if (rowDim)
      tiles = bounds[*rowDim] < 0 ? -1 : llvm::divideCeil(bounds[*rowDim], rows);
    for (unsigned dim : passing)
      tiles = tiles < 0 || bounds[dim] < 0 ? -1 : tiles * bounds[dim];
    int64_t terms = termsOf(reductions), line = lineOf(Rhs);
    bool isSingle = tiles == 1;
    if (tiles < 1 || tiles > kMostTilesAhead ||
        (!isSingle && (!rowDim || terms * width / line * kLine > kPanel)))
      return;
    LinearOperand ahead = operands[Rhs];
    int64_t panel = width;
    for (unsigned dim : reductions)
      panel *= packedBound(dim);
    int64_t distance = isSingle ? kDistance / kLine * line : panel;
    if (!isSingle) {
      int64_t each = llvm::divideCeil(width, tiles), step = each;
      for (unsigned dim : llvm::reverse(reductions)) {
        ahead.steps[dim] = b.getIndexAttr(step);
        step *= packedBound(dim);
      }
      ahead.steps[*rowDim] = b.getIndexAttr(llvm::divideCeil(each * terms, rows));
    }
    linesAhead = isSingle ? llvm::divideCeil(width * group, line) : 1;
    offsets.push_back(constant(ahead.start + distance));
    operands.push_back(ahead);
  }

  /// Lets what the epilogue reads and where it writes come while the sums are made.
  void fetchAhead(const Block &block) {
    int64_t terms = termsOf(reductions);
    if (op.getDot() || (terms >= 0 && terms < kFewestTermsAhead) || !isWide(block.width))
      return;
    for (unsigned i = FirstExtra; i < op->getNumOperands(); ++i) {
      Value memref = op->getOperand(i);
      bool isWritten = i >= FirstExtra + op.getExtras().size();
      bool isReadToo = !isWritten && llvm::is_contained(op.getInits(), memref);
      if (operands[i].step(vectorDim) != 1 || !isFar(memref) || isReadToo)
        continue;
      int64_t rows = rowDim && operands[i].step(*rowDim) != 0 ? block.rows : 1;
      for (int64_t row = 0; row < rows; ++row)
        fetch(i, {row, 0, {}}, llvm::divideCeil(block.width, lineOf(i)), isWritten);
    }
  }

  bool isWide(int64_t width) {
    return width * op.sumType().getIntOrFloatBitWidth() >= kFewestBitsAhead;
  }

  /// Elements of an operand in a line of the caches.
  int64_t lineOf(unsigned i) {
    return std::max<int64_t>(1, kLine * 8 / operands[i].element.getIntOrFloatBitWidth());
  }

  /// Lets so many lines come, into the nearest cache or the one behind it.
  void fetch(unsigned i, Place place, int64_t lines, bool isWritten, bool nearest = true) {
    for (int64_t line = 0; line < lines; ++line) {
      Value at = address(i, place);
      if (line > 0)
        at = arith::AddIOp::create(b, loc, at, constant(line * lineOf(i)));
      memref::PrefetchOp::create(b, loc, operands[i].base, at, isWritten,
                                 /*localityHint=*/nearest ? 3 : 2, /*isDataCache=*/true);
    }
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
    if (parts == 1)
      return rest(block, loops, sums, constant(0));
    size_t count = sums.size();
    sums.append(count * (parts - 1), zero(block.width));
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
    fetch(op->getNumOperands(), {0, 0, terms}, linesAhead, /*isWritten=*/false,
          /*nearest=*/false);
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
      Value x = toSum(load(Lhs, place, block.width), op.getLhsUnsigned()),
            y = toSum(load(Rhs, place, block.width), op.getRhsUnsigned());
      out.push_back(multiplyAdd(sum, x, y));
    });
    return out;
  }

  /// Bytes of lhs that are neighbours along the last reduction; zeros behind the first `count`.
  Value loadGroup(Place place, int64_t count) {
    Value &made = loaded[keyOf(Lhs, place)];
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

  /// An operand and a place in it.
  using Key = std::tuple<unsigned, int64_t, int64_t, int64_t>;

  /// Places of which is known that they are the same have one key.
  Key keyOf(unsigned i, Place place) {
    const LinearOperand &operand = operands[i];
    auto moves = [&](std::optional<unsigned> dim, int64_t by) {
      return dim && operand.step(*dim) != 0 ? by : 0;
    };
    // Places at one known distance are one.
    bool known =
        (!rowDim || operand.step(*rowDim)) && (!columnDim || operand.step(*columnDim)) &&
        llvm::all_of(reductions, [&](unsigned dim) { return operand.step(dim).has_value(); });
    if (known)
      return {i, distance(i, place).first, 0, 0};
    Key key = {i, 0, moves(rowDim, place.row), moves(columnDim, place.column)};
    for (int64_t steps : place.terms)
      std::get<1>(key) = std::get<1>(key) * 1024 + steps;
    return key;
  }

  /// A vector or element of an operand; what does not move within the block is loaded once.
  Value load(unsigned i, Place place, int64_t width) {
    Value &made = loaded[keyOf(i, place)];
    if (made)
      return made;
    // Columns of a packed block are neighbours.
    OpFoldResult step =
        i == Rhs && op.getPacked() ? b.getIndexAttr(1) : operands[i].steps[vectorDim];
    return made = loadVector(b, loc, operands[i], address(i, place), step, width);
  }

  int64_t linesAhead = 0; ///< to fetch with each step, from the operand after all others
  std::map<Key, Value> loaded;
};

} // namespace

void fnc::lowerContraction(RewriterBase &rewriter, kernel::ContractOp op) {
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op).run();
  rewriter.eraseOp(op);
}
