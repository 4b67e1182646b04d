// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=256 registers=16" | FileCheck %s

// Whether a row ever falls; the sort only then. A row of 20 is two vectors and a half in registers.
// CHECK-LABEL: func @product
// CHECK: %[[FALLS:.*]] = scf.for {{.*}} iter_args({{.*}}) -> (i1)
// CHECK: arith.cmpi ugt
// CHECK: scf.if %[[FALLS]] {
// CHECK: memref.store %{{.*}}, %arg4
// CHECK: memref.store %{{.*}}, %arg5
// CHECK: memref.store %{{.*}}, %arg6
// CHECK: memref.prefetch %arg2
// CHECK: } else {
// CHECK: scf.while
// CHECK: %[[SUMS:.*]]:2 = scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>)
// CHECK: memref.load %arg1
// CHECK-COUNT-2: vector.load %arg2
// CHECK: vector.store %[[SUMS]]#0, %arg3
// CHECK: vector.store %[[SUMS]]#1, %arg3
// CHECK: scf.for {{.*}} -> (vector<4xf32>)
// CHECK: return
func.func @product(%i: memref<?x2xi64>, %v: memref<?xf32>, %w: memref<7x20xf32>, %y: memref<5x20xf32>,
                   %starts: memref<7xi64>, %places: memref<?xi32>, %sorted: memref<?xf32>) {
  kernel.coo_matmul ins(%i, %v, %w : memref<?x2xi64>, memref<?xf32>, memref<7x20xf32>)
    outs(%y, %starts, %places, %sorted : memref<5x20xf32>, memref<7xi64>, memref<?xi32>, memref<?xf32>) columns [0, 1]
  return
}
