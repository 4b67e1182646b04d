// Sparse tensors: a feed in coordinate form, and what kernels compute with it.
//
// `tensor<?x7xf32, #fn.coo>` is fed as indices, values and dense shape. Ops with the trait
// `TakesSparse` say what they do with a sparse operand; every other op refuses it. The graph stage
// turns a sparse tensor into three dense ones and these ops into the `coo_` ops below.
#ifndef FN_SPARSE_OPS
#define FN_SPARSE_OPS

include "dialect/FnOpBase.td"

def Fn_ToDenseOp : Fn_PureOp<"to_dense", !listconcat([Fn_TakesSparse], Differentiable)> {
  let summary = "a sparse tensor with its zeros";
  let description = [{
    Entries in the same place add up; a place without one is 0.

    ```mlir
    %d = fn.to_dense %a : (tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf32>
    ```
  }];
  let arguments = (ins Fn_NumberTensor:$input);
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

//===-- Kernel form ----------------------------------------------------------===//

// What the `coo_` ops take of a sparse tensor. `like` has its dense shape and is never read.
// `columns` says which column of the indices each dimension in question stands in.
defvar cooOperands = (ins Fn_NumberTensor:$like, Fn_IndexTensor:$indices);

def Fn_CooAddOp : Fn_PureOp<"coo_add"> {
  let summary = "adds the entries of a sparse tensor to a dense one";
  let description = [{
    `into[indices[k, columns[0]], indices[k, columns[1]], ..] += values[k]` for every k in order;
    column -1 stands for the index 0.

    ```mlir
    %d = fn.coo_add %zeros, %indices, %values {columns = array<i64: 0, 1>}
       : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?xf32>) -> tensor<?x7xf32>
    ```
  }];
  let arguments = (ins Fn_NumberTensor:$into, Fn_IndexTensor:$indices, Fn_NumberTensor:$values,
                       DenseI64ArrayAttr:$columns);
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Fn_CooTakeOp : Fn_PureOp<"coo_take"> {
  let summary = "the elements of a dense tensor where a sparse one has entries";
  let description = [{
    `result[k] = from[indices[k, columns[0]], indices[k, columns[1]], ..]`

    ```mlir
    %v = fn.coo_take %like, %indices, %d {columns = array<i64: 1>}
       : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<7xf32>) -> tensor<?xf32>
    ```
  }];
  let arguments = !con(cooOperands, (ins Fn_NumberTensor:$from, DenseI64ArrayAttr:$columns));
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Fn_CooMatmulOp : Fn_PureOp<"coo_matmul"> {
  let summary = "product of a sparse matrix and a dense one";
  let description = [{
    `result[indices[k, columns[0]], :] += values[k] * rhs[indices[k, columns[1]], :]` for every k in
    order, from zeros: `columns = array<i64: 1, 0>` takes the transpose of the sparse matrix. f16
    and bf16 accumulate in f32; integers wrap.

    ```mlir
    %y = fn.coo_matmul %like, %indices, %values, %w {columns = array<i64: 0, 1>}
       : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?xf32>, tensor<7x3xf32>) -> tensor<?x3xf32>
    ```
  }];
  let arguments = !con(cooOperands, (ins Fn_NumberTensor:$values, Fn_NumberTensor:$rhs,
                                         DenseI64ArrayAttr:$columns));
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif // FN_SPARSE_OPS
