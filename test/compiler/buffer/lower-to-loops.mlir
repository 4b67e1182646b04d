// RUN: fnc-opt %s --fnc-lower-to-loops="registers=0" --canonicalize --cse | FileCheck %s

#x = affine_map<(i, j, k) -> (i, k)>
#y = affine_map<(i, j, k) -> (k, j)>
#t = affine_map<(i, j, k) -> (j, k)>
#b = affine_map<(i, j, k) -> (j)>
#o = affine_map<(i, j, k) -> (i, j)>

// A block of the result stays in registers over the reduction, and goes through the epilogue before
// it is stored. Eight columns, then four; four rows, then the two that are left.
// CHECK-LABEL: func @matmul
// CHECK: scf.for %[[J:.*]] = %c0 to %c16 step %c8
// CHECK: scf.for %[[I:.*]] = %c0 to %c8 step %c4
// CHECK: %[[SUMS:.*]]:4 = scf.for %[[L:.*]] = %c0 to %c32 step %c1 iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: memref.load
// CHECK: vector.broadcast
// CHECK: vector.load {{.*}} : memref<640xf32, strided<[1]>>, vector<8xf32>
// CHECK-NOT: vector.load
// CHECK: arith.mulf {{.*}} fastmath<contract>
// CHECK: %[[BIAS:.*]] = vector.load {{.*}} : memref<20xf32
// CHECK: %[[Y:.*]] = arith.addf %[[SUMS]]#0, %[[BIAS]] : vector<8xf32>
// CHECK: vector.store %[[Y]], %{{.*}} : memref<200xf32
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>) {
// CHECK: scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
func.func @matmul(%a: memref<10x32xf32>, %b: memref<32x20xf32>, %bias: memref<20xf32>, %c: memref<10x20xf32>) {
  kernel.contract ins(%a, %b, %bias : memref<10x32xf32>, memref<32x20xf32>, memref<20xf32>)
      outs(%c : memref<10x20xf32>)
      attributes {maps = [#x, #y, #b, #o], sizes = array<i64: 10, 20, 32>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32, %z: f32):
    %r = arith.addf %sum, %z : f32
    kernel.yield %r : f32
  }
  return
}

// The elements of the vectors of a block of dot products are added up together: pairs of vectors
// become one of the sums of neighbours, and a row of results is finished at once.
// CHECK-LABEL: func @dot_rows
// CHECK: %[[V:.*]]:4 = scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK: %[[E:.*]] = vector.shuffle %[[V]]#0, %[[V]]#1 [0, 4, 2, 6]
// CHECK: %[[O:.*]] = vector.shuffle %[[V]]#0, %[[V]]#1 [1, 5, 3, 7]
// CHECK: %[[AB:.*]] = arith.addf %[[E]], %[[O]]
// CHECK: %[[CD:.*]] = arith.addf
// CHECK: vector.shuffle %[[AB]], %[[CD]] [0, 1, 4, 5]
// CHECK: vector.shuffle %[[AB]], %[[CD]] [2, 3, 6, 7]
// CHECK: %[[SUMS:.*]] = arith.addf
// CHECK: vector.shuffle %[[SUMS]], %[[SUMS]] [0, 1]
// CHECK: vector.store {{.*}} vector<2xf32>
// CHECK: vector.store {{.*}} vector<2xf32>
func.func @dot_rows(%a: memref<6x20xf32>, %b: memref<4x20xf32>, %c: memref<6x4xf32>) {
  kernel.contract ins(%a, %b : memref<6x20xf32>, memref<4x20xf32>) outs(%c : memref<6x4xf32>)
      attributes {dot, maps = [#x, #t, #o], sizes = array<i64: 6, 4, 20>, vector_dim = 2 : i64,
                  row_dim = 0 : i64, column_dim = 1 : i64, tile = array<i64: 2, 2, 4>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Both operands contiguous along the sum: vectors there, their elements added at the end, the rest
// of the terms one by one.
// CHECK-LABEL: func @transposed
// CHECK: %[[V:.*]]:4 = scf.for %{{.*}} = %c0 to %c20 step %c4 iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK: vector.reduction <add>, %[[V]]#0 fastmath<reassoc>
// CHECK: arith.mulf {{.*}} fastmath<contract> : f32
func.func @transposed(%a: memref<6x21xf32>, %b: memref<4x21xf32>, %c: memref<6x4xf32>) {
  kernel.contract ins(%a, %b : memref<6x21xf32>, memref<4x21xf32>) outs(%c : memref<6x4xf32>)
      attributes {dot, maps = [#x, #t, #o], sizes = array<i64: 6, 4, 21>, vector_dim = 2 : i64,
                  row_dim = 0 : i64, column_dim = 1 : i64, tile = array<i64: 2, 2, 4>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Blocks of rows outside of columns.
// CHECK-LABEL: func @by_rows
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c2
// CHECK: scf.for %{{.*}} = %c0 to %c16 step %c8
// CHECK: scf.for %{{.*}} = %c0 to %c10 step %c1 {{.*}} -> (vector<8xf32>, vector<8xf32>)
func.func @by_rows(%a: memref<8x10xf32>, %b: memref<10x16xf32>, %c: memref<8x16xf32>) {
  kernel.contract ins(%a, %b : memref<8x10xf32>, memref<10x16xf32>) outs(%c : memref<8x16xf32>)
      attributes {by_rows, maps = [#x, #y, #o], sizes = array<i64: 8, 16, 10>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 2, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// What a row of ten columns has beyond eight is in the same tile: one loop over the terms, in which
// both share what is loaded of a.
// CHECK-LABEL: func @rest_beside
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c2
// CHECK-NEXT: %[[FROM:.*]] = arith.muli
// CHECK: scf.for %{{.*}} -> (vector<8xf32>, vector<2xf32>, vector<8xf32>, vector<2xf32>)
// CHECK: %[[A:.*]] = memref.load
// CHECK: vector.broadcast %[[A]] : f32 to vector<8xf32>
// CHECK: vector.broadcast %[[A]] : f32 to vector<2xf32>
// CHECK-NOT: scf.for
// CHECK: vector.store %{{.*}} : memref<80xf32, strided<[1]>>, vector<8xf32>
// CHECK: vector.store %{{.*}} : memref<80xf32, strided<[1]>>, vector<2xf32>
// CHECK: return
func.func @rest_beside(%a: memref<8x16xf32>, %b: memref<16x10xf32>, %c: memref<8x10xf32>) {
  kernel.contract ins(%a, %b : memref<8x16xf32>, memref<16x10xf32>) outs(%c : memref<8x10xf32>)
      attributes {by_rows, maps = [#x, #y, #o], sizes = array<i64: 8, 10, 16>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 2, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// A sum in pieces of three terms: all of the result is loaded, added to and stored in each of them.
// The last piece is shorter.
// CHECK-LABEL: func @pieces
// CHECK: scf.for %[[FROM:.*]] = %c0 to %c10 step %c3
// CHECK: %[[LEFT:.*]] = arith.subi %c10, %[[FROM]]
// CHECK: %[[STEPS:.*]] = arith.minui %[[LEFT]], %c3
// CHECK: scf.for %{{.*}} = %c0 to %c16 step %c8
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c2
// CHECK: %[[OLD:.*]] = vector.load %{{.*}} : memref<128xf32
// CHECK: scf.for %{{.*}} = %c0 to %[[STEPS]] step %c1 iter_args(%{{.*}} = %[[OLD]], {{.*}} -> (vector<8xf32>, vector<8xf32>)
// CHECK: vector.store %{{.*}} : memref<128xf32
func.func @pieces(%a: memref<8x10xf32>, %b: memref<10x16xf32>, %c: memref<8x16xf32>) {
  kernel.contract ins(%a, %b : memref<8x10xf32>, memref<10x16xf32>) outs(%c : memref<8x16xf32>)
      attributes {maps = [#x, #y, #o], sizes = array<i64: 8, 16, 10>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 2, 8, 1>, piece = array<i64: 2, 3>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Blocks of 16 columns of the right operand are copied, panel by panel of 8, before rows of unknown
// count meet them; fewer than 24 of these meet it as it is. What columns are left are a block of 4.
// CHECK-LABEL: func @blocks
// CHECK: %[[MANY:.*]] = arith.cmpi uge, %{{.*}}, %c24
// CHECK: scf.if %[[MANY]] {
// CHECK: scf.for %[[FIRST:.*]] = %c0 to %c40 step %c16
// CHECK: %[[LEFT:.*]] = arith.subi %c40, %[[FIRST]]
// CHECK: %[[COUNT:.*]] = arith.minui %[[LEFT]], %c16
// CHECK: scf.for %[[PANEL:.*]] = %c0 to %[[COUNT]] step %c8
// CHECK: %[[TO:.*]] = arith.muli %[[PANEL]], %c3
// CHECK: scf.for %[[K:.*]] = %c0 to %c3 step %c1
// CHECK: %[[TERM:.*]] = arith.muli %[[K]], %c8
// CHECK: %[[AT:.*]] = arith.addi %[[TO]], %[[TERM]]
// CHECK: %[[ROW:.*]] = vector.load %{{.*}} : memref<132xf32
// CHECK: vector.store %[[ROW]], %{{.*}}[%[[AT]]] : memref<48xf32
// CHECK: scf.for {{.*}} step %c4
// CHECK: scf.for {{.*}} to %[[COUNT]] step %c8
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: vector.load %{{.*}} : memref<48xf32
// CHECK: vector.load %{{.*}} : memref<132xf32, strided<[1]>>, vector<4xf32>
// CHECK: vector.store %{{.*}} : memref<48xf32, strided<[1]>>, vector<4xf32>
// CHECK: } else {
// CHECK-NOT: memref<48xf32
// CHECK: return
func.func @blocks(%a: memref<?x3xf32>, %b: memref<3x44xf32>, %c: memref<?x44xf32>, %s: memref<48xf32>) {
  kernel.contract ins(%a, %b : memref<?x3xf32>, memref<3x44xf32>) outs(%c : memref<?x44xf32>)
      scratch(%s : memref<48xf32>)
      attributes {maps = [#x, #y, #o], sizes = array<i64: -1, 44, 3>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 4, 8, 1>, block = array<i64: 3, 16, 24>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Where the terms of a column are neighbours, squares are turned on their way into the block; the
// terms that are left over go one by one.
// CHECK-LABEL: func @turned
// CHECK: scf.for %{{.*}} = %c0 to %c20 step %c4
// CHECK: scf.for %{{.*}} = %c0 to %{{.*}} step %c4
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c4
// CHECK-COUNT-4: vector.load %{{.*}} : memref<200xf32, strided<[1]>>, vector<4xf32>
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store %{{.*}} : memref<40xf32, strided<[1]>>, vector<4xf32>
// CHECK: scf.for %{{.*}} = %c8 to %c10 step %c1
// CHECK-COUNT-4: memref.load %{{.*}} : memref<200xf32
func.func @turned(%a: memref<8x10xf32>, %b: memref<20x10xf32>, %c: memref<8x20xf32>, %s: memref<40xf32>) {
  kernel.contract ins(%a, %b : memref<8x10xf32>, memref<20x10xf32>) outs(%c : memref<8x20xf32>)
      scratch(%s : memref<40xf32>)
      attributes {maps = [#x, #t, #o], sizes = array<i64: 8, 20, 10>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 4, 4, 1>, block = array<i64: 10, 4, 8>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Packed columns: those of a block of 8, term after term, then those of a block of 4. Rows of
// unknown count: four at once, then two, then one.
// CHECK-LABEL: func @packed
// CHECK: scf.for %[[J:.*]] = %c0 to %c16 step %c8
// CHECK: %[[PANEL:.*]] = arith.muli %[[J]], %c3
// CHECK: scf.for {{.*}} step %c4
// CHECK: scf.for %[[K:.*]] = %c0 to %c3 step %c1 {{.*}} -> (vector<8xi32>, vector<8xi32>, vector<8xi32>, vector<8xi32>)
// CHECK: %[[TERM:.*]] = arith.muli %[[K]], %c8
// CHECK: %[[AT:.*]] = arith.addi %[[PANEL]], %[[TERM]]
// CHECK: vector.load %{{.*}}[%[[AT]]] : memref<60xi32
// CHECK: scf.for {{.*}} step %c2
// CHECK: scf.for {{.*}} step %c1
// CHECK: vector.load %{{.*}} : memref<60xi32, strided<[1]>>, vector<4xi32>
func.func @packed(%a: memref<?x3xi32>, %b: memref<60xi32>, %c: memref<?x20xi32>) {
  kernel.contract ins(%a, %b : memref<?x3xi32>, memref<60xi32>) outs(%c : memref<?x20xi32>)
      attributes {packed, maps = [#x, #y, #o], sizes = array<i64: -1, 20, 3>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: i32):
    kernel.yield %sum : i32
  }
  return
}

// What lies far comes while sums are made: beside each row where it will be stored, and in each step
// a piece of the next panel, which is 2048 elements away. Four blocks of rows fetch a quarter each.
// CHECK-LABEL: func @ahead
// CHECK: scf.for %[[J:.*]] = %c0 to %c2048 step %c32
// CHECK: %[[PANEL:.*]] = arith.muli %[[J]], %c64
// CHECK: %[[NEXT:.*]] = arith.addi %[[PANEL]], %c2048
// CHECK: scf.for %[[I:.*]] = %c0 to %c32 step %c8
// CHECK: %[[QUARTER:.*]] = arith.muli %[[I]], %c64
// CHECK: %[[FROM:.*]] = arith.addi %[[NEXT]], %[[QUARTER]]
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c8 step %c1 iter_args
// CHECK: %[[K0:.*]] = arith.muli %[[ROW]], %c8
// CHECK: %[[K1:.*]] = arith.addi %[[K0]], %c8
// CHECK-COUNT-2: memref.prefetch %{{.*}}, write, locality<3>, data : memref<65536xf32
// CHECK-NOT: memref.prefetch
// CHECK: scf.for %[[K:.*]] = %[[K0]] to %[[K1]] step %c1 {{.*}} vector<32xf32>
// CHECK: %[[TERM:.*]] = arith.muli %[[K]], %c8
// CHECK: %[[AT:.*]] = arith.addi %[[FROM]], %[[TERM]]
// CHECK: memref.prefetch %{{.*}}[%[[AT]]], read, locality<2>, data : memref<131072xf32
// CHECK-NOT: memref.prefetch
func.func @ahead(%a: memref<32x64xf32>, %b: memref<131072xf32>, %c: memref<32x2048xf32>) {
  kernel.contract ins(%a, %b : memref<32x64xf32>, memref<131072xf32>) outs(%c : memref<32x2048xf32>)
      attributes {packed, maps = [#x, #y, #o], sizes = array<i64: 32, 2048, 64>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Blocks in rows of their own fetch a piece each, too: here a half.
// CHECK-LABEL: func @passing_ahead
// CHECK: scf.for %[[J:.*]] = %c0 to %c2048 step %c32
// CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %c2048
// CHECK: scf.for %[[I:.*]] = %c0 to %c2 step %c1
// CHECK: %[[HALF:.*]] = arith.muli %[[I]], %c1024
// CHECK: %[[FROM:.*]] = arith.addi %[[NEXT]], %[[HALF]]
// CHECK: %[[TERM:.*]] = arith.muli %{{.*}}, %c16
// CHECK: %[[AT:.*]] = arith.addi %[[FROM]], %[[TERM]]
// CHECK: memref.prefetch %{{.*}}[%[[AT]]], read, locality<2>, data : memref<131072xf32
func.func @passing_ahead(%a: memref<2x8x64xf32>, %b: memref<131072xf32>, %c: memref<2x9x2048xf32>) {
  %rows = memref.subview %c[0, 0, 0] [2, 8, 2048] [1, 1, 1]
      : memref<2x9x2048xf32> to memref<2x8x2048xf32, strided<[18432, 2048, 1]>>
  kernel.contract ins(%a, %b : memref<2x8x64xf32>, memref<131072xf32>)
      outs(%rows : memref<2x8x2048xf32, strided<[18432, 2048, 1]>>)
      attributes {packed, maps = [affine_map<(h, i, j, k) -> (h, i, k)>,
                                  affine_map<(h, i, j, k) -> (k, j)>,
                                  affine_map<(h, i, j, k) -> (h, i, j)>],
                  sizes = array<i64: 2, 8, 2048, 64>, vector_dim = 2 : i64,
                  row_dim = 1 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// What later ops read: each of 32 rows by 4 panels fetches 8 elements of 1000. Loops of one step,
// as that over %u, are none.
// CHECK-LABEL: func @constants_ahead
// CHECK: %[[LATER:.*]] = memref.get_global @later
// CHECK: scf.for %[[J:.*]] = %c0 to %c128 step %c32
// CHECK: %[[PANEL:.*]] = arith.muli %[[J]], %c8
// CHECK: %[[AT:.*]] = arith.addi %[[PANEL]], %c24
// CHECK: scf.for %[[I:.*]] = %c0 to %c32 step %c8
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c8 step %c1 iter_args
// CHECK: memref.prefetch {{.*}} read, locality<2>, data : memref<2000xf32
// CHECK: scf.for {{.*}} step %c1 {{.*}} vector<32xf32>
// CHECK-NOT: scf.for
// CHECK: vector.load
memref.global "private" constant @later : memref<2000xf32> = dense<1.0>
func.func @constants_ahead(%a: memref<32x64xf32>, %b: memref<8192xf32>, %c: memref<32x128xf32>) {
  kernel.contract ins(%a, %b : memref<32x64xf32>, memref<8192xf32>) outs(%c : memref<32x128xf32>)
      attributes {packed, maps = [affine_map<(i, j, u, k) -> (i + u, k)>,
                                  affine_map<(i, j, u, k) -> (u, k, j)>,
                                  affine_map<(i, j, u, k) -> (i, j)>],
                  sizes = array<i64: 32, 128, 1, 64>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 8, 32, 1>,
                  ahead = [@later], ahead_ranges = array<i64: 24, 1000>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Of a matrix that is not packed each of 32 rows fetches two of the next panel's 64.
// CHECK-LABEL: func @terms_ahead
// CHECK: scf.for %[[J:.*]] = %c0 to %c2048 step %c32
// CHECK: %[[NEXT:.*]] = arith.addi %[[J]], %c32
// CHECK: scf.for %[[I:.*]] = %c0 to %c32 step %c8
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c8 step %c1 iter_args
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1
// CHECK-COUNT-2: memref.prefetch %{{.*}}, read, locality<2>, data : memref<131072xf32
// CHECK: scf.for {{.*}} vector<32xf32>
func.func @terms_ahead(%a: memref<32x64xf32>, %b: memref<64x2048xf32>, %c: memref<32x2048xf32>) {
  kernel.contract ins(%a, %b : memref<32x64xf32>, memref<64x2048xf32>) outs(%c : memref<32x2048xf32>)
      attributes {maps = [#x, #y, #o], sizes = array<i64: 32, 2048, 64>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Divisions are slow and leave the multipliers idle: the sums of a block wait in a scratch, and its
// rows are divided beside the sums of the next one. The last block is divided behind the loop.
// CHECK-LABEL: func @late
// CHECK: %[[SCRATCH:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32xf32>
// CHECK: scf.for %{{.*}} = %c0 to %c16 step %c8
// CHECK: scf.for {{.*}} = %c0 to %c64 step %c1 {{.*}} vector<8xf32>
// CHECK-COUNT-4: vector.store {{.*}} memref<32xf32
// CHECK: scf.for %[[I:.*]] = %c4 to %c12 step %c4
// CHECK: scf.for %[[ROW:.*]] = %c0 to %c4 step %c1 iter_args
// CHECK: scf.for {{.*}} step %c1 {{.*}} vector<8xf32>
// CHECK: vector.load {{.*}} memref<32xf32
// CHECK: arith.divf
// CHECK: vector.store {{.*}} memref<192xf32
// CHECK: scf.yield
// CHECK-COUNT-4: vector.store {{.*}} memref<32xf32
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1
// CHECK: arith.divf
func.func @late(%a: memref<12x64xf32>, %b: memref<64x16xf32>, %c: memref<12x16xf32>) {
  kernel.contract ins(%a, %b, %c : memref<12x64xf32>, memref<64x16xf32>, memref<12x16xf32>)
      outs(%c : memref<12x16xf32>)
      attributes {maps = [#x, #y, #o, #o], sizes = array<i64: 12, 16, 64>, vector_dim = 1 : i64,
                  row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32, %old: f32):
    %r = arith.divf %old, %sum : f32
    kernel.yield %r : f32
  }
  return
}

// A single row looks 8 KiB ahead.
// CHECK-LABEL: func @row_ahead
// CHECK: scf.for %{{.*}} = %c0 to %c64 step %c1
// CHECK: memref.prefetch {{.*}} read, locality<2>, data : memref<131072xf32
func.func @row_ahead(%a: memref<1x64xf32>, %b: memref<131072xf32>, %c: memref<1x2048xf32>) {
  kernel.contract ins(%a, %b : memref<1x64xf32>, memref<131072xf32>) outs(%c : memref<1x2048xf32>)
      attributes {packed, maps = [#x, #y, #o], sizes = array<i64: 1, 2048, 64>, vector_dim = 1 : i64,
                  tile = array<i64: 1, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// What does not go along a vector is taken element by element.
// CHECK-LABEL: func @apart
// CHECK-COUNT-4: memref.store
func.func @apart(%a: memref<1x3xf32>, %b: memref<3x4xf32>, %c: memref<1x4xf32, strided<[8, 2]>>) {
  kernel.contract ins(%a, %b : memref<1x3xf32>, memref<3x4xf32>)
      outs(%c : memref<1x4xf32, strided<[8, 2]>>)
      attributes {maps = [#x, #y, #o], sizes = array<i64: 1, 4, 3>, vector_dim = 1 : i64,
                  tile = array<i64: 1, 4, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Other ops: rows of the result innermost, i, k, j. A dot product inside would be a chain of
// additions.
// CHECK-LABEL: func @loops
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %c8
// CHECK: scf.for %[[L:.*]] = %{{.*}} to %c32
// CHECK: scf.for %[[J:.*]] = %{{.*}} to %c16
// CHECK: memref.load %arg0[%[[I]], %[[L]]]
// CHECK: memref.load %arg1[%[[L]], %[[J]]]
// CHECK: memref.store %{{.*}}, %arg2[%[[I]], %[[J]]]
func.func @loops(%a: memref<8x32xf32>, %b: memref<32x16xf32>, %c: memref<8x16xf32>) {
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

// A border is four slabs: above, below, and left and right of the middle.
// CHECK-LABEL: func @border
// CHECK-COUNT-4: memref.subview
// CHECK-NOT: memref.subview
func.func @border(%m: memref<?x8xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.fill_border %zero, %m low [1, 2] high [1, 1] : f32, memref<?x8xf32>
  return
}
