// One step of a Kalman filter: 4 states, 2 measurements, the 2x2 inverse in closed form.
fn.graph @kalman {
  %z = fn.placeholder "z" : tensor<2x1xf32>
  %F = fn.variable "F" : tensor<4x4xf32> = dense<0.0>
  %H = fn.variable "H" : tensor<2x4xf32> = dense<0.0>
  %Q = fn.variable "Q" : tensor<4x4xf32> = dense<0.0>
  %R = fn.variable "R" : tensor<2x2xf32> = dense<0.0>
  %x = fn.variable "x" : tensor<4x1xf32> = dense<0.0>
  %P = fn.variable "P" : tensor<4x4xf32> = dense<0.0>
  %xp = fn.matmul %F, %x : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %FP = fn.matmul %F, %P : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %FPF = fn.matmul %FP, %F {transpose_b} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %pp = fn.add %FPF, %Q : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %hp = fn.matmul %H, %pp : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  %hph = fn.matmul %hp, %H {transpose_b} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x2xf32>
  %s = fn.add %hph, %R : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %flat = fn.reshape %s : (tensor<2x2xf32>) -> tensor<4xf32>
  %a, %b, %c, %d = fn.split %flat {axis = 0 : i64, sizes = array<i64: 1, 1, 1, 1>} : (tensor<4xf32>)
      -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>)
  %ad = fn.mul %a, %d : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %bc = fn.mul %b, %c : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %det = fn.sub %ad, %bc : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %nb = fn.neg %b : tensor<1xf32>
  %nc = fn.neg %c : tensor<1xf32>
  %adj = fn.concat %d, %nb, %nc, %a {axis = 0 : i64} : (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>)
      -> tensor<4xf32>
  %divided = fn.div %adj, %det : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  %inverse = fn.reshape %divided : (tensor<4xf32>) -> tensor<2x2xf32>
  %gain = fn.matmul %hp, %inverse {transpose_a} : (tensor<2x4xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %hx = fn.matmul %H, %xp : (tensor<2x4xf32>, tensor<4x1xf32>) -> tensor<2x1xf32>
  %innovation = fn.sub %z, %hx : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %correction = fn.matmul %gain, %innovation : (tensor<4x2xf32>, tensor<2x1xf32>) -> tensor<4x1xf32>
  %x_new = fn.add %xp, %correction : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %kh = fn.matmul %gain, %H : (tensor<4x2xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
  %eye = fn.constant dense<[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]>
      : tensor<4x4xf32>
  %rest = fn.sub %eye, %kh : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %P_new = fn.matmul %rest, %pp : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  fn.function @step inputs(%z : tensor<2x1xf32>) outputs("estimate" = %x_new : tensor<4x1xf32>)
                    updates(%x = %x_new : tensor<4x1xf32>, %P = %P_new : tensor<4x4xf32>)
}
