// RUN: fnc-opt %s --fnc-select-functions | FileCheck %s

// Axes whose elements stand apart go back one after another, the last one first.
// CHECK-LABEL: func.func @slice(
// CHECK: fn.scatter {{.*}} -> tensor<4x3xf32>
// CHECK: fn.scatter {{.*}} -> tensor<5x4xf32>
// CHECK-NOT: fn.scatter
fn.graph @g {
  %x = fn.placeholder "x" : tensor<5x4xf32>
  %y = fn.slice %x {begin = array<i64: 0, 3>, end = array<i64: 5, -1>, strides = array<i64: 2, -1>}
     : (tensor<5x4xf32>) -> tensor<3x4xf32>
  %dx = fn.gradients %y, (%x) : (tensor<3x4xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
  fn.function @slice inputs(%x : tensor<5x4xf32>) outputs("dx" = %dx : tensor<5x4xf32>)
}
