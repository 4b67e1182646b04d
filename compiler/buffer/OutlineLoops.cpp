//===- OutlineLoops.cpp - nests of a long kernel as functions -------------===//

#include "compiler/buffer/Outline.h"
#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_OUTLINELOOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

struct OutlineLoops : fnc::impl::OutlineLoopsBase<OutlineLoops> {
  using Base::Base;

  void runOnOperation() override {
    fnc::EqualOps ops;
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (kernel.isExternal())
        continue;
      SmallVector<Operation *> nests;
      for (Operation &op : kernel.front())
        if (op.getNumRegions() > 0)
          nests.push_back(&op);
      if (nests.size() > atLeast)
        for (Operation *nest : nests)
          if (auto captures = fnc::capturesOf(nest))
            ops.add(nest, std::move(*captures));
    }
    // Layers of one shape share their code.
    for (auto [i, equal] : llvm::enumerate(ops.groups())) {
      StringRef kernel = equal.front()->getParentOfType<func::FuncOp>().getName();
      fnc::outline(equal, kernel + ".nest" + Twine(i));
    }
  }
};

} // namespace
