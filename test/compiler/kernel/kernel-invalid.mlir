// RUN: fnc-opt %s --split-input-file --verify-diagnostics

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @maps(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op has 2 maps for 3 operands}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @rank(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op map 0 does not fit its operand and 3 loops}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, i)>
func.func @twice(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op writes elements of the result more than once}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @arguments(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op expects an argument of the epilogue for the sum and for each extra}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32, %t: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @extra(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %e: tensor<2x4xf64>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op extra and epilogue argument differ in type}}
  %0 = kernel.contract ins(%a, %b, %e : tensor<2x3xf32>, tensor<3x4xf32>, tensor<2x4xf64>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c, #c], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32, %t: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @yield(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %e: tensor<2x4xf64>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op result and what the epilogue yields differ in type}}
  %0 = kernel.contract ins(%a, %b, %e : tensor<2x3xf32>, tensor<3x4xf32>, tensor<2x4xf64>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c, #c], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32, %t: f64):
    kernel.yield %t : f64
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @pieces(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op cannot be made in these pieces}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c], piece = array<i64: 0, 2>, row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @blocks(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op cannot be made of these blocks}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c], block = array<i64: 2, 4, 1>, row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @scratch_of_nothing(%a: memref<2x3xf32>, %b: memref<3x4xf32>, %c: memref<2x4xf32>, %s: memref<12xf32>) {
  // expected-error @below {{'kernel.contract' op has no blocks to copy}}
  kernel.contract ins(%a, %b : memref<2x3xf32>, memref<3x4xf32>) outs(%c : memref<2x4xf32>) scratch(%s : memref<12xf32>) attributes {maps = [#a, #b, #c], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%t: f32):
    kernel.yield %t : f32
  }
  return
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @pieces_of_nothing(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op expects the epilogue to yield an element of each result}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c], piece = array<i64: 2, 2>, row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32):
    "kernel.yield"() : () -> ()
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @ahead(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'kernel.contract' op expects a first element and a count for each constant to fetch}}
  %0 = kernel.contract ins(%a, %b : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) attributes {maps = [#a, #b, #c], ahead = [@w], row_dim = 0 : i64, vector_dim = 1 : i64, sizes = array<i64: 2, 4, 3>, tile = array<i64: 2, 4, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  } -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
