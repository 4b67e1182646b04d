// RUN: fnc compile %s --cpu x86-64 --emit llvm -o - | FileCheck %s
// RUN: fnc compile %s --target aarch64-linux-gnu --emit llvm -o - | FileCheck %s --check-prefix=INDEX

// Rows of both sides are 384 bytes apart, which no address of x86-64 can multiply an index by: two
// pointers move by so much, and the loop ends where the first does. For AArch64 LLVM chooses.
// CHECK-LABEL: define internal void @fn.kernel.f(
// CHECK: = phi ptr
// CHECK: [[X:%.+]] = phi ptr
// CHECK-NEXT: [[Y:%.+]] = phi ptr
// CHECK-NEXT: = phi <8 x float>
// CHECK-NOT: = phi i64
// CHECK: getelementptr i8, ptr [[Y]], i64 384
// CHECK-NEXT: getelementptr i8, ptr [[X]], i64 384
// CHECK-NEXT: icmp eq ptr
// CHECK-NEXT: br i1
// INDEX-NOT: = phi ptr
fn.graph @g {
  %x = fn.placeholder "x" : tensor<50x96xf32>
  %y = fn.placeholder "y" : tensor<50x96xf32>
  %z = fn.matmul %x, %y {transpose_a} : (tensor<50x96xf32>, tensor<50x96xf32>) -> tensor<96x96xf32>
  fn.function @f inputs(%x : tensor<50x96xf32>, %y : tensor<50x96xf32>) outputs("z" = %z : tensor<96x96xf32>)
}
