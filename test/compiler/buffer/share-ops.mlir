// RUN: fnc-opt %s --fnc-share-ops | FileCheck %s

// What two functions do alike they share, whichever buffers they do it to.
// CHECK-LABEL: func @train(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x64xf32>, %[[W:[a-z0-9]*]]: memref<64x32xf32>, %[[B:[a-z0-9]*]]: memref<?x32xf32>
// CHECK: call @train.shared0(%[[X]], %[[W]], %[[B]])
// CHECK: linalg.fill
func.func @train(%x: memref<?x64xf32>, %w: memref<64x32xf32>, %b: memref<?x32xf32>, %s: memref<32xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.contract ins(%x, %w : memref<?x64xf32>, memref<64x32xf32>) outs(%b : memref<?x32xf32>)
      attributes {by_rows, maps = [affine_map<(i, k, j) -> (i, k)>, affine_map<(i, k, j) -> (k, j)>, affine_map<(i, k, j) -> (i, j)>],
                  row_dim = 0 : i64, sizes = array<i64: -1, 64, 32>, tile = array<i64: 6, 8, 1>, vector_dim = 2 : i64} {
  ^bb0(%sum: f32):
    %r = arith.maximumf %sum, %zero : f32
    kernel.yield %r : f32
  }
  linalg.fill ins(%zero : f32) outs(%s : memref<32xf32>)
  return
}

// Another constant, the same buffer twice, two views of one buffer, and what is too short for a
// call: all stay.
// CHECK-LABEL: func @predict(
// CHECK-SAME: %[[V:[a-z0-9]*]]: memref<64x32xf32>, %[[A:[a-z0-9]*]]: memref<?x64xf32>, %[[C:[a-z0-9]*]]: memref<?x32xf32>
// CHECK: call @train.shared0(%[[A]], %[[V]], %[[C]])
// CHECK: linalg.fill
// CHECK-COUNT-2: kernel.contract
// CHECK: return
func.func @predict(%w: memref<64x32xf32>, %x: memref<?x64xf32>, %b: memref<?x32xf32>, %s: memref<32xf32>, %v: memref<64x64xf32>) {
  %nought = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  kernel.contract ins(%x, %w : memref<?x64xf32>, memref<64x32xf32>) outs(%b : memref<?x32xf32>)
      attributes {by_rows, maps = [affine_map<(i, k, j) -> (i, k)>, affine_map<(i, k, j) -> (k, j)>, affine_map<(i, k, j) -> (i, j)>],
                  row_dim = 0 : i64, sizes = array<i64: -1, 64, 32>, tile = array<i64: 6, 8, 1>, vector_dim = 2 : i64} {
  ^bb0(%sum: f32):
    %r = arith.maximumf %sum, %nought : f32
    kernel.yield %r : f32
  }
  linalg.fill ins(%nought : f32) outs(%s : memref<32xf32>)
  kernel.contract ins(%x, %w : memref<?x64xf32>, memref<64x32xf32>) outs(%b : memref<?x32xf32>)
      attributes {by_rows, maps = [affine_map<(i, k, j) -> (i, k)>, affine_map<(i, k, j) -> (k, j)>, affine_map<(i, k, j) -> (i, j)>],
                  row_dim = 0 : i64, sizes = array<i64: -1, 64, 32>, tile = array<i64: 6, 8, 1>, vector_dim = 2 : i64} {
  ^bb0(%sum: f32):
    %r = arith.maximumf %sum, %one : f32
    kernel.yield %r : f32
  }
  %low = memref.subview %v[0, 0] [64, 32] [1, 1] : memref<64x64xf32> to memref<64x32xf32, strided<[64, 1]>>
  %high = memref.subview %v[0, 32] [64, 32] [1, 1] : memref<64x64xf32> to memref<64x32xf32, strided<[64, 1], offset: 32>>
  kernel.contract ins(%v, %low : memref<64x64xf32>, memref<64x32xf32, strided<[64, 1]>>) outs(%high : memref<64x32xf32, strided<[64, 1], offset: 32>>)
      attributes {by_rows, maps = [affine_map<(i, k, j) -> (i, k)>, affine_map<(i, k, j) -> (k, j)>, affine_map<(i, k, j) -> (i, j)>],
                  row_dim = 0 : i64, sizes = array<i64: 64, 64, 32>, tile = array<i64: 6, 8, 1>, vector_dim = 2 : i64} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Ops of one function share one too, and each has its own buffers: what one of them takes twice, the
// other has to take twice.
// CHECK-LABEL: func @layers(
// CHECK-SAME: %[[A:[a-z0-9]*]]: memref<64x64xf32>, %[[B:[a-z0-9]*]]: memref<64x64xf32>, %[[C:[a-z0-9]*]]: memref<64x64xf32>
// CHECK: call @layers.shared1(%[[A]], %[[B]])
// CHECK: call @layers.shared1(%[[A]], %[[C]])
// CHECK: kernel.contract ins(%[[A]], %[[B]] :
func.func @layers(%a: memref<64x64xf32>, %b: memref<64x64xf32>, %c: memref<64x64xf32>) {
  kernel.contract ins(%a, %a : memref<64x64xf32>, memref<64x64xf32>) outs(%b : memref<64x64xf32>)
      attributes {by_rows, maps = [affine_map<(i, k, j) -> (i, k)>, affine_map<(i, k, j) -> (k, j)>, affine_map<(i, k, j) -> (i, j)>],
                  row_dim = 0 : i64, sizes = array<i64: 64, 64, 64>, tile = array<i64: 6, 8, 1>, vector_dim = 2 : i64} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%a, %a : memref<64x64xf32>, memref<64x64xf32>) outs(%c : memref<64x64xf32>)
      attributes {by_rows, maps = [affine_map<(i, k, j) -> (i, k)>, affine_map<(i, k, j) -> (k, j)>, affine_map<(i, k, j) -> (i, j)>],
                  row_dim = 0 : i64, sizes = array<i64: 64, 64, 64>, tile = array<i64: 6, 8, 1>, vector_dim = 2 : i64} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  kernel.contract ins(%a, %b : memref<64x64xf32>, memref<64x64xf32>) outs(%c : memref<64x64xf32>)
      attributes {by_rows, maps = [affine_map<(i, k, j) -> (i, k)>, affine_map<(i, k, j) -> (k, j)>, affine_map<(i, k, j) -> (i, j)>],
                  row_dim = 0 : i64, sizes = array<i64: 64, 64, 64>, tile = array<i64: 6, 8, 1>, vector_dim = 2 : i64} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  return
}

// Behind the kernels, which are longer.
// CHECK-LABEL: func private @train.shared0(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x64xf32> {llvm.noalias}, %[[W:[a-z0-9]*]]: memref<64x32xf32> {llvm.noalias}, %[[Y:[a-z0-9]*]]: memref<?x32xf32> {llvm.noalias})
// CHECK-SAME: llvm.linkage = #llvm.linkage<internal>
// CHECK: kernel.contract ins(%[[X]], %[[W]] :{{.*}}) outs(%[[Y]] :
// CHECK: return
// CHECK-LABEL: func private @layers.shared1(
// CHECK-NOT: func private
