// RUN: fnc-opt %s --fnc-lower-to-linalg --canonicalize --split-input-file | FileCheck %s

// Changes of shape are views: nothing is copied.
// CHECK-LABEL: @views(
// CHECK-NOT: linalg.generic
// CHECK: tensor.collapse_shape {{.*}} {{\[}}[0], [1, 2]] : tensor<?x4x4xf32> into tensor<?x16xf32>
// CHECK: tensor.expand_shape {{.*}} {{\[}}[0], [1, 2]] {{.*}} : tensor<?x16xf32> into tensor<?x2x8xf32>
// CHECK: tensor.expand_shape {{.*}} {{\[}}[0, 1], [2]] {{.*}} : tensor<?x16xf32> into tensor<1x?x16xf32>
// CHECK: tensor.extract_slice {{.*}}[0, 1, 0] {{.*}} [1, 2, 1]
func.func @views(%x: tensor<?x4x4xf32>) -> (tensor<?x2x8xf32>, tensor<1x?x16xf32>, tensor<?x2x4xf32>) {
  %0 = fn.reshape %x : (tensor<?x4x4xf32>) -> tensor<?x16xf32>
  %1 = fn.reshape %0 : (tensor<?x16xf32>) -> tensor<?x2x8xf32>
  %2 = fn.expand %0 {axes = array<i64: 0>} : (tensor<?x16xf32>) -> tensor<1x?x16xf32>
  %3 = fn.slice %x {begin = array<i64: 0, 1, 0>, end = array<i64: 9223372036854775807, 4, 4>, strides = array<i64: 1, 2, 1>}
     : (tensor<?x4x4xf32>) -> tensor<?x2x4xf32>
  return %1, %2, %3 : tensor<?x2x8xf32>, tensor<1x?x16xf32>, tensor<?x2x4xf32>
}

// -----

// Groups that do not match go by way of one dimension.
// CHECK-LABEL: @regrouped(
// CHECK: tensor.collapse_shape {{.*}} into tensor<6xf32>
// CHECK: tensor.expand_shape {{.*}} into tensor<3x2xf32>
func.func @regrouped(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %0 = fn.reshape %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: @concat(
// CHECK: %[[INIT:.*]] = tensor.empty(%{{.*}}) : tensor<?x5xf32>
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %{{.*}} into %[[INIT]][0, 0]
// CHECK: tensor.insert_slice %{{.*}} into %[[FIRST]][0, 2]
func.func @concat(%a: tensor<?x2xf32>, %b: tensor<?x3xf32>) -> tensor<?x5xf32> {
  %0 = fn.concat %a, %b {axis = 1 : i64} : (tensor<?x2xf32>, tensor<?x3xf32>) -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}

// -----

// Indices are clamped: memory is never read out of bounds.
// CHECK-LABEL: @gather(
// CHECK-SAME: %[[X:.*]]: tensor<10x3xf32>
// CHECK: linalg.generic
// CHECK: arith.maxsi
// CHECK: %[[I:.*]] = arith.minsi
// CHECK: tensor.extract %[[X]][%[[I]],
func.func @gather(%x: tensor<10x3xf32>, %i: tensor<?xi32>) -> tensor<?x3xf32> {
  %0 = fn.gather %x, %i {axis = 0 : i64} : (tensor<10x3xf32>, tensor<?xi32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

// Of a table that may be empty no row is read.
// CHECK-LABEL: @gather_from_nothing(
// CHECK: scf.if
// CHECK: tensor.extract
func.func @gather_from_nothing(%x: tensor<?x3xf32>, %i: tensor<?xi32>) -> tensor<?x3xf32> {
  %0 = fn.gather %x, %i {axis = 0 : i64} : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

// Signedness is carried by the op from here on.
// CHECK-LABEL: @unsigned(
// CHECK: arith.maxui
func.func @unsigned(%x: tensor<4xui8>, %i: tensor<2xi32>, %u: tensor<2xui8>) -> tensor<4xui8> {
  %0 = fn.scatter %x, %i, %u {kind = "max"} : (tensor<4xui8>, tensor<2xi32>, tensor<2xui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}

// -----

// Upstream ops stay.
// CHECK-LABEL: @upstream(
// CHECK-NEXT: tensor.extract_slice
// CHECK-NEXT: return
func.func @upstream(%x: tensor<4xf32>) -> tensor<2xf32> {
  %0 = tensor.extract_slice %x[1] [2] [1] : tensor<4xf32> to tensor<2xf32>
  return %0 : tensor<2xf32>
}
