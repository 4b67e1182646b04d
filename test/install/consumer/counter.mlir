fn.graph @counter {
  %x = fn.placeholder "x" : tensor<3xf32>
  %total = fn.variable "total" : tensor<3xf32> = dense<0.5>
  %next = fn.add %total, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  fn.function @add inputs(%x : tensor<3xf32>) outputs("next" = %next : tensor<3xf32>)
                   updates(%total = %next : tensor<3xf32>)
}
