// Random numbers from a counter-based generator whose state is a value.
#ifndef FN_RANDOM_OPS
#define FN_RANDOM_OPS

include "dialect/FnOpBase.td"

def Fn_RandomState : RankedTensorOf<[I64]>;

// Numbers in the shape of the first result, whose `?` are the sizes of `like`, and the next state.
class Fn_RandomOpOf<string mnemonic, Constraint tensor, string what, string rules, string example,
                    dag attributes = (ins)> : Fn_PureOp<mnemonic> {
  let summary = what;
  let description = rules # [{

    The state is three numbers: the low and high half of a counter, and the key. Block b of a draw
    is Philox 4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011) of
    counter + b. Its four words go to the elements in row-major order: one for each, or two, the
    low one first, for f64, integers in a range and types of 64 bits. The next state has the
    counter behind the last block; to draw other numbers at the next call, list it as the update of
    the variable that holds it. Bits are the same on every target. For gradients the numbers are
    constants.

    ```mlir
    %s = fn.variable "rng" : tensor<3xi64> = dense<[0, 0, 42]>
    %x, %s1 = fn.}] # mnemonic # " " # example # [{
    fn.function @draw outputs("x" = %x : ...) updates(%s = %s1 : tensor<3xi64>)
    ```
  }];
  let arguments = !con((ins Fn_RandomState:$state, Optional<Fn_Tensor>:$like), attributes,
                       (ins DenseI64ArrayAttr:$shape, TypeAttr:$element_type));
  let results = (outs tensor:$result, Fn_RandomState:$next);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = !not(!empty(attributes));
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferRandom(shapes, op.getState(), op.getLike(), op.getShape(),
                               op.getElementType(), results);
    }
  }];
}

def Fn_RandomBitsOp : Fn_RandomOpOf<"random_bits", Fn_IntTensor, "random words",
    "The generator's words: all values of the type are equally likely. A narrow type takes the low bits.",
    "%s : (tensor<3xi64>) -> (tensor<8xui32>, tensor<3xi64>)">;

def Fn_RandomUniformOp : Fn_RandomOpOf<"random_uniform", Fn_FloatTensor,
    "numbers uniform in [low, high)",
    "`low + k / 2^p (high - low)`, computed in f64 and rounded, never `high`. k are the upper p bits of the word, as many as the type's precision.",
    "%s like(%y) {low = -1.0 : f64} : (tensor<3xi64>, tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3xi64>)",
    (ins DefaultValuedAttr<F64Attr, "0.0">:$low, DefaultValuedAttr<F64Attr, "1.0">:$high)>;

def Fn_RandomNormalOp : Fn_RandomOpOf<"random_normal", Fn_FloatTensor,
    "normal numbers with this mean and standard deviation",
    "The inverse of the distribution function at `(k + 1/2) / 2^p`, with p = 24, or 52 for f64, in f64 arithmetic without contraction. As accurate as f32 needs, or for f64 to some last places.",
    "%s {stddev = 2.0 : f64} : (tensor<3xi64>) -> (tensor<2x4xf32>, tensor<3xi64>)",
    (ins DefaultValuedAttr<F64Attr, "0.0">:$mean, DefaultValuedAttr<F64Attr, "1.0">:$stddev)>;

def Fn_RandomTruncatedNormalOp : Fn_RandomOpOf<"random_truncated_normal", Fn_FloatTensor,
    "normal numbers within two standard deviations of the mean",
    "As `fn.random_normal`, of the part of the distribution function that lies within the bounds: one draw for each number.",
    "%s {stddev = 0.1 : f64} : (tensor<3xi64>) -> (tensor<2x4xf32>, tensor<3xi64>)",
    (ins DefaultValuedAttr<F64Attr, "0.0">:$mean, DefaultValuedAttr<F64Attr, "1.0">:$stddev)>;

def Fn_RandomBernoulliOp : Fn_RandomOpOf<"random_bernoulli", Fn_Tensor,
    "true or 1 with this probability, else false or 0",
    "Whether the word is below `probability` times 2^32, rounded.",
    "%s {probability = 0.1 : f64} : (tensor<3xi64>) -> (tensor<2x4xi1>, tensor<3xi64>)",
    (ins DefaultValuedAttr<F64Attr, "0.5">:$probability)>;

def Fn_RandomIntegersOp : Fn_RandomOpOf<"random_integers", Fn_IntTensor, "integers uniform in [low, high)",
    "`low + floor(w (high - low) / 2^64)` of the 64 bits w of two words: no number is more likely than another by more than one part in `2^64 / (high - low)`.",
    "%s {low = 0 : i64, high = 6 : i64} : (tensor<3xi64>) -> (tensor<10xi32>, tensor<3xi64>)",
    (ins DefaultValuedAttr<I64Attr, "0">:$low, I64Attr:$high)>;

def Fn_RandomPermutationOp : Fn_RandomOpOf<"random_permutation", Fn_IndexTensor,
    "the numbers below n in random order",
    "Shuffled from the end (Fisher and Yates): for i from n - 1 down to 1, elements i and `floor(w_i (i + 1) / 2^64)` change places. `fn.gather` by it shuffles rows.",
    "%s like(%y) : (tensor<3xi64>, tensor<?xf32>) -> (tensor<?xi32>, tensor<3xi64>)"> {
  let hasVerifier = 1;
}

def Fn_RandomCategoricalOp : Fn_CompositeOp<"random_categorical"> {
  let summary = "class numbers with the probabilities of a softmax";
  let description = [{
    The largest of `logits - ln(-ln u)`, u uniform (Gumbel). The last dimension of the logits is
    that of the classes; in its place are `samples` independent draws, or without the attribute
    one draw and no dimension. The state is as for `fn.random_uniform`.

    ```mlir
    %c, %s1 = fn.random_categorical %s, %logits {samples = 3 : i64}
            : (tensor<3xi64>, tensor<?x5xf32>) -> (tensor<?x3xi32>, tensor<3xi64>)
    ```
  }];
  let arguments = (ins Fn_RandomState:$state, Fn_FloatTensor:$logits, OptionalAttr<I64Attr>:$samples,
                       TypeAttr:$index_type);
  let results = (outs Fn_IndexTensor:$result, Fn_RandomState:$next);
  let hasCustomAssemblyFormat = 1;
}

#endif // FN_RANDOM_OPS
