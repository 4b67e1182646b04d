// RUN: fnc-opt %s --fnc-verify-tensor --split-input-file --verify-diagnostics

func.func @sparse(%x: tensor<4x3xf32> {fn.sparse = "shape"}) -> tensor<4x3xf32> {
  %e = tensor.empty() : tensor<4x3xf32>
  // expected-error @below {{'linalg.copy' op reads a sparse tensor, of which only the sizes are there}}
  %0 = linalg.copy ins(%x : tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// -----

func.func @op(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'fn.exp' op is not lowered}}
  %0 = fn.exp %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @library(%x: f32) -> f32 {
  // expected-error @below {{'math.exp' op would call a mathematical library}}
  %0 = math.exp %x : f32
  return %0 : f32
}

// -----

func.func @unsigned() -> tensor<4xui8> {
  // expected-error @below {{'tensor.empty' op still has an unsigned type}}
  %0 = tensor.empty() : tensor<4xui8>
  return %0 : tensor<4xui8>
}
