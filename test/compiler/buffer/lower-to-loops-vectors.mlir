// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=256 registers=16" --canonicalize --cse | FileCheck %s

// Rows without a gap are one row: vectors, and one that overlaps the last for the rest.
// CHECK-LABEL: func @elementwise
// CHECK-DAG: memref.collapse_shape %arg0 {{.*}} into memref<30xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c24 step %c8
// CHECK: vector.load %{{.*}}[%[[I]]] : memref<30xf32>, vector<8xf32>
// CHECK: math.sqrt {{.*}} : vector<8xf32>
// CHECK: vector.load %{{.*}}[%c22] : memref<30xf32>, vector<8xf32>
// CHECK-NOT: {{memref|vector}}.load
// CHECK: return
func.func @elementwise(%x: memref<5x6xf32>, %y: memref<5x6xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : memref<5x6xf32>) outs(%y : memref<5x6xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  return
}

// Must not overlap: what is written is read.
// CHECK-LABEL: func @in_place
// CHECK: vector.load %{{.*}} : memref<30xf32>, vector<8xf32>
// CHECK: vector.load %{{.*}}[%c24] : memref<30xf32>, vector<4xf32>
// CHECK: vector.load %{{.*}}[%c28] : memref<30xf32>, vector<2xf32>
func.func @in_place(%x: memref<30xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : memref<30xf32>) outs(%x : memref<30xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.sqrt %a : f32
    linalg.yield %0 : f32
  }
  return
}

// What a row shares is loaded once a row; a size that is known at the call ends in elements only
// where it has no room for a vector.
// CHECK-LABEL: func @broadcast
// CHECK: scf.for %[[I:.*]] = %c0
// CHECK: memref.load %arg1[%[[I]], %c0]
// CHECK: vector.broadcast
// CHECK: vector.store
// CHECK: arith.cmpi uge, %{{.*}}, %c8
// CHECK: scf.if
// CHECK: %[[LAST:.*]] = arith.subi %{{.*}}, %c8
// CHECK: %[[FROM:.*]] = arith.select %{{.*}}, %{{.*}}, %[[LAST]]
// CHECK: scf.for %{{.*}} = %[[FROM]] to
// CHECK: vector.store
// CHECK: } else {
// CHECK: memref.load %arg0[%[[I]], %{{.*}}]
// CHECK: memref.store
func.func @broadcast(%x: memref<?x?xf32>, %s: memref<?x1xf32>, %y: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x, %s : memref<?x?xf32>, memref<?x1xf32>) outs(%y : memref<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// 32 partial sums whatever the registers, combined by halves; the last four elements in their order.
// CHECK-LABEL: func @sum
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<-0.000000e+00> : vector<8xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c3 step %c1
// CHECK: %[[S:.*]]:4 = scf.for %[[J:.*]] = %c0 to %c96 step %c32 iter_args(%{{.*}} = %[[ZERO]], {{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: %[[A:.*]] = arith.addf %[[S]]#0, %[[S]]#2
// CHECK: %[[B:.*]] = arith.addf %[[S]]#1, %[[S]]#3
// CHECK: %[[C:.*]] = arith.addf %[[A]], %[[B]]
// CHECK: vector.shuffle %[[C]], %[[C]] [0, 1, 2, 3]
// CHECK: scf.for %{{.*}} = %c96 to %c100 step %c1 iter_args(%{{.*}}) -> (f32)
// CHECK: memref.store %{{.*}}, %arg1[%[[I]]]
func.func @sum(%x: memref<3x100xf32>, %y: memref<3xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : memref<3x100xf32>) outs(%y : memref<3xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.addf %acc, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// A sum over rows keeps a short result in registers.
// CHECK-LABEL: func @columns
// CHECK: vector.load %arg1[%c0]
// CHECK: scf.for %[[I:.*]] = %c0 to %c100 step %c1 iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>)
// CHECK: vector.load %arg0[%[[I]], %c0]
// CHECK: vector.load %arg0[%[[I]], %c8]
// CHECK-NOT: vector.store
// CHECK: scf.yield
// CHECK: vector.store
func.func @columns(%x: memref<100x16xf32>, %y: memref<16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]} ins(%x : memref<100x16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.maximumf %acc, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// Nothing is contiguous in both: elements.
// CHECK-LABEL: func @transpose
// CHECK-NOT: vector
// CHECK: return
func.func @transpose(%x: memref<16x16xf32>, %y: memref<16x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : memref<16x16xf32>) outs(%y : memref<16x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  }
  return
}

// Each bit has a byte of its own, in vectors of them too.
// CHECK-LABEL: func @bits
// CHECK: %[[BIT:.*]] = arith.cmpf ogt, {{.*}} : vector<8xf32>
// CHECK: vector.store %[[BIT]], %arg1[{{.*}}] : memref<16xi1>, vector<8xi1>
func.func @bits(%x: memref<16xf32>, %y: memref<16xi1>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : memref<16xf32>) outs(%y : memref<16xi1>) {
  ^bb0(%a: f32, %out: i1):
    %zero = arith.constant 0.0 : f32
    %0 = arith.cmpf ogt, %a, %zero : f32
    linalg.yield %0 : i1
  }
  return
}

// Instructions of a long body wait for one another: several vectors go through it side by side, as
// many as registers hold, then single ones, then elements.
// CHECK-LABEL: func @long_body
// CHECK: scf.for {{.*}} {
// CHECK: vector.load {{.*}} vector<32xf32>
// CHECK: scf.for {{.*}} {
// CHECK: vector.load {{.*}} vector<8xf32>
// CHECK: scf.for {{.*}} {
// CHECK: memref.load
func.func @long_body(%x: memref<?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %a = arith.mulf %u, %u : f32
    %b = arith.addf %a, %u : f32
    %c = arith.mulf %b, %b : f32
    %d = arith.addf %c, %u : f32
    %e = arith.mulf %d, %d : f32
    %f = arith.addf %e, %u : f32
    %g = arith.mulf %f, %f : f32
    %h = arith.addf %g, %u : f32
    linalg.yield %h : f32
  }
  return
}

// What few elements need stays apart: where any of a vector does, one by one.
// CHECK-LABEL: func @rare
// CHECK: %[[X:.*]] = vector.load {{.*}} vector<8xf32>
// CHECK: %[[TAKES:.*]] = arith.cmpf ogt, %[[X]]
// CHECK: %[[USUAL:.*]] = arith.addf %[[X]], %[[X]] : vector<8xf32>
// CHECK: %[[ANY:.*]] = vector.reduction <or>, %[[TAKES]] : vector<8xi1> into i1
// CHECK: %[[Y:.*]] = scf.if %[[ANY]] -> (vector<8xf32>) {
// CHECK: scf.for %[[LANE:.*]] = %c0 to %c8 step %c1 iter_args(%[[OLD:.*]] = %[[USUAL]])
// CHECK: %[[BIT:.*]] = vector.extract %[[TAKES]][%[[LANE]]]
// CHECK: scf.if %[[BIT]]
// CHECK: %[[ONE:.*]] = vector.extract %[[X]][%[[LANE]]]
// CHECK: %[[ROOT:.*]] = math.sqrt %[[ONE]] : f32
// CHECK: vector.insert %[[ROOT]], %[[OLD]] [%[[LANE]]]
// CHECK: } else {
// CHECK: scf.yield %[[USUAL]]
// CHECK: vector.store %[[Y]]
func.func @rare(%x: memref<16xf32>, %y: memref<16xf32>) {
  %most = arith.constant 100.0 : f32
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%u: f32, %o: f32):
    %large = arith.cmpf ogt, %u, %most : f32
    %v = scf.if %large -> f32 {
      %r = math.sqrt %u : f32
      scf.yield %r : f32
    } else {
      %s = arith.addf %u, %u : f32
      scf.yield %s : f32
    } {fn.rare}
    linalg.yield %v : f32
  }
  return
}

// A long body is there once: the last vector of a row begins where it ends with the row. Where what is
// written is read, or another op of the row may read it at once, vectors do not overlap.
// CHECK-LABEL: func @last_vector_in_loop
// CHECK: scf.for %[[J:.*]] = %c0 to %c10 step %c8
// CHECK: %[[AT:.*]] = arith.minui %[[J]], %c2
// CHECK: vector.load %arg0[%[[I:.*]], %[[AT]]] : memref<?x10xf32, strided<[32, 1]>>, vector<8xf32>
// CHECK: vector.store %{{.*}}, %arg1[%[[I]], %[[AT]]] : memref<?x10xf32, strided<[32, 1]>>, vector<8xf32>
// CHECK-NOT: vector.store
// CHECK-LABEL: func @row_by_row
// CHECK-NOT: arith.minui
// CHECK: return
func.func @last_vector_in_loop(%x: memref<?x10xf32, strided<[32, 1]>>, %y: memref<?x10xf32, strided<[32, 1]>>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x10xf32, strided<[32, 1]>>) outs(%y : memref<?x10xf32, strided<[32, 1]>>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.mulf %1, %1 : f32
    %3 = arith.mulf %2, %2 : f32
    %4 = arith.mulf %3, %3 : f32
    %5 = arith.mulf %4, %4 : f32
    %6 = arith.mulf %5, %5 : f32
    %7 = arith.mulf %6, %6 : f32
    %8 = arith.mulf %7, %7 : f32
    %9 = arith.mulf %8, %8 : f32
    %10 = arith.mulf %9, %9 : f32
    %11 = arith.mulf %10, %10 : f32
    %12 = arith.mulf %11, %11 : f32
    linalg.yield %12 : f32
  }
  return
}
func.func @row_by_row(%x: memref<10xf32>, %y: memref<10xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%x : memref<10xf32>) outs(%y : memref<10xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %in : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.mulf %1, %1 : f32
    %3 = arith.mulf %2, %2 : f32
    %4 = arith.mulf %3, %3 : f32
    %5 = arith.mulf %4, %4 : f32
    %6 = arith.mulf %5, %5 : f32
    %7 = arith.mulf %6, %6 : f32
    %8 = arith.mulf %7, %7 : f32
    %9 = arith.mulf %8, %8 : f32
    %10 = arith.mulf %9, %9 : f32
    %11 = arith.mulf %10, %10 : f32
    %12 = arith.mulf %11, %11 : f32
    linalg.yield %12 : f32
  }
  }
  return
}
