// RUN: fnc-opt %s --fnc-bufferize --canonicalize | FileCheck %s

// A filled tensor that two ops add to is filled for each, not kept and copied.
// CHECK-LABEL: func.func @sums
// CHECK: linalg.fill
// CHECK-NOT: linalg.copy
// CHECK: linalg.matmul
// CHECK: linalg.fill
// CHECK-NOT: linalg.copy
// CHECK: linalg.matmul
// CHECK-NOT: linalg.copy
func.func @sums(%a: tensor<4x4xf32> {bufferization.writable = false}) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%a, %0 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0, %1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// One user: computed where it was filled.
// CHECK-LABEL: func.func @sum
// CHECK: %[[M:.*]] = memref.alloc
// CHECK-NEXT: linalg.fill {{.*}} outs(%[[M]]
// CHECK-NEXT: linalg.matmul {{.*}} outs(%[[M]]
// CHECK-NEXT: return %[[M]]
func.func @sum(%a: tensor<4x4xf32> {bufferization.writable = false}) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
