// RUN: fnc compile %s --emit=llvm -o - | FileCheck %s

// Failures of a call meet in one call of `fn.fail`; what a test reads is what the kernel works with.
fn.graph @g {
  %x = fn.placeholder "x" : tensor<?x4xf32>
  %y = fn.neg %x : tensor<?x4xf32>
  // CHECK-LABEL: define {{.*}} @g_f(
  // CHECK: load i64
  // CHECK: load i64
  // CHECK-NOT: load i64
  // CHECK: call void @fn.fail(
  // CHECK-NOT: @fn.
  // CHECK: {{^}$}}
  // CHECK-NOT: @fn.checks
  fn.function @f inputs(%x : tensor<?x4xf32>) outputs("y" = %y : tensor<?x4xf32>)
}
