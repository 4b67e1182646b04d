// RUN: fnc compile %s --emit buffer -o %t
// RUN: fnc compile %s --emit buffer -o - | cmp %t -
// RUN: fnc compile %s --emit buffer -o - | cmp %t -
// RUN: fnc compile %s --emit buffer -o - | cmp %t -
// RUN: fnc compile %s --emit buffer -o - | cmp %t -
// RUN: fnc compile %s --emit buffer -o - | cmp %t -
// RUN: fnc compile %s --emit buffer -o - | cmp %t -
// RUN: fnc compile %S/../../e2e/attention.mlir --emit buffer -o %t.rows
// RUN: fnc compile %S/../../e2e/attention.mlir --emit buffer -o - | cmp %t.rows -
// RUN: fnc compile %S/../../e2e/attention.mlir --emit buffer -o - | cmp %t.rows -
// RUN: fnc compile %S/../../e2e/attention.mlir --emit buffer -o - | cmp %t.rows -
// RUN: fnc compile %S/../../e2e/attention.mlir --emit buffer -o - | cmp %t.rows -

// The results of argmin begin in one empty tensor, and either could be the destination: each run
// chooses the same. In an attention over strips the order of a value's users decides which buffer
// comes first.
fn.graph @g {
  %v = fn.variable "v" : tensor<4xi32> = dense<[1, -3, 2, 3]>
  %square = fn.square %v : tensor<4xi32>
  %least = fn.argmin %square {axis = 0 : i64} : (tensor<4xi32>) -> tensor<i32>
  %product = fn.matmul %v, %v : (tensor<4xi32>, tensor<4xi32>) -> tensor<i32>
  %flag = fn.less_equal %least, %least : (tensor<i32>, tensor<i32>) -> tensor<i1>
  %either = fn.if %flag : (tensor<i1>) -> (tensor<i32>) {
    fn.yield %product : tensor<i32>
  } else {
    fn.yield %least : tensor<i32>
  }
  fn.function @f inputs(%v : tensor<4xi32>) outputs("a" = %either : tensor<i32>, "b" = %either : tensor<i32>)
}
