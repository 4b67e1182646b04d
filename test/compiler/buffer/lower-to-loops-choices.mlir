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

// A maximum that starts from the least number is what the partial ones give; the last two of these
// are elements.
// CHECK-LABEL: func @largest
// CHECK: vector.shuffle
// CHECK: vector.shuffle
// CHECK-NOT: vector.shuffle
// CHECK: %[[X:.*]] = vector.extract %{{.*}}[0]
// CHECK: %[[Y:.*]] = vector.extract %{{.*}}[1]
// CHECK: %[[MORE:.*]] = arith.cmpf ogt, %[[Y]], %[[X]] : f32
// CHECK: %[[BEST:.*]] = arith.select %[[MORE]], %[[Y]], %[[X]] : f32
// CHECK-NEXT: memref.store %[[BEST]]
func.func @largest(%x: memref<1x8xf32>, %best: memref<1xf32>) {
  %low = arith.constant 0xFF800000 : f32
  linalg.fill ins(%low : f32) outs(%best : memref<1xf32>)
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1x8xf32>) outs(%best : memref<1xf32>) {
  ^bb0(%in: f32, %most: f32):
    %more = arith.cmpf ogt, %in, %most : f32
    %value = arith.select %more, %in, %most : f32
    linalg.yield %value : f32
  }
  return
}

// Two vectors of a long body go one after the other into one sum: eight partial sums that begin
// with nothing are the same. The loop stays a loop, and so does the one of the two last elements.
// CHECK-LABEL: func @long
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c4 iter_args(%{{.*}} = %{{.*}}) -> (vector<4xf32>)
// CHECK: } {llvm.loop_annotation = #[[ROLLED:.*]]}
// CHECK: scf.for %{{.*}} = %c8 to %c10 step %c1 iter_args(%{{.*}} = %{{.*}}) -> (f32)
// CHECK: } {llvm.loop_annotation = #[[ROLLED]]}
func.func @long(%x: memref<1x10xf32>, %sum: memref<1xf32>) {
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1x10xf32>) outs(%sum : memref<1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = arith.mulf %in, %in : f32
    %2 = arith.addf %1, %in : f32
    %3 = arith.mulf %2, %in : f32
    %4 = arith.addf %3, %in : f32
    %5 = arith.mulf %4, %in : f32
    %6 = arith.addf %5, %in : f32
    %7 = arith.mulf %6, %in : f32
    %8 = arith.addf %7, %in : f32
    %9 = arith.mulf %8, %in : f32
    %10 = arith.addf %9, %in : f32
    %11 = arith.mulf %10, %in : f32
    %12 = arith.addf %out, %11 : f32
    linalg.yield %12 : f32
  }
  return
}

// Copies of few steps of a short body are as good as the loop, those of many are only longer.
// CHECK-LABEL: func @add
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c4
// CHECK: } {llvm.loop_annotation = #[[VECTORS:.*]]}
// CHECK: scf.for %{{.*}} = %c0 to %c60 step %c4
// CHECK-NOT: #[[VECTORS]]
// CHECK: return
func.func @add(%x: memref<8xf32>, %y: memref<60xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%x : memref<8xf32>) {
  ^bb0(%out: f32):
    %sum = arith.addf %out, %out : f32
    linalg.yield %sum : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%y : memref<60xf32>) {
  ^bb0(%out: f32):
    %sum = arith.addf %out, %out : f32
    linalg.yield %sum : f32
  }
  return
}

// A fill that is read through a choice is done, and what may be read through one is stored.
// CHECK-LABEL: func @chosen
// CHECK: vector.store %{{.*}}, %arg1
// CHECK: arith.select
// CHECK: return
// CHECK-LABEL: func @stored
// CHECK: %[[BUFFER:.*]] = memref.view
// CHECK: vector.store %{{.*}}, %[[BUFFER]]
// CHECK: return
func.func @chosen(%x: memref<8x5xf32>, %out: memref<8xf32>, %other: memref<8xf32>, %c: i1, %seen: memref<8xf32>) attributes {fn.kernel} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8xf32>)
  %m = arith.select %c, %out, %other : memref<8xf32>
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%m : memref<8xf32>) outs(%seen : memref<8xf32>) {
  ^bb0(%a: f32, %old: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<8x5xf32>) outs(%out : memref<8xf32>) {
  ^bb0(%a: f32, %old: f32):
    %s = arith.addf %old, %a : f32
    linalg.yield %s : f32
  }
  return
}
func.func @stored(%x: memref<8x5xf32>, %ws: memref<64xi8>, %other: memref<8xf32>, %c: i1, %to: memref<8xf32>) attributes {fn.kernel} {
  %zero = arith.constant 0.0 : f32
  %z = arith.constant 0 : index
  %buf = memref.view %ws[%z][] {fn.buffer} : memref<64xi8> to memref<8xf32>
  %m = arith.select %c, %buf, %other : memref<8xf32>
  linalg.fill ins(%zero : f32) outs(%buf : memref<8xf32>)
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<8x5xf32>) outs(%buf : memref<8xf32>) {
  ^bb0(%a: f32, %old: f32):
    %s = arith.addf %old, %a : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%m : memref<8xf32>) outs(%to : memref<8xf32>) {
  ^bb0(%a: f32, %old: f32):
    linalg.yield %a : f32
  }
  return
}
