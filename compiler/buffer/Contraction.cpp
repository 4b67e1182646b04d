//===- Contraction.cpp - contractions with accumulators in registers ------===//

#include "compiler/buffer/Contraction.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <map>

using namespace mlir;

namespace {

/// Vectors shorter than this are not worth their own loop.
constexpr int64_t kShortest = 4;

/// acc + x * y, with x and y the inputs in either order. Returns the multiplication.
Operation *matchBody(linalg::GenericOp op) {
  Block &body = *op.getBody();
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || body.getOperations().size() != 3)
    return nullptr;
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return nullptr;
  Value acc = body.getArgument(2);
  Value product = add->getOperand(0) == acc ? add->getOperand(1) : add->getOperand(0);
  Operation *multiply = product.getDefiningOp();
  if (!llvm::is_contained(add->getOperands(), acc) ||
      !isa_and_nonnull<arith::MulFOp, arith::MulIOp>(multiply))
    return nullptr;
  Value x = multiply->getOperand(0), y = multiply->getOperand(1);
  Value a = body.getArgument(0), b = body.getArgument(1);
  return (x == a && y == b) || (x == b && y == a) ? multiply : nullptr;
}

bool dependsOn(AffineMap map, unsigned dim) {
  return llvm::any_of(map.getResults(), [&](AffineExpr e) { return e.isFunctionOfDim(dim); });
}

/// How an operand moves along `dim`: 0 not at all, 1 contiguously, -1 otherwise.
int stepAlong(linalg::GenericOp op, OpOperand *operand, unsigned dim) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  auto type = cast<MemRefType>(operand->get().getType());
  if (!dependsOn(map, dim))
    return 0;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    auto plain = dyn_cast<AffineDimExpr>(expr);
    if (!plain || i + 1 != map.getNumResults())
      return -1;
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) && strides.back() == 1 ? 1 : -1;
}

/// Which loops become vectors and tiles.
struct Plan {
  unsigned vectorDim = 0;
  std::optional<unsigned> rowDim, columnDim; ///< columns: of dot products alone
  bool dot = false;                          ///< vectorDim is a reduction
  fnc::RegisterTile tile;
};

class Lowering {
public:
  Lowering(RewriterBase &b, linalg::GenericOp op, const Plan &plan, int64_t lanes, Value start)
      : b(b), op(op), plan(plan), lanes(lanes), start(start), loc(op.getLoc()),
        indices(op.getNumLoops()), offsets(op.getNumLoops()), bounds(op.getStaticLoopRanges()) {
    for (auto [i, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
      bool tiled = i == plan.vectorDim || plan.rowDim == i || plan.columnDim == i;
      if (kind == utils::IteratorType::reduction)
        reductions.push_back(i);
      else if (!tiled)
        outer.push_back(i);
    }
    // Dot products run along their vectors innermost.
    if (plan.dot) {
      llvm::erase(reductions, plan.vectorDim);
      reductions.push_back(plan.vectorDim);
    }
    for (Range &range : cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(b, loc))
      sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
  }

  void run() { loopOver(0); }

private:
  using Accumulators = SmallVector<Value>;
  struct Loop {
    unsigned dim;
    Value from, to;
    int64_t step;
  };
  /// A block of the result: what is computed at once.
  struct Block {
    int64_t rows, columns, width;
  };

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

  void forEach(const Loop &loop, llvm::function_ref<void()> body) {
    auto nest = scf::ForOp::create(b, loc, loop.from, loop.to, constant(loop.step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(nest.getBody());
    indices[loop.dim] = nest.getInductionVar();
    body();
  }

  void loopOver(unsigned depth) {
    if (depth < outer.size()) {
      unsigned dim = outer[depth];
      return forEach({dim, constant(0), sizes[dim], 1}, [&] { loopOver(depth + 1); });
    }
    if (plan.dot)
      inTiles(plan.columnDim, plan.tile.width, [&](int64_t columns) {
        inTiles(plan.rowDim, plan.tile.rows, [&](int64_t rows) { block({rows, columns, lanes}); });
      });
    else
      inVectors([&](int64_t width) {
        inTiles(plan.rowDim, plan.tile.rows, [&](int64_t rows) { block({rows, 1, width}); });
      });
  }

  /// Tiles of `size` along `dim`, then the rest: as one tile where its size is known.
  void inTiles(std::optional<unsigned> dim, int64_t size, llvm::function_ref<void(int64_t)> body) {
    if (!dim)
      return body(1);
    if (ShapedType::isDynamic(bounds[*dim])) {
      Value whole = wholeSteps(sizes[*dim], size);
      forEach({*dim, constant(0), whole, size}, [&] { body(size); });
      if (size > 1)
        forEach({*dim, whole, sizes[*dim], 1}, [&] { body(1); });
      return;
    }
    int64_t whole = bounds[*dim] / size * size;
    if (whole > 0)
      forEach({*dim, constant(0), constant(whole), size}, [&] { body(size); });
    if (int64_t rest = bounds[*dim] - whole)
      forEach({*dim, constant(whole), constant(bounds[*dim]), rest}, [&] { body(rest); });
  }

  /// The vector loop: as many of the widest blocks as fit, then narrower ones, then elements.
  void inVectors(llvm::function_ref<void(int64_t)> body) {
    unsigned dim = plan.vectorDim;
    int64_t width = plan.tile.width, total = bounds[dim];
    if (ShapedType::isDynamic(total)) {
      Value done = constant(0);
      for (; width > 1; width = width > lanes ? lanes : 1) {
        Value whole = wholeSteps(sizes[dim], width);
        forEach({dim, done, whole, width}, [&] { body(width); });
        done = whole;
      }
      return forEach({dim, done, sizes[dim], 1}, [&] { body(1); });
    }
    for (int64_t done = 0; done<total; width = width> kShortest ? width / 2 : 1) {
      int64_t end = done + (total - done) / width * width;
      if (end > done)
        forEach({dim, constant(done), constant(end), width}, [&] { body(width); });
      done = end;
    }
  }

  Value wholeSteps(Value size, int64_t step) {
    Value width = constant(step);
    return arith::MulIOp::create(b, loc, arith::DivUIOp::create(b, loc, size, width), width);
  }

  /// Every tile element's position, row by row.
  void inTile(const Block &block, llvm::function_ref<void()> body) {
    for (int64_t row = 0; row < block.rows; ++row)
      for (int64_t column = 0; column < block.columns; ++column) {
        if (plan.rowDim)
          offsets[*plan.rowDim] = row;
        if (plan.columnDim)
          offsets[*plan.columnDim] = column;
        body();
      }
    if (plan.rowDim)
      offsets[*plan.rowDim] = 0;
    if (plan.columnDim)
      offsets[*plan.columnDim] = 0;
  }

  void block(const Block &block) {
    OpOperand *init = op.getDpsInitOperand(0);
    int64_t width = plan.dot ? 1 : block.width;
    Accumulators sums;
    inTile(block, [&] { sums.push_back(start ? splat(start, width) : load(init, width)); });
    sums = plan.dot ? dotProducts(block, sums) : products(block, sums);
    unsigned next = 0;
    inTile(block, [&] {
      Value sum = sums[next++];
      if (width == 1)
        memref::StoreOp::create(b, loc, sum, init->get(), access(init));
      else
        vector::StoreOp::create(b, loc, sum, init->get(), access(init));
    });
  }

  /// Sums of vectors along the result.
  Accumulators products(const Block &block, Accumulators sums) {
    unsigned inner = reductions.back();
    int64_t parts = plan.tile.parts;
    SmallVector<Loop> loops = reductionLoops();
    if (parts == 1)
      return nest(loops, 0, sums, [&](ArrayRef<Value> in) { return step(block, in); });
    size_t count = sums.size();
    for (size_t i = count; i < count * parts; ++i)
      sums.push_back(zero(block.width));
    int64_t whole = bounds[inner] / parts * parts;
    loops.back().to = constant(whole);
    loops.back().step = parts;
    sums = nest(loops, 0, sums, [&](ArrayRef<Value> in) {
      Accumulators out;
      for (int64_t part = 0; part < parts; ++part) {
        offsets[inner] = part;
        llvm::append_range(out, step(block, in.slice(part * count, count)));
      }
      offsets[inner] = 0;
      return out;
    });
    for (int64_t left = parts; left > 1; left /= 2)
      for (size_t i = 0; i < count * left / 2; ++i)
        sums[i] = add(sums[i], sums[i + count * left / 2]);
    sums.resize(count);
    if (whole == bounds[inner])
      return sums;
    loops.back() = {inner, constant(whole), sizes[inner], 1};
    return nest(loops, 0, sums, [&](ArrayRef<Value> in) { return step(block, in); });
  }

  /// Sums of vectors along the reduction, then of their elements, then of what is left over.
  Accumulators dotProducts(const Block &block, Accumulators sums) {
    unsigned inner = plan.vectorDim;
    SmallVector<Loop> loops = reductionLoops();
    Value whole = ShapedType::isDynamic(bounds[inner]) ? wholeSteps(sizes[inner], lanes)
                                                       : constant(bounds[inner] / lanes * lanes);
    loops.back().to = whole;
    loops.back().step = lanes;
    Accumulators vectors(sums.size(), zero(lanes));
    vectors = nest(loops, 0, vectors, [&](ArrayRef<Value> in) { return step(block, in); });
    for (auto [sum, vector] : llvm::zip(sums, vectors))
      sum = add(sum, vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, vector,
                                                 arith::FastMathFlags::reassoc));
    if (bounds[inner] % lanes == 0 && !ShapedType::isDynamic(bounds[inner]))
      return sums;
    loops.back() = {inner, whole, sizes[inner], 1};
    Block elements = {block.rows, block.columns, 1};
    return nest(loops, 0, sums, [&](ArrayRef<Value> in) { return step(elements, in); });
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
    indices[loop.dim] = op.getInductionVar();
    Accumulators carried(op.getRegionIterArgs());
    scf::YieldOp::create(b, loc, nest(loops, depth + 1, carried, body));
    return Accumulators(op.getResults());
  }

  /// One product added to each accumulator of the block.
  Accumulators step(const Block &block, ArrayRef<Value> in) {
    loaded.clear();
    Accumulators out;
    inTile(block, [&] {
      Value x = loadOnce(op.getDpsInputOperand(0), block.width);
      Value y = loadOnce(op.getDpsInputOperand(1), block.width);
      out.push_back(multiplyAdd(in[out.size()], x, y));
    });
    return out;
  }

  Value multiplyAdd(Value sum, Value x, Value y) {
    if (!isa<FloatType>(getElementTypeOrSelf(sum.getType())))
      return arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, x, y));
    // One rounding instead of two where the target has the instruction.
    auto contract = arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(b, loc, x, y, contract);
    return arith::AddFOp::create(b, loc, sum, product, contract);
  }

  Value add(Value x, Value y) {
    if (isa<FloatType>(getElementTypeOrSelf(x.getType())))
      return arith::AddFOp::create(b, loc, x, y);
    return arith::AddIOp::create(b, loc, x, y);
  }

  Value zero(int64_t width) {
    Type element = getElementTypeOrSelf(op.getDpsInitOperand(0)->get().getType());
    return splat(arith::ConstantOp::create(b, loc, b.getZeroAttr(element)), width);
  }

  Value splat(Value element, int64_t width) {
    if (width == 1)
      return element;
    return vector::BroadcastOp::create(b, loc, VectorType::get({width}, element.getType()),
                                       element);
  }

  SmallVector<Value> access(OpOperand *operand) {
    SmallVector<Value> positions;
    for (auto [index, offset] : llvm::zip(indices, offsets))
      positions.push_back(
          offset ? arith::AddIOp::create(b, loc, index, constant(offset)).getResult() : index);
    AffineMap map = op.getMatchingIndexingMap(operand);
    SmallVector<Value> at;
    for (AffineExpr expr : map.getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        at.push_back(positions[dim.getPosition()]);
      else
        at.push_back(affine::AffineApplyOp::create(
            b, loc, AffineMap::get(map.getNumDims(), 0, expr), positions));
    }
    return at;
  }

  Value load(OpOperand *operand, int64_t width) {
    Value memref = operand->get();
    SmallVector<Value> at = access(operand);
    Type element = getElementTypeOrSelf(memref.getType());
    if (width > 1 && stepAlong(op, operand, plan.vectorDim) == 1)
      return vector::LoadOp::create(b, loc, VectorType::get({width}, element), memref, at);
    return splat(memref::LoadOp::create(b, loc, memref, at), width);
  }

  /// An operand that does not move along rows or columns is loaded once per step.
  Value loadOnce(OpOperand *operand, int64_t width) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    auto offset = [&](std::optional<unsigned> dim) {
      return dim && dependsOn(map, *dim) ? offsets[*dim] : 0;
    };
    Value &value =
        loaded[{operand->getOperandNumber(), offset(plan.rowDim), offset(plan.columnDim)}];
    if (!value)
      value = load(operand, width);
    return value;
  }

  RewriterBase &b;
  linalg::GenericOp op;
  const Plan &plan;
  int64_t lanes;
  Value start; ///< of every sum; null: what the result holds
  Location loc;
  SmallVector<unsigned> outer, reductions;
  SmallVector<Value> sizes, indices;
  SmallVector<int64_t> offsets, bounds;
  std::map<std::tuple<unsigned, int64_t, int64_t>, Value> loaded;
};

/// Vectors along the result.
std::optional<Plan> planProducts(linalg::GenericOp op, fnc::Registers registers, unsigned bits) {
  auto kinds = op.getIteratorTypesArray();
  SmallVector<int64_t> bounds = op.getStaticLoopRanges();
  OpOperand *init = op.getDpsInitOperand(0);
  auto isParallel = [&](unsigned dim) { return kinds[dim] == utils::IteratorType::parallel; };
  auto isShort = [&](unsigned dim) {
    return !ShapedType::isDynamic(bounds[dim]) && bounds[dim] < kShortest;
  };
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    if (!isParallel(dim) || isShort(dim) || stepAlong(op, init, dim) != 1 ||
        llvm::any_of(op.getDpsInputOperands(),
                     [&](OpOperand *input) { return stepAlong(op, input, dim) < 0; }))
      continue;
    Plan plan;
    plan.vectorDim = dim;
    // Rows share the loads of what moves along the vectors alone.
    for (unsigned row = op.getNumLoops(); row-- > 0;) {
      if (row == dim || !isParallel(row) || bounds[row] == 1 ||
          llvm::none_of(op.getDpsInputOperands(), [&](OpOperand *input) {
            AffineMap map = op.getMatchingIndexingMap(input);
            return dependsOn(map, dim) && !dependsOn(map, row);
          }))
        continue;
      if (!plan.rowDim || isShort(*plan.rowDim))
        plan.rowDim = row;
    }
    int64_t terms = 0;
    for (unsigned i = 0; i < kinds.size(); ++i)
      if (kinds[i] == utils::IteratorType::reduction)
        terms = bounds[i]; // the innermost one's
    auto known = [](int64_t size) { return ShapedType::isDynamic(size) ? -1 : size; };
    plan.tile = chooseTile(registers, bits, plan.rowDim ? known(bounds[*plan.rowDim]) : 1,
                           known(bounds[dim]), known(terms));
    return plan;
  }
  return std::nullopt;
}

/// Vectors along a reduction in which both operands are contiguous.
std::optional<Plan> planDotProducts(linalg::GenericOp op, fnc::Registers registers, int64_t lanes) {
  auto kinds = op.getIteratorTypesArray();
  SmallVector<int64_t> bounds = op.getStaticLoopRanges();
  if (lanes < kShortest)
    return std::nullopt;
  OpOperand *x = op.getDpsInputOperand(0), *y = op.getDpsInputOperand(1);
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    if (kinds[dim] != utils::IteratorType::reduction ||
        (!ShapedType::isDynamic(bounds[dim]) && bounds[dim] < lanes) ||
        stepAlong(op, x, dim) != 1 || stepAlong(op, y, dim) != 1)
      continue;
    Plan plan;
    plan.dot = true;
    plan.vectorDim = dim;
    for (unsigned other = op.getNumLoops(); other-- > 0;) {
      if (kinds[other] != utils::IteratorType::parallel || bounds[other] == 1)
        continue;
      bool inX = dependsOn(op.getMatchingIndexingMap(x), other);
      bool inY = dependsOn(op.getMatchingIndexingMap(y), other);
      if (inX && !inY && !plan.rowDim)
        plan.rowDim = other;
      if (inY && !inX && !plan.columnDim)
        plan.columnDim = other;
    }
    auto size = [&](std::optional<unsigned> dim) -> int64_t {
      return !dim ? 1 : ShapedType::isDynamic(bounds[*dim]) ? -1 : bounds[*dim];
    };
    plan.tile = fnc::chooseDotTile(registers, size(plan.rowDim), size(plan.columnDim));
    return plan;
  }
  return std::nullopt;
}

/// The fill that gives `memref` its content for `op`, if nothing else can see it.
linalg::FillOp fillBefore(linalg::GenericOp op, Value memref) {
  Operation *before = op->getPrevNode();
  while (before && isMemoryEffectFree(before))
    before = before->getPrevNode();
  auto fill = dyn_cast_or_null<linalg::FillOp>(before);
  return fill && fill.output() == memref ? fill : nullptr;
}

} // namespace

bool fnc::lowerContraction(RewriterBase &rewriter, linalg::GenericOp op, Registers registers) {
  if (registers.count == 0 || !matchBody(op) || op.getNumReductionLoops() == 0)
    return false;
  Value result = op.getDpsInitOperand(0)->get();
  Type element = getElementTypeOrSelf(result.getType());
  if (!element.isIntOrFloat())
    return false;
  unsigned bits = std::max(8u, element.getIntOrFloatBitWidth());
  std::optional<Plan> plan = planProducts(op, registers, bits);
  if (!plan)
    plan = planDotProducts(op, registers, lanes(registers, bits));
  if (!plan)
    return false;
  Value start;
  linalg::FillOp fill = fillBefore(op, result);
  if (fill && fill.value().getType() == element)
    start = fill.value();
  rewriter.setInsertionPoint(op);
  Lowering(rewriter, op, *plan, lanes(registers, bits), start).run();
  rewriter.eraseOp(op);
  if (start)
    rewriter.eraseOp(fill);
  return true;
}
