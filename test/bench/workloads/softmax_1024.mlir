fn.graph @softmax_1024 {
  %x = fn.placeholder "x" : tensor<1024x1024xf32>
  %y = fn.softmax %x {axis = 1 : i64} : tensor<1024x1024xf32>
  fn.function @step inputs(%x : tensor<1024x1024xf32>) outputs("y" = %y : tensor<1024x1024xf32>)
}
