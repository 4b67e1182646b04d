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
