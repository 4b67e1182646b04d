// RUN: fnc-opt %s --fnc-skew-rows="vector-bits=256 registers=16" --canonicalize --cse | FileCheck %s
// RUN: fnc-opt %s --fnc-skew-rows="registers=0" --canonicalize --cse | FileCheck %s --check-prefix=ONE

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#one = affine_map<(i, j) -> (i, 0)>

// The sum of one row and the differences of the row before are one loop; the sum lies in two slots,
// and the first and the last step do one of them.
// CHECK-LABEL: func @center
// CHECK: %[[SUMS:.*]] = memref.alloc() : memref<2x1xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c65 step %c1
// CHECK: %[[J:.*]] = arith.subi %[[I]], %c1
// CHECK: scf.if
// CHECK: arith.remui %[[I]], %c2
// CHECK: memref.subview %arg0[%[[I]], 0]
// CHECK: memref.subview %arg0[%[[J]], 0]
// CHECK: arith.remui %[[J]], %c2
// CHECK: memref.subview %arg1[%[[J]], 0]
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK-DAG: arith.addf
// CHECK-DAG: arith.subf
// CHECK: } else {
// CHECK: scf.if
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK: scf.if
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
// CHECK: return
// ONE-LABEL: func @center
// ONE: memref.alloc() : memref<1xf32>
// ONE: scf.for %{{.*}} = %c0 to %c64 step %c1
// ONE-NOT: scf.if
// ONE: return
func.func @center(%x: memref<64x128xf32>, %y: memref<64x128xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %sum = memref.alloc() : memref<1xf32>
  scf.for %i = %c0 to %c64 step %c1 {
    linalg.fill ins(%zero : f32) outs(%sum : memref<1xf32>)
    %xi = memref.subview %x[%i, 0] [1, 128] [1, 1] : memref<64x128xf32> to memref<1x128xf32, strided<[128, 1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%xi : memref<1x128xf32, strided<[128, 1], offset: ?>>) outs(%sum : memref<1xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %0 = arith.addf %acc, %a : f32
      linalg.yield %0 : f32
    }
    %column = memref.expand_shape %sum [[0, 1]] output_shape [1, 1] : memref<1xf32> into memref<1x1xf32>
    %yi = memref.subview %y[%i, 0] [1, 128] [1, 1] : memref<64x128xf32> to memref<1x128xf32, strided<[128, 1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]} ins(%xi, %column : memref<1x128xf32, strided<[128, 1], offset: ?>>, memref<1x1xf32>) outs(%yi : memref<1x128xf32, strided<[128, 1], offset: ?>>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.subf %a, %b : f32
      linalg.yield %0 : f32
    }
  } {fn.rows}
  return
}

// Two stages: differences are cheap, so that both their readers make their own. The buffer that
// holds first one number and then another becomes two.
// ONE-LABEL: func @twice
// ONE-DAG: memref.alloc() : memref<1xf32>
// ONE-DAG: memref.alloc() : memref<1xf32>
// ONE-NOT: memref<128xf32>
// ONE: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// ONE: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// ONE: arith.subf
// ONE-NEXT: arith.mulf
// ONE-NEXT: arith.addf
// ONE: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
// ONE: arith.subf
// ONE-NEXT: arith.divf
// ONE: return
func.func @twice(%x: memref<64x128xf32>, %y: memref<64x128xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %sum = memref.alloc() : memref<1xf32>
  %difference = memref.alloc() : memref<128xf32>
  scf.for %i = %c0 to %c64 step %c1 {
    linalg.fill ins(%zero : f32) outs(%sum : memref<1xf32>)
    %xi = memref.subview %x[%i, 0] [1, 128] [1, 1] : memref<64x128xf32> to memref<1x128xf32, strided<[128, 1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%xi : memref<1x128xf32, strided<[128, 1], offset: ?>>) outs(%sum : memref<1xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %0 = arith.addf %acc, %a : f32
      linalg.yield %0 : f32
    }
    %column = memref.expand_shape %sum [[0, 1]] output_shape [1, 1] : memref<1xf32> into memref<1x1xf32>
    %d = memref.expand_shape %difference [[0, 1]] output_shape [1, 128] : memref<128xf32> into memref<1x128xf32>
    linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]} ins(%xi, %column : memref<1x128xf32, strided<[128, 1], offset: ?>>, memref<1x1xf32>) outs(%d : memref<1x128xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.subf %a, %b : f32
      linalg.yield %0 : f32
    }
    linalg.fill ins(%zero : f32) outs(%sum : memref<1xf32>)
    linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%d : memref<1x128xf32>) outs(%sum : memref<1xf32>) {
    ^bb0(%a: f32, %acc: f32):
      %0 = arith.mulf %a, %a : f32
      %1 = arith.addf %acc, %0 : f32
      linalg.yield %1 : f32
    }
    %yi = memref.subview %y[%i, 0] [1, 128] [1, 1] : memref<64x128xf32> to memref<1x128xf32, strided<[128, 1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]} ins(%d, %column : memref<1x128xf32>, memref<1x1xf32>) outs(%yi : memref<1x128xf32, strided<[128, 1], offset: ?>>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %0 = arith.divf %a, %b : f32
      linalg.yield %0 : f32
    }
  } {fn.rows}
  return
}

// Rows of which there are few, or that are short, follow one another; and a loop without the mark
// stays as it is.
// CHECK-LABEL: func @unmarked
// CHECK-COUNT-2: linalg.generic
// CHECK: return
func.func @unmarked(%x: memref<64x128xf32>, %y: memref<64x128xf32>, %z: memref<64x128xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    %xi = memref.subview %x[%i, 0] [1, 128] [1, 1] : memref<64x128xf32> to memref<1x128xf32, strided<[128, 1], offset: ?>>
    %yi = memref.subview %y[%i, 0] [1, 128] [1, 1] : memref<64x128xf32> to memref<1x128xf32, strided<[128, 1], offset: ?>>
    %zi = memref.subview %z[%i, 0] [1, 128] [1, 1] : memref<64x128xf32> to memref<1x128xf32, strided<[128, 1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%xi : memref<1x128xf32, strided<[128, 1], offset: ?>>) outs(%yi : memref<1x128xf32, strided<[128, 1], offset: ?>>) {
    ^bb0(%a: f32, %out: f32):
      %0 = math.sqrt %a : f32
      linalg.yield %0 : f32
    }
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%yi : memref<1x128xf32, strided<[128, 1], offset: ?>>) outs(%zi : memref<1x128xf32, strided<[128, 1], offset: ?>>) {
    ^bb0(%a: f32, %out: f32):
      %0 = arith.mulf %a, %a : f32
      linalg.yield %0 : f32
    }
  }
  return
}
