// Contraction ops: matrix products, convolutions and pooling.
#ifndef FN_CONTRACTION_OPS
#define FN_CONTRACTION_OPS

include "dialect/FnOpBase.td"

def Fn_MatmulOp : Fn_PureOp<"matmul", !listconcat([Fn_TakesSparse], Differentiable)> {
  let summary = "matrix product";
  let description = [{
    `result[.., i, j] = sum over k of lhs[.., i, k] * rhs[.., k, j]`. Leading dimensions are a batch
    and broadcast as in NumPy; a vector on the left is a row, on the right a column, and its
    dimension is dropped from the result. `transpose_a` and `transpose_b` swap the last two
    dimensions of an operand. f16 and bf16 accumulate in f32; integers wrap. `wide`: the operands
    are integers of 8 bits, signed or not each, and the result is of i32.

    One operand may be a sparse matrix; the other one then is a dense matrix or vector. What the
    sparse one has no entry for contributes nothing, not even 0 times infinity. An embedding bag is
    such a product: of the sparse matrix of ids (a row for each bag) and the table.

    ```mlir
    %c = fn.matmul %a, %b {transpose_b} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
    %d = fn.matmul %x, %w {wide} : (tensor<?x4xui8>, tensor<4x8xi8>) -> tensor<?x8xi32>
    ```
  }];
  let arguments = (ins Fn_NumberTensor:$lhs, Fn_NumberTensor:$rhs, UnitAttr:$transpose_a,
                       UnitAttr:$transpose_b, UnitAttr:$wide);
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

// What every op with a sliding window says of it.
defvar windowAttrs = (ins
  OptionalAttr<DenseI64ArrayAttr>:$strides,
  DefaultValuedStrAttr<StrAttr, "valid">:$padding,
  OptionalAttr<DenseI64ArrayAttr>:$pads,
  OptionalAttr<DenseI64ArrayAttr>:$dilations,
  DefaultValuedStrAttr<StrAttr, "NHWC">:$layout);

def Fn_ConvOp : Fn_PureOp<"conv", Differentiable> {
  let summary = "convolution in one or two spatial dimensions";
  let description = [{
    The sum over a window of the input times the filter (a correlation: the filter is not flipped):

    `result[n, y, x, o] = sum over i, j, c of
        input[n, y * strides[0] + i * dilations[0] - top, x * strides[1] + j * dilations[1] - left, c]
        * filter[i, j, c, o]`

    with zeros outside of the input. `padding` is "valid" (none), "same" (the result has
    ceil(size / stride) elements; an odd element of padding comes after) or "same_lower" (before);
    `pads = [top, left, bottom, right]` states it instead. A rank of 3 has one spatial dimension.

    `layout` "NHWC": input [N, H, W, C], filter [KH, KW, C / groups, O]. "NCHW": input
    [N, C, H, W], filter [O, C / groups, KH, KW]. With `groups`, each of that many equal parts of
    the channels makes its own part of O. f16 and bf16 accumulate in f32; integers wrap. `wide` is
    as in `fn.matmul`.

    ```mlir
    %y = fn.conv %x, %k {strides = array<i64: 2, 2>, padding = "same"}
       : (tensor<?x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<?x4x4x16xf32>
    ```
  }];
  let arguments = !con((ins Fn_NumberTensor:$input, Fn_NumberTensor:$filter), windowAttrs,
                       (ins DefaultValuedAttr<I64Attr, "1">:$groups, UnitAttr:$wide));
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "$input `,` $filter attr-dict `:` functional-type(operands, results)";
}

def Fn_DepthwiseConvOp : Fn_PureOp<"depthwise_conv", Differentiable> {
  let summary = "convolution of each channel by its own filters";
  let description = [{
    `result[n, y, x, c * MULT + m] = sum over i, j of
        input[n, y * strides[0] + i * dilations[0] - top, x * strides[1] + j * dilations[1] - left, c]
        * filter[i, j, c, m]`

    Window attributes and `wide` as in `fn.conv`. `layout` "NHWC": filter [KH, KW, C, MULT]. "NCHW":
    filter [C * MULT, 1, KH, KW].

    ```mlir
    %y = fn.depthwise_conv %x, %k {padding = "same"}
       : (tensor<?x8x8x3xf32>, tensor<3x3x3x2xf32>) -> tensor<?x8x8x6xf32>
    ```
  }];
  let arguments = !con((ins Fn_NumberTensor:$input, Fn_NumberTensor:$filter), windowAttrs,
                       (ins UnitAttr:$wide));
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "$input `,` $filter attr-dict `:` functional-type(operands, results)";
}

def Fn_ConvTransposeOp : Fn_PureOp<"conv_transpose", Differentiable> {
  let summary = "transposed convolution: the gradient of fn.conv with respect to its input";
  let description = [{
    Every input element adds its multiple of the filter to a window of the result:

    `result[n, y * strides[0] + i * dilations[0] - top, x * strides[1] + j * dilations[1] - left, o]
        += input[n, y, x, c] * filter[i, j, o, c]`

    The filter and the attributes are those of the convolution that it is the transpose of, so the
    filter is [KH, KW, OUT / groups, IN] ("NHWC") or [IN, OUT / groups, KH, KW] ("NCHW"), and
    padding cuts the result: a spatial size is `(size - 1) * stride + span` for "valid", `size *
    stride` for "same" and "same_lower", less the explicit `pads`. `like` gives the spatial sizes of
    the result instead, where a stride leaves them open.

    ```mlir
    %y = fn.conv_transpose %x, %k {strides = array<i64: 2, 2>, padding = "same"}
       : (tensor<?x4x4x16xf32>, tensor<3x3x3x16xf32>) -> tensor<?x8x8x3xf32>
    ```
  }];
  let arguments = !con((ins Fn_NumberTensor:$input, Fn_NumberTensor:$filter,
                            Optional<Fn_Tensor>:$like), windowAttrs,
                       (ins DefaultValuedAttr<I64Attr, "1">:$groups));
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "$input `,` $filter (`like` `(` $like^ `)`)? attr-dict "
                       "`:` functional-type(operands, results)";
}

def Fn_ConvFilterGradientOp : Fn_PureOp<"conv_filter_gradient", Differentiable> {
  let summary = "the gradient of fn.conv with respect to its filter";
  let description = [{
    `result[i, j, c, o] = sum over n, y, x of
        input[n, y * strides[0] + i * dilations[0] - top, x * strides[1] + j * dilations[1] - left, c]
        * gradient[n, y, x, o]`

    `gradient` is that of the convolution's result, the attributes are the convolution's, and `like`
    is its filter.

    ```mlir
    %dk = fn.conv_filter_gradient %x, %dy like(%k) {padding = "same"}
       : (tensor<?x8x8x3xf32>, tensor<?x8x8x16xf32>, tensor<3x3x3x16xf32>) -> tensor<3x3x3x16xf32>
    ```
  }];
  let arguments = !con((ins Fn_NumberTensor:$input, Fn_NumberTensor:$gradient,
                            Fn_NumberTensor:$like), windowAttrs,
                       (ins DefaultValuedAttr<I64Attr, "1">:$groups));
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "$input `,` $gradient `like` `(` $like `)` attr-dict "
                       "`:` functional-type(operands, results)";
}

class Fn_PoolOp<string mnemonic, Type tensor, dag extra = (ins)>
    : Fn_PureOp<mnemonic, Differentiable> {
  let arguments = !con((ins tensor:$input, DenseI64ArrayAttr:$size), windowAttrs, extra);
  let results = (outs tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Fn_MaxPoolOp : Fn_PoolOp<"max_pool", Fn_NumberTensor> {
  let summary = "largest element of each window";
  let description = [{
    `result[n, y, x, c] = max over i, j of
        input[n, y * strides[0] + i * dilations[0] - top, x * strides[1] + j * dilations[1] - left, c]`

    over what lies inside of the input; a window that lies outside altogether gives the least number
    of the type (-inf). NaN wins. Window attributes as in `fn.conv`, except that absent `strides` are
    the window's `size`.

    ```mlir
    %y = fn.max_pool %x {size = array<i64: 2, 2>} : (tensor<?x8x8x3xf32>) -> tensor<?x4x4x3xf32>
    ```
  }];
}

def Fn_MaxPoolIndicesOp : Fn_PureOp<"max_pool_indices"> {
  let summary = "where the largest element of each window is";
  let description = [{
    The place, in row-major order of the whole input, of the element that `fn.max_pool` takes: the
    first of equals, the first NaN if there is one; -1 where the window lies outside of the input.

    ```mlir
    %i = fn.max_pool_indices %x {size = array<i64: 2, 2>}
       : (tensor<?x8x8x3xf32>) -> tensor<?x4x4x3xi64>
    ```
  }];
  let arguments = !con((ins Fn_NumberTensor:$input, DenseI64ArrayAttr:$size), windowAttrs);
  let results = (outs RankedTensorOf<[I64]>:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Fn_AvgPoolOp : Fn_PoolOp<"avg_pool", Fn_FloatTensor,
                             (ins DefaultValuedAttr<BoolAttr, "false">:$count_pad)> {
  let summary = "mean of each window";
  let description = [{
    The sum of the window's elements that lie inside of the input, divided by their number, or with
    `count_pad` by the window's size. Attributes as in `fn.max_pool`. f16 and bf16 accumulate in f32.

    ```mlir
    %y = fn.avg_pool %x {size = array<i64: 3, 3>, padding = "same"}
       : (tensor<?x8x8x3xf32>) -> tensor<?x3x3x3xf32>
    ```
  }];
}

#endif // FN_CONTRACTION_OPS
