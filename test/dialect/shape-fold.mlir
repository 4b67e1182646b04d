// RUN: fnc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @identities(
// CHECK-SAME: %[[X:.*]]: tensor<?x3xf32>
func.func @identities(%x: tensor<?x3xf32>, %v: tensor<f32>) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>,
    tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  %0 = fn.reshape %x : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = fn.transpose %x {perm = array<i64: 0, 1>} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %2 = fn.slice %x {begin = array<i64: 0, 0>, end = array<i64: 9223372036854775807, 3>} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %3 = fn.pad %x, %v {low = array<i64: 0, 0>, high = array<i64: 0, 0>} : (tensor<?x3xf32>, tensor<f32>) -> tensor<?x3xf32>
  %4 = fn.concat %x {axis = 0 : i64} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %5 = fn.expand %x {axes = array<i64: 1>} : (tensor<?x3xf32>) -> tensor<?x1x3xf32>
  %6 = fn.squeeze %5 {axes = array<i64: 1>} : (tensor<?x1x3xf32>) -> tensor<?x3xf32>
  %7 = fn.reverse %x {axes = array<i64: 0>} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %8 = fn.reverse %7 {axes = array<i64: 0>} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  // CHECK: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]] :
  return %0, %1, %2, %3, %4, %6, %8 : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>,
    tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}

// CHECK-LABEL: @twice(
// CHECK-SAME: %[[X:.*]]: tensor<?x4x6xf32>
func.func @twice(%x: tensor<?x4x6xf32>) -> (tensor<?x12x2xf32>, tensor<6x?x4xf32>) {
  %0 = fn.reshape %x : (tensor<?x4x6xf32>) -> tensor<?x24xf32>
  // CHECK: fn.reshape %[[X]] : (tensor<?x4x6xf32>) -> tensor<?x12x2xf32>
  %1 = fn.reshape %0 : (tensor<?x24xf32>) -> tensor<?x12x2xf32>
  %2 = fn.transpose %x {perm = array<i64: 2, 1, 0>} : (tensor<?x4x6xf32>) -> tensor<6x4x?xf32>
  // CHECK: fn.transpose %[[X]] {perm = array<i64: 2, 0, 1>}
  %3 = fn.transpose %2 {perm = array<i64: 0, 2, 1>} : (tensor<6x4x?xf32>) -> tensor<6x?x4xf32>
  return %1, %3 : tensor<?x12x2xf32>, tensor<6x?x4xf32>
}

// The reshape in between demands a multiple of 4.
// CHECK-LABEL: @reshape_that_demands(
func.func @reshape_that_demands(%x: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: fn.reshape
  // CHECK: fn.reshape
  %0 = fn.reshape %x : (tensor<?xf32>) -> tensor<?x4xf32>
  %1 = fn.reshape %0 : (tensor<?x4xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// Whether two open sizes changed places is not known.
// CHECK-LABEL: @reshape_that_stays(
func.func @reshape_that_stays(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // CHECK: fn.reshape
  %0 = fn.reshape %x like(%y) : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: @constants(
func.func @constants() -> (tensor<3x2xi32>, tensor<3x2xi32>, tensor<2x2xi32>, tensor<1x6xi32>, tensor<2x2xi32>,
    tensor<4x3xi32>, tensor<2x3xi32>) {
  // CHECK-DAG: %[[RESHAPED:.*]] = fn.constant dense<{{\[}}[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi32>
  // CHECK-DAG: %[[TRANSPOSED:.*]] = fn.constant dense<{{\[}}[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
  // CHECK-DAG: %[[SLICED:.*]] = fn.constant dense<{{\[}}[6, 4], [3, 1]]> : tensor<2x2xi32>
  // CHECK-DAG: %[[EXPANDED:.*]] = fn.constant dense<{{\[}}[1, 2, 3, 4, 5, 6]]> : tensor<1x6xi32>
  // CHECK-DAG: %[[GATHERED:.*]] = fn.constant dense<{{\[}}[3, 1], [6, 4]]> : tensor<2x2xi32>
  // CHECK-DAG: %[[JOINED:.*]] = fn.constant dense<{{\[}}[1, 2, 3], [4, 5, 6], [1, 2, 3], [4, 5, 6]]> : tensor<4x3xi32>
  // CHECK-DAG: %[[REVERSED:.*]] = fn.constant dense<{{\[}}[6, 5, 4], [3, 2, 1]]> : tensor<2x3xi32>
  // CHECK: return %[[RESHAPED]], %[[TRANSPOSED]], %[[SLICED]], %[[EXPANDED]], %[[GATHERED]], %[[JOINED]], %[[REVERSED]] :
  %c = fn.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %i = fn.constant dense<[2, 0]> : tensor<2xi32>
  %0 = fn.reshape %c : (tensor<2x3xi32>) -> tensor<3x2xi32>
  %1 = fn.transpose %c {perm = array<i64: 1, 0>} : (tensor<2x3xi32>) -> tensor<3x2xi32>
  %2 = fn.slice %c {begin = array<i64: 1, 2>, end = array<i64: -1, -1>, strides = array<i64: -1, -2>} : (tensor<2x3xi32>) -> tensor<2x2xi32>
  %f = fn.reshape %c : (tensor<2x3xi32>) -> tensor<6xi32>
  %3 = fn.expand %f {axes = array<i64: 0>} : (tensor<6xi32>) -> tensor<1x6xi32>
  %4 = fn.gather %c, %i {axis = 1 : i64} : (tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x2xi32>
  %5 = fn.concat %c, %c {axis = 0 : i64} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<4x3xi32>
  %6 = fn.reverse %c {axes = array<i64: 0, 1>} : (tensor<2x3xi32>) -> tensor<2x3xi32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<3x2xi32>, tensor<3x2xi32>, tensor<2x2xi32>, tensor<1x6xi32>,
    tensor<2x2xi32>, tensor<4x3xi32>, tensor<2x3xi32>
}

// CHECK-LABEL: @sizes(
func.func @sizes(%x: tensor<2x3xf32>, %y: tensor<?x3xf32>) -> (tensor<2xi64>, tensor<2xi64>) {
  // CHECK-DAG: fn.constant dense<[2, 3]> : tensor<2xi64>
  %0 = fn.shape_of %x : (tensor<2x3xf32>) -> tensor<2xi64>
  // CHECK-DAG: fn.shape_of
  %1 = fn.shape_of %y : (tensor<?x3xf32>) -> tensor<2xi64>
  return %0, %1 : tensor<2xi64>, tensor<2xi64>
}

// An index out of range is for the call to report.
// CHECK-LABEL: @index_out_of_range(
func.func @index_out_of_range() -> tensor<1xi32> {
  // CHECK: fn.gather
  %c = fn.constant dense<[1, 2]> : tensor<2xi32>
  %i = fn.constant dense<2> : tensor<1xi32>
  %0 = fn.gather %c, %i : (tensor<2xi32>, tensor<1xi32>) -> tensor<1xi32>
  return %0 : tensor<1xi32>
}
