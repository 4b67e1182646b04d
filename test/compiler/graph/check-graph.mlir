// RUN: fnc-opt %s --fnc-check-graph --split-input-file --verify-diagnostics

// What is fine stays as it is.
fn.graph @fine {
  %a = fn.variable "layer/kernel:0" : tensor<f32> = dense<0.0>
  %b = fn.variable "class" as "klass" : tensor<f32> = dense<0.0>
  fn.function @f outputs("a" = %a : tensor<f32>)
}

// -----

fn.graph @collision {
  // expected-note @below {{'a/b' is named here}}
  %a = fn.variable "a/b" : tensor<f32> = dense<0.0>
  // expected-error @below {{the identifier 'a__b' of 'b' collides with that of 'a/b'}}
  %b = fn.variable "b" as "a__b" : tensor<f32> = dense<0.0>
}

// -----

fn.graph @keyword {
  // expected-error @below {{the identifier 'class' of 'class' is reserved: choose another one with `as`}}
  %a = fn.variable "class" : tensor<f32> = dense<0.0>
}

// -----

fn.graph @no_identifier {
  // expected-error @below {{'1st' is not a C++ identifier}}
  %a = fn.variable "a" as "1st" : tensor<f32> = dense<0.0>
}

// -----

fn.graph @outputs {
  %x = fn.placeholder "x" : tensor<f32>
  // expected-error @below {{the identifier 'int' of 'int' is reserved: choose another one with `as`}}
  fn.function @f inputs(%x : tensor<f32>) outputs("int" = %x : tensor<f32>)
}

// -----

fn.graph @inputs {
  %x = fn.placeholder "x" as "z" : tensor<f32>
  %y = fn.placeholder "y" as "z" : tensor<f32>
  %s = fn.add %x, %y : (tensor<f32>, tensor<f32>) -> tensor<f32>
  fn.function @f inputs(
      // expected-note @below {{'x' is named here}}
      %x : tensor<f32>,
      // expected-error @below {{the identifier 'z' of 'y' collides with that of 'x'}}
      %y : tensor<f32>) outputs("s" = %s : tensor<f32>)
}

// -----

fn.graph @init {
  // expected-error @below {{the identifier 'init' of 'init' is reserved: choose another one with `as`}}
  fn.function @init
}

// -----

fn.graph @member {
  // expected-error @below {{the identifier 'state_bytes' of 'state_bytes' is reserved: choose another one with `as`}}
  %v = fn.variable "state_bytes" : tensor<f32> = dense<0.0>
}

// -----

fn.graph @private_name {
  // expected-error @below {{the identifier 'bytes_' of 'v' is reserved: choose another one with `as`}}
  %v = fn.variable "v" as "bytes_" : tensor<f32> = dense<0.0>
}

// -----

fn.graph @sizes_of_input {
  %x = fn.placeholder "x" : tensor<?xf32>
  %y = fn.placeholder "x_dims" : tensor<?xf32>
  %s = fn.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  fn.function @f inputs(
      // expected-error @below {{the identifier 'x_dims' of 'x' collides with that of 'x_dims'}}
      %x : tensor<?xf32>,
      // expected-note @below {{'x_dims' is named here}}
      %y : tensor<?xf32>) outputs("s" = %s : tensor<?xf32>)
}

// -----

fn.graph @input_as_output {
  %x = fn.placeholder "out_y" : tensor<f32>
  fn.function @f inputs(
      // expected-note @below {{'out_y' is named here}}
      %x : tensor<f32>) outputs(
      // expected-error @below {{the identifier 'out_y' of 'y' collides with that of 'out_y'}}
      "y" = %x : tensor<f32>)
}

// -----

fn.graph @args {
  // expected-note @below {{'f' is named here}}
  fn.function @f
  // expected-error @below {{the identifier 'f_args' of 'f_args' collides with that of 'f'}}
  fn.function @f_args
}

// -----

fn.graph @g {
  // expected-error @below {{the name 'g.init' is kept for the initial values of variables}}
  fn.function @g.init
}

// -----

fn.graph @functions {
  // expected-note @below {{'f' is named here}}
  fn.function @f
  // expected-error @below {{the identifier 'f' of 'g' collides with that of 'f'}}
  fn.function @g as "f"
}

// -----

// expected-error @below {{the identifier 'std' of 'std' is reserved: choose another one with `as`}}
fn.graph @std {
}

// -----

fn.graph @memref {
  // expected-error @below {{'memref.alloc' op cannot stand in a graph: its ops are of fn, arith, math, tensor, linalg or tosa}}
  %m = memref.alloc() : memref<4xf32>
}

// -----

fn.graph @vector {
  // expected-error @below {{'arith.constant' op cannot stand in a graph: 'vector<4xf32>' is not a ranked tensor}}
  %v = arith.constant dense<0.0> : vector<4xf32>
}

// -----

fn.graph @g {
}
// expected-error @below {{'func.func' op cannot stand beside a graph}}
func.func private @f()

// -----

fn.graph @typing_error {
  %x = fn.placeholder "x" : tensor<2x3xf32>
  // expected-error @below {{'fn.reduce_sum' op has no attribute 'axis'; did you mean 'axes'?}}
  %y = fn.reduce_sum %x {axis = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<f32>
}

// -----

fn.graph @memory {
  // expected-error @below {{'fn.placeholder' op makes 'tensor<?x4294967296x4294967296xf32>', which is larger than memory can be}}
  %x = fn.placeholder "x" : tensor<?x4294967296x4294967296xf32>
}

// -----

fn.graph @stored {
  // expected-error @below {{'fn.variable' op stores 4398046511104 bytes in the object, which has room for 2147483647}}
  %x = fn.variable "x" : tensor<1099511627776xf32> = #fn.zeros
}

// -----

fn.graph @nothing {
  %x = fn.placeholder "x" : tensor<0x4294967296x4294967296xf32>
}
