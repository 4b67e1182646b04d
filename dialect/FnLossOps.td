// Losses, as composites of simpler ops.
#ifndef FN_LOSS_OPS
#define FN_LOSS_OPS

include "dialect/FnOpBase.td"

// The loss of a sample is over its last dimension. `weights` scales samples; `reduction` says what
// becomes of them.
class Fn_LossOp<string mnemonic, string what, string formula, Constraint targets = Fn_FloatTensor,
                dag extra = (ins)>
    : Fn_CompositeOp<mnemonic> {
  let summary = what;
  let description = "`" # formula # [{`, of predictions p and targets t.

    Of the losses of all samples `reduction` takes the mean (`"mean"`, over their number, weighted or
    not; NaN of no samples), the sum (`"sum"`) or all (`"none"`). Weights have the leading dimensions
    of the losses, or rank 0.

    ```mlir
    %loss = fn.}] # mnemonic # [{ %p, %t : (tensor<?x4xf32>, tensor<}] #
      !if(!eq(targets, Fn_IntTensor), "?xi32", "?x4xf32") # [{>) -> tensor<f32>
    %each = fn.}] # mnemonic # [{ %p, %t weights(%w) {reduction = "none"}
          : (tensor<?x4xf32>, tensor<}] # !if(!eq(targets, Fn_IntTensor), "?xi32", "?x4xf32") #
      [{>, tensor<?xf32>) -> tensor<?xf32>
    ```
  }];
  let arguments = !con((ins Fn_FloatTensor:$prediction, targets:$target,
                        Optional<Fn_FloatTensor>:$weights,
                        DefaultValuedStrAttr<StrAttr, "mean">:$reduction), extra);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = [{
    $prediction `,` $target (`weights` `(` $weights^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferLoss(shapes, op.getPrediction(), op.getTarget(), op.getWeights(),
                             op.getReduction(), results);
    }
  }];
}

def Fn_MseOp : Fn_LossOp<"mse", "mean squared error", "mean (p - t)^2">;
def Fn_MaeOp : Fn_LossOp<"mae", "mean absolute error", "mean |p - t|">;
def Fn_HuberOp : Fn_LossOp<"huber", "quadratic near zero, linear beyond `delta`",
    "mean of (e = p - t) |e| <= delta ? e^2 / 2 : delta |e| - delta^2 / 2", Fn_FloatTensor,
    (ins DefaultValuedAttr<F64Attr, "1.0">:$delta)>;
def Fn_LogCoshOp : Fn_LossOp<"log_cosh", "logarithm of the hyperbolic cosine of the error",
    "mean ln cosh (p - t)">;
def Fn_HingeOp : Fn_LossOp<"hinge", "hinge of targets -1 and 1", "mean max(1 - t p, 0)">;
def Fn_SquaredHingeOp : Fn_LossOp<"squared_hinge", "squared hinge of targets -1 and 1",
    "mean max(1 - t p, 0)^2">;
def Fn_KlDivergenceOp : Fn_LossOp<"kl_divergence", "Kullback-Leibler divergence",
    "sum t ln(t / p), both clipped to [1e-7, 1]">;
def Fn_PoissonOp : Fn_LossOp<"poisson", "negative log likelihood of a Poisson distribution",
    "mean (p - t ln(p + 1e-7))">;
def Fn_BinaryCrossEntropyOp : Fn_LossOp<"binary_cross_entropy",
    "cross entropy of independent probabilities, or `from_logits`",
    "mean -(t ln(p + 1e-7) + (1 - t) ln(1 - p + 1e-7)), p clipped to [1e-7, 1 - 1e-7]",
    Fn_FloatTensor,
    (ins UnitAttr:$from_logits, DefaultValuedAttr<F64Attr, "0.0">:$label_smoothing)>;
def Fn_CategoricalCrossEntropyOp : Fn_LossOp<"categorical_cross_entropy",
    "cross entropy of the classes' probabilities, or `from_logits`",
    "-sum t ln(p / sum p), the quotient clipped to [1e-7, 1 - 1e-7]", Fn_FloatTensor,
    (ins UnitAttr:$from_logits, DefaultValuedAttr<F64Attr, "0.0">:$label_smoothing)>;
def Fn_SparseCategoricalCrossEntropyOp : Fn_LossOp<"sparse_categorical_cross_entropy",
    "cross entropy of the classes' probabilities, or `from_logits`, against class numbers",
    "-log_softmax(ln p)[t], p clipped to [1e-7, 1 - 1e-7]; a label out of range is a status",
    Fn_IntTensor, (ins UnitAttr:$from_logits)>;
def Fn_CosineSimilarityOp : Fn_LossOp<"cosine_similarity",
    "negative cosine of the angle between prediction and target",
    "-sum (p / |p|) (t / |t|), each norm at least 1e-6">;

#endif // FN_LOSS_OPS
