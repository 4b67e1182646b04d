// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @broadcast(%a: tensor<3xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{'fn.add' op shapes [3] and [4] do not broadcast}}
  %0 = fn.add %a, %b : (tensor<3xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @element_types(%a: tensor<3xf32>, %b: tensor<3xi32>) {
  // expected-error @below {{'fn.mul' op operands have element types f32 and i32}}
  %0 = fn.mul %a, %b : (tensor<3xf32>, tensor<3xi32>) -> tensor<3xf32>
  return
}

// -----

func.func @logical_of_numbers(%a: tensor<3xf32>) {
  // expected-error @below {{'fn.logical_and' op operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<3xf32>'}}
  %0 = fn.logical_and %a, %a : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @exp_of_integers(%a: tensor<3xi32>) {
  // expected-error @below {{'fn.exp' op operand #0 must be ranked tensor of 16-bit float or bfloat16 type or 32-bit float or 64-bit float values, but got 'tensor<3xi32>'}}
  %0 = fn.exp %a : tensor<3xi32>
  return
}

// -----

func.func @comparison_result(%a: tensor<3xf32>) {
  // expected-error @below {{'fn.less' op result #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<3xf32>'}}
  %0 = fn.less %a, %a : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @condition(%c: tensor<3xi8>, %a: tensor<3xf32>) {
  // expected-error @below {{'fn.where' op operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<3xi8>'}}
  %0 = fn.where %c, %a, %a : (tensor<3xi8>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @branches(%c: tensor<3xi1>, %a: tensor<3xf32>, %b: tensor<3xf64>) {
  // expected-error @below {{'fn.where' op operands have element types f32 and f64}}
  %0 = fn.where %c, %a, %b : (tensor<3xi1>, tensor<3xf32>, tensor<3xf64>) -> tensor<3xf32>
  return
}

// -----

func.func @gelu(%a: tensor<3xf32>) {
  // expected-error @below {{'fn.gelu' op approximates by "none" or "tanh", not by "sigmoid"}}
  %0 = fn.gelu %a {approximate = "sigmoid"} : tensor<3xf32>
  return
}

// -----

func.func @cast_shape(%a: tensor<3xf32>) {
  // expected-error @below {{'fn.cast' op result is declared 'tensor<4xi32>', its operands give 'tensor<3xi32>'}}
  %0 = fn.cast %a : (tensor<3xf32>) -> tensor<4xi32>
  return
}

// -----

func.func @bitcast_width(%a: tensor<3xf32>) {
  // expected-error @below {{'fn.bitcast' op takes the bits of f32 as i16, expected types of one width}}
  %0 = fn.bitcast %a : (tensor<3xf32>) -> tensor<3xi16>
  return
}
