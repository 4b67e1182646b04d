// RUN: fnc-opt %s --fnc-fuse-updates | FileCheck %s
// RUN: fnc-opt %s --fnc-fuse-updates --fnc-lower-to-loops -o /dev/null

#lhs = affine_map<(m, n, k) -> (k, m)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(i, j) -> (i, j)>
#none = affine_map<(i, j) -> ()>

// The update runs where the gradient is made, behind what makes its rate: there is no gradient.
// CHECK-LABEL: func @gradient
// CHECK-NOT: memref.alloc() : memref<16x32xf32>
// CHECK: %[[RATE:.*]] = memref.alloc() : memref<f32>
// CHECK-NEXT: linalg.generic {{.*}} outs(%[[RATE]]
// CHECK: kernel.contract ins(%arg0, %arg1, %arg2, %[[RATE]], %arg3 : {{.*}}) outs(%arg2, %arg3 :
// CHECK-NEXT: ^bb0(%[[G:[^:]*]]: f32, %[[V:[^:]*]]: f32, %[[R:[^:]*]]: f32, %[[W:[^:]*]]: f32):
// CHECK-NEXT: %[[NEW:.*]] = arith.addf %[[G]], %[[V]]
// CHECK-NEXT: %[[STEP:.*]] = arith.mulf %[[NEW]], %[[R]]
// CHECK-NEXT: %[[MOVED:.*]] = arith.subf %[[W]], %[[STEP]]
// CHECK-NEXT: kernel.yield %[[NEW]], %[[MOVED]] : f32, f32
// CHECK: linalg.fill
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @gradient(%x: memref<8x16xf32>, %dy: memref<8x32xf32>, %v: memref<16x32xf32>, %w: memref<16x32xf32>, %n: memref<f32>, %other: memref<8x32xf32>) attributes {fn.kernel} {
  %zero = arith.constant 0.0 : f32
  %g = memref.alloc() : memref<16x32xf32>
  kernel.contract ins(%x, %dy : memref<8x16xf32>, memref<8x32xf32>) outs(%g : memref<16x32xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 32, 8>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.fill ins(%zero : f32) outs(%other : memref<8x32xf32>)
  %rate = memref.alloc() : memref<f32>
  linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []} ins(%n : memref<f32>) outs(%rate : memref<f32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #none, #id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %v, %rate, %w : memref<16x32xf32>, memref<16x32xf32>, memref<f32>, memref<16x32xf32>) outs(%v, %w : memref<16x32xf32>, memref<16x32xf32>) {
  ^bb0(%a: f32, %b: f32, %r: f32, %c: f32, %out0: f32, %out1: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.mulf %0, %r : f32
    %2 = arith.subf %c, %1 : f32
    linalg.yield %0, %2 : f32, f32
  }
  return
}

// Where something still reads the variable, the contraction comes later; and into a commit.
// CHECK-LABEL: func @later
// CHECK-NOT: kernel.contract
// CHECK: linalg.generic
// CHECK: kernel.contract ins(%arg0, %arg1, %arg2 : {{.*}}) outs(%arg2
// CHECK-LABEL: func @commit
// CHECK: scf.if
// CHECK-NEXT: kernel.contract ins(%arg0, %arg1, %arg2 : {{.*}}) outs(%arg2
func.func @later(%x: memref<8x16xf32>, %dy: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<16x32xf32>) attributes {fn.kernel} {
  %g = memref.alloc() : memref<16x32xf32>
  kernel.contract ins(%x, %dy : memref<8x16xf32>, memref<8x32xf32>) outs(%g : memref<16x32xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 32, 8>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%w : memref<16x32xf32>) outs(%y : memref<16x32xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%g, %w : memref<16x32xf32>, memref<16x32xf32>) outs(%w : memref<16x32xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.subf %b, %a : f32
    linalg.yield %0 : f32
  }
  return
}
func.func @commit(%x: memref<8x16xf32>, %dy: memref<8x32xf32>, %w: memref<16x32xf32>, %ok: i1) attributes {fn.kernel} {
  %g = memref.alloc() : memref<16x32xf32>
  kernel.contract ins(%x, %dy : memref<8x16xf32>, memref<8x32xf32>) outs(%g : memref<16x32xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 32, 8>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  scf.if %ok {
    linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%g, %w : memref<16x32xf32>, memref<16x32xf32>) outs(%w : memref<16x32xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.subf %b, %a : f32
      linalg.yield %0 : f32
    }
  }
  return
}

// The gradient has another reader; the contraction reads what the loop changes; more would wait
// than is saved.
// CHECK-LABEL: func @checked
// CHECK: outs(%{{.*}} : memref<16x32xf32>)
// CHECK-LABEL: func @own
// CHECK: kernel.contract {{.*}} outs(%{{.*}} : memref<16x16xf32>)
// CHECK: linalg.generic
// CHECK-LABEL: func @large
// CHECK: kernel.contract
// CHECK: scf.if
// CHECK-NEXT: linalg.generic
func.func @checked(%x: memref<8x16xf32>, %dy: memref<8x32xf32>, %w: memref<16x32xf32>, %sum: memref<f32>) attributes {fn.kernel} {
  %g = memref.alloc() : memref<16x32xf32>
  kernel.contract ins(%x, %dy : memref<8x16xf32>, memref<8x32xf32>) outs(%g : memref<16x32xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 32, 8>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction", "reduction"]} ins(%g : memref<16x32xf32>) outs(%sum : memref<f32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.addf %a, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #none, #id], iterator_types = ["parallel", "parallel"]} ins(%g, %w, %sum : memref<16x32xf32>, memref<16x32xf32>, memref<f32>) outs(%w : memref<16x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %out: f32):
    %0 = arith.mulf %a, %c : f32
    %1 = arith.subf %b, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
func.func @own(%x: memref<16x16xf32>, %w: memref<16x16xf32>) attributes {fn.kernel} {
  %g = memref.alloc() : memref<16x16xf32>
  kernel.contract ins(%x, %w : memref<16x16xf32>, memref<16x16xf32>) outs(%g : memref<16x16xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 16, 16>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%g, %w : memref<16x16xf32>, memref<16x16xf32>) outs(%w : memref<16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.subf %b, %a : f32
    linalg.yield %0 : f32
  }
  return
}
func.func @large(%x0: memref<64x16xf32>, %dy: memref<64x32xf32>, %w: memref<16x32xf32>, %ok: i1) attributes {fn.kernel} {
  %x = memref.alloc() : memref<64x16xf32>
  linalg.copy ins(%x0 : memref<64x16xf32>) outs(%x : memref<64x16xf32>)
  %g = memref.alloc() : memref<16x32xf32>
  kernel.contract ins(%x, %dy : memref<64x16xf32>, memref<64x32xf32>) outs(%g : memref<16x32xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 32, 64>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  scf.if %ok {
    linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%g, %w : memref<16x32xf32>, memref<16x32xf32>) outs(%w : memref<16x32xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.subf %b, %a : f32
      linalg.yield %0 : f32
    }
  }
  return
}

// What the caller gets is made on both paths, though one of them changes it; so is what is read
// behind them.
// CHECK-LABEL: func @result
// CHECK: kernel.contract {{.*}} outs(%arg2 : memref<16x32xf32>)
// CHECK: scf.if
// CHECK-NEXT: linalg.generic
// CHECK-LABEL: func @behind
// CHECK: kernel.contract {{.*}} outs(%[[G:.*]] : memref<16x32xf32>)
// CHECK: scf.if
// CHECK-NEXT: linalg.generic {{.*}} outs(%[[G]]
func.func @result(%x: memref<8x16xf32>, %dy: memref<8x32xf32>, %y: memref<16x32xf32>, %ok: i1) attributes {fn.kernel} {
  kernel.contract ins(%x, %dy : memref<8x16xf32>, memref<8x32xf32>) outs(%y : memref<16x32xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 32, 8>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  scf.if %ok {
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y : memref<16x32xf32>) outs(%y : memref<16x32xf32>) {
    ^bb0(%a: f32, %out: f32):
      %0 = arith.negf %a : f32
      linalg.yield %0 : f32
    }
  }
  return
}
func.func @behind(%x: memref<8x16xf32>, %dy: memref<8x32xf32>, %y: memref<16x32xf32>, %ok: i1) attributes {fn.kernel} {
  %g = memref.alloc() : memref<16x32xf32>
  kernel.contract ins(%x, %dy : memref<8x16xf32>, memref<8x32xf32>) outs(%g : memref<16x32xf32>)
      attributes {maps = [#lhs, #rhs, #out], sizes = array<i64: 16, 32, 8>, vector_dim = 1 : i64, row_dim = 0 : i64, tile = array<i64: 4, 8, 1>} {
  ^bb0(%sum: f32):
    kernel.yield %sum : f32
  }
  scf.if %ok {
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%g : memref<16x32xf32>) outs(%g : memref<16x32xf32>) {
    ^bb0(%a: f32, %out: f32):
      %0 = arith.negf %a : f32
      linalg.yield %0 : f32
    }
  }
  linalg.copy ins(%g : memref<16x32xf32>) outs(%y : memref<16x32xf32>)
  return
}
