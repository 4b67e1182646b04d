fn.graph @lstm_stream {
  %x = fn.placeholder "x" : tensor<1x64xf32>
  %w = fn.variable "w" : tensor<64x512xf32> = dense<0.0>
  %u = fn.variable "u" : tensor<128x512xf32> = dense<0.0>
  %b = fn.variable "b" : tensor<512xf32> = dense<0.0>
  %h = fn.variable "h" : tensor<1x128xf32> = dense<0.0>
  %c = fn.variable "c" : tensor<1x128xf32> = dense<0.0>
  %xw = fn.matmul %x, %w : (tensor<1x64xf32>, tensor<64x512xf32>) -> tensor<1x512xf32>
  %hu = fn.matmul %h, %u : (tensor<1x128xf32>, tensor<128x512xf32>) -> tensor<1x512xf32>
  %sum = fn.add %xw, %hu : (tensor<1x512xf32>, tensor<1x512xf32>) -> tensor<1x512xf32>
  %z = fn.add %sum, %b : (tensor<1x512xf32>, tensor<512xf32>) -> tensor<1x512xf32>
  %zi, %zf, %zg, %zo = fn.split %z {axis = 1 : i64, sizes = array<i64: 128, 128, 128, 128>} : (tensor<1x512xf32>)
      -> (tensor<1x128xf32>, tensor<1x128xf32>, tensor<1x128xf32>, tensor<1x128xf32>)
  %i = fn.sigmoid %zi : tensor<1x128xf32>
  %f = fn.sigmoid %zf : tensor<1x128xf32>
  %g = fn.tanh %zg : tensor<1x128xf32>
  %o = fn.sigmoid %zo : tensor<1x128xf32>
  %kept = fn.mul %f, %c : (tensor<1x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  %put = fn.mul %i, %g : (tensor<1x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  %c_new = fn.add %kept, %put : (tensor<1x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  %squashed = fn.tanh %c_new : tensor<1x128xf32>
  %h_new = fn.mul %o, %squashed : (tensor<1x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  fn.function @step inputs(%x : tensor<1x64xf32>) outputs("y" = %h_new : tensor<1x128xf32>)
                    updates(%h = %h_new : tensor<1x128xf32>, %c = %c_new : tensor<1x128xf32>)
}
