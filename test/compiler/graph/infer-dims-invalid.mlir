// RUN: fnc-opt %s --fnc-select-functions --fnc-infer-dims --split-input-file --verify-diagnostics

fn.graph @above_bound {
  // Each op alone fits; together they ask for 8 rows of a tensor that has 4 at most.
  // expected-error @below {{dimension 0 of this input is 8, above its bound 4}}
  fn.function @f inputs(%x : tensor<?xf32>) outputs("s" = %s : tensor<?xf32>)
  %x = fn.placeholder "x" bounds [4] : tensor<?xf32>
  %v = fn.variable "v" : tensor<8xf32> = dense<0.0>
  %s = fn.add %x, %v : (tensor<?xf32>, tensor<8xf32>) -> tensor<?xf32>
}

// -----

fn.graph @whole_function {
  %x = fn.placeholder "x" : tensor<?xf32>
  %v = fn.variable "v" : tensor<8xf32> = dense<0.0>
  %w = fn.variable "w" : tensor<9xf32> = dense<0.0>
  %s = fn.add %x, %v : (tensor<?xf32>, tensor<8xf32>) -> tensor<8xf32>
  // expected-error @below {{'fn.add' op shapes [8] and [9] do not broadcast}}
  %t = fn.add %x, %w : (tensor<?xf32>, tensor<9xf32>) -> tensor<9xf32>
  fn.function @f inputs(%x : tensor<?xf32>) outputs("s" = %s : tensor<8xf32>, "t" = %t : tensor<9xf32>)
}

// -----

fn.graph @declared {
  %x = fn.placeholder "x" : tensor<?xf32>
  %v = fn.variable "v" : tensor<8xf32> = dense<0.0>
  %s = fn.add %x, %v : (tensor<?xf32>, tensor<8xf32>) -> tensor<8xf32>
  // expected-error @below {{'fn.neg' op declares dimension 0 as 9, but it is 8}}
  %n = "fn.neg"(%x) : (tensor<?xf32>) -> tensor<9xf32>
  fn.function @f inputs(%x : tensor<?xf32>) outputs("s" = %s : tensor<8xf32>, "n" = %n : tensor<9xf32>)
}

// -----

// A size computed from data cannot be known before the call computes.
fn.graph @unknown {
  %x = fn.placeholder "x" : tensor<?xf32>
  %n = arith.constant 3 : index
  %m = arith.muli %n, %n : index
  // expected-error @below {{dimension 0 of this output does not follow from the dimensions of the inputs}}
  %e = tensor.empty(%m) : tensor<?xf32>
  fn.function @f inputs(%x : tensor<?xf32>) outputs("x" = %x : tensor<?xf32>, "e" = %e : tensor<?xf32>)
}

// -----

// A size that an input has to have and that no input tells.
fn.graph @input {
  // expected-error @below {{dimension 0 of this input has to equal one that does not follow from the inputs}}
  fn.function @f inputs(%x : tensor<?xf32>) outputs("s" = %s : tensor<f32>)
  %x = fn.placeholder "x" : tensor<?xf32>
  %n = arith.constant 3 : index
  %m = arith.muli %n, %n : index
  %c = arith.constant 0.0 : f32
  %e = tensor.splat %c[%m] : tensor<?xf32>
  %d = fn.concat %e, %e {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %p = fn.add %d, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %s = fn.reduce_sum %p : (tensor<?xf32>) -> tensor<f32>
}

// -----

fn.graph @elementwise {
  %x = fn.placeholder "x" : tensor<4xf32>
  %y = fn.placeholder "y" : tensor<?xf32>
  %d = tensor.cast %y : tensor<?xf32> to tensor<5xf32>
  %e = tensor.cast %d : tensor<5xf32> to tensor<?xf32>
  %f = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  // expected-error @below {{'arith.addf' op operands of shapes [4] and [5] do not agree}}
  %s = arith.addf %f, %e : tensor<?xf32>
  fn.function @f inputs(%x : tensor<4xf32>, %y : tensor<?xf32>) outputs("s" = %s : tensor<?xf32>)
}

// -----

fn.graph @slice {
  %x = fn.placeholder "x" : tensor<?xf32>
  %d = tensor.cast %x : tensor<?xf32> to tensor<4xf32>
  %e = tensor.cast %d : tensor<4xf32> to tensor<?xf32>
  // expected-error @below {{slice leaves dimension 0 of size 4}}
  %s = tensor.extract_slice %e[2] [3] [1] : tensor<?xf32> to tensor<3xf32>
  fn.function @f inputs(%x : tensor<?xf32>) outputs("s" = %s : tensor<3xf32>)
}

// -----

fn.graph @dimension {
  %x = fn.placeholder "x" : tensor<?x4xf32>
  %zero = arith.constant 0.0 : f32
  %c = arith.constant 2147483648 : index
  // expected-error @below {{has no dimension 2147483648 of 2}}
  %n = tensor.dim %x, %c : tensor<?x4xf32>
  %s = tensor.splat %zero[%n] : tensor<?xf32>
  fn.function @f inputs(%x : tensor<?x4xf32>) outputs("s" = %s : tensor<?xf32>)
}
