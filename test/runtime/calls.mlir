// RUN: fnc compile %s -o %t.o
// RUN: diff %S/../compiler/emit/Inputs/calls.h.golden %t.h

fn.graph @mlp {
  %x = fn.placeholder "x" : tensor<?x4xf32>
  %w = fn.variable "w" : tensor<4x3xf32> = dense<0.5>
  %b = fn.variable "b" : tensor<3xf32> = dense<0.0>
  %xw = fn.matmul %x, %w : (tensor<?x4xf32>, tensor<4x3xf32>) -> tensor<?x3xf32>
  %logits = fn.add %xw, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %probs = fn.softmax %logits {axis = 1 : i64} : tensor<?x3xf32>
  %s = fn.reduce_sum %probs {axes = array<i64: 0>} : (tensor<?x3xf32>) -> tensor<3xf32>
  %loss = fn.reduce_sum %probs : (tensor<?x3xf32>) -> tensor<f32>
  %bn = fn.add %b, %s : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  fn.function @train inputs(%x : tensor<?x4xf32>) outputs("loss" = %loss : tensor<f32>) updates(%b = %bn : tensor<3xf32>)
  fn.function @predict inputs(%x : tensor<?x4xf32>) outputs("probs" = %probs : tensor<?x3xf32>)
}
