//===- ShareOps.cpp - equal ops of several kernels as one function --------===//

#include "compiler/buffer/Outline.h"
#include "compiler/buffer/Passes.h"
#include "compiler/buffer/ShareDraws.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_SHAREOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// What a call costs is little beside this many multiply-adds; what a size of the call is taken
/// for.
constexpr int64_t kFewestProducts = 2048, kUnknown = 32;

/// Operations in the bodies of what is shared: less code than that is not worth a call.
constexpr unsigned kFewestOps = 12;

/// Whether the code of an op is long, and its work too.
bool isLong(Operation &op) {
  if (auto contraction = dyn_cast<fnc::kernel::ContractOp>(op)) {
    int64_t products = 1;
    for (int64_t size : contraction.getSizes())
      products = std::min(products * (size < 0 ? kUnknown : size), kFewestProducts);
    return products == kFewestProducts;
  }
  if (isa<fnc::kernel::CooMatmulOp, fnc::kernel::WinogradOp, fnc::kernel::WinogradFilterOp>(op))
    return true;
  if (!isa<scf::ForOp, linalg::LinalgOp>(op))
    return false;
  unsigned ops = 0;
  op.walk([&](Operation *) { ++ops; });
  return ops > kFewestOps;
}

struct ShareOps : fnc::impl::ShareOpsBase<ShareOps> {
  using Base::Base;

  void runOnOperation() override {
    fnc::EqualOps ops;
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (!kernel.isExternal()) {
        if (kernel->hasAttr("fn.init"))
          fnc::makeDrawsAlike(kernel);
        for (Operation &op : kernel.front())
          if (isLong(op))
            if (auto captures = fnc::capturesOf(&op); captures && captures->apart)
              ops.add(&op, std::move(*captures));
      }
    unsigned count = 0;
    for (ArrayRef<Operation *> equal : ops.groups())
      if (equal.size() > 1) {
        StringRef kernel = equal.front()->getParentOfType<func::FuncOp>().getName();
        func::FuncOp shared = fnc::outline(equal, kernel + ".shared" + Twine(count++));
        // Kernels are longer: passes on functions side by side begin with them.
        shared->moveBefore(getOperation().getBody(), getOperation().getBody()->end());
      }
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (kernel->hasAttr("fn.init"))
        kernel.walk([](arith::ConstantOp constant) { constant->removeAttr(fnc::kHandedAttr); });
  }
};

} // namespace
