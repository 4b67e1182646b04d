// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=128 registers=16" --canonicalize --cse | FileCheck %s

#rows = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// Where the largest element of each row is: eight rows at a time, gathered into a vector, with the
// results in registers. The fills are what these start from, and are not done; nobody reads the
// elements themselves. Rows that are left over go one by one.
// CHECK-LABEL: func @argmax
// CHECK-SAME: %[[X:.*]]: memref<?x10xf32>, %[[AT:.*]]: memref<?xi32>
// CHECK-DAG: %[[LOW:.*]] = arith.constant dense<0xFF800000> : vector<8xf32>
// CHECK-DAG: %[[NONE:.*]] = arith.constant dense<0> : vector<8xi32>
// CHECK-NOT: store
// CHECK: scf.for %[[I:.*]] = %c0 to %[[WHOLE:.*]] step %c8
// CHECK: %[[BEST:.*]]:2 = scf.for %[[J:.*]] = %c0 to %c10 step %c1 iter_args(%{{.*}} = %[[LOW]], %{{.*}} = %[[NONE]])
// CHECK-COUNT-8: memref.load %[[X]][%{{.*}}, %[[J]]]
// CHECK: vector.from_elements
// CHECK: vector.store %[[BEST]]#1, %[[AT]][%[[I]]]
// CHECK: scf.for %[[I:.*]] = %[[WHOLE]] to %{{.*}} step %c1
// CHECK: %[[BEST:.*]]:2 = scf.for
// CHECK: memref.store %[[BEST]]#1, %[[AT]][%[[I]]]
// CHECK-NOT: store
// CHECK: return
func.func @argmax(%x: memref<?x10xf32>, %at: memref<?xi32>, %workspace: memref<?xi8>, %n: index) {
  %c0 = arith.constant 0 : index
  %low = arith.constant 0xFF800000 : f32
  %none = arith.constant 0 : i32
  %best = memref.view %workspace[%c0][%n] {fn.buffer = 0 : i64} : memref<?xi8> to memref<?xf32>
  linalg.fill ins(%none : i32) outs(%at : memref<?xi32>)
  linalg.fill ins(%low : f32) outs(%best : memref<?xf32>)
  linalg.generic {indexing_maps = [#rows, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x10xf32>) outs(%best, %at : memref<?xf32>, memref<?xi32>) {
  ^bb0(%in: f32, %most: f32, %where: i32):
    %j = linalg.index 1 : index
    %here = arith.index_cast %j : index to i32
    %more = arith.cmpf ogt, %in, %most : f32
    %value = arith.select %more, %in, %most : f32
    %place = arith.select %more, %here, %where : i32
    linalg.yield %value, %place : f32, i32
  }
  return
}

// One result is made of elements in a register.
// CHECK-LABEL: func @one
// CHECK: %[[BEST:.*]]:2 = scf.for %{{.*}} = %c0 to %c100 step %c1 iter_args
// CHECK-NOT: store
// CHECK: }
// CHECK: memref.store %[[BEST]]#0
// CHECK: memref.store %[[BEST]]#1
func.func @one(%x: memref<1x100xf32>, %best: memref<1xf32>, %at: memref<1xi32>) {
  linalg.generic {indexing_maps = [#rows, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1x100xf32>) outs(%best, %at : memref<1xf32>, memref<1xi32>) {
  ^bb0(%in: f32, %most: f32, %where: i32):
    %j = linalg.index 1 : index
    %here = arith.index_cast %j : index to i32
    %more = arith.cmpf ogt, %in, %most : f32
    %value = arith.select %more, %in, %most : f32
    %place = arith.select %more, %here, %where : i32
    linalg.yield %value, %place : f32, i32
  }
  return
}

// What somebody reads before the result is whole is done, and so is what only a part of it starts
// from; what is read later is stored.
// CHECK-LABEL: func @seen
// CHECK: vector.store %{{.*}}, %[[V:.*]][%c0]
// CHECK: memref.load %[[V]][%c0]
// CHECK: %[[SUM:.*]] = vector.reduction <add>
// CHECK: memref.load
// CHECK: %[[ALL:.*]] = arith.addi %{{.*}}, %[[SUM]]
// CHECK: memref.store %[[ALL]]
func.func @seen(%x: memref<1x4xi32>, %y: memref<1xi32>, %workspace: memref<?xi8>) -> i32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 7 : i32
  %sum = memref.view %workspace[%c0][] {fn.buffer = 0 : i64} : memref<?xi8> to memref<4xi32>
  linalg.fill ins(%zero : i32) outs(%sum : memref<4xi32>)
  %first = memref.load %sum[%c0] : memref<4xi32>
  %one = memref.subview %sum[0] [1] [1] : memref<4xi32> to memref<1xi32, strided<[1]>>
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1x4xi32>) outs(%one : memref<1xi32, strided<[1]>>) {
  ^bb0(%in: i32, %out: i32):
    %s = arith.addi %out, %in : i32
    linalg.yield %s : i32
  }
  %last = memref.load %sum[%c0] : memref<4xi32>
  %both = arith.addi %first, %last : i32
  return %both : i32
}
