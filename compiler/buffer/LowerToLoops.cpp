//===- LowerToLoops.cpp - linalg on memrefs to loops ----------------------===//

#include "compiler/buffer/Contraction.h"
#include "compiler/buffer/CooMatmul.h"
#include "compiler/buffer/ElementLoops.h"
#include "compiler/buffer/Instructions.h"
#include "compiler/buffer/MoveBytes.h"
#include "compiler/buffer/Passes.h"
#include "compiler/buffer/PhiloxRounds.h"
#include "compiler/buffer/ShareDraws.h"
#include "compiler/buffer/VectorLoops.h"
#include "compiler/buffer/Winograd.h"
#include "compiler/kernel/Strides.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_LOWERTOLOOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What stepping along a strided or dynamic dimension is taken to cost, in elements.
constexpr int64_t kFar = 1 << 20;

/// Elements by which one step of loop `dim` moves in `operand`.
int64_t strideAlong(AffineMap map, MemRefType type, unsigned dim) {
  std::optional<fnc::Strides> strides = fnc::stridesOf(type);
  if (!strides)
    return kFar;
  int64_t total = 0;
  for (auto [expr, stride] : llvm::zip(map.getResults(), strides->along)) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    total += ShapedType::isDynamic(stride) ? kFar : std::abs(stride);
  }
  return std::min(total, kFar);
}

/// The cost of having `dim` innermost: far strides of every operand; a reduction innermost is a
/// chain of dependent additions, which cannot be vectorized without changing the sum.
int64_t innermostCost(linalg::GenericOp op, unsigned dim) {
  int64_t cost = 0;
  for (OpOperand &operand : op->getOpOperands())
    if (auto type = dyn_cast<MemRefType>(operand.get().getType())) {
      int64_t stride = strideAlong(op.getMatchingIndexingMap(&operand), type, dim);
      // Contiguous and constant are both free; writes that jump cost twice.
      cost += stride <= 1 ? 0 : std::min<int64_t>(stride, 16) * (op.isDpsInit(&operand) ? 2 : 1);
    }
  if (op.getIteratorTypesArray()[dim] == utils::IteratorType::reduction)
    cost += 24;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  if (!ShapedType::isDynamic(sizes[dim]) && sizes[dim] < 4)
    cost += 64 / (1 + sizes[dim]);
  return cost;
}

/// Loops outermost first. Only the innermost one moves: the order of the others, and with it the
/// order of summation, stays.
SmallVector<unsigned> loopOrder(linalg::GenericOp op) {
  unsigned loops = op.getNumLoops();
  unsigned best = loops - 1;
  for (unsigned dim = 0; dim < loops; ++dim)
    if (innermostCost(op, dim) < innermostCost(op, best))
      best = dim;
  SmallVector<unsigned> order;
  for (unsigned dim = 0; dim < loops; ++dim)
    if (dim != best)
      order.push_back(dim);
  order.push_back(best);
  return order;
}

/// Where an operand runs through loops `dim` and `dim` + 1: at which place of its map, if they are
/// adjacent there and no other place depends on them.
std::optional<unsigned> adjacentAt(AffineMap map, unsigned dim) {
  MLIRContext *context = map.getContext();
  std::optional<unsigned> first = map.getResultPosition(getAffineDimExpr(dim, context));
  std::optional<unsigned> second = map.getResultPosition(getAffineDimExpr(dim + 1, context));
  if (!first || !second || *first + 1 != *second)
    return std::nullopt;
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (i != *first && i != *second && (expr.isFunctionOfDim(dim) || expr.isFunctionOfDim(dim + 1)))
      return std::nullopt;
  return first;
}

/// Dimensions `at` and `at` + 1 as one, the others as they are.
SmallVector<ReassociationIndices> groupsOf(int64_t rank, unsigned at) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < rank; ++i)
    if (i == static_cast<int64_t>(at) + 1)
      groups.back().push_back(i);
    else
      groups.push_back({i});
  return groups;
}

/// Whether two loops that follow one another are one for `operand`: they run through adjacent
/// dimensions without a gap, or the operand knows neither.
bool areOneLoop(linalg::GenericOp op, OpOperand &operand, unsigned dim) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!map.isFunctionOfDim(dim) && !map.isFunctionOfDim(dim + 1))
    return true;
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  std::optional<unsigned> at = adjacentAt(map, dim);
  return type && at &&
         memref::CollapseShapeOp::isGuaranteedCollapsible(type, groupsOf(type.getRank(), *at));
}

/// Loops that every operand walks through as one become one: longer rows, fewer loops.
linalg::GenericOp mergeLoops(RewriterBase &rewriter, linalg::GenericOp op) {
  if (op.hasIndexSemantics())
    return op;
  for (unsigned dim = 0; dim + 1 < op.getNumLoops();) {
    auto kinds = op.getIteratorTypesArray();
    if (kinds[dim] != kinds[dim + 1] || llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
          return !areOneLoop(op, operand, dim);
        })) {
      ++dim;
      continue;
    }
    rewriter.setInsertionPoint(op);
    // Both loops become `dim`; those behind move up.
    SmallVector<AffineExpr> renamed;
    for (unsigned i = 0; i < op.getNumLoops(); ++i)
      renamed.push_back(rewriter.getAffineDimExpr(i <= dim ? i : i - 1));
    SmallVector<Value> operands;
    SmallVector<AffineMap> maps;
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      SmallVector<AffineExpr> exprs(map.getResults());
      Value value = operand.get();
      if (std::optional<unsigned> at = adjacentAt(map, dim)) {
        int64_t rank = cast<MemRefType>(value.getType()).getRank();
        value = memref::CollapseShapeOp::create(rewriter, op.getLoc(), value, groupsOf(rank, *at));
        exprs.erase(exprs.begin() + *at + 1);
      }
      operands.push_back(value);
      maps.push_back(AffineMap::get(op.getNumLoops(), 0, exprs, rewriter.getContext())
                         .replaceDimsAndSymbols(renamed, {}, op.getNumLoops() - 1, 0));
    }
    kinds.erase(kinds.begin() + dim);
    auto merged = linalg::GenericOp::create(
        rewriter, op.getLoc(), TypeRange(), ArrayRef(operands).take_front(op.getNumDpsInputs()),
        ArrayRef(operands).drop_front(op.getNumDpsInputs()), maps, kinds);
    rewriter.inlineRegionBefore(op.getRegion(), merged.getRegion(), merged.getRegion().begin());
    rewriter.eraseOp(op);
    op = merged;
  }
  return op;
}

/// A border as slabs: of each dimension, where the ones before are in the middle, both ends.
void fillBorder(fnc::kernel::FillBorderOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value memref = op.getInit();
  SmallVector<OpFoldResult> sizes = memref::getMixedSizes(b, loc, memref);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
      ones(sizes.size(), b.getIndexAttr(1));
  AffineExpr size = b.getAffineSymbolExpr(0);
  auto less = [&](OpFoldResult from, int64_t by) {
    return affine::makeComposedFoldedAffineApply(b, loc, AffineMap::get(0, 1, size - by), from);
  };
  for (auto [dim, low, high] : llvm::enumerate(op.getLow(), op.getHigh())) {
    OpFoldResult whole = sizes[dim];
    auto fill = [&](OpFoldResult from, int64_t width) {
      if (width == 0)
        return;
      offsets[dim] = from;
      sizes[dim] = b.getIndexAttr(width);
      Value slab = memref::SubViewOp::create(b, loc, memref, offsets, sizes, ones);
      linalg::FillOp::create(b, loc, op.getValue(), slab);
    };
    fill(b.getIndexAttr(0), low);
    fill(less(whole, high), high);
    offsets[dim] = b.getIndexAttr(low);
    sizes[dim] = less(whole, low + high);
  }
  op.erase();
}

struct LowerToLoops : fnc::impl::LowerToLoopsBase<LowerToLoops> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<fnc::kernel::FillBorderOp> borders;
    getOperation().walk([&](fnc::kernel::FillBorderOp op) { borders.push_back(op); });
    for (fnc::kernel::FillBorderOp op : borders)
      fillBorder(op);
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<linalg::LinalgOp, fnc::kernel::ContractOp, fnc::kernel::CooMatmulOp,
              fnc::kernel::WinogradOp, fnc::kernel::WinogradFilterOp>(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    fnc::Fills fills;
    // Last ones first: who reads a fill decides whether it is done.
    for (Operation *op : llvm::reverse(ops)) {
      if (fills.drop(op)) {
        rewriter.eraseOp(op);
        continue;
      }
      if (auto contraction = dyn_cast<fnc::kernel::ContractOp>(op)) {
        fnc::lowerContraction(rewriter, contraction);
        continue;
      }
      if (auto product = dyn_cast<fnc::kernel::CooMatmulOp>(op)) {
        fnc::lowerCooMatmul(rewriter, product, {vectorBits, registers});
        continue;
      }
      if (auto winograd = dyn_cast<fnc::kernel::WinogradOp>(op)) {
        fnc::lowerWinograd(rewriter, winograd, fnc::lanes({vectorBits, registers}, 32));
        continue;
      }
      if (auto filter = dyn_cast<fnc::kernel::WinogradFilterOp>(op)) {
        fnc::lowerWinogradFilter(rewriter, filter, fnc::lanes({vectorBits, registers}, 32));
        continue;
      }
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::GenericOp> generic = generalize(rewriter, cast<linalg::LinalgOp>(op));
      if (failed(generic))
        return signalPassFailure();
      linalg::GenericOp merged = mergeLoops(rewriter, *generic);
      // Small machines' libraries move byte after byte.
      bool moved = vectorBits > 32 && fnc::lowerToBytes(rewriter, merged);
      if (!moved &&
          (merged->hasAttr(fnc::kFewAttr) ||
           !fnc::lowerToVectorLoops(rewriter, merged, {vectorBits, registers}, fills)) &&
          failed(lowerToLoops(rewriter, merged, fills)))
        return signalPassFailure();
    }
    fnc::lowerInstructions(getOperation(), vectorBits, byteProducts);
    fnc::lowerPhilox(getOperation());
    gatherConstants();
  }

  /// Loops that are equal have their constants at the same place, whatever else there is.
  void gatherConstants() {
    Block &front = getOperation().front();
    getOperation().walk([&](arith::ConstantOp constant) {
      if (constant->getBlock() != &front)
        constant->moveBefore(&front, front.begin());
    });
  }

  FailureOr<linalg::GenericOp> generalize(RewriterBase &rewriter, linalg::LinalgOp op) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op.getOperation()))
      return generic;
    FailureOr<linalg::GenericOp> generic = linalg::generalizeNamedOp(rewriter, op);
    if (failed(generic))
      op.emitError("cannot lower this op to loops");
    return generic;
  }

  LogicalResult lowerToLoops(RewriterBase &rewriter, linalg::GenericOp op, fnc::Fills &fills) {
    if (fnc::lowerToElementLoops(rewriter, op, {vectorBits, registers}, fills))
      return success();
    FailureOr<linalg::GenericOp> generic = op;
    if (op.getNumLoops() > 1) {
      rewriter.setInsertionPoint(op);
      generic = linalg::interchangeGenericOp(rewriter, op, loopOrder(op));
      if (failed(generic))
        return failure();
    }
    rewriter.setInsertionPoint(*generic);
    if (failed(linalg::linalgOpToLoops(rewriter, cast<linalg::LinalgOp>(generic->getOperation()))))
      return generic->emitError("cannot lower this op to loops");
    rewriter.eraseOp(*generic);
    return success();
  }
};

} // namespace
