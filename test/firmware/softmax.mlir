// Softmax regression on 8x8 images, its gradient written out.
fn.graph @softmax {
  %x = fn.placeholder "x" bounds [32, 64] : tensor<?x64xf32>
  %label = fn.placeholder "label" bounds [32] : tensor<?xi32>
  %rate = fn.placeholder "rate" : tensor<f32> default dense<0.5>
  %w = fn.variable "w" : tensor<64x10xf32> = #fn.zeros
  %b = fn.variable "b" : tensor<10xf32> = #fn.zeros

  %xw = fn.matmul %x, %w : (tensor<?x64xf32>, tensor<64x10xf32>) -> tensor<?x10xf32>
  %logits = fn.add %xw, %b : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %probs = fn.softmax %logits {axis = 1 : i64} : tensor<?x10xf32>
  %digit = fn.argmax %probs {axis = 1 : i64} : (tensor<?x10xf32>) -> tensor<?xi32>

  // loss = mean over the batch of -log p[label]
  %target = fn.one_hot %label {depth = 10 : i64} : (tensor<?xi32>) -> tensor<?x10xf32>
  %logp = fn.log_softmax %logits {axis = 1 : i64} : tensor<?x10xf32>
  %picked = fn.mul %target, %logp : (tensor<?x10xf32>, tensor<?x10xf32>) -> tensor<?x10xf32>
  %gain = fn.reduce_sum %picked {axes = array<i64: 1>} : (tensor<?x10xf32>) -> tensor<?xf32>
  %mean = fn.reduce_mean %gain : (tensor<?xf32>) -> tensor<f32>
  %loss = fn.neg %mean : tensor<f32>

  // d loss / d logits = (probs - target) / batch
  %error = fn.sub %probs, %target : (tensor<?x10xf32>, tensor<?x10xf32>) -> tensor<?x10xf32>
  %ones = fn.one_hot %zero {depth = 1 : i64} : (tensor<?xi32>) -> tensor<?x1xf32>
  %zero = fn.sub %label, %label : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  %batch = fn.reduce_sum %ones : (tensor<?x1xf32>) -> tensor<f32>
  %step = fn.div %rate, %batch : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %dw = fn.matmul %x, %error {transpose_a} : (tensor<?x64xf32>, tensor<?x10xf32>) -> tensor<64x10xf32>
  %db = fn.reduce_sum %error {axes = array<i64: 0>} : (tensor<?x10xf32>) -> tensor<10xf32>
  %w_step = fn.mul %dw, %step : (tensor<64x10xf32>, tensor<f32>) -> tensor<64x10xf32>
  %b_step = fn.mul %db, %step : (tensor<10xf32>, tensor<f32>) -> tensor<10xf32>
  %w_new = fn.sub %w, %w_step : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
  %b_new = fn.sub %b, %b_step : (tensor<10xf32>, tensor<10xf32>) -> tensor<10xf32>

  fn.function @train inputs(%x : tensor<?x64xf32>, %label : tensor<?xi32>)
                     outputs("loss" = %loss : tensor<f32>)
                     updates(%w = %w_new : tensor<64x10xf32>, %b = %b_new : tensor<10xf32>)
  fn.function @predict inputs(%x : tensor<?x64xf32>) outputs("digit" = %digit : tensor<?xi32>)
}
