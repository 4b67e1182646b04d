//===- ElementLoops.cpp - reductions across rows of memory ----------------===//

#include "compiler/buffer/ElementLoops.h"
#include "compiler/buffer/LoopBody.h"

using namespace mlir;

namespace {

/// Results that are made at once: each choice waits for the one before, so there are more of them
/// than a register may hold.
constexpr int64_t kNeighbours = 8;

/// The loop along which results are neighbours.
std::optional<unsigned> neighboursOf(linalg::GenericOp op) {
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::parallel &&
        llvm::all_of(op.getDpsInitsMutable(),
                     [&](OpOperand &init) { return fnc::stepAlong(op, &init, dim) == 1; }))
      return dim;
  return std::nullopt;
}

/// Whether operands can be vectors.
bool hasVectors(linalg::GenericOp op, fnc::Registers registers) {
  if (registers.count == 0 || fnc::lanes(registers, 32) < 2)
    return false;
  return llvm::all_of(op->getOperands(), [](Value operand) {
    Type element = getElementTypeOrSelf(operand.getType());
    // Bits are no vectors in memory.
    return !isa<MemRefType>(operand.getType()) ||
           (element.isIntOrFloat() && element.getIntOrFloatBitWidth() >= 8);
  });
}

class ElementLoops : fnc::LoopBody {
public:
  using LoopBody::LoopBody;

  void run(fnc::Fills &fills) {
    takeStarts(fills);
    nest(outer, 0, {}, [&](ValueRange) -> SmallVector<Value> {
      if (vectorDim == op.getNumLoops())
        results(1);
      else
        neighbours();
      return {};
    });
  }

private:
  void neighbours() {
    auto loop = [&](Value from, Value to, int64_t width) {
      forEach(vectorDim, from, to, width, {}, [&](ValueRange) -> SmallVector<Value> {
        results(width);
        return {};
      });
    };
    int64_t size = bounds[vectorDim];
    bool isDynamic = ShapedType::isDynamic(size);
    Value whole = isDynamic ? wholeSteps(kNeighbours) : constant(size / kNeighbours * kNeighbours);
    if (isDynamic || size >= kNeighbours)
      loop(constant(0), whole, kNeighbours);
    if (isDynamic || size % kNeighbours != 0)
      loop(whole, sizes[vectorDim], 1);
  }

  /// What is chosen next waits for what was chosen before: copies of the body would be no faster.
  void results(int64_t width) {
    isShort = true;
    storeAll(
        nest(reductions, 0, loadInits(width), [&](ValueRange in) { return evaluate(width, in); }),
        width);
    isShort = false;
  }
};

} // namespace

bool fnc::lowerToElementLoops(RewriterBase &rewriter, linalg::GenericOp op, Registers registers,
                              Fills &fills) {
  if (op.getNumReductionLoops() == 0 || !isElementwiseBody(*op.getBody()) ||
      !llvm::all_of(op.getDpsInitsMutable(),
                    [&](OpOperand &init) { return isWholeOverReductions(op, init); }))
    return false;
  SmallVector<int64_t> bounds = op.getStaticLoopRanges();
  bool isOne = llvm::all_of(llvm::enumerate(op.getIteratorTypesArray()), [&](auto loop) {
    return loop.value() == utils::IteratorType::reduction || bounds[loop.index()] == 1;
  });
  std::optional<unsigned> neighbours = neighboursOf(op);
  if (!isOne && (!neighbours || !hasVectors(op, registers)))
    return false;
  rewriter.setInsertionPoint(op);
  ElementLoops(rewriter, op, isOne ? op.getNumLoops() : *neighbours).run(fills);
  rewriter.eraseOp(op);
  return true;
}
