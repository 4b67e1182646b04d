// Elementwise ops: arithmetic, comparison, logic, select, cast and the functions of one number.
#ifndef FN_ELEMENTWISE_OPS
#define FN_ELEMENTWISE_OPS

include "dialect/FnOpBase.td"

// Two operands that broadcast, one result of their element type.
class Fn_BinaryOp<string mnemonic, Type tensor, list<Trait> traits = []>
    : Fn_PureOp<mnemonic, traits> {
  let arguments = (ins tensor:$lhs, tensor:$rhs);
  let results = (outs tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Fn_AddOp : Fn_BinaryOp<"add", Fn_NumberTensor, [Commutative]> {
  let summary = "sum";
  let description = [{
    `lhs + rhs`, broadcast as in NumPy. Integers wrap.

    ```mlir
    %c = fn.add %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
}

#endif // FN_ELEMENTWISE_OPS
