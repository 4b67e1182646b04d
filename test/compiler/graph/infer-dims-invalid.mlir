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
