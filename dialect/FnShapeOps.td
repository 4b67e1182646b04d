// Ops that move data or make it from nothing: constants, views, slices, gathers.
#ifndef FN_SHAPE_OPS
#define FN_SHAPE_OPS

include "dialect/FnOpBase.td"

def Fn_ConstantOp : Fn_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a constant tensor";
  let description = [{
    ```mlir
    %c = fn.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

#endif // FN_SHAPE_OPS
