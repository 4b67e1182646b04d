// RUN: fnc-opt %s --fnc-select-functions --split-input-file --verify-diagnostics | FileCheck %s

// A check in a branch is a result of it, and holds where the other one is taken.

fn.graph @branch {
  %flag = fn.placeholder "flag" : tensor<i1>
  %i = fn.placeholder "i" : tensor<i32>
  %t = fn.variable "t" : tensor<9x4xf32> = dense<0.0>
  %y = fn.if %flag : (tensor<i1>) -> tensor<4xf32> {
    %row = fn.gather %t, %i {axis = 0 : i64} : (tensor<9x4xf32>, tensor<i32>) -> tensor<4xf32>
    fn.yield %row : tensor<4xf32>
  } else {
    %zero = fn.constant dense<0.0> : tensor<4xf32>
    fn.yield %zero : tensor<4xf32>
  }
  fn.function @f inputs(%flag : tensor<i1>, %i : tensor<i32>) outputs("y" = %y : tensor<4xf32>)
}
// CHECK-LABEL: func.func @f(
// CHECK: %[[Y:.*]]:3 = fn.if
// CHECK:   %[[OK:.*]], %[[GOT:.*]] = fn.check "index"
// CHECK:   %[[ROW:.*]] = fn.gather
// CHECK:   fn.yield %[[ROW]], %[[OK]], %[[GOT]]
// CHECK: } else {
// CHECK-DAG: %[[TRUE:.*]] = fn.constant dense<true>
// CHECK-DAG: %[[NONE:.*]] = fn.constant dense<0>
// CHECK:   fn.yield %{{.*}}, %[[TRUE]], %[[NONE]]
// CHECK: fn.status{{ ?}}(%[[Y]]#1) (%[[Y]]#2)

// -----

// A check in a loop is a state of it that stays with the first failure.

fn.graph @loop {
  %at = fn.placeholder "at" : tensor<?xi32>
  %t = fn.variable "t" : tensor<9x4xf32> = dense<0.0>
  %zero = fn.constant dense<0.0> : tensor<4xf32>
  %y = fn.scan (%h = %zero) over (%i = %at) : (tensor<4xf32>, tensor<?xi32>) -> tensor<4xf32> {
    %row = fn.gather %t, %i {axis = 0 : i64} : (tensor<9x4xf32>, tensor<i32>) -> tensor<4xf32>
    %s = fn.add %h, %row : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    fn.yield %s : tensor<4xf32>
  }
  fn.function @g inputs(%at : tensor<?xi32>) outputs("y" = %y : tensor<4xf32>)
}
// CHECK-LABEL: func.func @g(
// CHECK: %[[Y:.*]]:3 = fn.scan (%{{.*}} = %{{.*}}, %[[OK:.*]] = %{{.*}}, %[[GOT:.*]] = %{{.*}}) over
// CHECK:   %[[OK1:.*]], %[[GOT1:.*]] = fn.check "index"
// CHECK:   %[[BOTH:.*]] = fn.logical_and %[[OK]], %[[OK1]]
// CHECK:   %[[FIRST:.*]] = fn.where %[[OK]], %[[GOT1]], %[[GOT]]
// CHECK:   fn.yield %{{.*}}, %[[BOTH]], %[[FIRST]]
// CHECK: fn.status{{ ?}}(%[[Y]]#1) (%[[Y]]#2)

// -----

// Nothing bounds the memory that the gradient of this loop would need.

fn.graph @unbounded {
  %x = fn.placeholder "x" : tensor<f32>
  %limit = fn.constant dense<9.0> : tensor<f32>
  // expected-note @below {{'fn.while' is here}}
  %y = fn.while (%a = %x) : tensor<f32> {
    %go = fn.less %a, %limit : (tensor<f32>, tensor<f32>) -> tensor<i1>
    fn.yield %go : tensor<i1>
  } do {
    %b = fn.add %a, %a : (tensor<f32>, tensor<f32>) -> tensor<f32>
    fn.yield %b : tensor<f32>
  }
  // expected-error @below {{'fn.gradients' op has a path through 'fn.while', which has no gradient without max_trips}}
  %dx = fn.gradients %y, (%x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  fn.function @f inputs(%x : tensor<f32>) outputs("dx" = %dx : tensor<f32>)
}
