// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: @reductions
func.func @reductions(%x: tensor<?x3xf32>, %c: tensor<?x3xi1>) {
  // CHECK: fn.reduce_sum {{.*}} : (tensor<?x3xf32>) -> tensor<?xf32>
  %0 = fn.reduce_sum %x {axes = array<i64: 1>} : (tensor<?x3xf32>) -> tensor<?xf32>
  // CHECK: fn.reduce_mean {{.*}} : (tensor<?x3xf32>) -> tensor<?xf32>
  %1 = fn.reduce_mean %x {axes = array<i64: 1>} : (tensor<?x3xf32>) -> tensor<?xf32>
  // CHECK: fn.reduce_max {{.*}} : (tensor<?x3xf32>) -> tensor<?xf32>
  %2 = fn.reduce_max %x {axes = array<i64: 1>} : (tensor<?x3xf32>) -> tensor<?xf32>
  // CHECK: fn.reduce_min {{.*}} : (tensor<?x3xf32>) -> tensor<?xf32>
  %3 = fn.reduce_min %x {axes = array<i64: 1>} : (tensor<?x3xf32>) -> tensor<?xf32>
  // CHECK: fn.reduce_prod {{.*}} : (tensor<?x3xf32>) -> tensor<?xf32>
  %4 = fn.reduce_prod %x {axes = array<i64: 1>} : (tensor<?x3xf32>) -> tensor<?xf32>
  // CHECK: fn.logsumexp {{.*}} : (tensor<?x3xf32>) -> tensor<?xf32>
  %5 = fn.logsumexp %x {axes = array<i64: 1>} : (tensor<?x3xf32>) -> tensor<?xf32>
  // CHECK: fn.reduce_any {{.*}} : (tensor<?x3xi1>) -> tensor<1x3xi1>
  %6 = fn.reduce_any %c {axes = array<i64: 0>, keep_dims} : (tensor<?x3xi1>) -> tensor<1x3xi1>
  // CHECK: fn.reduce_all {{.*}} : (tensor<?x3xi1>) -> tensor<1x3xi1>
  %7 = fn.reduce_all %c {axes = array<i64: 0>, keep_dims} : (tensor<?x3xi1>) -> tensor<1x3xi1>
  // CHECK: fn.reduce_sum {{.*}} : (tensor<?x3xf32>) -> tensor<f32>
  %8 = fn.reduce_sum %x : (tensor<?x3xf32>) -> tensor<f32>
  // CHECK: fn.argmax {{.*}} : (tensor<?x3xf32>) -> tensor<?xi32>
  %9 = fn.argmax %x {axis = 1 : i64} : (tensor<?x3xf32>) -> tensor<?xi32>
  // CHECK: fn.argmin {{.*}} : (tensor<?x3xf32>) -> tensor<1x3xi64>
  %10 = fn.argmin %x {axis = 0 : i64, keep_dims} : (tensor<?x3xf32>) -> tensor<1x3xi64>
  // CHECK: fn.softmax {{.*}} : tensor<?x3xf32>
  %11 = fn.softmax %x {axis = 1 : i64} : tensor<?x3xf32>
  // CHECK: fn.log_softmax {{.*}} : tensor<?x3xf32>
  %12 = fn.log_softmax %x {axis = 1 : i64} : tensor<?x3xf32>
  return
}
