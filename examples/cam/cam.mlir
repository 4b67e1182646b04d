// A convolutional classifier of 8x8 images, with batch normalization, trained by Adam.
fn.graph @cam {
  %x = fn.placeholder "x" bounds [32, 8, 8, 1] : tensor<?x8x8x1xf32>
  %label = fn.placeholder "label" bounds [32] : tensor<?xi32>
  // Statistics of the batch, or their moving averages?
  %training = fn.placeholder "training" : tensor<i1> default dense<false>

  %k1 = fn.variable "k1" : tensor<3x3x1x8xf32> = #fn.glorot_uniform<seed = 1>
  %gamma1 = fn.variable "gamma1" : tensor<8xf32> = #fn.ones
  %beta1 = fn.variable "beta1" : tensor<8xf32> = #fn.zeros
  %mean1 = fn.variable "mean1" : tensor<8xf32> = #fn.zeros
  %variance1 = fn.variable "variance1" : tensor<8xf32> = #fn.ones
  %k2 = fn.variable "k2" : tensor<3x3x8x16xf32> = #fn.glorot_uniform<seed = 2>
  %gamma2 = fn.variable "gamma2" : tensor<16xf32> = #fn.ones
  %beta2 = fn.variable "beta2" : tensor<16xf32> = #fn.zeros
  %mean2 = fn.variable "mean2" : tensor<16xf32> = #fn.zeros
  %variance2 = fn.variable "variance2" : tensor<16xf32> = #fn.ones
  %w = fn.variable "w" : tensor<16x10xf32> = #fn.glorot_uniform<seed = 3>
  %b = fn.variable "b" : tensor<10xf32> = #fn.zeros
  %epsilon = fn.constant dense<0.001> : tensor<f32>
  %rate = fn.constant dense<0.1> : tensor<f32>

  %c1 = fn.conv %x, %k1 {padding = "same"} : (tensor<?x8x8x1xf32>, tensor<3x3x1x8xf32>) -> tensor<?x8x8x8xf32>
  %batch_mean1 = fn.reduce_mean %c1 {axes = array<i64: 0, 1, 2>} : (tensor<?x8x8x8xf32>) -> tensor<8xf32>
  %m1 = fn.where %training, %batch_mean1, %mean1 : (tensor<i1>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %d1 = fn.sub %c1, %m1 : (tensor<?x8x8x8xf32>, tensor<8xf32>) -> tensor<?x8x8x8xf32>
  %dd1 = fn.square %d1 : tensor<?x8x8x8xf32>
  %batch_variance1 = fn.reduce_mean %dd1 {axes = array<i64: 0, 1, 2>} : (tensor<?x8x8x8xf32>) -> tensor<8xf32>
  %v1 = fn.where %training, %batch_variance1, %variance1 : (tensor<i1>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %ve1 = fn.add %v1, %epsilon : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %i1 = fn.rsqrt %ve1 : tensor<8xf32>
  %s1 = fn.mul %i1, %gamma1 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %n1 = fn.mul %d1, %s1 : (tensor<?x8x8x8xf32>, tensor<8xf32>) -> tensor<?x8x8x8xf32>
  %bn1 = fn.add %n1, %beta1 : (tensor<?x8x8x8xf32>, tensor<8xf32>) -> tensor<?x8x8x8xf32>
  %r1 = fn.relu %bn1 : tensor<?x8x8x8xf32>

  %c2 = fn.conv %r1, %k2 {padding = "same"} : (tensor<?x8x8x8xf32>, tensor<3x3x8x16xf32>) -> tensor<?x8x8x16xf32>
  %batch_mean2 = fn.reduce_mean %c2 {axes = array<i64: 0, 1, 2>} : (tensor<?x8x8x16xf32>) -> tensor<16xf32>
  %m2 = fn.where %training, %batch_mean2, %mean2 : (tensor<i1>, tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %d2 = fn.sub %c2, %m2 : (tensor<?x8x8x16xf32>, tensor<16xf32>) -> tensor<?x8x8x16xf32>
  %dd2 = fn.square %d2 : tensor<?x8x8x16xf32>
  %batch_variance2 = fn.reduce_mean %dd2 {axes = array<i64: 0, 1, 2>} : (tensor<?x8x8x16xf32>) -> tensor<16xf32>
  %v2 = fn.where %training, %batch_variance2, %variance2 : (tensor<i1>, tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %ve2 = fn.add %v2, %epsilon : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
  %i2 = fn.rsqrt %ve2 : tensor<16xf32>
  %s2 = fn.mul %i2, %gamma2 : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %n2 = fn.mul %d2, %s2 : (tensor<?x8x8x16xf32>, tensor<16xf32>) -> tensor<?x8x8x16xf32>
  %bn2 = fn.add %n2, %beta2 : (tensor<?x8x8x16xf32>, tensor<16xf32>) -> tensor<?x8x8x16xf32>
  %inner = fn.relu %bn2 : tensor<?x8x8x16xf32>

  %pooled = fn.reduce_mean %inner {axes = array<i64: 1, 2>} : (tensor<?x8x8x16xf32>) -> tensor<?x16xf32>
  %pw = fn.matmul %pooled, %w : (tensor<?x16xf32>, tensor<16x10xf32>) -> tensor<?x10xf32>
  %logits = fn.add %pw, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %predictions = fn.softmax %logits {axis = 1 : i64} : tensor<?x10xf32>

  %loss = fn.sparse_categorical_cross_entropy %logits, %label {from_logits}
        : (tensor<?x10xf32>, tensor<?xi32>) -> tensor<f32>
  %step = fn.minimize %loss, (%k1, %gamma1, %beta1, %k2, %gamma2, %beta2, %w, %b)
            {optimizer = #fn.adam, schedule = #fn.cosine_decay<learning_rate = 0.02, decay_steps = 880.0>}
        : tensor<f32>, (tensor<3x3x1x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<3x3x8x16xf32>, tensor<16xf32>,
                        tensor<16xf32>, tensor<16x10xf32>, tensor<10xf32>)

  // average += rate (batch - average)
  %dm1 = fn.sub %batch_mean1, %mean1 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %dv1 = fn.sub %batch_variance1, %variance1 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %dm2 = fn.sub %batch_mean2, %mean2 : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %dv2 = fn.sub %batch_variance2, %variance2 : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %rm1 = fn.mul %dm1, %rate : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %rv1 = fn.mul %dv1, %rate : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %rm2 = fn.mul %dm2, %rate : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
  %rv2 = fn.mul %dv2, %rate : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
  %am1 = fn.assign_add %mean1, %rm1 : tensor<8xf32>, tensor<8xf32>
  %av1 = fn.assign_add %variance1, %rv1 : tensor<8xf32>, tensor<8xf32>
  %am2 = fn.assign_add %mean2, %rm2 : tensor<16xf32>, tensor<16xf32>
  %av2 = fn.assign_add %variance2, %rv2 : tensor<16xf32>, tensor<16xf32>

  fn.function @train inputs(%x : tensor<?x8x8x1xf32>, %label : tensor<?xi32>, %training : tensor<i1>)
                     outputs("loss" = %loss : tensor<f32>) updates(%step, %am1, %av1, %am2, %av2)
  fn.function @look inputs(%x : tensor<?x8x8x1xf32>)
                    outputs("inner" = %inner : tensor<?x8x8x16xf32>, "predictions" = %predictions : tensor<?x10xf32>)
}
