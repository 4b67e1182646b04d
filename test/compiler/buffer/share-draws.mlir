// RUN: fnc-opt %s --fnc-share-ops | FileCheck %s

#two = affine_map<(i, j) -> (i, j)>
#three = affine_map<(i, j, k) -> (i, j, k)>

// Draws that differ in shapes and numbers are one function of a row, which gets what differs. A
// number that is a seed here and has another meaning there is handed over as a seed alone.
// CHECK-LABEL: func @init
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %arg0
// CHECK: %[[ROW:.*]] = memref.cast %[[FLAT]] : memref<2048xi32> to memref<?xi32>
// CHECK: %[[SEED:.*]] = arith.constant 1 : i64
// CHECK: call @init.shared0(%[[ROW]], %[[SEED]])
// CHECK: %[[SEED:.*]] = arith.constant 2 : i64
// CHECK: call @init.shared0(%{{.*}}, %[[SEED]])
func.func @init(%x: memref<64x32xi32>, %y: memref<3x1x5xi32>) attributes {fn.init} {
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %five = arith.constant 5 : i64
  %columns = arith.constant 32 : i64
  linalg.generic {indexing_maps = [#two], iterator_types = ["parallel", "parallel"]} outs(%x : memref<64x32xi32>) {
  ^bb0(%old: i32):
    %i = linalg.index 0 : index
    %row = arith.index_cast %i : index to i64
    %j = linalg.index 1 : index
    %column = arith.index_cast %j : index to i64
    %before = arith.muli %row, %columns : i64
    %place = arith.addi %before, %column : i64
    %block = arith.shrui %place, %two : i64
    %word:4 = kernel.philox %block, %block, %one : i64
    %a = arith.xori %word#0, %word#1 : i32
    %b = arith.xori %word#2, %word#3 : i32
    %c = arith.xori %a, %b : i32
    %d = arith.addi %c, %a : i32
    %e = arith.addi %d, %b : i32
    %f = arith.muli %e, %d : i32
    %g = arith.xori %f, %e : i32
    linalg.yield %g : i32
  }
  linalg.generic {indexing_maps = [#three], iterator_types = ["parallel", "parallel", "parallel"]} outs(%y : memref<3x1x5xi32>) {
  ^bb0(%old: i32):
    %i = linalg.index 0 : index
    %row = arith.index_cast %i : index to i64
    %j = linalg.index 2 : index
    %column = arith.index_cast %j : index to i64
    %before = arith.muli %row, %five : i64
    %place = arith.addi %before, %column : i64
    %block = arith.shrui %place, %two : i64
    %word:4 = kernel.philox %block, %block, %two : i64
    %a = arith.xori %word#0, %word#1 : i32
    %b = arith.xori %word#2, %word#3 : i32
    %c = arith.xori %a, %b : i32
    %d = arith.addi %c, %a : i32
    %e = arith.addi %d, %b : i32
    %f = arith.muli %e, %d : i32
    %g = arith.xori %f, %e : i32
    linalg.yield %g : i32
  }
  return
}

// A draw whose numbers do not follow the order of the elements stays as it is.
// CHECK-LABEL: func @turned
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} outs(%arg0 : memref<64x32xi32>)
func.func @turned(%x: memref<64x32xi32>) attributes {fn.init} {
  %columns = arith.constant 64 : i64
  linalg.generic {indexing_maps = [#two], iterator_types = ["parallel", "parallel"]} outs(%x : memref<64x32xi32>) {
  ^bb0(%old: i32):
    %i = linalg.index 0 : index
    %row = arith.index_cast %i : index to i64
    %j = linalg.index 1 : index
    %column = arith.index_cast %j : index to i64
    %before = arith.muli %column, %columns : i64
    %place = arith.addi %before, %row : i64
    %word:4 = kernel.philox %place, %place, %columns : i64
    linalg.yield %word#0 : i32
  }
  return
}

// CHECK-LABEL: func private @init.shared0(
// CHECK-SAME: %[[X:.*]]: memref<?xi32> {{.*}}, %[[SEED:.*]]: i64)
// CHECK: %[[TWO:.*]] = arith.constant 2 : i64
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]} outs(%[[X]] : memref<?xi32>) attrs = {fn.few}
// CHECK: %[[I:.*]] = linalg.index 0
// CHECK: %[[PLACE:.*]] = arith.index_cast %[[I]]
// CHECK: %[[AT:.*]] = arith.shrui %[[PLACE]], %[[TWO]]
// CHECK: kernel.philox %[[AT]], %[[AT]], %[[SEED]]
