// RUN: fnc compile %s --cpu x86-64-v4 --emit buffer -o - | fnc-opt - -o /dev/null

// The sum and the least element begin in one empty tensor. The sum is moved up to where the border of
// its value is written, and the tensor with it.
fn.graph @g {
  %x = fn.placeholder "x" : tensor<3x3xf64>
  %feed = fn.placeholder "feed" : tensor<4x7xf64>
  %log = fn.log_softmax %x {axis = 0 : i64} : tensor<3x3xf64>
  %least = fn.reduce_min %log {axes = array<i64: 0, 1>, keep_dims} : (tensor<3x3xf64>) -> tensor<1x1xf64>
  %sum = fn.reduce_sum %x : (tensor<3x3xf64>) -> tensor<f64>
  %padded = fn.pad %log, %sum {low = array<i64: 2, 2>, high = array<i64: 2, 2>} : (tensor<3x3xf64>, tensor<f64>) -> tensor<7x7xf64>
  %product = fn.matmul %feed, %padded : (tensor<4x7xf64>, tensor<7x7xf64>) -> tensor<4x7xf64>
  %clamped = fn.clamp %feed, %least, %product : (tensor<4x7xf64>, tensor<1x1xf64>, tensor<4x7xf64>) -> tensor<4x7xf64>
  fn.function @f inputs(%x : tensor<3x3xf64>, %feed : tensor<4x7xf64>) outputs("o" = %clamped : tensor<4x7xf64>)
}
