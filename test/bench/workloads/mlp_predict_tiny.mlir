fn.graph @mlp_predict_tiny {
  %x = fn.placeholder "x" : tensor<1x8xf32>
  %w0 = fn.variable "w0" : tensor<8x16xf32> = dense<0.0>
  %b0 = fn.variable "b0" : tensor<16xf32> = dense<0.0>
  %w1 = fn.variable "w1" : tensor<16x16xf32> = dense<0.0>
  %b1 = fn.variable "b1" : tensor<16xf32> = dense<0.0>
  %w2 = fn.variable "w2" : tensor<16x4xf32> = dense<0.0>
  %b2 = fn.variable "b2" : tensor<4xf32> = dense<0.0>
  %p0 = fn.matmul %x, %w0 : (tensor<1x8xf32>, tensor<8x16xf32>) -> tensor<1x16xf32>
  %z0 = fn.add %p0, %b0 : (tensor<1x16xf32>, tensor<16xf32>) -> tensor<1x16xf32>
  %h0 = fn.relu %z0 : tensor<1x16xf32>
  %p1 = fn.matmul %h0, %w1 : (tensor<1x16xf32>, tensor<16x16xf32>) -> tensor<1x16xf32>
  %z1 = fn.add %p1, %b1 : (tensor<1x16xf32>, tensor<16xf32>) -> tensor<1x16xf32>
  %h1 = fn.relu %z1 : tensor<1x16xf32>
  %p2 = fn.matmul %h1, %w2 : (tensor<1x16xf32>, tensor<16x4xf32>) -> tensor<1x4xf32>
  %z2 = fn.add %p2, %b2 : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  %probs = fn.softmax %z2 {axis = 1 : i64} : tensor<1x4xf32>
  fn.function @step inputs(%x : tensor<1x8xf32>) outputs("probs" = %probs : tensor<1x4xf32>)
}
