// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @state(%s: tensor<4xi64>) {
  // expected-error @below {{'fn.random_uniform' op needs a state of shape 3, got one of shape 4}}
  %0:2 = fn.random_uniform %s : (tensor<4xi64>) -> (tensor<2xf32>, tensor<3xi64>)
  return
}

// -----

func.func @one_result(%s: tensor<3xi64>) {
  // expected-error @below {{expects two results, a ranked tensor and the next state}}
  %0 = fn.random_uniform %s : (tensor<3xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @sizes(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_uniform' op cannot tell the sizes of the result; like(...) would give them}}
  %0:2 = fn.random_uniform %s : (tensor<3xi64>) -> (tensor<?xf32>, tensor<3xi64>)
  return
}

// -----

func.func @range(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_uniform' op has low 1.000000e+00 and high 1.000000e+00 in 'f16', expected finite numbers and low < high}}
  %0:2 = fn.random_uniform %s {low = 1.0 : f64, high = 1.0001 : f64} : (tensor<3xi64>) -> (tensor<2xf16>, tensor<3xi64>)
  return
}

// -----

func.func @deviation(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_normal' op has standard deviation -1.000000e+00, expected 0 or more}}
  %0:2 = fn.random_normal %s {stddev = -1.0 : f64} : (tensor<3xi64>) -> (tensor<2xf32>, tensor<3xi64>)
  return
}

// -----

func.func @probability(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_bernoulli' op has probability 1.500000e+00, expected a number in [0, 1]}}
  %0:2 = fn.random_bernoulli %s {probability = 1.5 : f64} : (tensor<3xi64>) -> (tensor<2xi1>, tensor<3xi64>)
  return
}

// -----

func.func @integers(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_integers' op has low 0 and high 300, which lie beyond the numbers of 'ui8'}}
  %0:2 = fn.random_integers %s {high = 300 : i64} : (tensor<3xi64>) -> (tensor<2xui8>, tensor<3xi64>)
  return
}

// -----

func.func @nothing(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_integers' op has low 5 and high 5, expected low < high}}
  %0:2 = fn.random_integers %s {low = 5 : i64, high = 5 : i64} : (tensor<3xi64>) -> (tensor<2xi32>, tensor<3xi64>)
  return
}

// -----

func.func @rank(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_permutation' op draws a tensor of rank 1, got 'tensor<2x2xi32>'}}
  %0:2 = fn.random_permutation %s : (tensor<3xi64>) -> (tensor<2x2xi32>, tensor<3xi64>)
  return
}

// -----

func.func @element(%s: tensor<3xi64>) {
  // expected-error @below {{op result #0 must be}}
  %0:2 = fn.random_uniform %s : (tensor<3xi64>) -> (tensor<2xi32>, tensor<3xi64>)
  return
}

// -----

func.func @classes(%s: tensor<3xi64>, %l: tensor<2x0xf32>) {
  // expected-error @below {{'fn.random_categorical' op needs a class to draw}}
  %0:2 = fn.random_categorical %s, %l : (tensor<3xi64>, tensor<2x0xf32>) -> (tensor<2xi32>, tensor<3xi64>)
  return
}

// -----

func.func @operands(%s: tensor<3xi64>, %x: tensor<4xf32>) {
  // expected-error @below {{expects a state and perhaps a like}}
  %0, %1 = fn.random_uniform : () -> (tensor<4xf32>, tensor<3xi64>)
  return
}

// -----

func.func @numbers(%s: tensor<3xi64>) {
  // expected-error @below {{'fn.random_permutation' op has 4294967296 numbers, too many for i32}}
  %0, %1 = fn.random_permutation %s : (tensor<3xi64>) -> (tensor<4294967296xi32>, tensor<3xi64>)
  return
}

// -----

func.func @logits(%s: tensor<3xi64>, %x: tensor<f32>) {
  // expected-error @below {{'fn.random_categorical' op needs logits of rank 1 or more}}
  %0, %1 = fn.random_categorical %s, %x : (tensor<3xi64>, tensor<f32>) -> (tensor<i32>, tensor<3xi64>)
  return
}

// -----

func.func @samples(%s: tensor<3xi64>, %x: tensor<4xf32>) {
  // expected-error @below {{'fn.random_categorical' op has samples = -1, expected 0 or more}}
  %0, %1 = fn.random_categorical %s, %x {samples = -1 : i64} : (tensor<3xi64>, tensor<4xf32>) -> (tensor<1xi32>, tensor<3xi64>)
  return
}
