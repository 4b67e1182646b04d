// RUN: fnc-opt %s --fnc-fetch-ahead | FileCheck %s

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

memref.global "private" constant @a : memref<524288xf32> = dense<1.0>
memref.global "private" constant @b : memref<524288xf32> = dense<1.0>
memref.global "private" constant @c : memref<262144xf32> = dense<1.0>
memref.global "private" constant @small : memref<4096xf32> = dense<1.0>

// The product of a vector reads all of @c, at the end. The contraction before it has the time of
// 64 x 512 x 1024 products for 4 MiB, all of it, and had better find its own first panel.
// Then there is nothing left to fetch for the product.
// CHECK-LABEL: func @chain
// CHECK: kernel.contract ins(%arg0, {{.*}} {ahead = [@b], ahead_ranges = array<i64: 0, 16384>
// CHECK: kernel.contract {{.*}} {ahead = [@c], ahead_ranges = array<i64: 0, 262144>
// CHECK: kernel.contract {{.*}} near,
// CHECK-NOT: ahead
func.func @chain(%x: memref<64x1024xf32>, %y: memref<64x512xf32>, %z: memref<64x1024xf32>, %out: memref<1x512xf32>, %v: memref<1x512xf32>)
    attributes {fn.kernel} {
  %a = memref.get_global @a : memref<524288xf32>
  %b = memref.get_global @b : memref<524288xf32>
  %c = memref.get_global @c : memref<262144xf32>
  kernel.contract ins(%x, %a : memref<64x1024xf32>, memref<524288xf32>) outs(%y : memref<64x512xf32>)
      attributes {packed, maps = [#x, #w, #y], sizes = array<i64: 64, 512, 1024>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%y, %b : memref<64x512xf32>, memref<524288xf32>) outs(%z : memref<64x1024xf32>)
      attributes {packed, maps = [#x, #w, #y], sizes = array<i64: 64, 1024, 512>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%v, %c : memref<1x512xf32>, memref<262144xf32>) outs(%out : memref<1x512xf32>)
      attributes {packed, maps = [#x, #w, #y], sizes = array<i64: 1, 512, 512>, vector_dim = 1 : i64, tile = array<i64: 1, 128, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Small constants stay in the caches.
// CHECK-LABEL: func @near
// CHECK-NOT: ahead
func.func @near(%x: memref<64x64xf32>, %y: memref<64x64xf32>, %z: memref<1x64xf32>, %v: memref<1x64xf32>)
    attributes {fn.kernel} {
  %w = memref.get_global @small : memref<4096xf32>
  kernel.contract ins(%x, %w : memref<64x64xf32>, memref<4096xf32>) outs(%y : memref<64x64xf32>)
      attributes {packed, maps = [#x, #w, #y], sizes = array<i64: 64, 64, 64>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%v, %w : memref<1x64xf32>, memref<4096xf32>) outs(%z : memref<1x64xf32>)
      attributes {packed, maps = [#x, #w, #y], sizes = array<i64: 1, 64, 64>, vector_dim = 1 : i64, tile = array<i64: 1, 64, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}
