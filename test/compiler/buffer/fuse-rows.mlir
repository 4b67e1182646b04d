// RUN: fnc-opt %s --fnc-fuse-rows --canonicalize | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// Three passes over the rows are one loop, and what lies between them is a row.
// CHECK-LABEL: func @center
// CHECK-DAG: %[[SUM:.*]] = memref.alloc() : memref<1xf32>
// CHECK-DAG: %[[DIFFERENCE:.*]] = memref.alloc() : memref<32xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c64 step %c1
// CHECK: linalg.fill {{.*}} outs(%[[SUM]]
// CHECK: %[[X:.*]] = memref.subview %arg0[%[[I]], 0] [1, 32] [1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[X]]{{.*}} outs(%[[SUM]]
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : memref<1x32xf32>)
// CHECK: memref.subview %arg2[%[[I]], 0] [1, 32] [1, 1]
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @center(%x: memref<64x32xf32>, %scale: memref<32xf32>, %y: memref<64x32xf32>) attributes {fn.kernel} {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<64xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<64xf32>)
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<64x32xf32>) outs(%sum : memref<64xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  }
  %column = memref.expand_shape %sum [[0, 1]] output_shape [64, 1] : memref<64xf32> into memref<64x1xf32>
  %difference = memref.alloc() : memref<64x32xf32>
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i, 0)>, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %column : memref<64x32xf32>, memref<64x1xf32>) outs(%difference : memref<64x32xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%difference, %scale : memref<64x32xf32>, memref<32xf32>) outs(%y : memref<64x32xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// The second op reads rows that the first has not made yet: transposed, or the last one's.
// CHECK-LABEL: func @transposed
// CHECK-NOT: scf.for
// CHECK-LABEL: func @other_row
// CHECK-NOT: scf.for
// CHECK: return
func.func @transposed(%x: memref<16x16xf32>, %y: memref<16x16xf32>, %z: memref<16x16xf32>) attributes {fn.kernel} {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : memref<16x16xf32>) outs(%y : memref<16x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, #id], iterator_types = ["parallel", "parallel"]} ins(%y : memref<16x16xf32>) outs(%z : memref<16x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  return
}
func.func @other_row(%x: memref<16x16xf32>, %y: memref<16x16xf32>, %z: memref<16x16xf32>) attributes {fn.kernel} {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : memref<16x16xf32>) outs(%y : memref<16x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (15, j)>, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %y : memref<16x16xf32>, memref<16x16xf32>) outs(%z : memref<16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// A buffer that somebody reads later keeps all its rows.
// CHECK-LABEL: func @kept
// CHECK: memref.alloc() : memref<8x16xf32>
// CHECK: scf.for
func.func @kept(%x: memref<8x16xf32>, %y: memref<8x16xf32>, %z: memref<16xf32>) attributes {fn.kernel} {
  %e = memref.alloc() : memref<8x16xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : memref<8x16xf32>) outs(%e : memref<8x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%e : memref<8x16xf32>) outs(%y : memref<8x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]} ins(%e : memref<8x16xf32>) outs(%z : memref<16xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  }
  return
}
