// A recurrent network that takes one sample a call. Its state stays in a variable; its recurrent
// weights are random and stay (an echo state network), so that training is a step at each sample.
fn.graph @keyword {
  %x = fn.placeholder "x" : tensor<f32>
  %label = fn.placeholder "label" : tensor<1xi32>
  %w = fn.variable "w" read_only : tensor<1x128xf32> = #fn.normal<0.0, 0.3, seed = 1>
  %u = fn.variable "u" read_only : tensor<128x128xf32> = #fn.normal<0.0, 0.08, seed = 2>
  %b = fn.variable "b" read_only : tensor<1x128xf32> = #fn.normal<0.0, 0.1, seed = 3>
  %h = fn.variable "h" : tensor<1x128xf32> = #fn.zeros
  %v = fn.variable "v" : tensor<128x11xf32> = #fn.zeros
  %c = fn.variable "c" : tensor<11xf32> = #fn.zeros

  // h = tanh(x w + h u + b)
  %xw = fn.mul %x, %w : (tensor<f32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  %hu = fn.matmul %h, %u : (tensor<1x128xf32>, tensor<128x128xf32>) -> tensor<1x128xf32>
  %sum = fn.add %xw, %hu : (tensor<1x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  %z = fn.add %sum, %b : (tensor<1x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  %h_new = fn.tanh %z : tensor<1x128xf32>

  %hv = fn.matmul %h_new, %v : (tensor<1x128xf32>, tensor<128x11xf32>) -> tensor<1x11xf32>
  %logits = fn.add %hv, %c : (tensor<1x11xf32>, tensor<11xf32>) -> tensor<1x11xf32>
  %letter = fn.argmax %logits {axis = 1 : i64} : (tensor<1x11xf32>) -> tensor<1xi32>
  %loss = fn.sparse_categorical_cross_entropy %logits, %label {from_logits}
        : (tensor<1x11xf32>, tensor<1xi32>) -> tensor<f32>
  %step = fn.minimize %loss, (%v, %c) {optimizer = #fn.adam<learning_rate = 0.003>}
        : tensor<f32>, (tensor<128x11xf32>, tensor<11xf32>)

  fn.function @learn inputs(%x : tensor<f32>, %label : tensor<1xi32>)
                     updates(%h = %h_new : tensor<1x128xf32>, %step)
  fn.function @listen inputs(%x : tensor<f32>) outputs("letter" = %letter : tensor<1xi32>)
                      updates(%h = %h_new : tensor<1x128xf32>)
}
