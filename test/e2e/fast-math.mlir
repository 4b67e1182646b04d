// Multiply-add only where it was asked for, and where the target has it.
// RUN: fnc compile %s --cpu x86-64-v3 --target x86_64-linux-gnu --emit=asm -o - | FileCheck %s --check-prefix=EXACT
// RUN: fnc compile %s --cpu x86-64-v3 --target x86_64-linux-gnu --fast-math --emit=asm -o - | FileCheck %s --check-prefix=FAST
// EXACT-NOT: vfmadd
// EXACT: vdivps
// FAST-NOT: vdivps
// FAST: vfmadd
// FAST-NOT: vdivps
fn.graph @g {
  %x = fn.placeholder "x" : tensor<64xf32>
  %y = fn.placeholder "y" : tensor<64xf32>
  %three = fn.constant dense<3.0> : tensor<f32>
  %p = fn.mul %x, %y : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %s = fn.add %p, %x : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %z = fn.div %s, %three : (tensor<64xf32>, tensor<f32>) -> tensor<64xf32>
  fn.function @f inputs(%x : tensor<64xf32>, %y : tensor<64xf32>) outputs("z" = %z : tensor<64xf32>)
}
