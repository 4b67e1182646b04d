// RUN: fnc-opt %s --fnc-expand-sparse | FileCheck %s

// CHECK-LABEL: func.func @product
// CHECK-SAME: (%[[A:.*]]: tensor<?x7xf32> {fn.name = "a", fn.role = "input", fn.sparse = "shape"},
// CHECK-SAME: %[[I:.*]]: tensor<?x2xi32> {fn.bounds = array<i64: 9, 2>, fn.name = "a", fn.role = "input", fn.sparse = "indices"},
// CHECK-SAME: %[[V:.*]]: tensor<?xf32> {fn.bounds = array<i64: 9>, fn.name = "a", fn.role = "input", fn.sparse = "values"},
// CHECK-SAME: %[[W:.*]]: tensor<7x3xf32>)
// CHECK-NEXT: %[[Y:.*]] = fn.coo_matmul %[[A]], %[[I]], %[[V]], %[[W]] {columns = array<i64: 0, 1>}
// CHECK-NEXT: return %[[Y]]
func.func @product(%a: tensor<?x7xf32, #fn.coo<index = i32>> {fn.name = "a", fn.role = "input", fn.max_nnz = 9 : i64},
                   %w: tensor<7x3xf32>) -> tensor<?x3xf32> attributes {fn.kernel} {
  %y = fn.matmul %a, %w : (tensor<?x7xf32, #fn.coo<index = i32>>, tensor<7x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// The dense factor stands on the right, with its rows in memory; a transpose of the sparse one is
// another order of columns.
// CHECK-LABEL: func.func @sides
// CHECK-SAME: (%[[A:.*]]: tensor<5x7xf32> {{.*}}, %[[I:.*]]: tensor<?x2xi64> {{.*}}, %[[V:.*]]: tensor<?xf32> {{.*}}, %[[X:.*]]: tensor<3x7xf32>, %[[U:.*]]: tensor<5x2xf32>)
// CHECK-NEXT: %[[T:.*]] = fn.transpose %[[X]] {perm = array<i64: 1, 0>}
// CHECK-NEXT: %[[P:.*]] = fn.coo_matmul %[[A]], %[[I]], %[[V]], %[[T]] {columns = array<i64: 0, 1>}
// CHECK-NEXT: %[[Y:.*]] = fn.transpose %[[P]] {perm = array<i64: 1, 0>}
// CHECK-NEXT: %[[Z:.*]] = fn.coo_matmul %[[A]], %[[I]], %[[V]], %[[U]] {columns = array<i64: 1, 0>}
// CHECK-NEXT: return %[[Y]], %[[Z]]
func.func @sides(%a: tensor<5x7xf32, #fn.coo> {fn.name = "a", fn.role = "input"}, %x: tensor<3x7xf32>, %u: tensor<5x2xf32>)
    -> (tensor<3x5xf32>, tensor<7x2xf32>) attributes {fn.kernel} {
  %t = fn.transpose %a {perm = array<i64: 1, 0>} : (tensor<5x7xf32, #fn.coo>) -> tensor<7x5xf32, #fn.coo>
  %y = fn.matmul %x, %t : (tensor<3x7xf32>, tensor<7x5xf32, #fn.coo>) -> tensor<3x5xf32>
  %z = fn.matmul %t, %u : (tensor<7x5xf32, #fn.coo>, tensor<5x2xf32>) -> tensor<7x2xf32>
  return %y, %z : tensor<3x5xf32>, tensor<7x2xf32>
}

// CHECK-LABEL: func.func @reduced
// CHECK-SAME: (%[[A:.*]]: tensor<?x7xf32> {{.*}}, %[[I:.*]]: tensor<?x2xi64> {{.*}}, %[[V:.*]]: tensor<?xf32> {{.*}})
// CHECK: %[[L:.*]] = fn.reduce_sum %[[A]] {axes = array<i64: 1>, keep_dims}
// CHECK: %[[Z:.*]] = fn.broadcast_to %{{.*}} like(%[[L]])
// CHECK: fn.coo_add %[[Z]], %[[I]], %[[V]] {columns = array<i64: 0, -1>}
func.func @reduced(%a: tensor<?x7xf32, #fn.coo> {fn.name = "a", fn.role = "input"}) -> tensor<?x1xf32> attributes {fn.kernel} {
  %y = fn.reduce_sum %a {axes = array<i64: 1>, keep_dims} : (tensor<?x7xf32, #fn.coo>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// CHECK-LABEL: func.func @scaled
// CHECK-SAME: (%[[A:.*]]: tensor<?x7xf32> {{.*}}, %[[I:.*]]: tensor<?x2xi64> {{.*}}, %[[V:.*]]: tensor<?xf32> {{.*}}, %[[S:.*]]: tensor<7xf32>)
// CHECK: %[[T:.*]] = fn.coo_take %[[A]], %[[I]], %[[S]] {columns = array<i64: 1>}
// CHECK: %[[P:.*]] = fn.mul %[[V]], %[[T]]
// CHECK: fn.coo_add %{{.*}}, %[[I]], %[[P]] {columns = array<i64: 0, 1>}
func.func @scaled(%a: tensor<?x7xf32, #fn.coo> {fn.name = "a", fn.role = "input"}, %s: tensor<7xf32>) -> tensor<?x7xf32> attributes {fn.kernel} {
  %p = fn.mul %a, %s : (tensor<?x7xf32, #fn.coo>, tensor<7xf32>) -> tensor<?x7xf32, #fn.coo>
  %y = fn.to_dense %p : (tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf32>
  return %y : tensor<?x7xf32>
}

// CHECK-LABEL: func.func @dense
// CHECK-SAME: (%{{.*}}: tensor<?x7xf32> {fn.name = "a", fn.role = "input"})
// CHECK-NEXT: fn.reduce_sum
func.func @dense(%a: tensor<?x7xf32> {fn.name = "a", fn.role = "input"}) -> tensor<f32> attributes {fn.kernel} {
  %y = fn.reduce_sum %a : (tensor<?x7xf32>) -> tensor<f32>
  return %y : tensor<f32>
}
