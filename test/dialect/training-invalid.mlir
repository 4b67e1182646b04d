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

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  // expected-error @below {{'fn.gradients' op needs a target}}
  fn.gradients %x, () : (tensor<2xf32>) -> ()
}

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  // expected-error @below {{'fn.gradients' op has 1 targets but 2 results}}
  %d, %e = fn.gradients %x, (%x) : (tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>)
}

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  // expected-error @below {{'fn.gradients' op has a target of type 'tensor<2xf32>' whose gradient is declared 'tensor<3xf32>'}}
  %d = fn.gradients %x, (%x) : (tensor<2xf32>, tensor<2xf32>) -> tensor<3xf32>
}

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  %s = fn.placeholder "s" : tensor<3xf32>
  // expected-error @below {{'fn.gradients' op has a seed of type 'tensor<3xf32>' for an output of type 'tensor<2xf32>'}}
  %d = fn.gradients %x, (%x) seed(%s) : (tensor<2xf32>, tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
}

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  // expected-error @below {{'fn.gradients' op has unused = "none", expected "error" or "zeros"}}
  %d = fn.gradients %x, (%x) {unused = "none"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
}

// -----

func.func @logits(%x: tensor<f32>) {
  // expected-error @below {{'fn.softmax_cross_entropy' op needs logits of rank 1 or more}}
  %0 = fn.softmax_cross_entropy %x, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

fn.graph @g {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op needs a name that is not empty}}
  %t = fn.minimize %w, (%w) {optimizer = #fn.sgd<>, name = ""} : tensor<f32>, (tensor<f32>)
}

// -----

fn.graph @g {
  %w = fn.variable "w" : tensor<f32> = dense<1.0>
  // expected-error @below {{'fn.minimize' op cannot constrain weights by 3 : i64}}
  %t = fn.minimize %w, (%w) {optimizer = #fn.sgd<>, constraints = [3]} : tensor<f32>, (tensor<f32>)
}

// -----

func.func @ftrl_power(%n: tensor<i64>) {
  // expected-error @below {{learning rate power 5.000000e-01 is positive}}
  %0 = fn.scheduled_rate %n {schedule = #fn.ftrl<learning_rate_power = 0.5>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @boundaries(%n: tensor<i64>) {
  // expected-error @below {{boundaries do not grow}}
  %0 = fn.scheduled_rate %n {schedule = #fn.piecewise_constant<boundaries = [2, 1], values = [1.0, 2.0, 3.0]>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @warm_up_steps(%n: tensor<i64>) {
  // expected-error @below {{warm-up steps 0 are below 1}}
  %0 = fn.scheduled_rate %n {schedule = #fn.warmup<steps = 0, then = #fn.constant_rate<learning_rate = 0.1>>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @norm_range(%n: tensor<i64>) {
  // expected-error @below {{min 2.000000e+00 and max 1.000000e+00 are no range of norms}}
  %0 = fn.scheduled_rate %n {schedule = #fn.min_max_norm<min = 2.0, max = 1.0>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @norm_rate(%n: tensor<i64>) {
  // expected-error @below {{rate 2.000000e+00 is not in [0, 1]}}
  %0 = fn.scheduled_rate %n {schedule = #fn.min_max_norm<rate = 2.0>} : (tensor<i64>) -> tensor<f32>
  return
}

// -----

func.func @growth(%n: tensor<i64>) {
  // expected-error @below {{growth steps -1 are negative}}
  %0 = fn.scheduled_rate %n {schedule = #fn.loss_scale<growth_steps = -1>} : (tensor<i64>) -> tensor<f32>
  return
}
