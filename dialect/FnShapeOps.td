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

//===-- One operand, another shape -----------------------------------------===//

// The result type is written; its sizes become the attribute `shape`, its `?` follow from `like`
// or, where the op says so, from the operand.
class Fn_ToShapeOp<string mnemonic, list<Trait> traits = []>
    : Fn_PureOp<mnemonic, !listconcat(traits, Differentiable)> {
  let arguments = (ins Fn_Tensor:$input, Optional<Fn_Tensor>:$like, DenseI64ArrayAttr:$shape);
  let results = (outs Fn_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$input,
                                 CArg<"::mlir::Value", "{}">:$like)>];
  let hasCustomAssemblyFormat = 1;
  let hasFolder = 1;
}

def Fn_ReshapeOp : Fn_ToShapeOp<"reshape"> {
  let summary = "the same elements in row-major order in another shape";
  let description = [{
    One `?` of the result is what the other sizes leave of the operand's. Of several, the leading
    and then the trailing ones are the operand's sizes in the same places until one is left. With
    `like(%y)` every `?` is y's size in that place.

    ```mlir
    %y = fn.reshape %x : (tensor<?x4x4xf32>) -> tensor<?x16xf32>
    ```
  }];
}

def Fn_BroadcastToOp : Fn_ToShapeOp<"broadcast_to", [Fn_TakesSparse]> {
  let summary = "repeats along new leading dimensions and along those of size 1";
  let description = [{
    As NumPy's `broadcast_to`. A `?` of the result is the size of `like` in that place, or without
    `like` the operand's. `like` may be sparse.

    ```mlir
    %z = fn.broadcast_to %x like(%y) : (tensor<4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
    ```
  }];
}

class Fn_ViewOp<string mnemonic, dag attributes, list<Trait> traits = []>
    : Fn_PureOp<mnemonic, !listconcat(traits, Differentiable)> {
  let arguments = !con((ins Fn_Tensor:$input), attributes);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Fn_TransposeOp : Fn_ViewOp<"transpose", (ins DenseI64ArrayAttr:$perm), [Fn_TakesSparse]> {
  let summary = "dimensions in another order";
  let description = [{
    Dimension `i` of the result is dimension `perm[i]` of the operand. A sparse tensor stays sparse,
    and nothing is moved.

    ```mlir
    %y = fn.transpose %x {perm = array<i64: 1, 0>} : (tensor<?x4xf32>) -> tensor<4x?xf32>
    ```
  }];
}

def Fn_ExpandOp : Fn_ViewOp<"expand", (ins DenseI64ArrayAttr:$axes)> {
  let summary = "inserts dimensions of size 1";
  let description = [{
    `axes` are the places of the new dimensions in the result.

    ```mlir
    %y = fn.expand %x {axes = array<i64: 0>} : (tensor<?xf32>) -> tensor<1x?xf32>
    ```
  }];
}

def Fn_SqueezeOp : Fn_ViewOp<"squeeze", (ins DenseI64ArrayAttr:$axes)> {
  let summary = "drops dimensions of size 1";
  let description = [{
    ```mlir
    %y = fn.squeeze %x {axes = array<i64: 0>} : (tensor<1x?xf32>) -> tensor<?xf32>
    ```
  }];
}

def Fn_SliceOp : Fn_ViewOp<"slice", (ins DenseI64ArrayAttr:$begin, DenseI64ArrayAttr:$end,
                                         OptionalAttr<DenseI64ArrayAttr>:$strides)> {
  let summary = "every stride-th element from begin until end";
  let description = [{
    Per dimension of size n the elements `begin, begin + stride, ...` before `end`, with
    `0 <= begin <= end <= n`; an end of 9223372036854775807 is n. A negative stride goes down to
    after `end`, with `-1 <= end <= begin <= n - 1`; a begin of 9223372036854775807 is n - 1. Bounds
    that do not fit are an error, or where n is not known one at the call.

    ```mlir
    %y = fn.slice %x {begin = array<i64: 0, 3>, end = array<i64: 2, -1>, strides = array<i64: 1, -1>}
       : (tensor<5x4xf32>) -> tensor<2x4xf32>
    ```
  }];
}

def Fn_TileOp : Fn_ViewOp<"tile", (ins DenseI64ArrayAttr:$multiples)> {
  let summary = "repeats the whole tensor along each dimension";
  let description = [{
    `result[i, ..] = input[i mod n, ..]`, with sizes `n * multiple`.

    ```mlir
    %y = fn.tile %x {multiples = array<i64: 1, 3>} : (tensor<?x2xf32>) -> tensor<?x6xf32>
    ```
  }];
}

def Fn_ReverseOp : Fn_ViewOp<"reverse", (ins DenseI64ArrayAttr:$axes)> {
  let summary = "elements in the opposite order along axes";
  let description = [{
    ```mlir
    %y = fn.reverse %x {axes = array<i64: 0>} : (tensor<?x2xf32>) -> tensor<?x2xf32>
    ```
  }];
}

//===-- Several tensors ------------------------------------------------------===//

def Fn_ConcatOp : Fn_PureOp<"concat", !listconcat([Fn_TakesSparse], Differentiable)> {
  let summary = "tensors one after another along an axis";
  let description = [{
    Sparse tensors make a sparse one (with i64 indices); with a dense one among them the result is
    dense.

    ```mlir
    %c = fn.concat %a, %b {axis = 1 : i64} : (tensor<?x2xf32>, tensor<?x3xf32>) -> tensor<?x5xf32>
    ```
  }];
  let arguments = (ins Variadic<Fn_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Fn_SplitOp : Fn_PureOp<"split", Differentiable> {
  let summary = "cuts a tensor along an axis";
  let description = [{
    The parts have `sizes`, which must add up to the whole; without them they are equal, as many as
    there are results.

    ```mlir
    %a, %b = fn.split %x {axis = 0 : i64} : (tensor<4xf32>) -> (tensor<2xf32>, tensor<2xf32>)
    ```
  }];
  let arguments = (ins Fn_Tensor:$input, I64Attr:$axis, OptionalAttr<DenseI64ArrayAttr>:$sizes,
                       DefaultValuedAttr<I64Attr, "0">:$parts);
  let results = (outs Variadic<Fn_Tensor>:$pieces);
  let hasCustomAssemblyFormat = 1;
}

def Fn_PadOp : Fn_PureOp<"pad", Differentiable> {
  let summary = "puts copies of a value around a tensor";
  let description = [{
    `low[i]` of them before dimension i, `high[i]` after.

    ```mlir
    %y = fn.pad %x, %value {low = array<i64: 0, 1>, high = array<i64: 2, 0>}
       : (tensor<?x3xf32>, tensor<f32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$input, Fn_Tensor:$value, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input `,` $value attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Fn_GatherOp : Fn_PureOp<"gather", Differentiable> {
  let summary = "slices of a tensor at indices along an axis";
  let description = [{
    `result[a.., i.., b..] = input[a.., indices[i..], b..]` with the indices' dimensions in place of
    `axis`. An index out of range makes the call return an error.

    ```mlir
    %y = fn.gather %x, %i {axis = 0 : i64} : (tensor<10x3xf32>, tensor<?xi32>) -> tensor<?x3xf32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$input, Fn_IndexTensor:$indices,
                       DefaultValuedAttr<I64Attr, "0">:$axis);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input `,` $indices attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Fn_ScatterOp : Fn_PureOp<"scatter", Differentiable> {
  let summary = "a tensor with the rows at indices changed";
  let description = [{
    For each index in row-major order the row `result[indices[i..], ..]` is replaced by, or combined
    with, `updates[i.., ..]`. `kind` is "update" (of repeated indices the last one wins), "add",
    "sub", "mul", "max" or "min" (all count). An index out of range makes the call return an error.

    ```mlir
    %y = fn.scatter %x, %i, %u {kind = "add"}
       : (tensor<10x3xf32>, tensor<?xi32>, tensor<?x3xf32>) -> tensor<10x3xf32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$input, Fn_IndexTensor:$indices, Fn_Tensor:$updates,
                       DefaultValuedStrAttr<StrAttr, "update">:$kind);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input `,` $indices `,` $updates attr-dict "
                       "`:` functional-type(operands, results)";
}

//===-- Made from indices or shapes -------------------------------------------===//

def Fn_OneHotOp : Fn_PureOp<"one_hot"> {
  let summary = "1 where the index is, 0 elsewhere";
  let description = [{
    `result[i.., d] = indices[i..] == d` for d below `depth`; an index out of range gives zeros. The
    new dimension is the last one, or `axis` of the result. The element type is the one written.

    ```mlir
    %y = fn.one_hot %i {depth = 10 : i64} : (tensor<?xi32>) -> tensor<?x10xf32>
    ```
  }];
  let arguments = (ins Fn_IntTensor:$indices, I64Attr:$depth, OptionalAttr<I64Attr>:$axis,
                       TypeAttr:$element_type);
  let results = (outs Fn_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
}

def Fn_IotaOp : Fn_PureOp<"iota"> {
  let summary = "0, 1, 2, ... along an axis";
  let description = [{
    `result[.., i, ..] = i` for dimension `axis`. A `?` of the result is the size of `like` in that
    place.

    ```mlir
    %a = fn.iota {axis = 0 : i64} : tensor<4x2xi32>
    %b = fn.iota like(%x) {axis = 0 : i64} : (tensor<?xf32>) -> tensor<?xi32>
    ```
  }];
  let arguments = (ins Optional<Fn_Tensor>:$like, DefaultValuedAttr<I64Attr, "0">:$axis,
                       DenseI64ArrayAttr:$shape, TypeAttr:$element_type);
  let results = (outs Fn_NumberTensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "int64_t":$axis,
                                 CArg<"::mlir::Value", "{}">:$like)>];
  let hasCustomAssemblyFormat = 1;
}

def Fn_ShapeOfOp : Fn_PureOp<"shape_of", [Fn_TakesSparse]> {
  let summary = "the sizes of a tensor";
  let description = [{
    ```mlir
    %s = fn.shape_of %x : (tensor<?x3xf32>) -> tensor<2xi64>
    ```
  }];
  let arguments = (ins Fn_Tensor:$input);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

#endif // FN_SHAPE_OPS
