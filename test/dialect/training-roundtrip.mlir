// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: fn.graph @training
fn.graph @training {
  %w = fn.variable "w" : tensor<4x3xf32> = #fn.glorot_uniform<seed = 1>
  %b = fn.variable "b" : tensor<3xf32> = dense<0.0>
  %n = fn.variable "n" : tensor<i64> = dense<0>
  %flag = fn.placeholder "flag" : tensor<i1>
  %lr = fn.placeholder "lr" : tensor<f32>
  %l = fn.placeholder "l" : tensor<f32>
  // CHECK: fn.minimize %{{.*}}, (%{{.*}}, %{{.*}}) {optimizer = #fn.sgd} : tensor<f32>, (tensor<4x3xf32>, tensor<3xf32>)
  %0 = fn.minimize %l, (%w, %b) {optimizer = #fn.sgd} : tensor<f32>, (tensor<4x3xf32>, tensor<3xf32>)
  // CHECK: fn.minimize %{{.*}}, (%{{.*}}) rate(%{{.*}} : tensor<f32>) if(%{{.*}} : tensor<i1>) after(%{{.*}}) {
  // CHECK-SAME: accumulate = 4 : i64
  // CHECK-SAME: check_finite
  // CHECK-SAME: loss_scale = #fn.loss_scale
  // CHECK-SAME: optimizer = #fn.adamw<learning_rate = 1.000000e-02, weight_decay = 1.000000e-01>
  %1 = fn.minimize %l, (%w) rate(%lr : tensor<f32>) if(%flag : tensor<i1>) after(%0)
       {accumulate = 4 : i64, check_finite, loss_scale = #fn.loss_scale, name = "second",
        optimizer = #fn.adamw<learning_rate = 0.01, weight_decay = 0.1>} : tensor<f32>, (tensor<4x3xf32>)
  // CHECK: constraints = [#fn.max_norm<max = 3.000000e+00, axes = [0, 1]>, unit]
  // CHECK-SAME: schedule = #fn.warmup<steps = 10, then = #fn.cosine_decay<decay_steps = 9.000000e+02>>
  %2 = fn.minimize %l, (%w, %b)
       {constraints = [#fn.max_norm<max = 3.0, axes = [0, 1]>, unit], optimizer = #fn.lion,
        schedule = #fn.warmup<steps = 10, then = #fn.cosine_decay<decay_steps = 900.0>>}
       : tensor<f32>, (tensor<4x3xf32>, tensor<3xf32>)
  // CHECK: fn.scheduled_rate %{{.*}} {schedule = #fn.piecewise_constant<boundaries = [10], values = [1.000000e-01, 1.000000e-02]>} : (tensor<i64>) -> tensor<f32>
  %3 = fn.scheduled_rate %n {schedule = #fn.piecewise_constant<boundaries = [10], values = [0.1, 0.01]>} : (tensor<i64>) -> tensor<f32>
  // CHECK: fn.regularizer %{{.*}} {l1 = 1.000000e-01 : f64, l2 = 1.000000e-02 : f64} : (tensor<4x3xf32>) -> tensor<f32>
  %4 = fn.regularizer %w {l1 = 0.1 : f64, l2 = 0.01 : f64} : (tensor<4x3xf32>) -> tensor<f32>
  // CHECK: fn.constrain %{{.*}} {constraint = #fn.unit_norm<axes = [1]>} : (tensor<4x3xf32>) -> tensor<4x3xf32>
  %5 = fn.constrain %w {constraint = #fn.unit_norm<axes = [1]>} : (tensor<4x3xf32>) -> tensor<4x3xf32>
}
