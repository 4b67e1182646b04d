//===- SideBySide.cpp - how many vectors go through a body at once --------===//

#include "compiler/buffer/SideBySide.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace {

/// A body shorter than this leaves room for others among the instructions that wait.
constexpr int64_t kLongBody = 8;
/// Longer ones follow one another as one block, in which LLVM takes quadratic time.
constexpr int64_t kLongestBody = 96;

constexpr int64_t kMostVectors = 4;

/// Counts the registers that a body takes: those of one vector on its way, and those that all
/// share.
class Pressure {
public:
  Pressure(linalg::GenericOp op, int64_t lanes, fnc::Registers registers,
           llvm::function_ref<bool(OpOperand &)> staysSame)
      : op(op), body(*op.getBody()), lanes(lanes), bits(registers.bits), staysSame(staysSame) {
    for (Operation &inner : body)
      for (Value operand : inner.getOperands())
        lastUse[operand] = &inner;
    for (Operation &inner : body)
      pass(inner);
  }

  int64_t ops = 0, live = 0, shared = 0;

private:
  int64_t width(Value value) const {
    Type type = value.getType();
    int64_t elementBits = type.isIntOrFloat() ? type.getIntOrFloatBitWidth() : 64;
    return std::max<int64_t>(1, elementBits * lanes / bits);
  }

  bool isShared(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (value.getParentBlock() != &body || value.getDefiningOp<arith::ConstantOp>())
      return true;
    return argument && staysSame(op->getOpOperand(argument.getArgNumber()));
  }

  void pass(Operation &inner) {
    if (isa<arith::ConstantOp>(inner))
      return;
    if (auto lookup = dyn_cast<fnc::kernel::LookupOp>(inner))
      shared +=
          std::max<int64_t>(1, cast<DenseElementsAttr>(lookup.getTable()).getNumElements() / lanes);
    llvm::SmallDenseSet<Value> ending;
    for (Value operand : inner.getOperands()) {
      bool isNew = seen.insert(operand).second;
      if (isShared(operand)) {
        shared += isNew;
        continue;
      }
      if (isNew)
        now += width(operand);
      if (lastUse.lookup(operand) == &inner)
        ending.insert(operand);
    }
    live = std::max(live, now);
    for (Value operand : ending)
      now -= width(operand);
    for (Value result : inner.getResults()) {
      seen.insert(result);
      now += width(result);
    }
    live = std::max(live, now);
    ++ops;
  }

  linalg::GenericOp op;
  Block &body;
  int64_t lanes, bits, now = 0;
  llvm::function_ref<bool(OpOperand &)> staysSame;
  llvm::DenseMap<Value, Operation *> lastUse;
  llvm::DenseSet<Value> seen;
};

} // namespace

int64_t fnc::vectorsSideBySide(linalg::GenericOp op, int64_t lanes, Registers registers,
                               int64_t size, llvm::function_ref<bool(OpOperand &)> staysSame) {
  // The order of instructions is not the body's: some values stay longer.
  int64_t usable = registers.count - registers.count / 8;
  Pressure pressure(op, lanes, registers, staysSame);
  int64_t vectors = 1;
  while (pressure.ops >= kLongBody && pressure.ops <= kLongestBody && vectors < kMostVectors &&
         vectors * 2 * lanes <= size && vectors * 2 * pressure.live + pressure.shared <= usable)
    vectors *= 2;
  return vectors;
}
