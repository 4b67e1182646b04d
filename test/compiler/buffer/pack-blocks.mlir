// RUN: fnc-opt %s --fnc-pack-blocks | FileCheck %s

#x = affine_map<(i, j, k) -> (i, k)>
#y = affine_map<(i, j, k) -> (k, j)>
#z = affine_map<(i, j, k) -> (j, k)>
#o = affine_map<(i, j, k) -> (i, j)>

// A block of 12 terms and 32 columns has room of its own; a strip of 20 rows is too short for one,
// but not for columns that are turned.
// CHECK-LABEL: func @product
// CHECK: %[[FIRST:.*]] = memref.alloc() {alignment = 64 : i64} : memref<384xf32>
// CHECK: kernel.contract ins(%arg0, %arg1 {{.*}} scratch(%[[FIRST]] : memref<384xf32>)
// CHECK-NOT: memref.alloc
// CHECK: kernel.contract
// CHECK-NOT: scratch
// CHECK: %[[ROOM:.*]] = memref.alloc() {alignment = 64 : i64} : memref<384xf32>
// CHECK: kernel.contract ins(%arg3, %arg5 {{.*}} scratch(%[[ROOM]] : memref<384xf32>)
func.func @product(%a: memref<?x12xf32>, %b: memref<12x64xf32>, %c: memref<?x64xf32>, %d: memref<20x12xf32>, %e: memref<20x64xf32>, %t: memref<64x12xf32>) attributes {fn.kernel} {
  kernel.contract ins(%a, %b : memref<?x12xf32>, memref<12x64xf32>) outs(%c : memref<?x64xf32>)
      attributes {maps = [#x, #y, #o], sizes = array<i64: -1, 64, 12>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 4, 8, 1>, block = array<i64: 12, 32, 24>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%d, %b : memref<20x12xf32>, memref<12x64xf32>) outs(%e : memref<20x64xf32>)
      attributes {maps = [#x, #y, #o], sizes = array<i64: 20, 64, 12>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 4, 8, 1>, block = array<i64: 12, 32, 24>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%d, %t : memref<20x12xf32>, memref<64x12xf32>) outs(%e : memref<20x64xf32>)
      attributes {maps = [#x, #z, #o], sizes = array<i64: 20, 64, 12>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 4, 8, 1>, block = array<i64: 12, 32, 24>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// CHECK-LABEL: func @init
// CHECK-NOT: memref.alloc
func.func @init(%a: memref<?x12xf32>, %b: memref<12x64xf32>, %c: memref<?x64xf32>) attributes {fn.kernel, fn.init} {
  kernel.contract ins(%a, %b : memref<?x12xf32>, memref<12x64xf32>) outs(%c : memref<?x64xf32>)
      attributes {maps = [#x, #y, #o], sizes = array<i64: -1, 64, 12>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 4, 8, 1>, block = array<i64: 12, 32, 24>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}
