// RUN: fnc-opt %s --canonicalize | FileCheck %s

// What a constant condition does not choose is not computed.
// CHECK-LABEL: func @where
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %[[S:.*]]: tensor<f32>
// CHECK-DAG: %[[E:.*]] = fn.exp %[[X]]
// CHECK-DAG: %[[C:.*]] = fn.sin %[[X]]
// CHECK-NOT: fn.cos
// The scalar would have to be repeated.
// CHECK: %[[W:.*]] = fn.where %{{.*}}, %[[S]], %[[X]]
// CHECK: %[[M:.*]] = fn.where %{{.*}}, %[[X]], %[[E]]
// CHECK: return %[[E]], %[[C]], %[[W]], %[[M]]
func.func @where(%x: tensor<?x4xf32>, %s: tensor<f32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %yes = fn.constant dense<true> : tensor<i1>
  %no = fn.constant dense<false> : tensor<4xi1>
  %mixed = fn.constant dense<[true, false, true, true]> : tensor<4xi1>
  %e = fn.exp %x : tensor<?x4xf32>
  %c = fn.sin %x : tensor<?x4xf32>
  %d = fn.cos %x : tensor<?x4xf32>
  %0 = fn.where %yes, %e, %d : (tensor<i1>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = fn.where %no, %d, %c : (tensor<4xi1>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = fn.where %yes, %s, %x : (tensor<i1>, tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = fn.where %mixed, %x, %e : (tensor<4xi1>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0, %1, %2, %3 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}
