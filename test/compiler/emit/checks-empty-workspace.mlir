// RUN: fnc compile %s --emit=llvm -o - | FileCheck %s

// A workspace of no bytes may be a null pointer, and may be anywhere.
fn.graph @g {
  %x = fn.variable "x" read_only : tensor<4xf32> = #fn.zeros
  %y = fn.exp %x : tensor<4xf32>
  %none = fn.slice %y {begin = array<i64: 0>, end = array<i64: 0>, strides = array<i64: 1>} : (tensor<4xf32>) -> tensor<0xf32>
  %shown = fn.print "none", %none : tensor<0xf32>
  // CHECK-LABEL: define {{.*}} @g_f(
  // CHECK-NOT: icmp
  // CHECK: {{^}$}}
  fn.function @f inputs() outputs() updates(%shown)
}
