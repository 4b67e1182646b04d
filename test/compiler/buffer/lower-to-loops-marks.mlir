// RUN: fnc-opt %s --fnc-lower-to-loops | FileCheck %s

// Vectors need no vectorizer, and what they leave over of an unknown size no copies.
// CHECK-DAG: #[[ROLLED:.*]] = #llvm.loop_annotation<disableNonforced = true>
// CHECK-DAG: #[[VECTORS:.*]] = #llvm.loop_annotation<vectorize = #loop_vectorize>

// CHECK-LABEL: func @open_size
// CHECK: vector.store
// CHECK-NEXT: } {llvm.loop_annotation = #[[VECTORS]]}
// CHECK: memref.store
// CHECK-NEXT: } {llvm.loop_annotation = #[[ROLLED]]}
func.func @open_size(%x: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%x : memref<?xf32>) {
  ^bb0(%e: f32):
    %y = arith.negf %e : f32
    linalg.yield %y : f32
  }
  return
}

// CHECK-LABEL: func @known_size
// CHECK: vector.store
// CHECK-NEXT: } {llvm.loop_annotation = #[[VECTORS]]}
// CHECK-NOT: = #[[ROLLED]]}
// CHECK: return
func.func @known_size(%x: memref<10xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%x : memref<10xf32>) {
  ^bb0(%e: f32):
    %y = arith.negf %e : f32
    linalg.yield %y : f32
  }
  return
}

// The first of the blocks of rows is the one that runs.
// CHECK-LABEL: func @open_rows
// CHECK: scf.yield {{.*}} : vector<8xf32>, vector<8xf32>
// CHECK-NEXT: } {llvm.loop_annotation = #[[VECTORS]]}
// CHECK: scf.yield {{.*}} : vector<8xf32>
// CHECK-NEXT: } {llvm.loop_annotation = #[[ROLLED]]}
// CHECK: vector.store
// CHECK-NEXT: } {llvm.loop_annotation = #[[ROLLED]]}
func.func @open_rows(%x: memref<?x64xf32>, %w: memref<64x8xf32>, %y: memref<?x8xf32>) {
  kernel.contract ins(%x, %w : memref<?x64xf32>, memref<64x8xf32>) outs(%y : memref<?x8xf32>)
      attributes {maps = [affine_map<(r, c, k) -> (r, k)>, affine_map<(r, c, k) -> (k, c)>,
                          affine_map<(r, c, k) -> (r, c)>],
                  sizes = array<i64: -1, 8, 64>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 2, 8, 1>, by_rows} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}
