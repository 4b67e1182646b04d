// RUN: fnc compile %s --cpu x86-64 --emit asm -o - | FileCheck %s
// RUN: fnc compile %s --cpu x86-64 --emit asm -O s -o - | FileCheck %s --check-prefix=SIZE
// RUN: fnc compile %s --target aarch64-linux-gnu --emit llvm -o - | FileCheck %s --check-prefix=INLINE

// The checks of a call are a function of their own, which is compiled quickly: a pointer is
// compared with 0, where the better code is a test.
// CHECK-LABEL: g_sum:
// CHECK: cmpq $0, %r
// CHECK: callq fn.kernel.sum
// CHECK: .size g_sum,
// What is computed without a loop is computed where the checks are, and compiled as well as it can be.
// CHECK-LABEL: g_negate:
// CHECK: testq
// CHECK-NOT: callq fn.kernel
// CHECK: .size g_negate,
// The shorter code, too.
// SIZE-LABEL: g_sum:
// SIZE: testq
// SIZE-NOT: callq fn.kernel
// SIZE: .size g_sum,
// INLINE-LABEL: define void @g_sum(
// INLINE-NOT: @fn.kernel.sum(
fn.graph @g {
  %x = fn.placeholder "x" : tensor<8x50xf32>
  %sum = fn.reduce_sum %x {axes = array<i64: 1>} : (tensor<8x50xf32>) -> tensor<8xf32>
  %y = fn.placeholder "y" : tensor<f32>
  %negative = fn.neg %y : tensor<f32>
  fn.function @sum inputs(%x : tensor<8x50xf32>) outputs("sum" = %sum : tensor<8xf32>)
  fn.function @negate inputs(%y : tensor<f32>) outputs("negative" = %negative : tensor<f32>)
}
