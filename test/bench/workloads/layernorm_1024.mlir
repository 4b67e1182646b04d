fn.graph @layernorm_1024 {
  %x = fn.placeholder "x" : tensor<1024x1024xf32>
  %gamma = fn.variable "gamma" : tensor<1024xf32> = dense<1.0>
  %beta = fn.variable "beta" : tensor<1024xf32> = dense<0.0>
  %epsilon = fn.constant dense<1.0e-5> : tensor<f32>
  %mean = fn.reduce_mean %x {axes = array<i64: 1>, keep_dims} : (tensor<1024x1024xf32>) -> tensor<1024x1xf32>
  %centred = fn.sub %x, %mean : (tensor<1024x1024xf32>, tensor<1024x1xf32>) -> tensor<1024x1024xf32>
  %square = fn.square %centred : tensor<1024x1024xf32>
  %var = fn.reduce_mean %square {axes = array<i64: 1>, keep_dims} : (tensor<1024x1024xf32>) -> tensor<1024x1xf32>
  %shifted = fn.add %var, %epsilon : (tensor<1024x1xf32>, tensor<f32>) -> tensor<1024x1xf32>
  %scale = fn.rsqrt %shifted : tensor<1024x1xf32>
  %normal = fn.mul %centred, %scale : (tensor<1024x1024xf32>, tensor<1024x1xf32>) -> tensor<1024x1024xf32>
  %scaled = fn.mul %normal, %gamma : (tensor<1024x1024xf32>, tensor<1024xf32>) -> tensor<1024x1024xf32>
  %y = fn.add %scaled, %beta : (tensor<1024x1024xf32>, tensor<1024xf32>) -> tensor<1024x1024xf32>
  fn.function @step inputs(%x : tensor<1024x1024xf32>) outputs("y" = %y : tensor<1024x1024xf32>)
}
