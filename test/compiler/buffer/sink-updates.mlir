// RUN: fnc-opt %s --fnc-sink-updates | FileCheck %s

#id = affine_map<(i) -> (i)>

// The new value waits for the status, then replaces the old one where it is.
// CHECK-LABEL: func @step
// CHECK-NOT: memref.alloc
// CHECK-NOT: linalg.generic
// CHECK: scf.if
// CHECK-NEXT: linalg.generic {{.*}} ins(%arg0, %arg1 : {{.*}}) outs(%arg1 : memref<8xf32>)
// CHECK-NOT: linalg.copy
// CHECK: return
func.func @step(%g: memref<8xf32>, %w: memref<8xf32> {fn.written}, %ok: i1) attributes {fn.kernel} {
  %new = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%g, %w : memref<8xf32>, memref<8xf32>) outs(%new : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  scf.if %ok {
    linalg.copy ins(%new : memref<8xf32>) outs(%w : memref<8xf32>)
  }
  return
}

// Each new value is made of the other variable: one is made in place, after which the copy comes.
// CHECK-LABEL: func @exchange
// CHECK: %[[NEW:.*]] = memref.alloc
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} outs(%[[NEW]]
// CHECK: scf.if
// CHECK-NEXT: linalg.generic {{.*}} ins(%arg0, %arg1 : {{.*}}) outs(%arg1
// CHECK: linalg.copy ins(%[[NEW]] : memref<8xf32>) outs(%arg0 : memref<8xf32>)
// CHECK: return
func.func @exchange(%v: memref<8xf32> {fn.written}, %w: memref<8xf32> {fn.written}, %ok: i1) attributes {fn.kernel} {
  %one = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%w : memref<8xf32>) outs(%one : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  }
  %other = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%v, %w : memref<8xf32>, memref<8xf32>) outs(%other : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  scf.if %ok {
    linalg.copy ins(%one : memref<8xf32>) outs(%v : memref<8xf32>)
    linalg.copy ins(%other : memref<8xf32>) outs(%w : memref<8xf32>)
  }
  return
}

// Of a copy some rows change: in the variable itself, of which there is no copy.
// CHECK-LABEL: func @rows
// CHECK-NOT: memref.alloc
// CHECK: scf.if
// CHECK-NEXT: scf.for
// CHECK: memref.subview %arg1[%{{.*}}, 0] [1, 8] [1, 1]
// CHECK: linalg.copy ins(%{{.*}} : memref<1x8xf32
// CHECK-NOT: linalg.copy
// CHECK: return
func.func @rows(%i: memref<3xindex>, %w: memref<90x8xf32> {fn.written}, %rows: memref<3x8xf32>, %ok: i1) attributes {fn.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %new = memref.alloc() : memref<90x8xf32>
  linalg.copy ins(%w : memref<90x8xf32>) outs(%new : memref<90x8xf32>)
  scf.for %k = %c0 to %c3 step %c1 {
    %at = memref.load %i[%k] : memref<3xindex>
    %from = memref.subview %rows[%k, 0] [1, 8] [1, 1] : memref<3x8xf32> to memref<1x8xf32, strided<[8, 1], offset: ?>>
    %to = memref.subview %new[%at, 0] [1, 8] [1, 1] : memref<90x8xf32> to memref<1x8xf32, strided<[8, 1], offset: ?>>
    linalg.copy ins(%from : memref<1x8xf32, strided<[8, 1], offset: ?>>) outs(%to : memref<1x8xf32, strided<[8, 1], offset: ?>>)
  }
  scf.if %ok {
    linalg.copy ins(%new : memref<90x8xf32>) outs(%w : memref<90x8xf32>)
  }
  return
}

// What is read changes before the commit; another element of the variable is read; the value has
// another reader, which may be what the status depends on.
// CHECK-LABEL: func @changes
// CHECK: linalg.copy ins
// CHECK-LABEL: func @reversed
// CHECK: linalg.copy ins
// CHECK-LABEL: func @checked
// CHECK: linalg.copy ins
func.func @changes(%g: memref<8xf32>, %w: memref<8xf32> {fn.written}, %ok: i1) attributes {fn.kernel} {
  %zero = arith.constant 0.0 : f32
  %new = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%g, %w : memref<8xf32>, memref<8xf32>) outs(%new : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%zero : f32) outs(%g : memref<8xf32>)
  scf.if %ok {
    linalg.copy ins(%new : memref<8xf32>) outs(%w : memref<8xf32>)
  }
  return
}
func.func @reversed(%w: memref<8xf32> {fn.written}, %ok: i1) attributes {fn.kernel} {
  %new = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [affine_map<(i) -> (-i + 7)>, #id], iterator_types = ["parallel"]} ins(%w : memref<8xf32>) outs(%new : memref<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  scf.if %ok {
    linalg.copy ins(%new : memref<8xf32>) outs(%w : memref<8xf32>)
  }
  return
}
func.func @checked(%g: memref<8xf32>, %w: memref<8xf32> {fn.written}, %sum: memref<f32>, %ok: i1) attributes {fn.kernel} {
  %new = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%g, %w : memref<8xf32>, memref<8xf32>) outs(%new : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, affine_map<(i) -> ()>], iterator_types = ["reduction"]} ins(%new : memref<8xf32>) outs(%sum : memref<f32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.addf %a, %out : f32
    linalg.yield %0 : f32
  }
  scf.if %ok {
    linalg.copy ins(%new : memref<8xf32>) outs(%w : memref<8xf32>)
  }
  return
}
