// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=256 registers=16" --canonicalize | FileCheck %s
// RUN: fnc-opt %s --fnc-form-contractions="registers=0" | FileCheck %s --check-prefix=NONE
// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=512 registers=32 halves" --canonicalize | FileCheck %s --check-prefix=HALVES
// NONE-NOT: kernel.contract

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>

// The loop after the product becomes its epilogue. Of 16 registers 12 hold sums.
// CHECK-LABEL: func @bias_relu
// CHECK: %[[OUT:.*]] = tensor.empty
// CHECK: kernel.contract ins(%arg0, %arg1, %arg2 : {{.*}}) outs(%[[OUT]] : tensor<12x32xf32>)
// CHECK-SAME: row_dim = 0 : i64, sizes = array<i64: 12, 32, 64>, tile = array<i64: 6, 16, 1>, vector_dim = 1 : i64
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32, %[[BIAS:.*]]: f32):
// CHECK-NEXT: arith.addf %[[SUM]], %[[BIAS]]
// CHECK-NEXT: arith.maximumf
// CHECK-NEXT: kernel.yield
// CHECK-NOT: linalg
func.func @bias_relu(%x: tensor<12x64xf32>, %w: tensor<64x32xf32>, %b: tensor<32xf32>) -> tensor<12x32xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<12x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<12x32xf32>) -> tensor<12x32xf32>
  %p = linalg.matmul ins(%x, %w : tensor<12x64xf32>, tensor<64x32xf32>) outs(%f : tensor<12x32xf32>) -> tensor<12x32xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %b : tensor<12x32xf32>, tensor<32xf32>) outs(%e : tensor<12x32xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %s = arith.addf %u, %v : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  } -> tensor<12x32xf32>
  return %y : tensor<12x32xf32>
}

// What else is read of the sums keeps them apart.
// CHECK-LABEL: func @two_users
// CHECK: kernel.contract
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: f32):
// CHECK-NEXT: kernel.yield %[[SUM]]
// CHECK: linalg.generic
func.func @two_users(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %p = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.maximumf %u, %zero : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %p, %y : tensor<4x8xf32>, tensor<4x8xf32>
}

// A product added to something: that is read where the result is written.
// CHECK-LABEL: func @added
// CHECK: kernel.contract ins(%arg0, %arg1, %arg2 : {{.*}}) outs(%arg2 : tensor<4x8xi32>)
// CHECK-NEXT: ^bb0(%[[SUM:.*]]: i32, %[[OLD:.*]]: i32):
// CHECK-NEXT: arith.addi %[[OLD]], %[[SUM]]
func.func @added(%x: tensor<4x8xi32>, %w: tensor<8x8xi32>, %y: tensor<4x8xi32>) -> tensor<4x8xi32> {
  %p = linalg.matmul ins(%x, %w : tensor<4x8xi32>, tensor<8x8xi32>) outs(%y : tensor<4x8xi32>) -> tensor<4x8xi32>
  return %p : tensor<4x8xi32>
}

// A transposed left side is read as it lies.
// CHECK-LABEL: func @transposed
// CHECK-NOT: linalg.transpose
// CHECK: kernel.contract ins(%arg0, %arg1
func.func @transposed(%x: tensor<64x12xf32>, %w: tensor<64x32xf32>) -> tensor<12x32xf32> {
  %zero = arith.constant 0.0 : f32
  %t = tensor.empty() : tensor<12x64xf32>
  %xt = linalg.transpose ins(%x : tensor<64x12xf32>) outs(%t : tensor<12x64xf32>) permutation = [1, 0]
  %e = tensor.empty() : tensor<12x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<12x32xf32>) -> tensor<12x32xf32>
  %p = linalg.matmul ins(%xt, %w : tensor<12x64xf32>, tensor<64x32xf32>) outs(%f : tensor<12x32xf32>) -> tensor<12x32xf32>
  return %p : tensor<12x32xf32>
}

// Must not change: results too narrow for vectors.
// CHECK-LABEL: func @other
// CHECK-NOT: kernel.contract
// CHECK: return
func.func @other(%x: tensor<4x64xf32>, %w: tensor<64x2xf32>) -> tensor<4x2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %p = linalg.matmul ins(%x, %w : tensor<4x64xf32>, tensor<64x2xf32>) outs(%f : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %p : tensor<4x2xf32>
}

// Few products are written out, with vectors along the rows where a result has one column, or along
// columns that an operand has across.
// CHECK-LABEL: func @tiny
// CHECK: kernel.contract ins(%arg1, %arg0 : {{.*}} sizes = array<i64: 4, 1, 4>, tile = array<i64: 1, 4, 2>, vector_dim = 0
// CHECK: kernel.contract ins(%arg0, %arg2 : {{.*}} row_dim = 0 {{.*}} tile = array<i64: 4, 4, 2>, vector_dim = 1
func.func @tiny(%a: tensor<4x4xf32>, %x: tensor<4x1xf32>, %b: tensor<4x4xf32>) -> (tensor<4x1xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x1xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x1xf32>) -> tensor<4x1xf32>
  %p = linalg.matmul ins(%a, %x : tensor<4x4xf32>, tensor<4x1xf32>) outs(%f : tensor<4x1xf32>) -> tensor<4x1xf32>
  %g = tensor.empty() : tensor<4x4xf32>
  %h = linalg.fill ins(%zero : f32) outs(%g : tensor<4x4xf32>) -> tensor<4x4xf32>
  %q = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x4xf32>, tensor<4x4xf32>) outs(%h : tensor<4x4xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %m = arith.mulf %u, %v : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<4x4xf32>
  return %p, %q : tensor<4x1xf32>, tensor<4x4xf32>
}

// More terms than caches hold are summed in pieces, which are kept where the result will be: what
// comes after it stays a loop.
// CHECK-LABEL: func @long
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: %[[SUMS:.*]] = kernel.contract ins(%arg0, %arg1 : {{.*}}) outs(%[[ZERO]] : tensor<64x64xf32>) attributes {{.*}}piece = array<i64: 2, 800>
// CHECK: linalg.generic {{.*}} ins(%[[SUMS]] :
func.func @long(%x: tensor<64x4000xf32>, %w: tensor<4000x64xf32>) -> tensor<64x64xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %p = linalg.matmul ins(%x, %w : tensor<64x4000xf32>, tensor<4000x64xf32>) outs(%f : tensor<64x64xf32>) -> tensor<64x64xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%u: f32, %o: f32):
    %r = arith.maximumf %u, %zero : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}

// Many rows meet blocks of a large operand that are copied: of all terms, or where these are many, of
// pieces of them. Few rows and rows of a constant do not.
// CHECK-LABEL: func @large
// CHECK: kernel.contract {{.*}} attributes {block = array<i64: 600, {{[0-9]+}}, 192>, maps
// CHECK-SAME: sizes = array<i64: 200, 500, 600>
// CHECK: kernel.contract {{.*}} attributes {block = array<i64: 500, {{[0-9]+}}, 192>, maps {{.*}} piece = array<i64: 2, 500>
// CHECK: kernel.contract {{.*}} attributes {maps
// CHECK-SAME: sizes = array<i64: 190, 500, 600>
func.func @large(%x: tensor<200x600xf32>, %w: tensor<600x500xf32>, %y: tensor<?x2000xf32>, %v: tensor<2000x500xf32>, %z: tensor<190x600xf32>,
                 %n: index) -> (tensor<200x500xf32>, tensor<?x500xf32>, tensor<190x500xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<200x500xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<200x500xf32>) -> tensor<200x500xf32>
  %p = linalg.matmul ins(%x, %w : tensor<200x600xf32>, tensor<600x500xf32>) outs(%f : tensor<200x500xf32>) -> tensor<200x500xf32>
  %g = tensor.empty(%n) : tensor<?x500xf32>
  %h = linalg.fill ins(%zero : f32) outs(%g : tensor<?x500xf32>) -> tensor<?x500xf32>
  %q = linalg.matmul ins(%y, %v : tensor<?x2000xf32>, tensor<2000x500xf32>) outs(%h : tensor<?x500xf32>) -> tensor<?x500xf32>
  %i = tensor.empty() : tensor<190x500xf32>
  %j = linalg.fill ins(%zero : f32) outs(%i : tensor<190x500xf32>) -> tensor<190x500xf32>
  %r = linalg.matmul ins(%z, %w : tensor<190x600xf32>, tensor<600x500xf32>) outs(%j : tensor<190x500xf32>) -> tensor<190x500xf32>
  return %p, %q, %r : tensor<200x500xf32>, tensor<?x500xf32>, tensor<190x500xf32>
}

// So do columns of which the terms are neighbours, where the number of rows is known.
// CHECK-LABEL: func @large_turned
// CHECK: kernel.contract {{.*}} attributes {block = array<i64: 600, {{.*}} vector_dim = 1
// CHECK: kernel.contract {{.*}} attributes {{.*}}dot
func.func @large_turned(%x: tensor<200x600xf32>, %y: tensor<?x600xf32>, %w: tensor<500x600xf32>, %n: index) -> (tensor<200x500xf32>, tensor<?x500xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<200x500xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<200x500xf32>) -> tensor<200x500xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<200x600xf32>, tensor<500x600xf32>) outs(%f : tensor<200x500xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %m = arith.mulf %u, %v : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<200x500xf32>
  %g = tensor.empty(%n) : tensor<?x500xf32>
  %h = linalg.fill ins(%zero : f32) outs(%g : tensor<?x500xf32>) -> tensor<?x500xf32>
  %q = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%y, %w : tensor<?x600xf32>, tensor<500x600xf32>) outs(%h : tensor<?x500xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %m = arith.mulf %u, %v : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<?x500xf32>
  return %p, %q : tensor<200x500xf32>, tensor<?x500xf32>
}

// Many rows that meet few columns pass by them once; few rows stay while columns pass.
// CHECK-LABEL: func @tall
// CHECK: kernel.contract {{.*}} attributes {by_rows,
// CHECK: kernel.contract {{.*}} attributes {maps
func.func @tall(%x: tensor<4000x64xf32>, %w: tensor<64x64xf32>, %v: tensor<64x4000xf32>) -> (tensor<4000x64xf32>, tensor<64x4000xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4000x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4000x64xf32>) -> tensor<4000x64xf32>
  %p = linalg.matmul ins(%x, %w : tensor<4000x64xf32>, tensor<64x64xf32>) outs(%f : tensor<4000x64xf32>) -> tensor<4000x64xf32>
  %g = tensor.empty() : tensor<64x4000xf32>
  %h = linalg.fill ins(%zero : f32) outs(%g : tensor<64x4000xf32>) -> tensor<64x4000xf32>
  %q = linalg.matmul ins(%w, %v : tensor<64x64xf32>, tensor<64x4000xf32>) outs(%h : tensor<64x4000xf32>) -> tensor<64x4000xf32>
  return %p, %q : tensor<4000x64xf32>, tensor<64x4000xf32>
}

// Neither a short sum nor its operand's columns are vectors: a copy with its rows innermost, which
// all rows of the other operand use, is.
// CHECK-LABEL: func @turned
// CHECK: %[[W:.*]] = linalg.transpose ins(%arg1 : tensor<64x5xf32>) outs({{.*}} : tensor<5x64xf32>) permutation = [1, 0]
// CHECK: kernel.contract ins(%arg0, %[[W]] : {{.*}} vector_dim = 1
func.func @turned(%x: tensor<32x5xf32>, %w: tensor<64x5xf32>) -> tensor<32x64xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<32x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<32x64xf32>) -> tensor<32x64xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<32x5xf32>, tensor<64x5xf32>) outs(%f : tensor<32x64xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %m = arith.mulf %u, %v : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<32x64xf32>
  return %p : tensor<32x64xf32>
}

// A window over a picture of few channels is read across its transpose; of many, behind it.
// CHECK-LABEL: func @picture
// CHECK-NOT: linalg.transpose
// CHECK: kernel.contract ins(%arg0, %arg2 : tensor<1x3x18x18xf32>, {{.*}} vector_dim = 3
// CHECK: %[[LAST:.*]] = linalg.transpose ins(%arg1 : tensor<1x8x18x18xf32>)
// CHECK: kernel.contract ins(%[[LAST]], %arg3 : {{.*}} vector_dim = 3
func.func @picture(%x: tensor<1x3x18x18xf32>, %y: tensor<1x8x18x18xf32>, %v: tensor<3x3x3x16xf32>,
                   %w: tensor<3x3x8x16xf32>) -> (tensor<1x16x16x16xf32>, tensor<1x16x16x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x16x16x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x16x16x16xf32>) -> tensor<1x16x16x16xf32>
  %ex = tensor.empty() : tensor<1x18x18x3xf32>
  %xt = linalg.transpose ins(%x : tensor<1x3x18x18xf32>) outs(%ex : tensor<1x18x18x3xf32>) permutation = [0, 2, 3, 1]
  %p = linalg.conv_2d_nhwc_hwcf ins(%xt, %v : tensor<1x18x18x3xf32>, tensor<3x3x3x16xf32>) outs(%f : tensor<1x16x16x16xf32>) -> tensor<1x16x16x16xf32>
  %ey = tensor.empty() : tensor<1x18x18x8xf32>
  %yt = linalg.transpose ins(%y : tensor<1x8x18x18xf32>) outs(%ey : tensor<1x18x18x8xf32>) permutation = [0, 2, 3, 1]
  %q = linalg.conv_2d_nhwc_hwcf ins(%yt, %w : tensor<1x18x18x8xf32>, tensor<3x3x8x16xf32>) outs(%f : tensor<1x16x16x16xf32>) -> tensor<1x16x16x16xf32>
  return %p, %q : tensor<1x16x16x16xf32>, tensor<1x16x16x16xf32>
}

// Must not take the loop behind it: booleans are bytes in memory, but bits in a vector.
// CHECK-LABEL: func @compared
// CHECK: kernel.contract
// CHECK: linalg.generic
// CHECK: arith.cmpf
func.func @compared(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %least: tensor<f32>) -> tensor<4x8xi1> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %p = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  %b = tensor.empty() : tensor<4x8xi1>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%least, %p : tensor<f32>, tensor<4x8xf32>) outs(%b : tensor<4x8xi1>) {
  ^bb0(%l: f32, %s: f32, %o: i1):
    %r = arith.cmpf olt, %l, %s : f32
    linalg.yield %r : i1
  } -> tensor<4x8xi1>
  return %y : tensor<4x8xi1>
}

// Where multiply-adds take half a register at a time, a vector by many rows; but not more rows than
// the nearest cache has ways, where they lie 4 KiB apart. Nothing of this where rhs is not packed.
// HALVES-LABEL: func @halves
// HALVES: kernel.contract {{.*}} tile = array<i64: 14, 16, 1>
// HALVES: kernel.contract {{.*}} tile = array<i64: 7, 16, 1>
// HALVES: kernel.contract {{.*}} tile = array<i64: 7, 32, 1>
func.func @halves(%x: tensor<28x64xf32>, %far: tensor<28x1024xf32>, %w: tensor<64x64xf32>)
    -> (tensor<28x64xf32>, tensor<28x64xf32>, tensor<28x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<28x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<28x64xf32>) -> tensor<28x64xf32>
  %w0 = arith.constant dense<1.0> : tensor<64x64xf32>
  %w1 = arith.constant dense<1.0> : tensor<1024x64xf32>
  %0 = linalg.matmul ins(%x, %w0 : tensor<28x64xf32>, tensor<64x64xf32>) outs(%f : tensor<28x64xf32>) -> tensor<28x64xf32>
  %1 = linalg.matmul ins(%far, %w1 : tensor<28x1024xf32>, tensor<1024x64xf32>) outs(%f : tensor<28x64xf32>) -> tensor<28x64xf32>
  %2 = linalg.matmul ins(%x, %w : tensor<28x64xf32>, tensor<64x64xf32>) outs(%f : tensor<28x64xf32>) -> tensor<28x64xf32>
  return %0, %1, %2 : tensor<28x64xf32>, tensor<28x64xf32>, tensor<28x64xf32>
}
