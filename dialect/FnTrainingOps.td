// Ops of training: gradients, and losses as composites of simpler ops.
#ifndef FN_TRAINING_OPS
#define FN_TRAINING_OPS

include "dialect/FnOpBase.td"
include "dialect/FnTrainingAttrs.td"

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

def Fn_MinimizeOp : Fn_Op<"minimize", [HasParent<"GraphOp">, AttrSizedOperandSegments]> {
  let summary = "one step of an optimizer, as an update to list";
  let description = [{
    Stands for the gradients of the loss, the optimizer's slots, their new values, and update ops
    for the variables. Slots are variables of the graph, named after their variable and the
    instance: `w/adam/m`, in C++ `w__adam__m`. `adam/step` (i64) counts the steps. An instance has
    its optimizer's name unless `name` gives another.

    ```mlir
    %t = fn.minimize %loss, (%w, %b) {optimizer = #fn.adam<learning_rate = 0.01>}
       : tensor<f32>, (tensor<64x10xf32>, tensor<10xf32>)
    fn.function @train inputs(%x : tensor<?x64xf32>) outputs("loss" = %loss : tensor<f32>) updates(%t)
    ```

    The learning rate is the optimizer's number, or that of a `schedule` of the steps done, or the
    tensor `rate(%lr)`. Where `if(%flag)` does not hold nothing changes. Then, in this order:
    - `loss_scale = #fn.loss_scale<...>`: see there; a step that overflows is left out.
    - `check_finite`: a gradient that is infinite or NaN fails the call, which then changes nothing.
    - `accumulate = k`: gradients of k calls are averaged (slot `w/adam/gradient`), every k-th call is
      a step; `adam/calls` counts those since the last.
    - `clip_value = c`: elements cut to [-c, c]. `clip_norm`: each gradient scaled to at most this
      norm. `global_clip_norm`: all by the norm of all.
    - the optimizer, and `weight_decay = d`: `p -= rate d p`, with the entry value of p.
    - `constraints = [#fn.max_norm<max = 2.0>, unit]`, one for each variable.
    - `average = 0.99`: slot `w/adam/average`, an exponential moving average of the weight; it begins
      with the variable's initial value.

    Half-precision variables are computed in f32, and so are their slots.
  }];
  let arguments = (ins Fn_FloatTensor:$loss, Variadic<Fn_FloatTensor>:$variables,
                       Optional<RankedTensorOf<[Fn_Float]>>:$rate,
                       Optional<Fn_BoolTensor>:$condition, Variadic<Fn_ControlType>:$after,
                       Fn_OptimizerInterface:$optimizer, OptionalAttr<StrAttr>:$name,
                       OptionalAttr<Fn_ScheduleInterface>:$schedule,
                       OptionalAttr<Fn_LossScaleAttr>:$loss_scale, UnitAttr:$check_finite,
                       OptionalAttr<I64Attr>:$accumulate, OptionalAttr<F64Attr>:$clip_value,
                       OptionalAttr<F64Attr>:$clip_norm, OptionalAttr<F64Attr>:$global_clip_norm,
                       OptionalAttr<F64Attr>:$weight_decay, OptionalAttr<ArrayAttr>:$constraints,
                       OptionalAttr<F64Attr>:$average);
  let results = (outs Fn_ControlType:$done);
  let assemblyFormat = [{
    $loss `,` `(` $variables `)` (`rate` `(` $rate^ `:` type($rate) `)`)?
    (`if` `(` $condition^ `:` type($condition) `)`)? (`after` `(` $after^ `)`)? attr-dict
    `:` type($loss) `,` `(` type($variables) `)`
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The instance's name: given, or the optimizer's.
    ::llvm::StringRef getInstance();
  }];
}

def Fn_ScheduledRateOp : Fn_CompositeOp<"scheduled_rate"> {
  let summary = "a learning rate after this number of steps";
  let description = [{
    ```mlir
    %lr = fn.scheduled_rate %steps {schedule = #fn.cosine_decay<learning_rate = 0.1, decay_steps = 900.0>}
        : (tensor<i64>) -> tensor<f32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I32, I64]>:$steps, Fn_ScheduleInterface:$schedule);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Fn_RegularizerOp : Fn_CompositeOp<"regularizer"> {
  let summary = "what large weights cost: to add to a loss";
  let description = [{
    `l1 sum |w| + l2 sum w^2`

    ```mlir
    %cost = fn.regularizer %w {l2 = 0.01 : f64} : (tensor<64x10xf32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$weights, DefaultValuedAttr<F64Attr, "0.0">:$l1,
                       DefaultValuedAttr<F64Attr, "0.0">:$l2);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Fn_ConstrainOp : Fn_CompositeOp<"constrain"> {
  let summary = "the nearest weights that satisfy a constraint";
  let description = [{
    ```mlir
    %v = fn.constrain %w {constraint = #fn.max_norm<max = 2.0>} : (tensor<64x10xf32>) -> tensor<64x10xf32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$weights, Fn_ConstraintInterface:$constraint);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif // FN_TRAINING_OPS
