// RUN: fnc compile %s --emit=llvm -o - | FileCheck %s

// Kernels named like an entry point, or like what code generation calls, stay apart from both.
// CHECK-DAG: define {{.*}}@g_f(ptr
// CHECK-DAG: define {{.*}}@g_g_f(ptr
// CHECK-DAG: define {{.*}}@g_memset(ptr
// CHECK-NOT: @memset(
fn.graph @g {
  %x = fn.placeholder "x" : tensor<4xf32>
  %y = fn.neg %x : tensor<4xf32>
  fn.function @f inputs(%x : tensor<4xf32>) outputs("y" = %y : tensor<4xf32>)
  fn.function @g_f inputs(%x : tensor<4xf32>) outputs("y" = %y : tensor<4xf32>)
  fn.function @memset inputs(%x : tensor<4xf32>) outputs("y" = %y : tensor<4xf32>)
}
