fn.graph @mlp {
  %x = fn.placeholder "x" bounds [32, 64] : tensor<?x64xf32>
  %w = fn.variable "w" : tensor<64x10xf32> = #fn.glorot_uniform<seed = 1>
  %k = fn.variable "k" read_only : tensor<64xf32> = dense<2.0>
  %b = fn.variable "b" : tensor<10xf32> = dense<0.0>
  %s = fn.mul %x, %k : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %xw = fn.matmul %s, %w : (tensor<?x64xf32>, tensor<64x10xf32>) -> tensor<?x10xf32>
  %logits = fn.add %xw, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %probs = fn.softmax %logits {axis = 1 : i64} : tensor<?x10xf32>
  %c = fn.check_finite %probs, "probs" : tensor<?x10xf32>
  %m = fn.reduce_mean %c {axes = array<i64: 0>} : (tensor<?x10xf32>) -> tensor<10xf32>
  fn.function @predict inputs(%x : tensor<?x64xf32>) outputs("probs" = %probs : tensor<?x10xf32>)
  fn.function @shift inputs(%x : tensor<?x64xf32>) outputs("m" = %m : tensor<10xf32>) updates(%b = %m : tensor<10xf32>)
}
