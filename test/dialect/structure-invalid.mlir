// RUN: fnc-opt %s --split-input-file --verify-diagnostics

fn.graph @repeated_name {
  // expected-note @below {{first used here}}
  %x = fn.placeholder "x" : tensor<f32>
  // expected-error @below {{'fn.variable' op repeats the name 'x'}}
  %v = fn.variable "x" : tensor<f32> = dense<0.0>
}

// -----

fn.graph @cycle {
  // expected-error @below {{'fn.neg' op depends on itself}}
  %a = fn.neg %b : tensor<f32>
  // expected-note @below {{through this op}}
  %b = fn.exp %c : tensor<f32>
  // expected-note @below {{through this op}}
  %c = fn.abs %a : tensor<f32>
}

// -----

fn.graph @cycle_of_one {
  // expected-error @below {{'fn.neg' op depends on itself}}
  %a = fn.neg %a : tensor<f32>
}

// -----

fn.graph @cycle_of_control {
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  // expected-error @below {{'fn.assign' op depends on itself}}
  %c = fn.assign %v, %v after(%d) : tensor<f32>, tensor<f32>
  // expected-note @below {{through this op}}
  %d = fn.group %r
  // expected-note @below {{through this op}}
  %x, %r = fn.read %v after(%c) : tensor<f32>
}

// -----

fn.graph @arguments {
// expected-error @below {{'fn.graph' op has no arguments: use fn.placeholder}}
^bb0(%x: tensor<f32>):
}

// -----

fn.graph @no_name {
  // expected-error @below {{'fn.placeholder' op needs a name}}
  %x = fn.placeholder "" : tensor<f32>
}

// -----

fn.graph @bounds_rank {
  // expected-error @below {{'fn.placeholder' op has 1 bounds but rank 2}}
  %x = fn.placeholder "x" bounds [3] : tensor<?x4xf32>
}

// -----

fn.graph @bounds_static {
  // expected-error @below {{'fn.placeholder' op bounds dimension 1 by 5 but its size is 4}}
  %x = fn.placeholder "x" bounds [3, 5] : tensor<?x4xf32>
}

// -----

fn.graph @bounds_negative {
  // expected-error @below {{'fn.placeholder' op has a negative bound -3 of dimension 0}}
  %x = fn.placeholder "x" bounds [-3, 4] : tensor<?x4xf32>
}

// -----

fn.graph @variable_dynamic {
  // expected-error @below {{'fn.variable' op needs a static shape, got 'tensor<?xf32>'}}
  %v = fn.variable "v" : tensor<?xf32> = #fn.zeros
}

// -----

fn.graph @variable_random_integer {
  // expected-error @below {{'fn.variable' op needs a floating-point type for a random initial value, got 'tensor<4xi32>'}}
  %v = fn.variable "v" : tensor<4xi32> = #fn.glorot_uniform<seed = 1>
}

// -----

fn.graph @variable_no_fan {
  // expected-error @below {{'fn.variable' op has no fan: rank 0 cannot be initialized by #fn.he_normal<seed = 1>}}
  %v = fn.variable "v" : tensor<f32> = #fn.he_normal<seed = 1>
}

// -----

fn.graph @variable_init {
  // expected-error @below {{'fn.variable' op cannot be initialized by "zeros"}}
  %v = fn.variable "v" : tensor<f32> = "zeros"
}

// -----

fn.graph @uniform {
  // expected-error @below {{low 1.000000e+00 is not below high 1.000000e+00}}
  %v = fn.variable "v" : tensor<f32> = #fn.uniform<1.0, 1.0, seed = 1>
}

// -----

fn.graph @normal {
  // expected-error @below {{standard deviation -1.000000e+00 is negative}}
  %v = fn.variable "v" : tensor<f32> = #fn.normal<0.0, -1.0, seed = 1>
}

// -----

fn.graph @assign_no_variable {
  // expected-note @below {{this value is not a variable}}
  %x = fn.placeholder "x" : tensor<f32>
  // expected-error @below {{'fn.assign' op needs a variable}}
  %c = fn.assign %x, %x : tensor<f32>, tensor<f32>
}

// -----

fn.graph @read_no_variable {
  // expected-note @below {{this value is not a variable}}
  %x = fn.placeholder "x" : tensor<f32>
  // expected-error @below {{'fn.read' op needs a variable}}
  %v, %c = fn.read %x : tensor<f32>
}

// -----

fn.graph @assign_read_only {
  %x = fn.placeholder "x" : tensor<f32>
  // expected-note @below {{variable declared here}}
  %v = fn.variable "v" read_only : tensor<f32> = dense<0.0>
  // expected-error @below {{'fn.assign_add' op writes the read-only variable 'v'}}
  %c = fn.assign_add %v, %x : tensor<f32>, tensor<f32>
}

// -----

fn.graph @assign_shape {
  %x = fn.placeholder "x" : tensor<4xf32>
  // expected-note @below {{variable declared here}}
  %v = fn.variable "v" : tensor<3xf32> = dense<0.0>
  // expected-error @below {{'fn.assign_sub' op cannot write 'tensor<4xf32>' into variable 'v' of type 'tensor<3xf32>'}}
  %c = fn.assign_sub %v, %x : tensor<3xf32>, tensor<4xf32>
}

// -----

fn.graph @assign_element {
  %x = fn.placeholder "x" : tensor<3xi32>
  // expected-note @below {{variable declared here}}
  %v = fn.variable "v" : tensor<3xf32> = dense<0.0>
  // expected-error @below {{'fn.assign' op cannot write 'tensor<3xi32>' into variable 'v' of type 'tensor<3xf32>'}}
  %c = fn.assign %v, %x : tensor<3xf32>, tensor<3xi32>
}

// -----

fn.graph @scatter_rank {
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  %i = fn.placeholder "i" : tensor<?xi32>
  %x = fn.placeholder "x" : tensor<?xf32>
  // expected-error @below {{'fn.scatter_add' op needs a variable of rank 1 or more, got 'tensor<f32>'}}
  %c = fn.scatter_add %v, %i, %x : tensor<f32>, tensor<?xi32>, tensor<?xf32>
}

// -----

fn.graph @scatter_indices {
  %v = fn.variable "v" : tensor<4x3xf32> = dense<0.0>
  %i = fn.placeholder "i" : tensor<i32>
  %x = fn.placeholder "x" : tensor<3xf32>
  // expected-error @below {{'fn.scatter_update' op needs indices of rank 1, got 'tensor<i32>'}}
  %c = fn.scatter_update %v, %i, %x : tensor<4x3xf32>, tensor<i32>, tensor<3xf32>
}

// -----

fn.graph @scatter_updates {
  // expected-note @below {{variable declared here}}
  %v = fn.variable "v" : tensor<4x3xf32> = dense<0.0>
  %i = fn.placeholder "i" : tensor<2xi32>
  %x = fn.placeholder "x" : tensor<2x4xf32>
  // expected-error @below {{'fn.scatter_min' op needs updates of type 'tensor<2x3xf32>', got 'tensor<2x4xf32>'}}
  %c = fn.scatter_min %v, %i, %x : tensor<4x3xf32>, tensor<2xi32>, tensor<2x4xf32>
}

// -----

fn.graph @input_without_name {
  %x = fn.placeholder "x" : tensor<f32>
  // expected-note @below {{the tensor is computed here}}
  %y = fn.neg %x : tensor<f32>
  // expected-error @below {{'fn.function' op @f feeds an inner tensor without a name: write "name" = value}}
  fn.function @f inputs(%y : tensor<f32>)
}

// -----

fn.graph @input_twice {
  %x = fn.placeholder "x" : tensor<f32>
  fn.function @f inputs(
      // expected-note @below {{first named here}}
      %x : tensor<f32>,
      // expected-error @below {{'fn.function' op @f feeds 'x' twice}}
      %x : tensor<f32>)
}

// -----

fn.graph @input_name_twice {
  %x = fn.placeholder "x" : tensor<f32>
  %y = fn.placeholder "y" : tensor<f32>
  fn.function @f inputs(
      // expected-note @below {{first named here}}
      %x : tensor<f32>,
      // expected-error @below {{'fn.function' op @f has two inputs named 'x'}}
      "x" = %y : tensor<f32>)
}

// -----

fn.graph @output_name_twice {
  %x = fn.placeholder "x" : tensor<f32>
  fn.function @f inputs(%x : tensor<f32>) outputs(
      // expected-note @below {{first named here}}
      "y" = %x : tensor<f32>,
      // expected-error @below {{'fn.function' op @f has two outputs named 'y'}}
      "y" = %x : tensor<f32>)
}

// -----

fn.graph @output_without_name {
  %x = fn.placeholder "x" : tensor<f32>
  // expected-error @below {{expected "name" = value}}
  fn.function @f inputs(%x : tensor<f32>) outputs(%x : tensor<f32>)
}

// -----

fn.graph @update_no_variable {
  // expected-note @below {{it is declared here}}
  %x = fn.placeholder "x" : tensor<f32>
  fn.function @f inputs(%x : tensor<f32>) updates(
      // expected-error @below {{'fn.function' op @f updates something that is not a variable}}
      %x = %x : tensor<f32>)
}

// -----

fn.graph @update_read_only {
  %x = fn.placeholder "x" : tensor<f32>
  // expected-note @below {{variable declared here}}
  %v = fn.variable "v" read_only : tensor<f32> = dense<0.0>
  fn.function @f inputs(%x : tensor<f32>) updates(
      // expected-error @below {{'fn.function' op @f updates the read-only variable 'v'}}
      %v = %x : tensor<f32>)
}

// -----

fn.graph @update_type {
  %x = fn.placeholder "x" : tensor<10x64xf32>
  // expected-note @below {{variable declared here}}
  %w = fn.variable "w" : tensor<64x10xf32> = #fn.zeros
  fn.function @f inputs(%x : tensor<10x64xf32>) updates(
      // expected-error @below {{'fn.function' op @f updates 'w' of type 'tensor<64x10xf32>' with a value of type 'tensor<10x64xf32>'}}
      %w = %x : tensor<10x64xf32> into tensor<64x10xf32>)
}

// -----

fn.graph @update_type_unsaid {
  %x = fn.placeholder "x" : tensor<10x64xf32>
  // expected-note @below {{prior use here}}
  %w = fn.variable "w" : tensor<64x10xf32> = #fn.zeros
  // expected-error @below {{use of value '%w' expects different type than prior uses: 'tensor<10x64xf32>' vs 'tensor<64x10xf32>'}}
  fn.function @f inputs(%x : tensor<10x64xf32>) updates(%w = %x : tensor<10x64xf32>)
}

// -----

fn.graph @update_twice {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  fn.function @f inputs(%x : tensor<f32>) updates(
      // expected-note @below {{first updated here}}
      %v = %x : tensor<f32>,
      // expected-error @below {{'fn.function' op @f updates 'v' twice}}
      %v = %x : tensor<f32>)
}

// -----

fn.graph @input_no_tensor {
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  %c = fn.assign %v, %v : tensor<f32>, tensor<f32>
  // expected-error @below {{'fn.function' op operand #0 must be variadic of ranked tensor of fn element type values, but got '!fn.control'}}
  fn.function @f inputs("c" = %c : !fn.control)
}

// -----

// expected-error @below {{'fn.placeholder' op expects parent op 'fn.graph'}}
%x = fn.placeholder "x" : tensor<f32>

// -----

fn.graph @same_function {
  // expected-note @below {{see existing symbol definition here}}
  fn.function @f
  // expected-error @below {{redefinition of symbol named 'f'}}
  fn.function @f
}

// -----

fn.graph @condition_of_rank_1 {
  %a = fn.variable "a" : tensor<f32> = dense<0.0>
  %c = fn.constant dense<true> : tensor<2xi1>
  // expected-error @below {{'fn.function' op needs conditions of rank 0, got 'tensor<2xi1>'}}
  "fn.function"(%a, %a, %c) {conditional = array<i64: 0>, input_names = [], output_names = [], operandSegmentSizes = array<i32: 0, 0, 1, 1, 0, 1, 0>, sym_name = "f"} : (tensor<f32>, tensor<f32>, tensor<2xi1>) -> ()
}

// -----

fn.graph @g {
  // expected-error @below {{'fn.placeholder' op has a default of type 'tensor<2xf32>' but is 'tensor<f32>'}}
  %x = "fn.placeholder"() <{name = "x", default_value = dense<0.0> : tensor<2xf32>}> : () -> tensor<f32>
}

// -----

fn.graph @g {
  // expected-error @below {{'fn.variable' op has an initial value of type 'tensor<2xf32>' but is 'tensor<f32>'}}
  %x = "fn.variable"() <{name = "x", init = dense<0.0> : tensor<2xf32>}> : () -> tensor<f32>
}

// -----

fn.graph @g {
  // expected-error @below {{'fn.variable' op needs a dense initial value}}
  %x = fn.variable "x" : tensor<2xf32> = sparse<[0], [1.0]>
}

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  // expected-error @below {{'fn.function' op needs one name per input and output}}
  "fn.function"(%x) <{sym_name = "f", input_names = [], output_names = [], operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0>, conditional = array<i64>, item_locations = []}> : (tensor<2xf32>) -> ()
}

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  // expected-error @below {{'fn.function' op needs one identifier per output, or none}}
  "fn.function"(%x) <{sym_name = "f", input_names = [], output_names = ["x"], output_identifiers = ["x", "y"], operandSegmentSizes = array<i32: 0, 1, 0, 0, 0, 0, 0>, conditional = array<i64>, item_locations = []}> : (tensor<2xf32>) -> ()
}

// -----

fn.graph @g {
  %f = fn.placeholder "f" : tensor<i1>
  // expected-error @below {{'fn.function' op has 1 conditions for 0 updates}}
  "fn.function"(%f) <{sym_name = "f", input_names = [], output_names = [], operandSegmentSizes = array<i32: 0, 0, 0, 0, 0, 1, 0>, conditional = array<i64>, item_locations = []}> : (tensor<i1>) -> ()
}

// -----

fn.graph @g {
  %f = fn.placeholder "f" : tensor<i1>
  // expected-error @below {{'fn.function' op has a condition for update 0 of 0}}
  "fn.function"(%f) <{sym_name = "f", input_names = [], output_names = [], operandSegmentSizes = array<i32: 0, 0, 0, 0, 0, 1, 0>, conditional = array<i64: 0>, item_locations = []}> : (tensor<i1>) -> ()
}

// -----

fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  // expected-error @below {{'fn.function' op @f has two outputs named 'y'}}
  // expected-note @below {{first named here}}
  "fn.function"(%x, %x) <{sym_name = "f", input_names = [], output_names = ["y", "y"], operandSegmentSizes = array<i32: 0, 2, 0, 0, 0, 0, 0>, conditional = array<i64>, item_locations = [1, 2]}> : (tensor<2xf32>, tensor<2xf32>) -> ()
}
