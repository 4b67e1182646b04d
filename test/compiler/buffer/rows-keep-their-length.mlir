// RUN: fnc run %s --input "x=[[1],[2],[3],[4]]" | FileCheck %s

// The rows that the maximum is of would be computed in it alone, and then no operand says that there
// are three elements in each.
fn.graph @g {
  %x = fn.placeholder "x" : tensor<4x1xf32>
  %log = fn.log_softmax %x {axis = 1 : i64} : tensor<4x1xf32>
  %root = fn.rsqrt %log : tensor<4x1xf32>
  %wide = fn.broadcast_to %root : (tensor<4x1xf32>) -> tensor<4x3xf32>
  %most = fn.reduce_max %wide {axes = array<i64: 1>, keep_dims} : (tensor<4x3xf32>) -> tensor<4x1xf32>
  fn.function @f inputs(%x : tensor<4x1xf32>) outputs("most" = %most : tensor<4x1xf32>)
}
// The only element of a row has the probability 1, whose logarithm is 0.
// CHECK: most
// CHECK-COUNT-4: inf
