//===- PackBlocks.cpp - room for the blocks that contractions copy --------===//

#include "compiler/buffer/Passes.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using fnc::kernel::ContractOp;

namespace fnc {
#define GEN_PASS_DEF_PACKBLOCKS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// Whether it has become a strip of too few rows for its blocks, and reads rhs as well without.
bool isShort(ContractOp op) {
  if (!isa<AffineDimExpr>(op.mapOf(1).getResults().back()) ||
      !op.mapOf(1).getResults().back().isFunctionOfDim(op.getVectorDim()))
    return false;
  int64_t rows = 1;
  for (auto [loop, size] : llvm::enumerate(op.getSizes())) {
    if (op.isReduction(loop) || loop == op.getVectorDim() || op.mapOf(1).isFunctionOfDim(loop))
      continue;
    if (size < 0)
      return false;
    rows *= size;
  }
  return rows < (*op.getBlock())[2];
}

struct PackBlocks : fnc::impl::PackBlocksBase<PackBlocks> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func->hasAttr("fn.kernel") || func->hasAttr("fn.init") || func.isExternal())
      return;
    func.walk([](ContractOp op) {
      if (!op.getBlock() || isShort(op))
        return;
      OpBuilder b(op);
      auto type = MemRefType::get({op.blockSize()}, op.sumType());
      op.getScratchMutable().assign(
          memref::AllocOp::create(b, op.getLoc(), type, b.getI64IntegerAttr(64)));
    });
  }
};

} // namespace
