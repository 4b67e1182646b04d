// RUN: fnc compile %s --emit=loops -o - | FileCheck %s
// RUN: fnc compile %s --emit=loops -Os -o - | FileCheck %s --check-prefix=SMALL

// Nests are functions in shorter kernels where time counts than where size does.
// CHECK-COUNT-9: call @f.nest
// SMALL: scf.for
// SMALL-NOT: call
fn.graph @g {
  %x0 = fn.placeholder "x" bounds [64, 24] : tensor<?x24xf32>
  %w0 = fn.variable "w0" : tensor<24x20xf32> = #fn.zeros
  %x1 = fn.matmul %x0, %w0 : (tensor<?x24xf32>, tensor<24x20xf32>) -> tensor<?x20xf32>
  %w1 = fn.variable "w1" : tensor<20x16xf32> = #fn.zeros
  %x2 = fn.matmul %x1, %w1 : (tensor<?x20xf32>, tensor<20x16xf32>) -> tensor<?x16xf32>
  %w2 = fn.variable "w2" : tensor<16x12xf32> = #fn.zeros
  %x3 = fn.matmul %x2, %w2 : (tensor<?x16xf32>, tensor<16x12xf32>) -> tensor<?x12xf32>
  %w3 = fn.variable "w3" : tensor<12x9xf32> = #fn.zeros
  %x4 = fn.matmul %x3, %w3 : (tensor<?x12xf32>, tensor<12x9xf32>) -> tensor<?x9xf32>
  %w4 = fn.variable "w4" : tensor<9x7xf32> = #fn.zeros
  %x5 = fn.matmul %x4, %w4 : (tensor<?x9xf32>, tensor<9x7xf32>) -> tensor<?x7xf32>
  fn.function @f inputs(%x0 : tensor<?x24xf32>) outputs("y" = %x5 : tensor<?x7xf32>)
}
