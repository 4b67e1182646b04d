// RUN: fnc-opt %s --fnc-lower-to-loops --canonicalize | FileCheck %s

// Rows of the result innermost: i, k, j. A dot product inside would be a chain of additions.
// CHECK-LABEL: func @matmul
// CHECK-DAG: %[[M:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[N:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[K:.*]] = arith.constant 32 : index
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[M]]
// CHECK: scf.for %[[L:.*]] = %{{.*}} to %[[K]]
// CHECK: scf.for %[[J:.*]] = %{{.*}} to %[[N]]
// CHECK: memref.load %arg0[%[[I]], %[[L]]]
// CHECK: memref.load %arg1[%[[L]], %[[J]]]
// CHECK: memref.store %{{.*}}, %arg2[%[[I]], %[[J]]]
func.func @matmul(%a: memref<8x32xf32>, %b: memref<32x16xf32>, %c: memref<8x16xf32>) {
  linalg.matmul ins(%a, %b : memref<8x32xf32>, memref<32x16xf32>) outs(%c : memref<8x16xf32>)
  return
}

// Must not change: no linalg.
// CHECK-LABEL: func @plain
// CHECK-NEXT: memref.load
// CHECK-NEXT: return
func.func @plain(%x: memref<f32>) -> f32 {
  %v = memref.load %x[] : memref<f32>
  return %v : f32
}
