fn.graph @mlp_train {
  %x = fn.placeholder "x" : tensor<128x784xf32>
  %y = fn.placeholder "y" : tensor<128x10xf32>
  %w0 = fn.variable "w0" : tensor<784x512xf32> = dense<0.0>
  %b0 = fn.variable "b0" : tensor<512xf32> = dense<0.0>
  %w1 = fn.variable "w1" : tensor<512x512xf32> = dense<0.0>
  %b1 = fn.variable "b1" : tensor<512xf32> = dense<0.0>
  %w2 = fn.variable "w2" : tensor<512x10xf32> = dense<0.0>
  %b2 = fn.variable "b2" : tensor<10xf32> = dense<0.0>
  %p0 = fn.matmul %x, %w0 : (tensor<128x784xf32>, tensor<784x512xf32>) -> tensor<128x512xf32>
  %z0 = fn.add %p0, %b0 : (tensor<128x512xf32>, tensor<512xf32>) -> tensor<128x512xf32>
  %h0 = fn.relu %z0 : tensor<128x512xf32>
  %p1 = fn.matmul %h0, %w1 : (tensor<128x512xf32>, tensor<512x512xf32>) -> tensor<128x512xf32>
  %z1 = fn.add %p1, %b1 : (tensor<128x512xf32>, tensor<512xf32>) -> tensor<128x512xf32>
  %h1 = fn.relu %z1 : tensor<128x512xf32>
  %p2 = fn.matmul %h1, %w2 : (tensor<128x512xf32>, tensor<512x10xf32>) -> tensor<128x10xf32>
  %z2 = fn.add %p2, %b2 : (tensor<128x10xf32>, tensor<10xf32>) -> tensor<128x10xf32>
  %loss = fn.softmax_cross_entropy %z2, %y : (tensor<128x10xf32>, tensor<128x10xf32>) -> tensor<f32>
  %step = fn.minimize %loss, (%w0, %b0, %w1, %b1, %w2, %b2) {optimizer = #fn.adam<learning_rate = 0.001>}
      : tensor<f32>, (tensor<784x512xf32>, tensor<512xf32>, tensor<512x512xf32>, tensor<512xf32>, tensor<512x10xf32>, tensor<10xf32>)
  fn.function @step inputs(%x : tensor<128x784xf32>, %y : tensor<128x10xf32>) outputs("loss" = %loss : tensor<f32>)
                    updates(%step)
}
