// RUN: fnc-opt %s --fnc-select-functions --split-input-file --verify-diagnostics

fn.graph @not_fed {
  // expected-note @below {{placeholder declared here}}
  %x = fn.placeholder "x" : tensor<f32>
  %y = fn.neg %x : tensor<f32>
  fn.function @f outputs(
      // expected-error @below {{'fn.function' op @f needs placeholder 'x', which is neither among its inputs nor has a default}}
      "y" = %y : tensor<f32>)
}

// -----

fn.graph @unused {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  %c = fn.assign %v, %x : tensor<f32>, tensor<f32>
  fn.function @f inputs(
      %x : tensor<f32>,
      // A fed variable's update works on the stored one: nothing uses what is fed.
      // expected-warning @below {{'fn.function' op @f does not use its input 'v'}}
      %v : tensor<f32>) updates(%c)
}

// -----

fn.graph @two_writes {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  // expected-note @below {{variable written by 'fn.assign' here}}
  %a = fn.assign %v, %x : tensor<f32>, tensor<f32>
  // expected-error @below {{'fn.assign_add' op writes variable 'v' in function @f, which 'fn.assign' writes too, and nothing orders the two: use after(...)}}
  %b = fn.assign_add %v, %x : tensor<f32>, tensor<f32>
  // expected-note @below {{function @f reaches both}}
  fn.function @f inputs(%x : tensor<f32>) updates(%a, %b)
  // Each alone is fine.
  fn.function @g inputs(%x : tensor<f32>) updates(%b)
}

// -----

fn.graph @write_and_read {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  // expected-error @below {{'fn.assign' op writes variable 'v' in function @f, which 'fn.read' reads too, and nothing orders the two: use after(...)}}
  %a = fn.assign %v, %x : tensor<f32>, tensor<f32>
  // expected-note @below {{variable read here}}
  %r, %rc = fn.read %v : tensor<f32>
  // expected-note @below {{function @f reaches both}}
  fn.function @f inputs(%x : tensor<f32>) outputs("r" = %r : tensor<f32>) updates(%a)
}

// -----

// The write waits for one read, not for the other.
fn.graph @second_read {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  %r, %rc = fn.read %v : tensor<f32>
  // expected-note @below {{variable read here}}
  %s, %sc = fn.read %v : tensor<f32>
  // expected-error @below {{'fn.assign' op writes variable 'v' in function @f, which 'fn.read' reads too}}
  %a = fn.assign %v, %x after(%rc) : tensor<f32>, tensor<f32>
  // expected-note @below {{function @f reaches both}}
  fn.function @f inputs(%x : tensor<f32>) outputs("s" = %s : tensor<f32>) updates(%a)
}

// -----

fn.graph @pair_and_op {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  // expected-note @below {{variable written by 'fn.assign_add' here}}
  %a = fn.assign_add %v, %x : tensor<f32>, tensor<f32>
  fn.function @f inputs(%x : tensor<f32>) updates(
      // expected-error @below {{'fn.function' op @f updates variable 'v', which 'fn.assign_add' writes too, and nothing orders the two}}
      %v = %x : tensor<f32>, %a)
}

// -----

fn.graph @pair_and_read {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  // expected-note @below {{variable read here}}
  %r, %rc = fn.read %v : tensor<f32>
  fn.function @f inputs(%x : tensor<f32>) outputs("r" = %r : tensor<f32>) updates(
      // expected-error @below {{'fn.function' op @f updates variable 'v', which 'fn.read' reads too, and nothing orders the two}}
      %v = %x : tensor<f32>)
}

// -----

// A feed cuts the path that ordered the two.
fn.graph @feed_cuts_order {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  // expected-note @below {{variable read here}}
  %r, %rc = fn.read %v : tensor<f32>
  %y = fn.neg %r : tensor<f32>
  // expected-error @below {{'fn.assign' op writes variable 'v' in function @f, which 'fn.read' reads too}}
  %a = fn.assign %v, %y : tensor<f32>, tensor<f32>
  // expected-note @below {{function @f reaches both}}
  fn.function @f inputs("y" = %y : tensor<f32>) outputs("r" = %r : tensor<f32>) updates(%a)
}

// -----

// expected-error @below {{the file has several graphs: choose one}}
module {
  // expected-note @below {{graph @a}}
  fn.graph @a {
  }
  // expected-note @below {{graph @b}}
  fn.graph @b {
  }
}

// -----

// expected-error @below {{the file has no fn.graph}}
module {
}
