// RUN: fnc compile %s --emit=llvm -o - | FileCheck %s

// Buffers of a part that has become a function share no byte, and LLVM knows: no loop asks, and
// what is read of one stays in registers while another is written.
// CHECK: define internal void @f.shared0(ptr noalias %0, i64 {{.*}}, ptr noalias %2, ptr noalias %3
// CHECK-NOT: memcheck
// CHECK: define void @g_f(
fn.graph @g {
  %x0 = fn.placeholder "x" bounds [64, 24] : tensor<?x24xf32>
  %w0 = fn.variable "w0" : tensor<24x24xf32> = #fn.zeros
  %x1 = fn.matmul %x0, %w0 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %w1 = fn.variable "w1" : tensor<24x24xf32> = #fn.zeros
  %x2 = fn.matmul %x1, %w1 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %w2 = fn.variable "w2" : tensor<24x24xf32> = #fn.zeros
  %x3 = fn.matmul %x2, %w2 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %w3 = fn.variable "w3" : tensor<24x24xf32> = #fn.zeros
  %x4 = fn.matmul %x3, %w3 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  fn.function @f inputs(%x0 : tensor<?x24xf32>) outputs("y" = %x4 : tensor<?x24xf32>)
}
