//===- Passes.h - the tensor stage ------------------------------*- C++ -*-===//

#ifndef FNC_TENSOR_PASSES_H
#define FNC_TENSOR_PASSES_H

#include "compiler/kernel/ByteProducts.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace fnc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/tensor/Passes.h.inc"

/// fn ops on tensors (kernel form) to fused linalg on tensors whose bodies hold only ops that
/// become instructions; `lower` says what memory there is, `math` which instructions the target
/// lacks, `registers` which ones contractions may use.
void buildTensorPipeline(mlir::OpPassManager &pm, const LowerToLinalgOptions &lower = {},
                         const ExpandMathOptions &math = {},
                         const FormContractionsOptions &registers = {}, bool winograd = true,
                         bool fastMath = false);

} // namespace fnc

#endif // FNC_TENSOR_PASSES_H
