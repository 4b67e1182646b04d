// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: @views
func.func @views(%x: tensor<?x4x4xf32>, %y: tensor<?x1xf32>, %s: tensor<?x?x6xf32>) {
  // CHECK: fn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %c = fn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // CHECK: fn.reshape %{{.*}} : (tensor<?x4x4xf32>) -> tensor<?x16xf32>
  %0 = fn.reshape %x : (tensor<?x4x4xf32>) -> tensor<?x16xf32>
  // Of several open sizes the leading ones are the operand's.
  // CHECK: fn.reshape %{{.*}} : (tensor<?x?x6xf32>) -> tensor<?x?x2x3xf32>
  %1 = fn.reshape %s : (tensor<?x?x6xf32>) -> tensor<?x?x2x3xf32>
  // CHECK: fn.reshape %{{.*}} like(%{{.*}}) : (tensor<?x?x2x3xf32>, tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
  %2 = fn.reshape %1 like(%s) : (tensor<?x?x2x3xf32>, tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
  // CHECK: fn.broadcast_to %{{.*}} like(%{{.*}}) : (tensor<2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  %3 = fn.broadcast_to %c like(%y) : (tensor<2xf32>, tensor<?x1xf32>) -> tensor<?x2xf32>
  // CHECK: fn.transpose %{{.*}} {perm = array<i64: 1, 0>}
  %4 = fn.transpose %y {perm = array<i64: 1, 0>} : (tensor<?x1xf32>) -> tensor<1x?xf32>
  // CHECK: fn.expand %{{.*}} {axes = array<i64: 0, 2>} : (tensor<?x1xf32>) -> tensor<1x?x1x1xf32>
  %5 = fn.expand %y {axes = array<i64: 0, 2>} : (tensor<?x1xf32>) -> tensor<1x?x1x1xf32>
  // CHECK: fn.squeeze
  %6 = fn.squeeze %y {axes = array<i64: 1>} : (tensor<?x1xf32>) -> tensor<?xf32>
  // CHECK: fn.slice
  %7 = fn.slice %x {begin = array<i64: 0, 1, 3>, end = array<i64: 9223372036854775807, 4, -1>, strides = array<i64: 2, 2, -1>}
     : (tensor<?x4x4xf32>) -> tensor<?x2x4xf32>
  // CHECK: fn.tile
  %8 = fn.tile %y {multiples = array<i64: 1, 3>} : (tensor<?x1xf32>) -> tensor<?x3xf32>
  // CHECK: fn.reverse
  %9 = fn.reverse %y {axes = array<i64: 0>} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  return
}

// CHECK-LABEL: @several
func.func @several(%a: tensor<?x2xf32>, %b: tensor<?x3xf32>, %v: tensor<f32>) {
  // CHECK: fn.concat %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<?x2xf32>, tensor<?x3xf32>) -> tensor<?x5xf32>
  %0 = fn.concat %a, %b {axis = 1 : i64} : (tensor<?x2xf32>, tensor<?x3xf32>) -> tensor<?x5xf32>
  // CHECK: fn.split %{{.*}} {axis = 1 : i64} : (tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>)
  %1, %2 = fn.split %a {axis = 1 : i64} : (tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>)
  // CHECK: fn.split %{{.*}} {axis = 1 : i64, sizes = array<i64: 1, 2>}
  %3, %4 = fn.split %b {axis = 1 : i64, sizes = array<i64: 1, 2>} : (tensor<?x3xf32>) -> (tensor<?x1xf32>, tensor<?x2xf32>)
  // CHECK: fn.pad %{{.*}}, %{{.*}} {high = array<i64: 2, 0>, low = array<i64: 0, 1>}
  %5 = fn.pad %b, %v {low = array<i64: 0, 1>, high = array<i64: 2, 0>} : (tensor<?x3xf32>, tensor<f32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @indexed
func.func @indexed(%x: tensor<10x3xf32>, %i: tensor<?xi32>, %u: tensor<?x3xf32>) {
  // CHECK: fn.gather %{{.*}}, %{{.*}} : (tensor<10x3xf32>, tensor<?xi32>) -> tensor<?x3xf32>
  %0 = fn.gather %x, %i {axis = 0 : i64} : (tensor<10x3xf32>, tensor<?xi32>) -> tensor<?x3xf32>
  // CHECK: fn.scatter %{{.*}}, %{{.*}}, %{{.*}} {kind = "add"}
  %1 = fn.scatter %x, %i, %u {kind = "add"} : (tensor<10x3xf32>, tensor<?xi32>, tensor<?x3xf32>) -> tensor<10x3xf32>
  // CHECK: fn.one_hot %{{.*}} {depth = 10 : i64} : (tensor<?xi32>) -> tensor<?x10xi1>
  %2 = fn.one_hot %i {depth = 10 : i64} : (tensor<?xi32>) -> tensor<?x10xi1>
  // CHECK: fn.iota {axis = 1 : i64} : tensor<4x2xi32>
  %3 = fn.iota {axis = 1 : i64} : tensor<4x2xi32>
  // CHECK: fn.iota like(%{{.*}}) {axis = 0 : i64} : (tensor<?xi32>) -> tensor<?xf32>
  %4 = fn.iota like(%i) {axis = 0 : i64} : (tensor<?xi32>) -> tensor<?xf32>
  // CHECK: fn.shape_of %{{.*}} : (tensor<?x3xf32>) -> tensor<2xi64>
  %5 = fn.shape_of %u : (tensor<?x3xf32>) -> tensor<2xi64>
  return
}
