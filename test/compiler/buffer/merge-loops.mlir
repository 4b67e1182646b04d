// RUN: fnc-opt %s --fnc-merge-loops | FileCheck %s

#id = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>

// A slot, the scaled gradient between, a number on the way, and the variable: one loop, in place.
// CHECK-LABEL: func @momentum
// CHECK-NOT: memref.alloc() : memref<8xf32>
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : memref<f32>)
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg1, %arg2, %{{.*}} : {{.*}}) outs(%arg1, %arg2 : memref<8xf32>, memref<8xf32>)
// CHECK-NEXT: ^bb0(%[[G:[^:]*]]: f32, %[[V:[^:]*]]: f32, %[[W:[^:]*]]: f32, %[[R:[^:]*]]: f32,
// CHECK-NEXT: %[[SCALED:.*]] = arith.mulf %[[G]], %[[G]]
// CHECK-NEXT: %[[NEW:.*]] = arith.addf %[[SCALED]], %[[V]]
// CHECK-NEXT: %[[STEP:.*]] = arith.mulf %[[NEW]], %[[R]]
// CHECK-NEXT: %[[MOVED:.*]] = arith.subf %[[W]], %[[STEP]]
// CHECK-NEXT: linalg.yield %[[NEW]], %[[MOVED]]
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @momentum(%g: memref<8xf32>, %v: memref<8xf32>, %w: memref<8xf32>, %n: memref<f32>) attributes {fn.kernel} {
  %scaled = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%g : memref<8xf32>) outs(%scaled : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%scaled, %v : memref<8xf32>, memref<8xf32>) outs(%v : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  %rate = memref.alloc() : memref<f32>
  linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []} ins(%n : memref<f32>) outs(%rate : memref<f32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id, #none, #id], iterator_types = ["parallel"]} ins(%w, %v, %rate : memref<8xf32>, memref<8xf32>, memref<f32>) outs(%w : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %r: f32, %out: f32):
    %0 = arith.mulf %b, %r : f32
    %1 = arith.subf %a, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// Another place of what the first one writes; a sum of it in between; nothing in common.
// CHECK-LABEL: func @reversed
// CHECK-COUNT-2: linalg.generic
// CHECK-LABEL: func @sum_between
// CHECK-COUNT-3: linalg.generic
// CHECK-LABEL: func @strangers
// CHECK-COUNT-2: linalg.generic
func.func @reversed(%x: memref<8xf32>, %y: memref<8xf32>, %z: memref<8xf32>) attributes {fn.kernel} {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, affine_map<(i) -> (-i + 7)>, #id], iterator_types = ["parallel"]} ins(%x, %y : memref<8xf32>, memref<8xf32>) outs(%z : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}
func.func @sum_between(%x: memref<8xf32>, %y: memref<8xf32>, %sum: memref<f32>, %z: memref<8xf32>) attributes {fn.kernel} {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction"]} ins(%y : memref<8xf32>) outs(%sum : memref<f32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.addf %a, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #none, #id], iterator_types = ["parallel"]} ins(%y, %sum : memref<8xf32>, memref<f32>) outs(%z : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}
func.func @strangers(%x: memref<8xf32>, %y: memref<8xf32>, %z: memref<8xf32>, %w: memref<8xf32>) attributes {fn.kernel} {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%z : memref<8xf32>) outs(%w : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}
