// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: @losses
func.func @losses(%p: tensor<?x4xf32>, %t: tensor<?x4xf32>, %c: tensor<?xi32>, %w: tensor<?xf32>) {
  // CHECK: fn.mse %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  %0 = fn.mse %p, %t : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.mae %{{.*}}, %{{.*}} weights(%{{.*}}) : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xf32>) -> tensor<f32>
  %1 = fn.mae %p, %t weights(%w) : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xf32>) -> tensor<f32>
  // CHECK: fn.huber {{.*}} {delta = 5.000000e-01 : f64, reduction = "none"} : {{.*}} -> tensor<?xf32>
  %2 = fn.huber %p, %t {delta = 0.5 : f64, reduction = "none"} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?xf32>
  // CHECK: fn.log_cosh {{.*}} {reduction = "sum"}
  %3 = fn.log_cosh %p, %t {reduction = "sum"} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.hinge
  %4 = fn.hinge %p, %t : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.squared_hinge
  %5 = fn.squared_hinge %p, %t : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.kl_divergence
  %6 = fn.kl_divergence %p, %t : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.poisson
  %7 = fn.poisson %p, %t : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.binary_cross_entropy {{.*}} {from_logits, label_smoothing = 1.000000e-01 : f64}
  %8 = fn.binary_cross_entropy %p, %t {from_logits, label_smoothing = 0.1 : f64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.categorical_cross_entropy
  %9 = fn.categorical_cross_entropy %p, %t : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  // CHECK: fn.sparse_categorical_cross_entropy {{.*}} : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<f32>
  %10 = fn.sparse_categorical_cross_entropy %p, %c : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<f32>
  // CHECK: fn.cosine_similarity
  %11 = fn.cosine_similarity %p, %t : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<f32>
  return
}
