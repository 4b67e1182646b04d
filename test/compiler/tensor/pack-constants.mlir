// RUN: fnc-opt %s --fnc-pack-constants | FileCheck %s

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#o = affine_map<(i, j, k) -> (i, j)>

// Columns 0 to 3, term after term, then columns 4 and 5.
// CHECK-LABEL: func @columns
// CHECK: %[[W:.*]] = arith.constant dense<[0, 1, 2, 3, 6, 7, 8, 9, 4, 5, 10, 11]> : tensor<12xi32>
// CHECK: kernel.contract ins(%arg0, %[[W]] : {{.*}}) {{.*}} packed
func.func @columns(%x: tensor<1x2xi32>, %out: tensor<1x6xi32>) -> tensor<1x6xi32> {
  %w = arith.constant dense<[[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]> : tensor<2x6xi32>
  %y = kernel.contract ins(%x, %w : tensor<1x2xi32>, tensor<2x6xi32>) outs(%out : tensor<1x6xi32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 1, 6, 2>, vector_dim = 1 : i64,
                  tile = array<i64: 1, 4, 1>} {
  ^bb0(%sum: i32):
    kernel.yield %sum : i32
  } -> tensor<1x6xi32>
  return %y : tensor<1x6xi32>
}

// Must not change: what is no constant.
// CHECK-LABEL: func @variable
// CHECK-NOT: packed
// CHECK: return
func.func @variable(%x: tensor<1x2xi32>, %w: tensor<2x6xi32>, %out: tensor<1x6xi32>) -> tensor<1x6xi32> {
  %y = kernel.contract ins(%x, %w : tensor<1x2xi32>, tensor<2x6xi32>) outs(%out : tensor<1x6xi32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 1, 6, 2>, vector_dim = 1 : i64,
                  tile = array<i64: 1, 4, 1>} {
  ^bb0(%sum: i32):
    kernel.yield %sum : i32
  } -> tensor<1x6xi32>
  return %y : tensor<1x6xi32>
}

// Terms in groups of two, the last one filled up with a zero: columns 0 and 1, then column 2.
// CHECK-LABEL: func @groups
// CHECK: %[[W:.*]] = arith.constant dense<[1, 4, 2, 5, 7, 0, 8, 0, 3, 6, 9, 0]> : tensor<12xi8>
// CHECK: kernel.contract ins(%arg0, %[[W]] : {{.*}}) {{.*}}group = 2 {{.*}} packed
func.func @groups(%x: tensor<1x3xi8>, %out: tensor<1x3xi32>) -> tensor<1x3xi32> {
  %w = arith.constant dense<[[1, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi8>
  %y = kernel.contract ins(%x, %w : tensor<1x3xi8>, tensor<3x3xi8>) outs(%out : tensor<1x3xi32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 1, 3, 3>, vector_dim = 1 : i64,
                  tile = array<i64: 1, 2, 1>, group = 2 : i64} {
  ^bb0(%sum: i32):
    kernel.yield %sum : i32
  } -> tensor<1x3xi32>
  return %y : tensor<1x3xi32>
}
