// RUN: fnc-opt %s --fnc-form-winograd="vector-bits=256 registers=16" --split-input-file | FileCheck %s

#x = affine_map<(n, y, x, i, j, c, f) -> (n, y + i, x + j, c)>
#w = affine_map<(n, y, x, i, j, c, f) -> (i, j, c, f)>
#b = affine_map<(n, y, x, i, j, c, f) -> (f)>
#o = affine_map<(n, y, x, i, j, c, f) -> (n, y, x, f)>

// Four times four places of the result at once; the other constant leaves room for the filter.
// CHECK-LABEL: func @conv
// CHECK: %[[U:.*]] = arith.constant dense<{{.*}}> : tensor<147456xf32>
// CHECK: kernel.winograd ins(%arg0, %[[U]], %arg1 : tensor<1x26x26x64xf32>, tensor<147456xf32>, tensor<64xf32>)
// CHECK-SAME: sizes = array<i64: 1, 24, 24, 64, 64>, step = 4 : i64
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[BIAS:.*]]: f32):
// CHECK-NEXT: arith.addf %[[SUM]], %[[BIAS]]
func.func @conv(%x: tensor<1x26x26x64xf32>, %b: tensor<64xf32>) -> (tensor<1x24x24x64xf32>, tensor<1000000xf32>) {
  %w = arith.constant dense<0.5> : tensor<3x3x64x64xf32>
  %other = arith.constant dense<1.0> : tensor<1000000xf32>
  %e = tensor.empty() : tensor<1x24x24x64xf32>
  %y = kernel.contract ins(%x, %w, %b : tensor<1x26x26x64xf32>, tensor<3x3x64x64xf32>, tensor<64xf32>) outs(%e : tensor<1x24x24x64xf32>)
      attributes {maps = [#x, #w, #b, #o], sizes = array<i64: 1, 24, 24, 3, 3, 64, 64>, vector_dim = 6 : i64,
                  row_dim = 2 : i64, tile = array<i64: 6, 16, 1>} {
  ^bb0(%sum: f32, %z: f32):
    %r = arith.addf %sum, %z : f32
    kernel.yield %r : f32
  } -> tensor<1x24x24x64xf32>
  return %y, %other : tensor<1x24x24x64xf32>, tensor<1000000xf32>
}

// -----

#x = affine_map<(n, y, x, i, j, c, f) -> (n, y + i, x + j, c)>
#v = affine_map<(n, y, x, i, j, c, f) -> (f, i, j, c)>
#o = affine_map<(n, y, x, i, j, c, f) -> (n, y, x, f)>

// A filter that is not known is transformed in the call, and takes no room of the constants.
// CHECK: #[[W:.*]] = affine_map<(d0, d1, d2, d3) -> (d3, d0, d1, d2)>
// CHECK-LABEL: func @fed
// CHECK: %[[E:.*]] = tensor.empty() : tensor<147456xf32>
// CHECK: %[[U:.*]] = kernel.winograd_filter %arg1, %[[E]] {map = #[[W]], sizes = array<i64: 64, 64>, step = 4 : i64, width = 16 : i64}
// CHECK: kernel.winograd ins(%arg0, %[[U]] :
func.func @fed(%x: tensor<1x26x26x64xf32>, %w: tensor<64x3x3x64xf32>) -> tensor<1x24x24x64xf32> {
  %e = tensor.empty() : tensor<1x24x24x64xf32>
  %y = kernel.contract ins(%x, %w : tensor<1x26x26x64xf32>, tensor<64x3x3x64xf32>) outs(%e : tensor<1x24x24x64xf32>)
      attributes {maps = [#x, #v, #o], sizes = array<i64: 1, 24, 24, 3, 3, 64, 64>, vector_dim = 6 : i64,
                  row_dim = 2 : i64, tile = array<i64: 6, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x24x24x64xf32>
  return %y : tensor<1x24x24x64xf32>
}

// -----

#x = affine_map<(n, y, x, i, j, c, f) -> (n, y + i, x + j, c)>
#x2 = affine_map<(n, y, x, i, j, c, f) -> (n, y * 2 + i, x * 2 + j, c)>
#w = affine_map<(n, y, x, i, j, c, f) -> (i, j, c, f)>
#o = affine_map<(n, y, x, i, j, c, f) -> (n, y, x, f)>

// Must not change: a stride, no room for a larger filter, and too few results for the transform of
// a filter.
// CHECK-LABEL: func @others
// CHECK-NOT: kernel.winograd
// CHECK: return
func.func @others(%x: tensor<1x49x49x64xf32>, %z: tensor<1x26x26x64xf32>, %t: tensor<1x6x6x64xf32>, %v: tensor<3x3x64x64xf32>) -> (tensor<1x24x24x64xf32>, tensor<1x4x4x64xf32>, tensor<1x24x24x64xf32>) {
  %w = arith.constant dense<0.5> : tensor<3x3x64x64xf32>
  %e = tensor.empty() : tensor<1x24x24x64xf32>
  %a = kernel.contract ins(%x, %w : tensor<1x49x49x64xf32>, tensor<3x3x64x64xf32>) outs(%e : tensor<1x24x24x64xf32>)
      attributes {maps = [#x2, #w, #o], sizes = array<i64: 1, 24, 24, 3, 3, 64, 64>, vector_dim = 6 : i64,
                  row_dim = 2 : i64, tile = array<i64: 6, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x24x24x64xf32>
  %f = tensor.empty() : tensor<1x4x4x64xf32>
  %b = kernel.contract ins(%t, %v : tensor<1x6x6x64xf32>, tensor<3x3x64x64xf32>) outs(%f : tensor<1x4x4x64xf32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 1, 4, 4, 3, 3, 64, 64>, vector_dim = 6 : i64,
                  row_dim = 2 : i64, tile = array<i64: 6, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x4x4x64xf32>
  %c = kernel.contract ins(%z, %w : tensor<1x26x26x64xf32>, tensor<3x3x64x64xf32>) outs(%e : tensor<1x24x24x64xf32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 1, 24, 24, 3, 3, 64, 64>, vector_dim = 6 : i64,
                  row_dim = 2 : i64, tile = array<i64: 6, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  } -> tensor<1x24x24x64xf32>
  return %a, %b, %c : tensor<1x24x24x64xf32>, tensor<1x4x4x64xf32>, tensor<1x24x24x64xf32>
}
