// RUN: fnc-opt %s --fnc-select-functions --split-input-file --verify-diagnostics | FileCheck %s
// RUN: fnc-opt %s --fnc-select-functions --split-input-file --verify-diagnostics | fnc-opt --split-input-file --cse --canonicalize | FileCheck %s --check-prefix=CSE

// Behind the checkpoint values are used as they are; before it they are computed again, from the
// input, the variable and the checkpoint. The checkpoint itself is not, although tanh's rule needs it.
// CHECK-LABEL: func.func @lean(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4xf32> {{{[^}]*}}}, %[[W:[a-z0-9]+]]: tensor<4xf32>
// CHECK: %[[M:.*]] = fn.mul %[[X]], %[[W]]
// CHECK: %[[E:.*]] = fn.exp %[[M]]
// CHECK: %[[H:.*]] = fn.tanh %[[E]]
// CHECK: %[[S:.*]] = fn.sin %[[H]]
// CHECK: fn.reduce_sum %[[S]]
// CHECK: fn.cos %[[H]]
// CHECK-DAG: %[[XK:.*]] = fn.barrier %[[X]]
// CHECK-DAG: %[[WK:.*]] = fn.barrier %[[W]]
// CHECK: %[[MA:.*]] = fn.mul %[[XK]], %[[WK]]
// CHECK: %[[EA:.*]] = fn.exp %[[MA]]
// CHECK: %[[HK:.*]] = fn.barrier %[[H]]
// CHECK: fn.mul %[[HK]], %[[HK]]
// CHECK: fn.mul %{{.*}}, %[[EA]]
// CHECK: fn.mul %{{.*}}, %[[XK]]
// CHECK-LABEL: func.func @whole(
// CHECK-NOT: fn.barrier
// CHECK: return

// Equal ops of both ways stay apart.
// CSE-LABEL: func.func @lean(
// CSE-COUNT-2: fn.exp
// CSE-LABEL: func.func @whole(
fn.graph @g {
  %x = fn.placeholder "x" : tensor<4xf32>
  %w = fn.variable "w" : tensor<4xf32> = dense<1.0>
  %m = fn.mul %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %e = fn.exp %m : tensor<4xf32>
  %h = fn.tanh %e : tensor<4xf32>
  %s = fn.sin %h : tensor<4xf32>
  %loss = fn.reduce_sum %s : (tensor<4xf32>) -> tensor<f32>
  %dw = fn.gradients %loss, (%w) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  fn.function @lean inputs(%x : tensor<4xf32>) updates(%w = %dw : tensor<4xf32>) checkpoint(%h : tensor<4xf32>)
  fn.function @whole inputs(%x : tensor<4xf32>) updates(%w = %dw : tensor<4xf32>)
}

// -----

fn.graph @none {
  %x = fn.placeholder "x" : tensor<4xf32>
  // expected-note @below {{the checkpoint is here}}
  %h = fn.tanh %x : tensor<4xf32>
  %y = fn.exp %x : tensor<4xf32>
  // expected-error @below {{'fn.function' op @f has a checkpoint that it does not compute}}
  fn.function @f inputs(%x : tensor<4xf32>) outputs("y" = %y : tensor<4xf32>) checkpoint(%h : tensor<4xf32>)
}

// -----

fn.graph @forward {
  %x = fn.placeholder "x" : tensor<4xf32>
  %y = fn.exp %x : tensor<4xf32>
  // expected-error @below {{'fn.function' op @f has a checkpoint but takes no gradient}}
  fn.function @f inputs(%x : tensor<4xf32>) outputs("y" = %y : tensor<4xf32>) checkpoint(%y : tensor<4xf32>)
}
