// RUN: fnc-opt %s --split-input-file --verify-diagnostics

fn.graph @read_only {
  // expected-note @below {{variable declared here}}
  %w = fn.variable "w" read_only : tensor<f32> = dense<1.0>
  %l = fn.square %w : tensor<f32>
  // expected-error @below {{'fn.minimize' op writes the read-only variable 'w'}}
  %a = fn.minimize %l, (%w) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @not_a_variable {
  // expected-note @below {{this value is not a variable}}
  %x = fn.placeholder "x" : tensor<f32>
  %l = fn.square %x : tensor<f32>
  // expected-error @below {{'fn.minimize' op needs a variable}}
  %a = fn.minimize %l, (%x) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @not_a_scalar {
  %w = fn.variable "w" : tensor<3xf32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op needs a loss of rank 0, got 'tensor<3xf32>'}}
  %a = fn.minimize %w, (%w) {optimizer = #fn.sgd} : tensor<3xf32>, (tensor<3xf32>)
}

// -----

fn.graph @twice {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op names variable 'w' twice}}
  %a = fn.minimize %w, (%w, %w) {optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>, tensor<f32>)
}

// -----

fn.graph @no_optimizer {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op attribute 'optimizer' failed to satisfy constraint: Optimizer instance}}
  %a = fn.minimize %w, (%w) {optimizer = #fn.constant_rate} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @two_rates {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op has a rate and a schedule: one of them decides}}
  %a = fn.minimize %w, (%w) rate(%w : tensor<f32>) {optimizer = #fn.sgd, schedule = #fn.constant_rate} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @two_norms {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op has clip_norm and global_clip_norm: one of them decides}}
  %a = fn.minimize %w, (%w) {clip_norm = 1.0, global_clip_norm = 1.0, optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @negative_clip {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op has clip_value = -1.000000e+00, expected a positive number}}
  %a = fn.minimize %w, (%w) {clip_value = -1.0, optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @no_calls {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op accumulates over 0 calls, expected 1 or more}}
  %a = fn.minimize %w, (%w) {accumulate = 0, optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @average_of_one {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op has average = 1.000000e+00, expected a number in [0, 1)}}
  %a = fn.minimize %w, (%w) {average = 1.0, optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @constraint_count {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op has 2 constraints for 1 variables}}
  %a = fn.minimize %w, (%w) {constraints = [unit, unit], optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @constraint_axis {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op constraint's axis 0 is out of range for rank 0}}
  %a = fn.minimize %w, (%w) {constraints = [#fn.unit_norm], optimizer = #fn.sgd} : tensor<f32>, (tensor<f32>)
}

// -----

func.func @beta(%w: tensor<f32>) {
  // expected-error @below {{beta_2 1.000000e+00 is not in [0, 1)}}
  %0 = fn.constant {optimizer = #fn.adam<beta_2 = 1.0>} dense<0.0> : tensor<f32>
  return
}

// -----

func.func @ftrl_rate(%n: tensor<i64>) {
  // expected-error @below {{learning rate 0.000000e+00 is not positive}}
  %0 = fn.scheduled_rate %n {schedule = #fn.ftrl<learning_rate = 0.0>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @values(%n: tensor<i64>) {
  // expected-error @below {{2 boundaries need 3 values, got 2}}
  %0 = fn.scheduled_rate %n {schedule = #fn.piecewise_constant<boundaries = [1, 2], values = [0.1, 0.2]>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @decay_steps(%n: tensor<i64>) {
  // expected-error @below {{decay steps 0.000000e+00 is not positive}}
  %0 = fn.scheduled_rate %n {schedule = #fn.cosine_decay<decay_steps = 0.0>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @max_norm(%w: tensor<3xf32>) {
  // expected-error @below {{'fn.constrain' op constraint's axis 1 is out of range for rank 1}}
  %0 = fn.constrain %w {constraint = #fn.max_norm<axes = [1]>} : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @scale(%w: tensor<3xf32>) {
  // expected-error @below {{initial scale 5.000000e-01 is below 1}}
  %0 = fn.constrain %w {constraint = #fn.loss_scale<initial = 0.5>} : (tensor<3xf32>) -> tensor<3xf32>
  return
}
