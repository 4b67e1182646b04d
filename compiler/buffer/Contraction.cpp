//===- Contraction.cpp - contractions with accumulators in registers ------===//

#include "compiler/buffer/Contraction.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace {

/// Elements of a block: a whole number of vectors on every target, few enough for 16 registers of
/// 128 bits to hold it with room for operands.
constexpr int64_t kBlocks[] = {16, 8, 4};

/// acc + x * y, with x and y the inputs in either order.
struct SumOfProducts {
  Operation *multiply = nullptr, *add = nullptr;
};

std::optional<SumOfProducts> matchBody(linalg::GenericOp op) {
  Block &body = *op.getBody();
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || body.getOperations().size() != 3)
    return std::nullopt;
  Operation *add = body.getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return std::nullopt;
  Value acc = body.getArgument(2);
  Value product = add->getOperand(0) == acc ? add->getOperand(1) : add->getOperand(0);
  Operation *multiply = product.getDefiningOp();
  if (!llvm::is_contained(add->getOperands(), acc) ||
      !isa_and_nonnull<arith::MulFOp, arith::MulIOp>(multiply))
    return std::nullopt;
  Value x = multiply->getOperand(0), y = multiply->getOperand(1);
  Value a = body.getArgument(0), b = body.getArgument(1);
  if (!((x == a && y == b) || (x == b && y == a)))
    return std::nullopt;
  return SumOfProducts{multiply, add};
}

/// How an operand moves along `dim`: 0 not at all, 1 contiguously, -1 otherwise.
int stepAlong(AffineMap map, MemRefType type, unsigned dim) {
  bool moves = false;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    auto plain = dyn_cast<AffineDimExpr>(expr);
    if (!plain || plain.getPosition() != dim || i + 1 != map.getNumResults())
      return -1;
    moves = true;
  }
  if (!moves)
    return 0;
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) && strides.back() == 1 ? 1 : -1;
}

class Lowering {
public:
  Lowering(RewriterBase &b, linalg::GenericOp op, SumOfProducts body, unsigned vectorDim)
      : b(b), op(op), body(body), vectorDim(vectorDim), loc(op.getLoc()),
        indices(op.getNumLoops()) {
    for (auto [i, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
      if (kind == utils::IteratorType::reduction)
        reductions.push_back(i);
      else if (i != vectorDim)
        outer.push_back(i);
    }
    auto ranges = cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(b, loc);
    for (Range &range : ranges)
      sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
    zero = arith::ConstantIndexOp::create(b, loc, 0);
    one = arith::ConstantIndexOp::create(b, loc, 1);
  }

  void run() { loopOver(0); }

private:
  void loopOver(unsigned depth) {
    if (depth == outer.size())
      return blocks();
    auto loop = scf::ForOp::create(b, loc, zero, sizes[outer[depth]], one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    indices[outer[depth]] = loop.getInductionVar();
    loopOver(depth + 1);
  }

  /// The vector loop: as many of the largest blocks as fit, then smaller ones, then elements.
  void blocks() {
    int64_t total = op.getStaticLoopRanges()[vectorDim];
    if (ShapedType::isDynamic(total)) {
      Value size = sizes[vectorDim];
      Value width = arith::ConstantIndexOp::create(b, loc, kBlocks[0]);
      Value whole = arith::MulIOp::create(b, loc, arith::DivUIOp::create(b, loc, size, width),
                                          width);
      loopBlocks(zero, whole, kBlocks[0]);
      loopBlocks(whole, size, 1);
      return;
    }
    int64_t done = 0;
    auto upTo = [&](int64_t width) {
      int64_t end = done + (total - done) / width * width;
      if (end > done)
        loopBlocks(arith::ConstantIndexOp::create(b, loc, done),
                   arith::ConstantIndexOp::create(b, loc, end), width);
      done = end;
    };
    for (int64_t width : kBlocks)
      upTo(width);
    upTo(1);
  }

  void loopBlocks(Value from, Value to, int64_t width) {
    Value step = arith::ConstantIndexOp::create(b, loc, width);
    auto loop = scf::ForOp::create(b, loc, from, to, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    indices[vectorDim] = loop.getInductionVar();
    OpOperand *init = op.getDpsInitOperand(0);
    Value sum = accumulate(0, load(init, width), width);
    SmallVector<Value> at = access(init);
    if (width == 1)
      memref::StoreOp::create(b, loc, sum, init->get(), at);
    else
      vector::StoreOp::create(b, loc, sum, init->get(), at);
  }

  Value accumulate(unsigned depth, Value acc, int64_t width) {
    if (depth == reductions.size())
      return sumOfProducts(acc, width);
    auto loop = scf::ForOp::create(b, loc, zero, sizes[reductions[depth]], one, ValueRange{acc});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    indices[reductions[depth]] = loop.getInductionVar();
    Value sum = accumulate(depth + 1, loop.getRegionIterArg(0), width);
    scf::YieldOp::create(b, loc, sum);
    return loop.getResult(0);
  }

  Value sumOfProducts(Value acc, int64_t width) {
    Value x = load(op.getDpsInputOperand(0), width), y = load(op.getDpsInputOperand(1), width);
    if (isa<arith::MulIOp>(body.multiply))
      return arith::AddIOp::create(b, loc, acc, arith::MulIOp::create(b, loc, x, y));
    // One rounding instead of two where the target has the instruction.
    auto contract = arith::FastMathFlags::contract;
    Value product = arith::MulFOp::create(b, loc, x, y, contract);
    return arith::AddFOp::create(b, loc, acc, product, contract);
  }

  SmallVector<Value> access(OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    SmallVector<Value> at;
    for (AffineExpr expr : map.getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        at.push_back(indices[dim.getPosition()]);
      else
        at.push_back(affine::AffineApplyOp::create(
            b, loc, AffineMap::get(map.getNumDims(), 0, expr), indices));
    }
    return at;
  }

  Value load(OpOperand *operand, int64_t width) {
    auto type = cast<MemRefType>(operand->get().getType());
    SmallVector<Value> at = access(operand);
    auto vectorType = VectorType::get({width}, type.getElementType());
    if (width > 1 && stepAlong(op.getMatchingIndexingMap(operand), type, vectorDim) == 1)
      return vector::LoadOp::create(b, loc, vectorType, operand->get(), at);
    Value element = memref::LoadOp::create(b, loc, operand->get(), at);
    return width > 1 ? vector::BroadcastOp::create(b, loc, vectorType, element).getResult()
                     : element;
  }

  RewriterBase &b;
  linalg::GenericOp op;
  SumOfProducts body;
  unsigned vectorDim;
  Location loc;
  SmallVector<unsigned> outer, reductions;
  SmallVector<Value> sizes, indices;
  Value zero, one;
};

} // namespace

bool fnc::lowerContraction(RewriterBase &rewriter, linalg::GenericOp op) {
  std::optional<SumOfProducts> body = matchBody(op);
  if (!body || op.getNumReductionLoops() == 0)
    return false;
  auto kinds = op.getIteratorTypesArray();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  OpOperand *init = op.getDpsInitOperand(0);
  for (unsigned dim = op.getNumLoops(); dim-- > 0;) {
    if (kinds[dim] != utils::IteratorType::parallel ||
        (!ShapedType::isDynamic(ranges[dim]) && ranges[dim] < 4))
      continue;
    auto step = [&](OpOperand *operand) {
      return stepAlong(op.getMatchingIndexingMap(operand),
                       cast<MemRefType>(operand->get().getType()), dim);
    };
    if (step(init) != 1 || llvm::any_of(op.getDpsInputOperands(),
                                        [&](OpOperand *input) { return step(input) < 0; }))
      continue;
    rewriter.setInsertionPoint(op);
    Lowering(rewriter, op, *body, dim).run();
    rewriter.eraseOp(op);
    return true;
  }
  return false;
}
