// RUN: fnc-opt %s --fnc-expand-minimize --split-input-file | FileCheck %s

// CHECK-LABEL: fn.graph @momentum
fn.graph @momentum {
  %x = fn.placeholder "x" : tensor<3xf32>
  %w = fn.variable "w" : tensor<3xf32> = dense<1.0>
  %xw = fn.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %loss = fn.reduce_sum %xw : (tensor<3xf32>) -> tensor<f32>
  // CHECK: %[[W:.*]] = fn.variable "w"
  // CHECK: %[[STEP:.*]] = fn.variable "sgd/step" : tensor<i64> = dense<0>
  // CHECK: %[[G:.*]] = fn.gradients %{{.*}}, (%[[W]]) {fn.origin = "fn.minimize"}
  // CHECK: %[[V:.*]] = fn.variable "w/sgd/momentum" : tensor<3xf32> = dense<0.000000e+00>
  // CHECK: %[[V0:.*]] = fn.mul %[[V]], %{{.*}} : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  // CHECK: %[[V1:.*]] = fn.sub %[[V0]]
  // CHECK: %[[W1:.*]] = fn.add %[[W]], %[[V1]]
  // CHECK: %[[C0:.*]] = fn.assign %[[V]], %[[V1]]
  // CHECK: %[[C1:.*]] = fn.assign %[[W]], %[[W1]]
  // CHECK: %[[C2:.*]] = fn.assign %[[STEP]]
  // CHECK: %[[T:.*]] = fn.group %[[C0]], %[[C1]], %[[C2]]
  %t = fn.minimize %loss, (%w) {optimizer = #fn.sgd<momentum = 0.9>} : tensor<f32>, (tensor<3xf32>)
  // CHECK: updates(%[[T]])
  fn.function @train inputs(%x : tensor<3xf32>) updates(%t)
}

// -----

// A half-precision variable is computed in f32, and so is its slot.
// CHECK-LABEL: fn.graph @half
fn.graph @half {
  %x = fn.placeholder "x" : tensor<f16>
  %w = fn.variable "w" : tensor<f16> = dense<1.0>
  %loss = fn.mul %x, %w : (tensor<f16>, tensor<f16>) -> tensor<f16>
  // CHECK: fn.variable "w/fine/accumulator" : tensor<f32> = dense<1.000000e-01>
  // CHECK: %[[NEW:.*]] = fn.cast %{{.*}} : (tensor<f32>) -> tensor<f16>
  // CHECK: fn.assign %{{.*}}, %[[NEW]] {{.*}} : tensor<f16>, tensor<f16>
  %t = fn.minimize %loss, (%w) {name = "fine", optimizer = #fn.adagrad} : tensor<f16>, (tensor<f16>)
  fn.function @train inputs(%x : tensor<f16>) updates(%t)
}

// -----

// Nothing to expand.
// CHECK-LABEL: fn.graph @without
// CHECK-NEXT: fn.variable "v"
// CHECK-NEXT: fn.function
// CHECK-NEXT: }
fn.graph @without {
  %v = fn.variable "v" : tensor<f32> = dense<1.0>
  fn.function @f outputs("v" = %v : tensor<f32>)
}
