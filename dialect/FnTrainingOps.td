// Ops of training: gradients, and losses as composites of simpler ops.
#ifndef FN_TRAINING_OPS
#define FN_TRAINING_OPS

include "dialect/FnOpBase.td"

def Fn_GradientsOp : Fn_Op<"gradients", [Pure, HasParent<"GraphOp">, AttrSizedOperandSegments]> {
  let summary = "gradients of a tensor with respect to others";
  let description = [{
    Reverse mode, of the function's graph after its feeds. Targets are variables, placeholders or
    inner values; each result has the type of its target. Without a `seed`, which has the shape of
    the output, the gradient is that of the sum of the output's elements.

    A target that the output does not depend on is an error, or with `unused = "zeros"` gets zeros.
    So is a path through an op without a gradient rule, or through `fn.read`. Results can be
    differentiated again.

    ```mlir
    %dw, %db = fn.gradients %loss, (%w, %b)
             : (tensor<f32>, tensor<64x10xf32>, tensor<10xf32>) -> (tensor<64x10xf32>, tensor<10xf32>)
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$output, Variadic<Fn_FloatTensor>:$targets,
                       Optional<Fn_FloatTensor>:$seed,
                       DefaultValuedStrAttr<StrAttr, "error">:$unused);
  let results = (outs Variadic<Fn_FloatTensor>:$gradients);
  let assemblyFormat = [{
    $output `,` `(` $targets `)` (`seed` `(` $seed^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Fn_StopGradientOp : Fn_PureOp<"stop_gradient"> {
  let summary = "the operand; for gradients a constant";
  let arguments = (ins Fn_Tensor:$input);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferElementwise(shapes, op.getOperands(), {}, results);
    }
  }];
}

def Fn_SoftmaxCrossEntropyOp : Fn_CompositeOp<"softmax_cross_entropy"> {
  let summary = "mean cross entropy of logits against probabilities";
  let description = [{
    `mean over all but the last dimension of -sum over c of labels[.., c] * log_softmax(logits)[.., c]`

    ```mlir
    %loss = fn.softmax_cross_entropy %logits, %y : (tensor<?x10xf32>, tensor<?x10xf32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$logits, Fn_FloatTensor:$labels);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif // FN_TRAINING_OPS
