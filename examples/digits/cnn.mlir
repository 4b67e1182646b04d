// The same images by convolutions with batch normalization, trained by Adam. Training normalizes by
// the batch and moves the averages, by which predictions normalize.
fn.graph @cnn {
  %x = fn.placeholder "x" bounds [32, 8, 8, 1] : tensor<?x8x8x1xf32>
  %label = fn.placeholder "label" bounds [32] : tensor<?xi32>
  %k1 = fn.variable "k1" : tensor<3x3x1x16xf32> = #fn.he_normal<seed = 1>
  %g1 = fn.variable "gamma1" : tensor<16xf32> = #fn.ones
  %o1 = fn.variable "beta1" : tensor<16xf32> = #fn.zeros
  %m1 = fn.variable "mean1" : tensor<16xf32> = #fn.zeros
  %v1 = fn.variable "variance1" : tensor<16xf32> = #fn.ones
  %k2 = fn.variable "k2" : tensor<3x3x16x32xf32> = #fn.he_normal<seed = 2>
  %g2 = fn.variable "gamma2" : tensor<32xf32> = #fn.ones
  %o2 = fn.variable "beta2" : tensor<32xf32> = #fn.zeros
  %m2 = fn.variable "mean2" : tensor<32xf32> = #fn.zeros
  %v2 = fn.variable "variance2" : tensor<32xf32> = #fn.ones
  %w = fn.variable "w" : tensor<512x10xf32> = #fn.glorot_uniform<seed = 3>
  %b = fn.variable "b" : tensor<10xf32> = #fn.zeros

  %c1 = fn.conv %x, %k1 {padding = "same"} : (tensor<?x8x8x1xf32>, tensor<3x3x1x16xf32>) -> tensor<?x8x8x16xf32>
  %n1, %m1n, %v1n = fn.batch_norm_training %c1, %m1, %v1 scale(%g1) offset(%o1) {momentum = 0.9 : f64}
                  : (tensor<?x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>)
                    -> (tensor<?x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>)
  %r1 = fn.relu %n1 : tensor<?x8x8x16xf32>
  %c2 = fn.conv %r1, %k2 {padding = "same"} : (tensor<?x8x8x16xf32>, tensor<3x3x16x32xf32>) -> tensor<?x8x8x32xf32>
  %n2, %m2n, %v2n = fn.batch_norm_training %c2, %m2, %v2 scale(%g2) offset(%o2) {momentum = 0.9 : f64}
                  : (tensor<?x8x8x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
                    -> (tensor<?x8x8x32xf32>, tensor<32xf32>, tensor<32xf32>)
  %r2 = fn.relu %n2 : tensor<?x8x8x32xf32>
  %p2 = fn.max_pool %r2 {size = array<i64: 2, 2>, strides = array<i64: 2, 2>}
      : (tensor<?x8x8x32xf32>) -> tensor<?x4x4x32xf32>
  %flat = fn.reshape %p2 : (tensor<?x4x4x32xf32>) -> tensor<?x512xf32>
  %xw = fn.matmul %flat, %w : (tensor<?x512xf32>, tensor<512x10xf32>) -> tensor<?x10xf32>
  %logits = fn.add %xw, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %loss = fn.sparse_categorical_cross_entropy %logits, %label {from_logits}
        : (tensor<?x10xf32>, tensor<?xi32>) -> tensor<f32>
  %step = fn.minimize %loss, (%k1, %g1, %o1, %k2, %g2, %o2, %w, %b) {optimizer = #fn.adam<learning_rate = 0.002>}
        : tensor<f32>, (tensor<3x3x1x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<3x3x16x32xf32>, tensor<32xf32>,
                        tensor<32xf32>, tensor<512x10xf32>, tensor<10xf32>)
  fn.function @train inputs(%x : tensor<?x8x8x1xf32>, %label : tensor<?xi32>) outputs("loss" = %loss : tensor<f32>)
                     updates(%step, %m1 = %m1n : tensor<16xf32>, %v1 = %v1n : tensor<16xf32>,
                             %m2 = %m2n : tensor<32xf32>, %v2 = %v2n : tensor<32xf32>)

  %pn1 = fn.batch_norm %c1, %m1, %v1 scale(%g1) offset(%o1)
       : (tensor<?x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<?x8x8x16xf32>
  %pr1 = fn.relu %pn1 : tensor<?x8x8x16xf32>
  %pc2 = fn.conv %pr1, %k2 {padding = "same"} : (tensor<?x8x8x16xf32>, tensor<3x3x16x32xf32>) -> tensor<?x8x8x32xf32>
  %pn2 = fn.batch_norm %pc2, %m2, %v2 scale(%g2) offset(%o2)
       : (tensor<?x8x8x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> tensor<?x8x8x32xf32>
  %pr2 = fn.relu %pn2 : tensor<?x8x8x32xf32>
  %pp2 = fn.max_pool %pr2 {size = array<i64: 2, 2>, strides = array<i64: 2, 2>}
       : (tensor<?x8x8x32xf32>) -> tensor<?x4x4x32xf32>
  %pflat = fn.reshape %pp2 : (tensor<?x4x4x32xf32>) -> tensor<?x512xf32>
  %pxw = fn.matmul %pflat, %w : (tensor<?x512xf32>, tensor<512x10xf32>) -> tensor<?x10xf32>
  %scores = fn.add %pxw, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %digit = fn.argmax %scores {axis = 1 : i64} : (tensor<?x10xf32>) -> tensor<?xi32>
  fn.function @predict inputs(%x : tensor<?x8x8x1xf32>) outputs("digit" = %digit : tensor<?xi32>)
}
