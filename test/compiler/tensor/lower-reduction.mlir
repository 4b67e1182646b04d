// RUN: fnc-opt %s --fnc-lower-to-linalg | FileCheck %s

// The best element so far is kept in f32: targets without bf16 would call a routine to round it.
// CHECK-LABEL: func @argmin
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<?x4xbf16>) outs(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xi32>)
// CHECK: arith.extf %{{.*}} : bf16 to f32
// CHECK: return %{{.*}} : tensor<4xi32>
func.func @argmin(%x: tensor<?x4xbf16>) -> tensor<4xi32> {
  %i = fn.argmin %x {axis = 0 : i64} : (tensor<?x4xbf16>) -> tensor<4xi32>
  return %i : tensor<4xi32>
}

// One division a row.
// CHECK-LABEL: func @softmax
// CHECK: %[[MORE:.*]] = arith.cmpf ogt, %[[X:.*]], %[[MAX:.*]] : f32
// CHECK: arith.select %[[MORE]], %[[X]], %[[MAX]] : f32
// CHECK: arith.divf
// CHECK: } -> tensor<4x1xf32>
// CHECK: arith.mulf
// CHECK: } -> tensor<4x8xf32>
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = fn.softmax %x {axis = 1 : i64} : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
