// RUN: fnc-opt %s --fnc-chain-contractions --canonicalize | FileCheck %s

#x = affine_map<(y, x, c, f) -> (y, x, c)>
#w = affine_map<(y, x, c, f) -> (c, f)>
#o = affine_map<(y, x, c, f) -> (y, x, f)>
#window = affine_map<(y, x, k, c) -> (y + k, x, c)>
#taps = affine_map<(y, x, k, c) -> (k, c)>
#made = affine_map<(y, x, k, c) -> (y, x, c)>

// 126 rows are made from windows of 3 of the 128 between. At 20 kB a row these are six strips of 21
// rows: each keeps the last two rows of the one before, and makes 21 more.
// CHECK-LABEL: func @windows
// CHECK: %[[STRIP:.*]] = memref.alloc() : memref<23x64x80xf32>
// CHECK: %[[FIRST:.*]] = memref.subview %arg0[0, 0, 0] [23, 64, 8]
// CHECK: kernel.contract ins(%[[FIRST]], %arg1 {{.*}} sizes = array<i64: 23, 64, 8, 80>
// CHECK: kernel.contract ins(%{{.*}}, %arg2 {{.*}} sizes = array<i64: 21, 64, 3, 80>
// CHECK: scf.for %[[I:.*]] = %c1 to %c5 step %c1
// CHECK: %[[LAST:.*]] = memref.subview %[[STRIP]][21, 0, 0] [2, 64, 80]
// CHECK: %[[FRONT:.*]] = memref.subview %[[STRIP]][0, 0, 0] [2, 64, 80]
// CHECK: linalg.copy ins(%[[LAST]] {{.*}} outs(%[[FRONT]]
// CHECK: %[[DONE:.*]] = arith.muli %[[I]], %c21
// CHECK: %[[NEXT:.*]] = arith.addi %[[DONE]], %c2
// CHECK: memref.subview %arg0[%[[NEXT]], 0, 0] [21, 64, 8]
// CHECK: kernel.contract {{.*}} sizes = array<i64: 21, 64, 8, 80>
// CHECK: memref.subview %arg3[%{{.*}}, 0, 0] [21, 64, 80]
// CHECK: kernel.contract {{.*}} sizes = array<i64: 21, 64, 3, 80>
// CHECK: }
// CHECK: memref.subview %arg0[107, 0, 0] [21, 64, 8]
// CHECK: memref.subview %arg3[105, 0, 0] [21, 64, 80]
func.func @windows(%a: memref<128x64x8xf32>, %w: memref<8x80xf32>, %v: memref<3x80xf32>, %out: memref<126x64x80xf32>)
    attributes {fn.kernel} {
  %between = memref.alloc() : memref<128x64x80xf32>
  kernel.contract ins(%a, %w : memref<128x64x8xf32>, memref<8x80xf32>) outs(%between : memref<128x64x80xf32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 128, 64, 8, 80>, vector_dim = 3 : i64, row_dim = 1 : i64, tile = array<i64: 8, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%between, %v : memref<128x64x80xf32>, memref<3x80xf32>) outs(%out : memref<126x64x80xf32>)
      attributes {maps = [#window, #taps, #made], sizes = array<i64: 126, 64, 3, 80>, vector_dim = 3 : i64, row_dim = 1 : i64, tile = array<i64: 8, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// The columns of a border are the same in all strips; the row above is part of the first, the one
// below of the last.
// CHECK-LABEL: func @border
// CHECK: %[[STRIP:.*]] = memref.alloc() : memref<23x66x80xf32>
// CHECK: kernel.fill_border %{{.*}}, %[[STRIP]] low [1, 1, 0] high [0, 1, 0]
// CHECK-NOT: fill
// CHECK: scf.for
// CHECK: linalg.fill {{.*}} memref<1x66x80xf32
// CHECK-NOT: fill
func.func @border(%a: memref<126x64x8xf32>, %w: memref<8x80xf32>, %v: memref<3x80xf32>, %out: memref<126x66x80xf32>)
    attributes {fn.kernel} {
  %zero = arith.constant 0.0 : f32
  %between = memref.alloc() : memref<128x66x80xf32>
  kernel.fill_border %zero, %between low [1, 1, 0] high [1, 1, 0] : f32, memref<128x66x80xf32>
  %middle = memref.subview %between[1, 1, 0] [126, 64, 80] [1, 1, 1]
      : memref<128x66x80xf32> to memref<126x64x80xf32, strided<[5280, 80, 1], offset: 5360>>
  kernel.contract ins(%a, %w : memref<126x64x8xf32>, memref<8x80xf32>)
      outs(%middle : memref<126x64x80xf32, strided<[5280, 80, 1], offset: 5360>>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 126, 64, 8, 80>, vector_dim = 3 : i64, row_dim = 1 : i64, tile = array<i64: 8, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%between, %v : memref<128x66x80xf32>, memref<3x80xf32>) outs(%out : memref<126x66x80xf32>)
      attributes {maps = [#window, #taps, #made], sizes = array<i64: 126, 66, 3, 80>, vector_dim = 3 : i64, row_dim = 1 : i64, tile = array<i64: 8, 16, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

#lhs = affine_map<(i, j, k) -> (i, k)>
#rhs = affine_map<(i, j, k) -> (k, j)>
#result = affine_map<(i, j, k) -> (i, j)>

// Must not change: what lies between is read by something else, too.
// CHECK-LABEL: func @two_readers
// CHECK: memref.alloc() : memref<8192x64xf32>
// CHECK-NOT: scf.for
func.func @two_readers(%a: memref<8192x8xf32>, %w: memref<8x64xf32>, %v: memref<64x8xf32>, %out: memref<8192x8xf32>, %sum: memref<8192x64xf32>)
    attributes {fn.kernel} {
  %between = memref.alloc() : memref<8192x64xf32>
  kernel.contract ins(%a, %w : memref<8192x8xf32>, memref<8x64xf32>) outs(%between : memref<8192x64xf32>)
      attributes {maps = [#lhs, #rhs, #result], sizes = array<i64: 8192, 64, 8>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 16, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  }
  kernel.contract ins(%between, %v : memref<8192x64xf32>, memref<64x8xf32>) outs(%out : memref<8192x8xf32>)
      attributes {maps = [#lhs, #rhs, #result], sizes = array<i64: 8192, 8, 64>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 8, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  }
  linalg.copy ins(%between : memref<8192x64xf32>) outs(%sum : memref<8192x64xf32>)
  return
}
