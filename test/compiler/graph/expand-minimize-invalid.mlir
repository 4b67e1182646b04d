// RUN: fnc-opt %s --fnc-expand-minimize --fnc-select-functions --split-input-file --verify-diagnostics

fn.graph @two_optimizers {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  %l = fn.square %w : tensor<f32>
  // expected-note @below {{variable written by 'fn.minimize' here}}
  %a = fn.minimize %l, (%w) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
  // expected-error @below {{'fn.minimize' op writes variable 'w' in function @train, which 'fn.minimize' writes too, and nothing orders the two: use after(...)}}
  %b = fn.minimize %l, (%w) {optimizer = #fn.adam} : tensor<f32>, (tensor<f32>)
  // expected-note @below {{function @train reaches both}}
  fn.function @train updates(%a, %b)
}

// -----

fn.graph @pair_and_optimizer {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  %l = fn.square %w : tensor<f32>
  // expected-note @below {{variable written by 'fn.minimize' here}}
  %a = fn.minimize %l, (%w) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
  fn.function @train updates(
      // expected-error @below {{'fn.function' op @train updates variable 'w', which 'fn.minimize' writes too, and nothing orders the two}}
      %w = %l : tensor<f32>, %a)
}

// -----

fn.graph @nothing_depends {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-note @below {{target is here}}
  %b = fn.variable "b" : tensor<f32> = dense<1.0>
  %l = fn.square %w : tensor<f32>
  // expected-error @below {{'fn.minimize' op output does not depend on variable 'b'}}
  %a = fn.minimize %l, (%w, %b) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>, tensor<f32>)
  fn.function @train updates(%a)
}

// -----

fn.graph @same_instance {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  %l = fn.square %w : tensor<f32>
  // expected-note @below {{'sgd/step' is here}}
  %a = fn.minimize %l, (%w) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
  // expected-error @below {{'fn.minimize' op needs a variable 'sgd/step', but the graph has one: give the op another `name`}}
  %b = fn.minimize %l, (%w) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
  fn.function @train updates(%a)
}

// -----

fn.graph @no_rule {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  %c = fn.assign %w, %w : tensor<f32>, tensor<f32>
  // expected-note @below {{'fn.read' is here}}
  %r, %done = fn.read %w after(%c) : tensor<f32>
  %l = fn.mul %r, %w : (tensor<f32>, tensor<f32>) -> tensor<f32>
  // expected-error @below {{'fn.minimize' op has a path through 'fn.read', which has no gradient}}
  %a = fn.minimize %l, (%w) after(%done) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
  fn.function @train updates(%a)
}
