// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @axis_range(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.reduce_sum' op axis 2 is out of range for rank 2}}
  %0 = fn.reduce_sum %x {axes = array<i64: 2>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @negative_axis(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.reduce_max' op axis -1 is out of range for rank 2}}
  %0 = fn.reduce_max %x {axes = array<i64: -1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @axis_twice(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.reduce_sum' op axis 1 is named twice}}
  %0 = fn.reduce_sum %x {axes = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @result_shape(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.reduce_sum' op result is declared 'tensor<2xf32>', its operands give 'tensor<2x1xf32>'}}
  %0 = fn.reduce_sum %x {axes = array<i64: 1>, keep_dims} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @mean_of_integers(%x: tensor<2x3xi32>) {
  // expected-error @below {{'fn.reduce_mean' op operand #0 must be ranked tensor of 16-bit float or bfloat16 type or 32-bit float or 64-bit float values, but got 'tensor<2x3xi32>'}}
  %0 = fn.reduce_mean %x : (tensor<2x3xi32>) -> tensor<i32>
  return
}

// -----

func.func @any_of_numbers(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.reduce_any' op operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<2x3xf32>'}}
  %0 = fn.reduce_any %x : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @arg_axis(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.argmax' op axis 2 is out of range for rank 2}}
  %0 = fn.argmax %x {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @softmax_scalar(%x: tensor<f32>) {
  // expected-error @below {{'fn.softmax' op axis 0 is out of range for rank 0}}
  %0 = fn.softmax %x {axis = 0 : i64} : tensor<f32>
  return
}

// -----

func.func @softmax_without_axis(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.softmax' op requires attribute 'axis'}}
  %0 = fn.softmax %x {axes = 1 : i64} : tensor<2x3xf32>
  return
}
