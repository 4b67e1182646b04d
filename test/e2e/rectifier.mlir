// After a bias that is known a rectifier is one instruction.
// RUN: fnc compile %s --cpu x86-64-v3 --target x86_64-linux-gnu --emit=asm -o - | FileCheck %s --implicit-check-not=vcmpunord

// CHECK: vmaxps
fn.graph @rectifier {
  %x = fn.placeholder "x" : tensor<2x3xf32>
  %w = fn.constant dense<[[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]> : tensor<3x8xf32>
  %b = fn.constant dense<[0.0, 1.0, -1.0, 2.0, 0.0, -2.0, 0.0, 3.0]> : tensor<8xf32>
  %xw = fn.matmul %x, %w : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  %a = fn.add %xw, %b : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %y = fn.relu %a : tensor<2x8xf32>
  fn.function @f inputs(%x : tensor<2x3xf32>) outputs("y" = %y : tensor<2x8xf32>)
}
