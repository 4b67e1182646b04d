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

// Rows in two dimensions, of which only the call knows how many there are.
// CHECK-LABEL: func @batches
// CHECK-SAME: (%[[X:[^:]*]]: memref<?x?x128xf32>
// CHECK-DAG: %[[B:.*]] = memref.dim %{{.*}}, %c0
// CHECK-DAG: %[[S:.*]] = memref.dim %{{.*}}, %c1
// CHECK: scf.for %[[I:.*]] = %c0 to %[[B]] step %c1
// CHECK-NEXT: scf.for %[[J:.*]] = %c0 to %[[S]] step %c1
// CHECK: memref.subview %[[X]][%[[I]], %[[J]], 0] [1, 1, 128]
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : memref<1x1x128xf32>)
// CHECK: linalg.generic
// CHECK: } {fn.rows}
func.func @batches(%x: memref<?x?x128xf32> {fn.dims = affine_map<()[s0, s1] -> (s0, s1, 128)>}, %y: memref<?x?x128xf32> {fn.dims = affine_map<()[s0, s1] -> (s0, s1, 128)>}) attributes {fn.kernel, fn.symbols = [{}, {}]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = memref.dim %x, %c0 : memref<?x?x128xf32>
  %s = memref.dim %x, %c1 : memref<?x?x128xf32>
  %e = memref.alloc(%b, %s) : memref<?x?x128xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : memref<?x?x128xf32>) outs(%e : memref<?x?x128xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%e : memref<?x?x128xf32>) outs(%y : memref<?x?x128xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// Columns are no rows: vectors run along them.
// CHECK-LABEL: func @columns
// CHECK-NOT: scf.for
// CHECK: return
func.func @columns(%x: memref<7x64xf32>, %y: memref<64xf32>) attributes {fn.kernel} {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<64xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<7x64xf32>) outs(%sum : memref<64xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%sum : memref<64xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// Neither are single elements.
// CHECK-LABEL: func @elements
// CHECK-NOT: scf.for
// CHECK: return
func.func @elements(%x: memref<64xf32>, %y: memref<64xf32>, %z: memref<64xf32>) attributes {fn.kernel} {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : memref<64xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : memref<64xf32>) outs(%z : memref<64xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// Ops with as many rows and no buffer in common stay apart, though each reads what it writes.
// CHECK-LABEL: func @nothing_shared
// CHECK-NOT: scf.for
// CHECK: return
func.func @nothing_shared(%b: memref<32xf32>, %db: memref<32xf32>, %w: memref<32x10xf32>, %dw: memref<32x10xf32>) attributes {fn.kernel} {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%b, %db : memref<32xf32>, memref<32xf32>) outs(%db : memref<32xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %0 = arith.subf %x, %y : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %dw : memref<32x10xf32>, memref<32x10xf32>) outs(%dw : memref<32x10xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %0 = arith.subf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}
