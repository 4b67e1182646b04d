// Reductions, and the softmax family that is made of them.
#ifndef FN_REDUCTION_OPS
#define FN_REDUCTION_OPS

include "dialect/FnOpBase.td"

// `axes` absent: all of them. `keep_dims` leaves size 1 in their place.
class Fn_ReduceOp<string mnemonic, Constraint tensor, string what, string formula,
                  list<Trait> traits = []>
    : Fn_PureOp<mnemonic, !listconcat(!if(!eq(tensor, Fn_BoolTensor), []<Trait>, Differentiable),
                                      traits)> {
  let summary = what;
  let description = "`" # formula # [{` over `axes` (absent: all); `keep_dims` leaves size 1 in their
    place.

    ```mlir
    %y = fn.}] # mnemonic # [{ %x {axes = array<i64: 1>} : (tensor<?x4x}] #
      !cond(!eq(mnemonic, "reduce_any") : "i1", !eq(mnemonic, "reduce_all") : "i1", true : "f32") #
      [{>) -> tensor<?x}] #
      !cond(!eq(mnemonic, "reduce_any") : "i1", !eq(mnemonic, "reduce_all") : "i1", true : "f32") # [{>
    ```
  }];
  let arguments = (ins tensor:$input, OptionalAttr<DenseI64ArrayAttr>:$axes, UnitAttr:$keep_dims);
  let results = (outs tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferReduction(shapes, op.getInput(), op.getAxes(), op.getKeepDims(), {},
                                  results);
    }
  }];
}
def Fn_ReduceSumOp : Fn_ReduceOp<"reduce_sum", Fn_NumberTensor, "sum; 0 of nothing", "sum x", [Fn_TakesSparse]>;
def Fn_ReduceMeanOp : Fn_ReduceOp<"reduce_mean", Fn_FloatTensor, "mean; NaN of nothing", "sum x / n">;
def Fn_ReduceMaxOp : Fn_ReduceOp<"reduce_max", Fn_NumberTensor, "largest element; the least value of the type of nothing", "max x">;
def Fn_ReduceMinOp : Fn_ReduceOp<"reduce_min", Fn_NumberTensor, "smallest element; the largest value of the type of nothing", "min x">;
def Fn_ReduceProdOp : Fn_ReduceOp<"reduce_prod", Fn_NumberTensor, "product; 1 of nothing", "product x">;
def Fn_ReduceAnyOp : Fn_ReduceOp<"reduce_any", Fn_BoolTensor, "whether any holds; false of nothing", "any x">;
def Fn_ReduceAllOp : Fn_ReduceOp<"reduce_all", Fn_BoolTensor, "whether all hold; true of nothing", "all x">;
def Fn_LogSumExpOp : Fn_ReduceOp<"logsumexp", Fn_FloatTensor, "logarithm of a sum of exponentials", "ln sum e^x">;

class Fn_ArgOp<string mnemonic, string what> : Fn_PureOp<mnemonic> {
  let summary = what;
  let description = [{
    The first one of several; a NaN counts as the extreme, as in NumPy; 0 of nothing. The index
    type is the one written.

    ```mlir
    %i = fn.}] # mnemonic # [{ %x {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins Fn_NumberTensor:$input, I64Attr:$axis, UnitAttr:$keep_dims,
                       TypeAttr:$index_type);
  let results = (outs Fn_IndexTensor:$result);
  let hasCustomAssemblyFormat = 1;
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      int64_t axis = op.getAxis();
      return ::fn::inferReduction(shapes, op.getInput(), ::llvm::ArrayRef<int64_t>(axis),
                                  op.getKeepDims(), op.getIndexType(), results);
    }
  }];
}
def Fn_ArgMaxOp : Fn_ArgOp<"argmax", "where the largest element is">;
def Fn_ArgMinOp : Fn_ArgOp<"argmin", "where the smallest element is">;

class Fn_SoftmaxLikeOp<string mnemonic, string what, string formula>
    : Fn_PureOp<mnemonic, Differentiable> {
  let summary = what;
  let description = "`" # formula # [{`, the sum over `axis`; taken less the largest element, so that
    nothing overflows.

    ```mlir
    %p = fn.}] # mnemonic # [{ %x {axis = 1 : i64} : tensor<?x10xf32>
    ```
  }];
  let arguments = (ins Fn_FloatTensor:$input, I64Attr:$axis);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferSoftmax(shapes, op.getInput(), op.getAxis(), results);
    }
  }];
}
def Fn_SoftmaxOp : Fn_SoftmaxLikeOp<"softmax", "exponentials as shares of their sum", "e^x / sum e^x">;
def Fn_LogSoftmaxOp : Fn_SoftmaxLikeOp<"log_softmax", "logarithm of the softmax", "x - ln sum e^x">;

#endif // FN_REDUCTION_OPS
