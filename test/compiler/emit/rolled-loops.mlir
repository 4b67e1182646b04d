// RUN: fnc compile %s --emit=llvm -o - | FileCheck %s

// The rounds of the generator are neither unrolled nor vectorized.
// CHECK-LABEL: define internal void @fn.kernel.f(
// CHECK-COUNT-2: mul {{.*}} <4 x i64> {{.*}}, splat (i64 3
// CHECK-NOT: splat (i64 3528531795)
// CHECK: !{!"llvm.loop.disable_nonforced"}
fn.graph @g {
  %rng = fn.variable "rng" : tensor<3xi64> = dense<[0, 0, 42]>
  %bits, %next = fn.random_bits %rng : (tensor<3xi64>) -> (tensor<100xui32>, tensor<3xi64>)
  fn.function @f outputs("bits" = %bits : tensor<100xui32>) updates(%rng = %next : tensor<3xi64>)
}
