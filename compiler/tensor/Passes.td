// Passes of the tensor stage.
#ifndef FNC_TENSOR_PASSES
#define FNC_TENSOR_PASSES

include "mlir/Pass/PassBase.td"

def LowerToLinalg : Pass<"fnc-lower-to-linalg", "::mlir::ModuleOp"> {
  let summary = "lower fn ops to linalg, tensor, arith and math on tensors";
  let description = [{
    Every fn op of a kernel becomes upstream ops on tensors; unsigned element types become signless.

    ```mlir
    %c = fn.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
    ==>
    ```mlir
    %0 = tensor.empty() : tensor<4xf32>
    %c = linalg.generic ... ins(%a, %b) outs(%0) { ... arith.addf ... }
    ```
    On entry: kernel form. On exit: no op or type of the fn dialect, no unsigned type.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

#endif // FNC_TENSOR_PASSES
