// RUN: fnc-opt %s --fnc-mark-regions -mlir-print-local-scope | FileCheck %s

// CHECK: func.func private @fn_region(i32)

// Of every op at the top: where it is from, and its work for any number of rows. 8 products and
// 4 operations on their sum for each of s0 x 4 results; a loop that divides 10 numbers s0 times; nobody knows how
// often the last one runs.
// CHECK-LABEL: func @f
// CHECK-SAME: fn.regions = [
// CHECK-SAME: {bits = 32 : i64, bytes = affine_map<()[s0] -> (s0 * 16)>, kind = "fill", operations = affine_map<()[s0] -> (0)>, places = [{{[0-9]+}}]}
// CHECK-SAME: {bits = 32 : i64, bytes = affine_map<()[s0] -> (s0 * 48 + 128)>, kind = "contraction", operations = affine_map<()[s0] -> (s0 * 80)>, places = ["dense"]}
// CHECK-SAME: {bits = 64 : i64, bytes = affine_map<()[s0] -> (s0 * 80)>, kind = "loop", operations = affine_map<()[s0] -> (s0 * 10)>
// CHECK-SAME: {bits = 64 : i64, bytes = affine_map<()[s0] -> (s0 * 80 + 1)>, kind = "reduction", places
// CHECK: call @fn_region(%c0_i32)
// CHECK-NEXT: linalg.fill
// CHECK: call @fn_region(%c1_i32)
// CHECK-NEXT: kernel.contract
// CHECK: call @fn_region(%c2_i32)
// CHECK-NEXT: scf.for
// CHECK: call @fn_region(%c3_i32)
// CHECK-NEXT: scf.while
// CHECK: call @fn_region(%c-1_i32)
// CHECK-NEXT: return
func.func @f(%x: memref<?x8xf32> {fn.role = "input", fn.dims = affine_map<()[s0] -> (s0, 8)>},
             %w: memref<8x4xf32> {fn.role = "variable", fn.dims = affine_map<()[s0] -> (8, 4)>},
             %y: memref<?x4xf32> {fn.role = "output", fn.dims = affine_map<()[s0] -> (s0, 4)>},
             %z: memref<?x10xf64> {fn.role = "output", fn.dims = affine_map<()[s0] -> (s0, 10)>},
             %go: memref<i1> {fn.role = "input", fn.dims = affine_map<()[s0] -> ()>})
    attributes {fn.kernel, fn.symbols = [{name = "n", max = -1 : i64}]} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  linalg.fill ins(%zero : f32) outs(%y : memref<?x4xf32>)
  kernel.contract ins(%x, %w : memref<?x8xf32>, memref<8x4xf32>) outs(%y : memref<?x4xf32>)
      attributes {maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                          affine_map<(m, n, k) -> (m, n)>],
                  sizes = array<i64: -1, 4, 8>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 4, 4, 1>} {
  ^bb0(%sum: f32):
    %more = arith.addf %sum, %sum : f32
    %2 = arith.mulf %more, %more : f32
    %3 = arith.maximumf %2, %zero : f32
    %4 = arith.subf %3, %more : f32
    kernel.yield %4 : f32
  } loc("dense")
  %n = memref.dim %z, %c0 : memref<?x10xf64>
  scf.for %i = %c0 to %n step %c1 {
    %row = memref.subview %z[%i, 0] [1, 10] [1, 1]
        : memref<?x10xf64> to memref<10xf64, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
        outs(%row : memref<10xf64, strided<[1], offset: ?>>) {
    ^bb0(%old: f64):
      %half = arith.divf %old, %one : f64
      linalg.yield %half : f64
    }
  }
  scf.while : () -> () {
    %again = memref.load %go[] : memref<i1>
    scf.condition(%again)
  } do {
    %sum = memref.subview %z[0, 0] [1, 1] [1, 1] : memref<?x10xf64> to memref<f64>
    linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>],
                    iterator_types = ["reduction", "reduction"]}
        ins(%z : memref<?x10xf64>) outs(%sum : memref<f64>) {
    ^bb0(%each: f64, %so_far: f64):
      %next = arith.addf %each, %so_far : f64
      linalg.yield %next : f64
    }
    scf.yield
  }
  return
}
