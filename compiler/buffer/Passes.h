//===- Passes.h - the buffer stage ------------------------------*- C++ -*-===//

#ifndef FNC_BUFFER_PASSES_H
#define FNC_BUFFER_PASSES_H

#include "compiler/kernel/ByteProducts.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace fnc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/buffer/Passes.h.inc"

/// On an scf.for whose steps, each a row of every buffer that is written, may run in any order.
constexpr llvm::StringLiteral kRowsAttr = "fn.rows";

/// On an scf.for whose steps are strips of rows.
constexpr llvm::StringLiteral kStripsAttr = "fn.strips";

/// Kernels on tensors to kernels on memrefs that return nothing and allocate nothing. `registers`
/// says whether rows may run beside one another.
void buildBufferPipeline(mlir::OpPassManager &pm, const SkewRowsOptions &registers = {},
                         bool profile = false);

/// Linalg on planned memrefs to loops. The branch to C++ source leaves before this.
void buildLoopPipeline(mlir::OpPassManager &pm, const LowerToLoopsOptions &registers = {},
                       const OutlineLoopsOptions &outline = {});

} // namespace fnc

#endif // FNC_BUFFER_PASSES_H
