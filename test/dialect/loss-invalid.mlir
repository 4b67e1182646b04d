// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @rank(%p: tensor<f32>, %t: tensor<f32>) {
  // expected-error @below {{'fn.mse' op needs a prediction of rank 1 or more}}
  %0 = fn.mse %p, %t : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

// No broadcasting: a column against a row is a mistake.
func.func @shapes(%p: tensor<4x1xf32>, %t: tensor<4xf32>) {
  // expected-error @below {{'fn.mae' op has targets of shape 4 for predictions of shape 4x1}}
  %0 = fn.mae %p, %t : (tensor<4x1xf32>, tensor<4xf32>) -> tensor<f32>
  return
}

// -----

func.func @sizes(%p: tensor<?x4xf32>, %t: tensor<?x5xf32>) {
  // expected-error @below {{'fn.huber' op has targets of shape ?x5 for predictions of shape ?x4}}
  %0 = fn.huber %p, %t : (tensor<?x4xf32>, tensor<?x5xf32>) -> tensor<f32>
  return
}

// -----

func.func @elements(%p: tensor<4xf32>, %t: tensor<4xf64>) {
  // expected-error @below {{'fn.poisson' op operands have element types f32 and f64}}
  %0 = fn.poisson %p, %t : (tensor<4xf32>, tensor<4xf64>) -> tensor<f32>
  return
}

// -----

func.func @labels(%p: tensor<2x4xf32>, %t: tensor<3xi32>) {
  // expected-error @below {{'fn.sparse_categorical_cross_entropy' op has targets of shape 3 for samples of shape 2}}
  %0 = fn.sparse_categorical_cross_entropy %p, %t : (tensor<2x4xf32>, tensor<3xi32>) -> tensor<f32>
  return
}

// -----

func.func @weights(%p: tensor<2x4xf32>, %t: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{'fn.mse' op has weights of shape 4 for samples of shape 2}}
  %0 = fn.mse %p, %t weights(%w) : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>) -> tensor<f32>
  return
}

// -----

func.func @reduction(%p: tensor<4xf32>, %t: tensor<4xf32>) {
  // expected-error @below {{'fn.mse' op has reduction = "max", expected "mean", "sum" or "none"}}
  %0 = fn.mse %p, %t {reduction = "max"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  return
}
