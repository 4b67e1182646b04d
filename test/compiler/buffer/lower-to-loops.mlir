// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=128 registers=16" --canonicalize --cse | FileCheck %s
// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=512 registers=32" --canonicalize --cse | FileCheck %s --check-prefix=WIDE
// RUN: fnc-opt %s --fnc-lower-to-loops="registers=0" --canonicalize | FileCheck %s --check-prefix=NONE

// Four rows of two vectors each stay in registers over the reduction; the fill is their start.
// CHECK-LABEL: func @matmul
// CHECK-NOT: linalg
// CHECK: scf.for %[[J:.*]] = %c0 to %c16 step %c8
// CHECK: scf.for %[[I:.*]] = %c0 to %c8 step %c4
// CHECK: %[[SUMS:.*]]:4 = scf.for %[[L:.*]] = %c0 to %c32 step %c1 iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: memref.load %arg0[%[[I]], %[[L]]]
// CHECK: vector.broadcast
// CHECK: vector.load %arg1[%[[L]], %[[J]]] : memref<32x16xf32>, vector<8xf32>
// CHECK-NOT: vector.load
// CHECK: arith.mulf {{.*}} fastmath<contract>
// CHECK: vector.store %[[SUMS]]#0, %arg2[%[[I]], %[[J]]]
// WIDE-LABEL: func @matmul
// WIDE: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)

// Without registers: rows of the result innermost, i, k, j. A dot product inside would be a chain
// of additions.
// NONE-LABEL: func @matmul
// NONE-DAG: %[[M:.*]] = arith.constant 8 : index
// NONE-DAG: %[[N:.*]] = arith.constant 16 : index
// NONE-DAG: %[[K:.*]] = arith.constant 32 : index
// NONE: memref.store
// NONE: scf.for %[[I:.*]] = %{{.*}} to %[[M]]
// NONE: scf.for %[[L:.*]] = %{{.*}} to %[[K]]
// NONE: scf.for %[[J:.*]] = %{{.*}} to %[[N]]
// NONE: memref.load %arg0[%[[I]], %[[L]]]
// NONE: memref.load %arg1[%[[L]], %[[J]]]
// NONE: memref.store %{{.*}}, %arg2[%[[I]], %[[J]]]
func.func @matmul(%a: memref<8x32xf32>, %b: memref<32x16xf32>, %c: memref<8x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<8x16xf32>)
  linalg.matmul ins(%a, %b : memref<8x32xf32>, memref<32x16xf32>) outs(%c : memref<8x16xf32>)
  return
}

// Both operands contiguous along the sum: vectors there, their elements added at the end, the rest
// of the terms one by one.
// CHECK-LABEL: func @transposed
// CHECK: %[[V:.*]]:4 = scf.for %{{.*}} = %c0 to %c20 step %c4 iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK: vector.reduction <add>, %[[V]]#0 fastmath<reassoc>
// CHECK: arith.mulf {{.*}} fastmath<contract> : f32
func.func @transposed(%a: memref<6x21xf32>, %b: memref<4x21xf32>, %c: memref<6x4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<6x21xf32>, memref<4x21xf32>) outs(%c : memref<6x4xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %p = arith.mulf %x, %y : f32
    %r = arith.addf %s, %p : f32
    linalg.yield %r : f32
  }
  return
}

// Rows of unknown count: six at once, then one by one. Columns: a block of 8, one of 4, then two
// elements.
// CHECK-LABEL: func @rest
// CHECK: scf.for %{{.*}} step %c6
// CHECK: scf.for {{.*}} -> (vector<8xi32>, vector<8xi32>, vector<8xi32>, vector<8xi32>, vector<8xi32>, vector<8xi32>)
// CHECK: scf.for %{{.*}} step %c1
// CHECK: scf.for {{.*}} -> (vector<8xi32>)
// CHECK: vector.store %{{.*}}, vector<4xi32>
// CHECK: scf.for %{{.*}} = %c12 to %c14 step %c1
// CHECK: memref.store %{{.*}} : memref<?x14xi32>
func.func @rest(%a: memref<?x3xi32>, %b: memref<3x14xi32>, %c: memref<?x14xi32>) {
  linalg.matmul ins(%a, %b : memref<?x3xi32>, memref<3x14xi32>) outs(%c : memref<?x14xi32>)
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
