// A classifier of 8x8 images: 64 inputs, 32 hidden units, 10 classes.
fn.graph @digits {
  %x = fn.placeholder "x" bounds [32, 64] : tensor<?x64xf32>
  %label = fn.placeholder "label" bounds [32] : tensor<?xi32>
  %w1 = fn.variable "w1" : tensor<64x32xf32> = #fn.glorot_uniform<seed = 1>
  %b1 = fn.variable "b1" : tensor<32xf32> = #fn.zeros
  %w2 = fn.variable "w2" : tensor<32x10xf32> = #fn.glorot_uniform<seed = 2>
  %b2 = fn.variable "b2" : tensor<10xf32> = #fn.zeros

  %xw1 = fn.matmul %x, %w1 : (tensor<?x64xf32>, tensor<64x32xf32>) -> tensor<?x32xf32>
  %z1 = fn.add %xw1, %b1 : (tensor<?x32xf32>, tensor<32xf32>) -> tensor<?x32xf32>
  %hidden = fn.relu %z1 : tensor<?x32xf32>
  %xw2 = fn.matmul %hidden, %w2 : (tensor<?x32xf32>, tensor<32x10xf32>) -> tensor<?x10xf32>
  %logits = fn.add %xw2, %b2 : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  %probs = fn.softmax %logits {axis = 1 : i64} : tensor<?x10xf32>
  %digit = fn.argmax %probs {axis = 1 : i64} : (tensor<?x10xf32>) -> tensor<?xi32>

  %loss = fn.sparse_categorical_cross_entropy %logits, %label {from_logits}
        : (tensor<?x10xf32>, tensor<?xi32>) -> tensor<f32>
  %step = fn.minimize %loss, (%w1, %b1, %w2, %b2)
            {optimizer = #fn.sgd<learning_rate = 0.05, momentum = 0.9>}
        : tensor<f32>, (tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<10xf32>)

  fn.function @train inputs(%x : tensor<?x64xf32>, %label : tensor<?xi32>)
                     outputs("loss" = %loss : tensor<f32>) updates(%step)
  fn.function @predict inputs(%x : tensor<?x64xf32>)
                       outputs("probs" = %probs : tensor<?x10xf32>, "digit" = %digit : tensor<?xi32>)
}
