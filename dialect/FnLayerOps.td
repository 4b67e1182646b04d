// Layers, as composites of simpler ops, with Keras' conventions and constants.
#ifndef FN_LAYER_OPS
#define FN_LAYER_OPS

include "dialect/FnOpBase.td"

//===-- Normalization ------------------------------------------------------===//
// f16 and bf16 are computed in f32.

def Fn_BatchNormOp : Fn_CompositeOp<"batch_norm", [AttrSizedOperandSegments]> {
  let summary = "batch normalization by known statistics";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) * scale + offset`, one of each for every place of `axis`
    (absent: the last dimension).

    ```mlir
    %y = fn.batch_norm %x, %mean, %variance scale(%gamma) offset(%beta)
       : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$input, Fn_FloatTensor:$mean, Fn_FloatTensor:$variance,
                       Optional<Fn_FloatTensor>:$scale, Optional<Fn_FloatTensor>:$offset,
                       OptionalAttr<I64Attr>:$axis, DefaultValuedAttr<F64Attr, "0.001">:$epsilon);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $mean `,` $variance (`scale` `(` $scale^ `)`)? (`offset` `(` $offset^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Fn_BatchNormTrainingOp : Fn_CompositeOp<"batch_norm_training", [AttrSizedOperandSegments]> {
  let summary = "batch normalization by the statistics of the batch, and the new moving averages";
  let description = [{
    As `fn.batch_norm` with mean and (biased) variance over all dimensions but `axis`. The second
    and third result, `moving * momentum + batch * (1 - momentum)`, are the updates of the moving
    averages; of the variance with `unbiased` the one over n - 1, as Keras 2 does for images. The
    averages pass no gradient.

    ```mlir
    %y, %m1, %v1 = fn.batch_norm_training %x, %m, %v scale(%gamma) offset(%beta) {momentum = 0.9 : f64}
      : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
        -> (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>)
    fn.function @train inputs(...) updates(%m = %m1, %v = %v1 : ...)
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$input, Fn_FloatTensor:$mean, Fn_FloatTensor:$variance,
                       Optional<Fn_FloatTensor>:$scale, Optional<Fn_FloatTensor>:$offset,
                       OptionalAttr<I64Attr>:$axis, DefaultValuedAttr<F64Attr, "0.001">:$epsilon,
                       DefaultValuedAttr<F64Attr, "0.99">:$momentum, UnitAttr:$unbiased);
  let results = (outs Fn_FloatTensor:$result, Fn_FloatTensor:$new_mean,
                      Fn_FloatTensor:$new_variance);
  let assemblyFormat = [{
    $input `,` $mean `,` $variance (`scale` `(` $scale^ `)`)? (`offset` `(` $offset^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

class Fn_NormOp<string mnemonic, string what, string rules, dag attributes>
    : Fn_CompositeOp<mnemonic, [AttrSizedOperandSegments]> {
  let summary = what;
  let arguments = !con((ins Fn_FloatTensor:$input, Optional<Fn_FloatTensor>:$scale,
                            Optional<Fn_FloatTensor>:$offset), attributes);
  let results = (outs Fn_FloatTensor:$result);
  let description = rules;
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `)`)? (`offset` `(` $offset^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Fn_LayerNormOp : Fn_NormOp<"layer_norm", "normalization over the features of each sample", [{
    `(x - mean) / sqrt(variance + epsilon) * scale + offset`, mean and variance over `axes` (absent:
    the last dimension), which are the dimensions of scale and offset.

    ```mlir
    %y = fn.layer_norm %x scale(%gamma) offset(%beta) {epsilon = 1.0e-5 : f64}
       : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }],
  (ins OptionalAttr<DenseI64ArrayAttr>:$axes, DefaultValuedAttr<F64Attr, "0.001">:$epsilon)>;

def Fn_RmsNormOp : Fn_NormOp<"rms_norm", "division by the root mean square of the features", [{
    `x / sqrt(mean of x^2 + epsilon) * scale + offset` over `axes` (absent: the last dimension).

    ```mlir
    %y = fn.rms_norm %x scale(%gamma) : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }],
  (ins OptionalAttr<DenseI64ArrayAttr>:$axes, DefaultValuedAttr<F64Attr, "1e-6">:$epsilon)>;

def Fn_GroupNormOp : Fn_NormOp<"group_norm", "normalization over groups of channels", [{
    As `fn.layer_norm` over the channels of each of `groups` equal parts of dimension `axis` (absent:
    the last one) and all dimensions behind the first. Scale and offset are for each channel.

    ```mlir
    %y = fn.group_norm %x scale(%gamma) {groups = 2 : i64}
       : (tensor<?x8x8x4xf32>, tensor<4xf32>) -> tensor<?x8x8x4xf32>
    ```
  }],
  (ins I64Attr:$groups, OptionalAttr<I64Attr>:$axis, DefaultValuedAttr<F64Attr, "0.001">:$epsilon)>;

def Fn_InstanceNormOp : Fn_NormOp<"instance_norm", "normalization of each channel of each sample", [{
    As `fn.group_norm` with a group for each channel.

    ```mlir
    %y = fn.instance_norm %x : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
    ```
  }],
  (ins OptionalAttr<I64Attr>:$axis, DefaultValuedAttr<F64Attr, "0.001">:$epsilon)>;

//===-- Dropout, embedding, attention --------------------------------------===//

def Fn_DropoutOp : Fn_CompositeOp<"dropout"> {
  let summary = "zeros at random places, the others scaled up";
  let description = [{
    Each element is 0 with probability `rate`, else divided by `1 - rate`. Elements that differ only
    in their place along `shared_axes` share their fate. The state is as for `fn.random_bernoulli`.
    Inference uses the operand itself.

    ```mlir
    %y, %s1 = fn.dropout %x, %s {rate = 0.2 : f64}
            : (tensor<?x4xf32>, tensor<3xi64>) -> (tensor<?x4xf32>, tensor<3xi64>)
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$input, RankedTensorOf<[I64]>:$state, F64Attr:$rate,
                       OptionalAttr<DenseI64ArrayAttr>:$shared_axes);
  let results = (outs Fn_FloatTensor:$result, RankedTensorOf<[I64]>:$next);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Fn_EmbeddingBagOp : Fn_CompositeOp<"embedding_bag"> {
  let summary = "sums or means of rows of a table";
  let description = [{
    Of the rows that the last dimension of `ids` names, each times its weight, the `combiner` takes
    the "sum", the "mean" (over the sum of the weights) or "sqrtn" (over the root of the sum of
    their squares). An id equal to `padding` counts for nothing; of nothing at all the result is 0.
    An id out of range is a status of the call. Bags of different lengths are `fn.matmul` with a
    sparse matrix. One row for each id is `fn.gather`.

    ```mlir
    %y = fn.embedding_bag %table, %ids {combiner = "mean", padding = 0 : i64}
       : (tensor<100x8xf32>, tensor<?x5xi32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$table, Fn_IndexTensor:$ids, Optional<Fn_FloatTensor>:$weights,
                       DefaultValuedStrAttr<StrAttr, "sum">:$combiner, OptionalAttr<I64Attr>:$padding);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = [{
    $table `,` $ids (`weights` `(` $weights^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
}

def Fn_AttentionOp : Fn_CompositeOp<"attention"> {
  let summary = "means of values by the similarity of queries to keys";
  let description = [{
    `softmax(scale query key') value`, for queries [.., t, d], keys [.., s, d] and values [.., s, e]:
    [.., t, e]. The leading dimensions (batch, heads) broadcast. `scale` is 1 / sqrt(d) if absent.

    A mask of i1 that broadcasts to [.., t, s] says which keys a query sees, one of floats is added
    to the scaled products. With `causal`, query i sees keys 0 to i only. A query that sees nothing
    gets 0.

    ```mlir
    %y = fn.attention %q, %k, %v mask(%m) {causal}
       : (tensor<?x2x6x4xf32>, tensor<?x2x6x4xf32>, tensor<?x2x6x4xf32>, tensor<?x1x1x6xi1>)
         -> tensor<?x2x6x4xf32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$query, Fn_FloatTensor:$key, Fn_FloatTensor:$value,
                       Optional<Fn_Tensor>:$mask, OptionalAttr<F64Attr>:$scale, UnitAttr:$causal);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` `(` $mask^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

//===-- Recurrent cells ----------------------------------------------------===//
// x [b, i], states [b, u], kernel [i, gates u], recurrent kernel [u, gates u], bias [gates u].
// Activations: tanh, sigmoid, relu, hard_sigmoid, softsign, softplus, elu, selu, gelu, silu, exp,
// linear.

defvar Fn_Activation = DefaultValuedStrAttr<StrAttr, "tanh">;
defvar Fn_RecurrentActivation = DefaultValuedStrAttr<StrAttr, "sigmoid">;

def Fn_RnnCellOp : Fn_CompositeOp<"rnn_cell"> {
  let summary = "one step of a simple recurrent network";
  let description = [{
    `activation(x kernel + h recurrent + bias)`

    ```mlir
    %h1 = fn.rnn_cell %x, %h, %k, %r bias(%b)
        : (tensor<?x3xf32>, tensor<?x4xf32>, tensor<3x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$input, Fn_FloatTensor:$hidden, Fn_FloatTensor:$kernel,
                       Fn_FloatTensor:$recurrent, Optional<Fn_FloatTensor>:$bias,
                       Fn_Activation:$activation);
  let results = (outs Fn_FloatTensor:$new_hidden);
  let assemblyFormat = [{
    $input `,` $hidden `,` $kernel `,` $recurrent (`bias` `(` $bias^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Fn_LstmCellOp : Fn_CompositeOp<"lstm_cell"> {
  let summary = "one step of a long short-term memory";
  let description = [{
    Of `x kernel + h recurrent + bias` the parts i, f, g, o:
    `c' = ra(f) c + ra(i) a(g)`, `h' = ra(o) a(c')`, with the activation a and the recurrent one ra.

    ```mlir
    %h1, %c1 = fn.lstm_cell %x, %h, %c, %k, %r bias(%b)
             : (tensor<?x3xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<3x16xf32>, tensor<4x16xf32>, tensor<16xf32>)
               -> (tensor<?x4xf32>, tensor<?x4xf32>)
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$input, Fn_FloatTensor:$hidden, Fn_FloatTensor:$cell,
                       Fn_FloatTensor:$kernel, Fn_FloatTensor:$recurrent,
                       Optional<Fn_FloatTensor>:$bias, Fn_Activation:$activation,
                       Fn_RecurrentActivation:$recurrent_activation);
  let results = (outs Fn_FloatTensor:$new_hidden, Fn_FloatTensor:$new_cell);
  let assemblyFormat = [{
    $input `,` $hidden `,` $cell `,` $kernel `,` $recurrent (`bias` `(` $bias^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Fn_GruCellOp : Fn_CompositeOp<"gru_cell"> {
  let summary = "one step of a gated recurrent unit";
  let description = [{
    Parts z, r, g of the kernels: `z = ra(x kernel + h recurrent)`, r likewise,
    `g = a(x kernel + (r h) recurrent)`, `h' = z h + (1 - z) g`. With `reset_after`, Keras' default,
    `g = a(x kernel + r (h recurrent))`, and the bias is [2, 3 u]: that of the input, that of the
    state.

    ```mlir
    %h1 = fn.gru_cell %x, %h, %k, %r bias(%b) {reset_after}
        : (tensor<?x3xf32>, tensor<?x4xf32>, tensor<3x12xf32>, tensor<4x12xf32>, tensor<2x12xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$input, Fn_FloatTensor:$hidden, Fn_FloatTensor:$kernel,
                       Fn_FloatTensor:$recurrent, Optional<Fn_FloatTensor>:$bias,
                       UnitAttr:$reset_after, Fn_Activation:$activation,
                       Fn_RecurrentActivation:$recurrent_activation);
  let results = (outs Fn_FloatTensor:$new_hidden);
  let assemblyFormat = [{
    $input `,` $hidden `,` $kernel `,` $recurrent (`bias` `(` $bias^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

//===-- Recurrent sequences ------------------------------------------------===//

// A cell along dimension 1 of an input [b, t, i]. Results: the outputs of all steps [b, t, u], in the
// order of computation, and the last states.
class Fn_SequenceOp<string mnemonic, string what, string example, dag states, dag attributes,
                    dag outputs, string stateFormat>
    : Fn_CompositeOp<mnemonic, [AttrSizedOperandSegments]> {
  let summary = what;
  let description = [{
    The cell of the same name along dimension 1 of the input. Results: the outputs of all steps in
    the order they are computed, and the last states, which a stateful network lists as updates of
    the variables that it begins with. An initial state that is absent is 0.

    Where `mask` [b, t] does not hold, states stay, and the output is the state, or with
    `zero_output_for_mask` 0. `go_backwards` begins with the last step.

    ```mlir
    }] # example # [{
    ```
  }];
  let arguments = !con((ins Fn_FloatTensor:$input, Fn_FloatTensor:$kernel,
                            Fn_FloatTensor:$recurrent, Optional<Fn_FloatTensor>:$bias), states,
                       (ins Optional<Fn_BoolTensor>:$mask, UnitAttr:$go_backwards,
                            UnitAttr:$zero_output_for_mask), attributes);
  let results = !con((outs Fn_FloatTensor:$sequence), outputs);
  let assemblyFormat = "$input `,` $kernel `,` $recurrent (`bias` `(` $bias^ `)`)? " # stateFormat #
    " (`mask` `(` $mask^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def Fn_RnnOp : Fn_SequenceOp<"rnn", "a simple recurrent network over sequences",
    [{%y, %h1 = fn.rnn %x, %k, %r bias(%b) hidden(%h)
            : (tensor<?x7x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<?x4xf32>)
              -> (tensor<?x7x4xf32>, tensor<?x4xf32>)}],
    (ins Optional<Fn_FloatTensor>:$hidden), (ins Fn_Activation:$activation),
    (outs Fn_FloatTensor:$new_hidden), "(`hidden` `(` $hidden^ `)`)?">;

def Fn_LstmOp : Fn_SequenceOp<"lstm", "a long short-term memory over sequences",
    [{%y, %h1, %c1 = fn.lstm %x, %k, %r bias(%b) hidden(%h) cell(%c) mask(%m)
                 : (tensor<?x7x3xf32>, tensor<3x16xf32>, tensor<4x16xf32>, tensor<16xf32>, tensor<?x4xf32>,
                    tensor<?x4xf32>, tensor<?x7xi1>) -> (tensor<?x7x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>)}],
    (ins Optional<Fn_FloatTensor>:$hidden, Optional<Fn_FloatTensor>:$cell),
    (ins Fn_Activation:$activation, Fn_RecurrentActivation:$recurrent_activation),
    (outs Fn_FloatTensor:$new_hidden, Fn_FloatTensor:$new_cell),
    "(`hidden` `(` $hidden^ `)`)? (`cell` `(` $cell^ `)`)?">;

def Fn_GruOp : Fn_SequenceOp<"gru", "a gated recurrent unit over sequences",
    [{%y, %h1 = fn.gru %x, %k, %r bias(%b) {reset_after}
            : (tensor<?x7x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>, tensor<2x12xf32>)
              -> (tensor<?x7x4xf32>, tensor<?x4xf32>)}],
    (ins Optional<Fn_FloatTensor>:$hidden),
    (ins UnitAttr:$reset_after, Fn_Activation:$activation,
         Fn_RecurrentActivation:$recurrent_activation),
    (outs Fn_FloatTensor:$new_hidden), "(`hidden` `(` $hidden^ `)`)?">;

#endif // FN_LAYER_OPS
