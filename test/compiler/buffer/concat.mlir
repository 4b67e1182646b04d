// RUN: fnc compile %s --emit=buffer -o - | FileCheck %s

// The parts of a concatenation are computed in their places, those of a part that is one itself
// too, and all of it in the output: there is neither a copy nor a workspace.
// CHECK-LABEL: func.func @f
// CHECK-SAME: %[[A:[^:]*]]: memref<2x2xf32>
// CHECK-SAME: %[[Y:[^:]*]]: memref<2x6xf32>
// CHECK-SAME: fn.workspace = []
// CHECK-NOT: linalg.copy
// CHECK: %[[AB:.*]] = memref.subview %[[Y]][0, 0] [2, 4]
// CHECK: memref.subview %[[AB]][0, 0] [2, 2]
// CHECK: math.sqrt
// CHECK-NOT: linalg.copy
// CHECK: memref.subview %[[AB]][0, 2] [2, 2]
// CHECK: math.absf
// CHECK-NOT: linalg.copy
// CHECK: memref.subview %[[Y]][0, 4] [2, 2]
// CHECK: arith.negf
// CHECK-NOT: linalg.copy
// CHECK: return
fn.graph @g {
  %x = fn.placeholder "x" : tensor<2x2xf32>
  %a = fn.sqrt %x : tensor<2x2xf32>
  %b = fn.abs %x : tensor<2x2xf32>
  %c = fn.neg %x : tensor<2x2xf32>
  %ab = fn.concat %a, %b {axis = 1 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x4xf32>
  %abc = fn.concat %ab, %c {axis = 1 : i64} : (tensor<2x4xf32>, tensor<2x2xf32>) -> tensor<2x6xf32>
  fn.function @f inputs(%x : tensor<2x2xf32>) outputs("y" = %abc : tensor<2x6xf32>)
}
