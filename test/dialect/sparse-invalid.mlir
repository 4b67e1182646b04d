// RUN: fnc-opt %s --split-input-file --verify-diagnostics

fn.graph @takes_none {
  // expected-note @below {{the sparse tensor is made here}}
  %a = fn.placeholder "a" : tensor<?x7xf32, #fn.coo>
  // expected-error @below {{'fn.exp' op takes no sparse operand, got 'tensor<?x7xf32, #fn.coo>': make it dense by fn.to_dense}}
  %e = fn.exp %a : tensor<?x7xf32, #fn.coo>
}

// -----

fn.graph @reduction {
  // expected-note @below {{the sparse tensor is made here}}
  %a = fn.placeholder "a" : tensor<?x7xf32, #fn.coo>
  // expected-error @below {{'fn.reduce_max' op takes no sparse operand, got 'tensor<?x7xf32, #fn.coo>': make it dense by fn.to_dense}}
  %e = fn.reduce_max %a : (tensor<?x7xf32, #fn.coo>) -> tensor<f32>
}

// -----

fn.graph @assigned {
  // expected-note @below {{the sparse tensor is made here}}
  %a = fn.placeholder "a" : tensor<2x7xf32, #fn.coo>
  %w = fn.variable "w" : tensor<2x7xf32> = dense<0.0>
  // expected-error @below {{'fn.assign' op takes no sparse operand, got 'tensor<2x7xf32, #fn.coo>': make it dense by fn.to_dense}}
  %c = fn.assign %w, %a : tensor<2x7xf32>, tensor<2x7xf32, #fn.coo>
}

// -----

fn.graph @target {
  // expected-note @below {{the sparse tensor is made here}}
  %a = fn.placeholder "a" : tensor<2x7xf32, #fn.coo>
  %s = fn.reduce_sum %a : (tensor<2x7xf32, #fn.coo>) -> tensor<f32>
  // expected-error @below {{'fn.gradients' op takes no sparse operand, got 'tensor<2x7xf32, #fn.coo>': make it dense by fn.to_dense}}
  %g = fn.gradients %s, (%a) : (tensor<f32>, tensor<2x7xf32, #fn.coo>) -> tensor<2x7xf32, #fn.coo>
}

// -----

fn.graph @pasted {
  // expected-note @below {{the sparse tensor is made here}}
  %a = fn.placeholder "a" : tensor<2x7xf32, #fn.coo>
  // expected-error @below {{'arith.negf' op takes no sparse operand, got 'tensor<2x7xf32, #fn.coo>': make it dense by fn.to_dense}}
  %n = arith.negf %a : tensor<2x7xf32, #fn.coo>
}

// -----

fn.graph @output {
  %a = fn.placeholder "a" : tensor<2x7xf32, #fn.coo>
  // expected-error @below {{'fn.function' op @f has a sparse output 'a': make it dense by fn.to_dense}}
  fn.function @f inputs(%a : tensor<2x7xf32, #fn.coo>) outputs("a" = %a : tensor<2x7xf32, #fn.coo>)
}

// -----

fn.graph @variable {
  // expected-error @below {{'fn.variable' op is dense, got 'tensor<2x7xf32, #fn.coo>'}}
  %a = fn.variable "a" : tensor<2x7xf32, #fn.coo> = #fn.zeros
}

// -----

fn.graph @made {
  // expected-error @below {{'fn.iota' op makes no sparse tensor, got 'tensor<4xi64, #fn.coo>'}}
  %a = fn.iota {axis = 0 : i64} : tensor<4xi64, #fn.coo>
}

// -----

fn.graph @index {
  // expected-error @below {{indices of type 'i16', expected i32 or i64}}
  %a = fn.placeholder "a" : tensor<2x7xf32, #fn.coo<index = i16>>
}

// -----

fn.graph @encoding {
  // expected-error @below {{'fn.placeholder' op has the encoding "csr", expected #fn.coo}}
  %a = fn.placeholder "a" : tensor<2x7xf32, "csr">
}

// -----

fn.graph @scalar {
  // expected-error @below {{'fn.placeholder' op is sparse and has rank 0, expected at least 1}}
  %a = fn.placeholder "a" : tensor<f32, #fn.coo>
}

// -----

fn.graph @bools {
  // expected-error @below {{'fn.placeholder' op is sparse and has element type i1, expected a number}}
  %a = fn.placeholder "a" : tensor<4xi1, #fn.coo>
}

// -----

fn.graph @default {
  // expected-error @below {{'fn.placeholder' op is sparse: it cannot have a default}}
  %a = fn.placeholder "a" : tensor<4xf32, #fn.coo> default dense<0.0>
}

// -----

fn.graph @negative_count {
  // expected-error @below {{'fn.placeholder' op has a negative max_nnz -1}}
  %a = fn.placeholder "a" max_nnz -1 : tensor<4xf32, #fn.coo>
}

// -----

fn.graph @dense_count {
  // expected-error @below {{'fn.placeholder' op has max_nnz but is dense}}
  %a = fn.placeholder "a" max_nnz 3 : tensor<4xf32>
}

// -----

func.func @two(%a: tensor<2x2xf32, #fn.coo>) {
  // expected-error @below {{'fn.matmul' op has two sparse operands, expected at most one}}
  %0 = fn.matmul %a, %a : (tensor<2x2xf32, #fn.coo>, tensor<2x2xf32, #fn.coo>) -> tensor<2x2xf32>
  return
}

// -----

func.func @two_factors(%a: tensor<2x2xf32, #fn.coo>) {
  // expected-error @below {{'fn.mul' op has two sparse operands, expected at most one}}
  %0 = fn.mul %a, %a : (tensor<2x2xf32, #fn.coo>, tensor<2x2xf32, #fn.coo>) -> tensor<2x2xf32, #fn.coo>
  return
}

// -----

func.func @rank(%a: tensor<2x2x2xf32, #fn.coo>, %b: tensor<2x2xf32>) {
  // expected-error @below {{'fn.matmul' op has a sparse operand of rank 3, expected 2}}
  %0 = fn.matmul %a, %b : (tensor<2x2x2xf32, #fn.coo>, tensor<2x2xf32>) -> tensor<2x2x2xf32>
  return
}

// -----

func.func @batch(%a: tensor<2x2xf32, #fn.coo>, %b: tensor<2x2x2xf32>) {
  // expected-error @below {{'fn.matmul' op has a dense operand of rank 3 beside a sparse one, expected 1 or 2}}
  %0 = fn.matmul %a, %b : (tensor<2x2xf32, #fn.coo>, tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  return
}

// -----

func.func @inner_sizes(%a: tensor<2x4xf32, #fn.coo>, %b: tensor<8x4xf32>) {
  // expected-error @below {{'fn.matmul' op contracts a dimension of size 4 with one of size 8}}
  %0 = fn.matmul %a, %b : (tensor<2x4xf32, #fn.coo>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @repeated(%a: tensor<7xf32, #fn.coo>, %b: tensor<2x7xf32>) {
  // expected-error @below {{'fn.add' op would repeat a sparse tensor of shape [7] to [2x7]: make it dense by fn.to_dense}}
  %0 = fn.add %a, %b : (tensor<7xf32, #fn.coo>, tensor<2x7xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @stretched(%a: tensor<1x7xf32, #fn.coo>, %b: tensor<?x7xf32>) {
  // expected-error @below {{'fn.mul' op would repeat a sparse tensor of shape [1x7] to [?x7]: make it dense by fn.to_dense}}
  %0 = fn.mul %a, %b : (tensor<1x7xf32, #fn.coo>, tensor<?x7xf32>) -> tensor<?x7xf32, #fn.coo>
  return
}

// -----

func.func @dense_sum(%a: tensor<2x7xf32, #fn.coo>, %b: tensor<2x7xf32>) {
  // expected-error @below {{'fn.add' op result is declared 'tensor<2x7xf32, #fn.coo>', its operands give 'tensor<2x7xf32>'}}
  %0 = fn.add %a, %b : (tensor<2x7xf32, #fn.coo>, tensor<2x7xf32>) -> tensor<2x7xf32, #fn.coo>
  return
}

// -----

func.func @cast(%a: tensor<2x7xf32, #fn.coo>) {
  // expected-error @below {{'fn.cast' op casts a sparse tensor from f32 to i32, expected floating-point types}}
  %0 = fn.cast %a : (tensor<2x7xf32, #fn.coo>) -> tensor<2x7xi32, #fn.coo>
  return
}

// -----

func.func @broadcast(%a: tensor<1x7xf32, #fn.coo>) {
  // expected-error @below {{'fn.broadcast_to' op repeats no sparse tensor: make it dense by fn.to_dense}}
  %0 = fn.broadcast_to %a : (tensor<1x7xf32, #fn.coo>) -> tensor<2x7xf32>
  return
}

// -----

func.func @dense_already(%a: tensor<2x7xf32>) {
  // expected-error @below {{'fn.to_dense' op needs a sparse operand}}
  %0 = fn.to_dense %a : (tensor<2x7xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @lengths(%like: tensor<2x7xf32>, %i: tensor<3x2xi64>, %v: tensor<4xf32>, %w: tensor<7x3xf32>) {
  // expected-error @below {{'fn.coo_matmul' op has 3 indices and 4 values}}
  %0 = fn.coo_matmul %like, %i, %v, %w {columns = array<i64: 0, 1>} : (tensor<2x7xf32>, tensor<3x2xi64>, tensor<4xf32>, tensor<7x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @column(%d: tensor<2x7xf32>, %i: tensor<?x2xi64>, %v: tensor<?xf32>) {
  // expected-error @below {{'fn.coo_add' op names column 2 of 2}}
  %0 = fn.coo_add %d, %i, %v {columns = array<i64: 0, 2>} : (tensor<2x7xf32>, tensor<?x2xi64>, tensor<?xf32>) -> tensor<2x7xf32>
  return
}

// -----

func.func @places(%like: tensor<2x7xf32>, %i: tensor<?x2xi64>, %d: tensor<2x8xf32>) {
  // expected-error @below {{'fn.coo_take' op takes from [2x8] at places in [2x7]}}
  %0 = fn.coo_take %like, %i, %d {columns = array<i64: 0, 1>} : (tensor<2x7xf32>, tensor<?x2xi64>, tensor<2x8xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @coo_indices(%d: tensor<2x3xf32>, %i: tensor<?xi64>, %v: tensor<?xf32>) {
  // expected-error @below {{'fn.coo_add' op has indices of rank 1, expected 2}}
  %0 = fn.coo_add %d, %i, %v {columns = array<i64: 0, 1>} : (tensor<2x3xf32>, tensor<?xi64>, tensor<?xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @coo_values(%d: tensor<2x3xf32>, %i: tensor<?x2xi64>, %v: tensor<?x2xf32>) {
  // expected-error @below {{'fn.coo_add' op has values of rank 2, expected 1}}
  %0 = fn.coo_add %d, %i, %v {columns = array<i64: 0, 1>} : (tensor<2x3xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @coo_columns(%d: tensor<2x3xf32>, %i: tensor<?x2xi64>, %v: tensor<?xf32>) {
  // expected-error @below {{'fn.coo_add' op has 1 columns, expected 2}}
  %0 = fn.coo_add %d, %i, %v {columns = array<i64: 0>} : (tensor<2x3xf32>, tensor<?x2xi64>, tensor<?xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @coo_matrices(%d: tensor<2x3xf32>, %i: tensor<?x2xi64>, %v: tensor<?xf32>, %w: tensor<3xf32>) {
  // expected-error @below {{'fn.coo_matmul' op needs matrices, got [2x3] and [3]}}
  %0 = fn.coo_matmul %d, %i, %v, %w {columns = array<i64: 0, 1>} : (tensor<2x3xf32>, tensor<?x2xi64>, tensor<?xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}
