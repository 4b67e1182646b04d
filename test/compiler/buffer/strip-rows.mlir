// RUN: fnc-opt %s --fnc-strip-rows --canonicalize | FileCheck %s

#q = affine_map<(h, i, j, k) -> (h, i, k)>
#k = affine_map<(h, i, j, k) -> (h, j, k)>
#s = affine_map<(h, i, j, k) -> (h, i, j)>
#v = affine_map<(h, i, j, e) -> (h, j, e)>
#p = affine_map<(h, i, j, e) -> (h, i, j)>
#y = affine_map<(h, i, j, e) -> (h, i, e)>
#all = affine_map<(h, i, j) -> (h, i, j)>
#row = affine_map<(h, i, j) -> (h, i)>
#kept = affine_map<(h, i, j) -> (h, i, 0)>
#seen = affine_map<(h, i, j) -> (i, j)>
#flat = affine_map<(i, j) -> (i, j)>

// Of 320 rows of each head 40 at a time; the mask, which heads share, is made for each.
// CHECK-LABEL: func @attention
// CHECK: scf.for %[[H:.*]] = %c0 to %c4 step %c1
// CHECK: scf.for %[[I:.*]] = %c0 to %c320 step %c40
// CHECK-COUNT-2: memref.alloc() : memref<1x40x512xf32>
// CHECK: %[[M:.*]] = memref.alloc() : memref<40x512xi1>
// CHECK-DAG: %[[Q:.*]] = memref.subview %arg0[%[[H]], %[[I]], 0] [1, 40, 64]
// CHECK-DAG: %[[K:.*]] = memref.subview %arg1[%[[H]], 0, 0] [1, 512, 64]
// CHECK: kernel.contract ins(%[[Q]], %[[K]] {{.*}} outs(%[[S:.*]] : memref<1x40x512xf32>) {{.*}} sizes = array<i64: 1, 40, 512, 64>
// CHECK: linalg.generic {{.*}} outs(%[[M]]
// CHECK: %[[IN:.*]] = linalg.index 0
// CHECK: arith.addi %[[IN]], %[[I]]
// CHECK: linalg.fill {{.*}} memref<1x40xf32>
// CHECK: linalg.generic {{.*}} ins(%[[S]], %[[M]]
// CHECK: memref.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [1, 40, 1]
// CHECK: linalg.generic {{.*}} outs(%[[P:.*]] : memref<1x40x512xf32>)
// CHECK: %[[Y:.*]] = memref.subview %arg3[%[[H]], %[[I]], 0] [1, 40, 32]
// CHECK: kernel.contract ins(%[[P]], %{{.*}} outs(%[[Y]] {{.*}} sizes = array<i64: 1, 40, 512, 32>
// CHECK: } {fn.strips}
// CHECK: } {fn.strips}
// CHECK-NOT: kernel.contract
func.func @attention(%q: memref<4x320x64xf32>, %k: memref<4x512x64xf32>, %v: memref<4x512x32xf32>, %y: memref<4x320x32xf32>)
    attributes {fn.kernel} {
  %low = arith.constant 0xFF800000 : f32
  %s = memref.alloc() : memref<4x320x512xf32>
  %m = memref.alloc() : memref<320x512xi1>
  %max = memref.alloc() : memref<4x320xf32>
  %p = memref.alloc() : memref<4x320x512xf32>
  kernel.contract ins(%q, %k : memref<4x320x64xf32>, memref<4x512x64xf32>) outs(%s : memref<4x320x512xf32>)
      attributes {maps = [#q, #k, #s], sizes = array<i64: 4, 320, 512, 64>, vector_dim = 3 : i64, row_dim = 1 : i64, column_dim = 2 : i64, dot, tile = array<i64: 4, 4, 16>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.generic {indexing_maps = [#flat], iterator_types = ["parallel", "parallel"]} outs(%m : memref<320x512xi1>) {
  ^bb0(%out: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c = arith.cmpi sle, %j, %i : index
    linalg.yield %c : i1
  }
  linalg.fill ins(%low : f32) outs(%max : memref<4x320xf32>)
  linalg.generic {indexing_maps = [#all, #seen, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%s, %m : memref<4x320x512xf32>, memref<320x512xi1>) outs(%max : memref<4x320xf32>) {
  ^bb0(%x: f32, %c: i1, %out: f32):
    %0 = arith.select %c, %x, %low : f32
    %1 = arith.maximumf %0, %out : f32
    linalg.yield %1 : f32
  }
  %column = memref.expand_shape %max [[0], [1, 2]] output_shape [4, 320, 1] : memref<4x320xf32> into memref<4x320x1xf32>
  linalg.generic {indexing_maps = [#all, #kept, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %column : memref<4x320x512xf32>, memref<4x320x1xf32>) outs(%p : memref<4x320x512xf32>) {
  ^bb0(%x: f32, %c: f32, %out: f32):
    %0 = arith.subf %x, %c : f32
    linalg.yield %0 : f32
  }
  kernel.contract ins(%p, %v : memref<4x320x512xf32>, memref<4x512x32xf32>) outs(%y : memref<4x320x32xf32>)
      attributes {maps = [#p, #v, #y], sizes = array<i64: 4, 320, 512, 32>, vector_dim = 3 : i64, row_dim = 1 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

#lhs = affine_map<(i, j, k) -> (i, k)>
#rhs = affine_map<(i, j, k) -> (j, k)>
#result = affine_map<(i, j, k) -> (i, j)>
#second = affine_map<(i, j, k) -> (k, j)>

// How many rows there are the call says: strips of 16, and what is left.
// CHECK-LABEL: func @dynamic
// CHECK-DAG: %[[ROWS:.*]] = memref.dim %arg0
// CHECK-DAG: %[[COLUMNS:.*]] = memref.dim %arg1
// CHECK: %[[REST:.*]] = arith.remui %[[ROWS]], %c16
// CHECK: %[[WHOLE:.*]] = arith.subi %[[ROWS]], %[[REST]]
// CHECK: scf.for %[[I:.*]] = %c0 to %[[WHOLE]] step %c16
// CHECK: memref.alloc(%[[COLUMNS]]) : memref<16x?xf32>
// CHECK: kernel.contract {{.*}} sizes = array<i64: 16, -1, 64>
// CHECK: kernel.contract {{.*}} sizes = array<i64: 16, 64, -1>
// CHECK: } {fn.strips}
// CHECK: memref.alloc(%[[REST]], %[[COLUMNS]]) : memref<?x?xf32>
// CHECK: memref.subview %arg0[%[[WHOLE]], 0] [%[[REST]], 64]
// CHECK: kernel.contract {{.*}} sizes = array<i64: -1, -1, 64>
func.func @dynamic(%q: memref<?x64xf32> {fn.dims = affine_map<()[s0, s1] -> (s0, 64)>}, %k: memref<?x64xf32> {fn.dims = affine_map<()[s0, s1] -> (s1, 64)>},
                   %v: memref<?x64xf32> {fn.dims = affine_map<()[s0, s1] -> (s1, 64)>}, %y: memref<?x64xf32> {fn.dims = affine_map<()[s0, s1] -> (s0, 64)>})
    attributes {fn.kernel, fn.symbols = [{name = "n"}, {name = "m"}]} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %q, %c0 : memref<?x64xf32>
  %m = memref.dim %k, %c0 : memref<?x64xf32>
  %s = memref.alloc(%n, %m) : memref<?x?xf32>
  %p = memref.alloc(%n, %m) : memref<?x?xf32>
  kernel.contract ins(%q, %k : memref<?x64xf32>, memref<?x64xf32>) outs(%s : memref<?x?xf32>)
      attributes {maps = [#lhs, #rhs, #result], sizes = array<i64: -1, -1, 64>, vector_dim = 2 : i64, row_dim = 0 : i64, column_dim = 1 : i64, dot, tile = array<i64: 4, 4, 16>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.exp ins(%s : memref<?x?xf32>) outs(%p : memref<?x?xf32>)
  kernel.contract ins(%p, %v : memref<?x?xf32>, memref<?x64xf32>) outs(%y : memref<?x64xf32>)
      attributes {maps = [#lhs, #second, #result], sizes = array<i64: -1, 64, -1>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Ops that follow one another share buffers. What the values take from the queries leaves the buffer of these, for they have
// to wait for them; the row of maxima holds sums of something else later.
// CHECK-LABEL: func @shared_buffers
// CHECK: %[[SHARED:.*]] = memref.alloc() : memref<512x64xf32>
// CHECK: linalg.copy ins(%arg0 {{.*}} outs(%[[SHARED]]
// CHECK: %[[VALUES:.*]] = memref.alloc() : memref<512x64xf32>
// CHECK: linalg.exp ins(%arg2 {{.*}} outs(%[[VALUES]]
// CHECK: scf.for
// CHECK: memref.subview %[[SHARED]]
// CHECK: linalg.fill {{.*}} memref<128xf32>
// CHECK: kernel.contract ins(%{{.*}}, %[[VALUES]]
// CHECK: } {fn.strips}
// CHECK: linalg.reduce {{.*}} ins(%[[VALUES]]
func.func @shared_buffers(%q: memref<512x64xf32>, %k: memref<512x64xf32>, %v: memref<512x64xf32>, %y: memref<512x64xf32>, %sums: memref<512xf32>)
    attributes {fn.kernel} {
  %low = arith.constant 0xFF800000 : f32
  %shared = memref.alloc() : memref<512x64xf32>
  %s = memref.alloc() : memref<512x512xf32>
  %row = memref.alloc() : memref<512xf32>
  linalg.copy ins(%q : memref<512x64xf32>) outs(%shared : memref<512x64xf32>)
  kernel.contract ins(%shared, %k : memref<512x64xf32>, memref<512x64xf32>) outs(%s : memref<512x512xf32>)
      attributes {maps = [#lhs, #rhs, #result], sizes = array<i64: 512, 512, 64>, vector_dim = 2 : i64, row_dim = 0 : i64, column_dim = 1 : i64, dot, tile = array<i64: 4, 4, 16>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.fill ins(%low : f32) outs(%row : memref<512xf32>)
  linalg.reduce {arith.maximumf} ins(%s : memref<512x512xf32>) outs(%row : memref<512xf32>) dimensions = [1]
  linalg.exp ins(%v : memref<512x64xf32>) outs(%shared : memref<512x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%row : memref<512xf32>) outs(%s : memref<512x512xf32>) {
  ^bb0(%max: f32, %x: f32):
    %0 = arith.subf %x, %max : f32
    linalg.yield %0 : f32
  }
  kernel.contract ins(%s, %shared : memref<512x512xf32>, memref<512x64xf32>) outs(%y : memref<512x64xf32>)
      attributes {maps = [#lhs, #second, #result], sizes = array<i64: 512, 64, 512>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.fill ins(%low : f32) outs(%row : memref<512xf32>)
  linalg.reduce {arith.maximumf} ins(%shared : memref<512x64xf32>) outs(%row : memref<512xf32>) dimensions = [1]
  linalg.copy ins(%row : memref<512xf32>) outs(%sums : memref<512xf32>)
  return
}

// Must not change: the shares are read by something else, too; or the result takes the place of keys, which later strips
// still need.
// CHECK-LABEL: func @fetched
// CHECK-NOT: scf.for
// CHECK-LABEL: func @over_keys
// CHECK-NOT: scf.for
func.func @fetched(%q: memref<512x64xf32>, %k: memref<512x64xf32>, %v: memref<512x64xf32>, %y: memref<512x64xf32>, %fetch: memref<512x512xf32>)
    attributes {fn.kernel} {
  %s = memref.alloc() : memref<512x512xf32>
  %p = memref.alloc() : memref<512x512xf32>
  kernel.contract ins(%q, %k : memref<512x64xf32>, memref<512x64xf32>) outs(%s : memref<512x512xf32>)
      attributes {maps = [#lhs, #rhs, #result], sizes = array<i64: 512, 512, 64>, vector_dim = 2 : i64, row_dim = 0 : i64, column_dim = 1 : i64, dot, tile = array<i64: 4, 4, 16>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.exp ins(%s : memref<512x512xf32>) outs(%p : memref<512x512xf32>)
  kernel.contract ins(%p, %v : memref<512x512xf32>, memref<512x64xf32>) outs(%y : memref<512x64xf32>)
      attributes {maps = [#lhs, #second, #result], sizes = array<i64: 512, 64, 512>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.copy ins(%p : memref<512x512xf32>) outs(%fetch : memref<512x512xf32>)
  return
}

func.func @over_keys(%q: memref<512x64xf32>, %k: memref<512x64xf32>, %v: memref<512x64xf32>) attributes {fn.kernel} {
  %s = memref.alloc() : memref<512x512xf32>
  %p = memref.alloc() : memref<512x512xf32>
  kernel.contract ins(%q, %k : memref<512x64xf32>, memref<512x64xf32>) outs(%s : memref<512x512xf32>)
      attributes {maps = [#lhs, #rhs, #result], sizes = array<i64: 512, 512, 64>, vector_dim = 2 : i64, row_dim = 0 : i64, column_dim = 1 : i64, dot, tile = array<i64: 4, 4, 16>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.exp ins(%s : memref<512x512xf32>) outs(%p : memref<512x512xf32>)
  kernel.contract ins(%p, %v : memref<512x512xf32>, memref<512x64xf32>) outs(%k : memref<512x64xf32>)
      attributes {maps = [#lhs, #second, #result], sizes = array<i64: 512, 64, 512>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}
