fn.graph @gelu_residual {
  %x = fn.placeholder "x" : tensor<1024x1024xf32>
  %residual = fn.placeholder "residual" : tensor<1024x1024xf32>
  %a = fn.variable "a" : tensor<1024xf32> = dense<1.0>
  %b = fn.variable "b" : tensor<1024xf32> = dense<0.0>
  %xa = fn.mul %x, %a : (tensor<1024x1024xf32>, tensor<1024xf32>) -> tensor<1024x1024xf32>
  %t = fn.add %xa, %b : (tensor<1024x1024xf32>, tensor<1024xf32>) -> tensor<1024x1024xf32>
  %g = fn.gelu %t : tensor<1024x1024xf32>
  %y = fn.add %g, %residual : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  fn.function @step inputs(%x : tensor<1024x1024xf32>, %residual : tensor<1024x1024xf32>)
                    outputs("y" = %y : tensor<1024x1024xf32>)
}
