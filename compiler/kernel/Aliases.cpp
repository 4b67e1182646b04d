//===- Aliases.cpp - tensors that lie in the memory of others -------------===//

#include "compiler/kernel/Aliases.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

Value fnc::viewedTensor(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp,
             tensor::ReshapeOp, fnc::kernel::BarrierOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

Value fnc::carriedFrom(Value value) {
  auto loop = value.getDefiningOp<LoopLikeOpInterface>();
  return loop ? loop.getInits()[cast<OpResult>(value).getResultNumber()] : Value();
}

llvm::SetVector<Value> fnc::viewedArguments(Value value) {
  llvm::SetVector<Value> arguments;
  SmallVector<Value> pending = {value};
  llvm::DenseSet<Value> seen;
  while (!pending.empty()) {
    Value at = viewedTensor(pending.pop_back_val());
    if (!seen.insert(at).second)
      continue;
    Operation *def = at.getDefiningOp();
    if (!def) {
      arguments.insert(at);
    } else if (Value begin = carriedFrom(at)) {
      pending.push_back(begin);
    } else if (auto select = dyn_cast<arith::SelectOp>(def)) {
      pending.append({select.getTrueValue(), select.getFalseValue()});
    } else if (auto branch = dyn_cast<scf::IfOp>(def)) {
      unsigned i = cast<OpResult>(at).getResultNumber();
      for (Region *region : {&branch.getThenRegion(), &branch.getElseRegion()})
        pending.push_back(region->front().getTerminator()->getOperand(i));
    }
  }
  return arguments;
}
