// RUN: fnc-opt %s --fnc-lower-to-linalg --canonicalize --cse --fnc-fuse-elementwise --split-input-file | FileCheck %s

// A chain is one loop; an unused temporary is gone.
// CHECK-LABEL: @chain(
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: math.tanh
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
func.func @chain(%x: tensor<?x4xf32>, %b: tensor<4xf32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = fn.add %x, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %1 = fn.tanh %0 : tensor<?x4xf32>
  %2 = fn.mul %1, %c : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %2 : tensor<?x4xf32>
}

// -----

// A reduction that reads each element once takes its producer in.
// CHECK-LABEL: @into_reduction(
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: math.exp
// CHECK: arith.addf
// CHECK-NOT: linalg.generic
func.func @into_reduction(%x: tensor<8x4xf32>) -> tensor<8xf32> {
  %0 = fn.exp %x : tensor<8x4xf32>
  %1 = fn.reduce_sum %0 {axes = array<i64: 1>} : (tensor<8x4xf32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// A logarithm per row stays one per row: its reader would take it once per element.
// CHECK-LABEL: @log_per_row(
// CHECK: linalg.generic
// CHECK: math.log
// CHECK-NEXT: linalg.yield
// CHECK: linalg.generic
// CHECK: arith.subf
// CHECK-NEXT: linalg.yield
func.func @log_per_row(%x: tensor<8x4xf32>, %s: tensor<8x1xf32>) -> tensor<8x4xf32> {
  %0 = fn.log %s : tensor<8x1xf32>
  %1 = fn.sub %x, %0 : (tensor<8x4xf32>, tensor<8x1xf32>) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// -----

// A cheap one is computed again.
// CHECK-LABEL: @cheap_per_row(
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK-NEXT: arith.subf
// CHECK-NOT: linalg.generic
func.func @cheap_per_row(%x: tensor<8x4xf32>, %s: tensor<8x1xf32>) -> tensor<8x4xf32> {
  %0 = fn.add %s, %s : (tensor<8x1xf32>, tensor<8x1xf32>) -> tensor<8x1xf32>
  %1 = fn.sub %x, %0 : (tensor<8x4xf32>, tensor<8x1xf32>) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// -----

// Two readers: the exponential is taken once.
// CHECK-LABEL: @two_readers(
// CHECK-COUNT-1: math.exp
// CHECK-NOT: math.exp
func.func @two_readers(%x: tensor<8x4xf32>) -> (tensor<8xf32>, tensor<8x4xf32>) {
  %0 = fn.exp %x : tensor<8x4xf32>
  %1 = fn.reduce_sum %0 {axes = array<i64: 1>} : (tensor<8x4xf32>) -> tensor<8xf32>
  %2 = fn.square %0 : tensor<8x4xf32>
  return %1, %2 : tensor<8xf32>, tensor<8x4xf32>
}

// -----

// A sum over no dimension adds to what its result holds: it stays out of the loop that reads it.
// CHECK-LABEL: func.func @sum_of_one(
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: linalg.generic
// CHECK: arith.subf
func.func @sum_of_one(%x: tensor<4xf64>, %s: tensor<f64>) -> tensor<4xf64> {
  %m = fn.reduce_sum %s : (tensor<f64>) -> tensor<f64>
  %y = fn.sub %x, %m : (tensor<4xf64>, tensor<f64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

// What two loops read is computed in both where that reads less: neither the differences nor the
// mask times them are stored.
// CHECK-LABEL: @repeated(
// CHECK: linalg.generic {{.*}}"reduction"{{.*}} ins(%arg0, %arg1 :
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg1, %arg2 :
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
func.func @repeated(%x: tensor<8x4xf32>, %m: tensor<4xf32>, %s: tensor<4xf32>) -> (tensor<4xf32>, tensor<8x4xf32>) {
  %0 = fn.sub %x, %m : (tensor<8x4xf32>, tensor<4xf32>) -> tensor<8x4xf32>
  %1 = fn.square %0 : tensor<8x4xf32>
  %2 = fn.reduce_sum %1 {axes = array<i64: 0>} : (tensor<8x4xf32>) -> tensor<4xf32>
  %3 = fn.mul %0, %s : (tensor<8x4xf32>, tensor<4xf32>) -> tensor<8x4xf32>
  return %2, %3 : tensor<4xf32>, tensor<8x4xf32>
}

// -----

// Must stay one: what comes after sums of products is part of their loop; three readers of three
// tensors would read nine; a matrix product reads its operand many times.
// CHECK-LABEL: @once(
// CHECK-COUNT-3: arith.subf
// CHECK-NOT: arith.subf
// CHECK: return
func.func @once(%x: tensor<8x4xf32>, %y: tensor<8x4xf32>, %z: tensor<8x4xf32>, %w: tensor<4x4xf32>) -> (tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<8x4xf32>) {
  %p = fn.matmul %x, %w : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
  %0 = fn.sub %p, %y : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %1 = fn.reduce_sum %0 {axes = array<i64: 0>} : (tensor<8x4xf32>) -> tensor<4xf32>
  %2 = fn.neg %0 : tensor<8x4xf32>
  %3 = fn.sub %x, %y : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %4 = fn.sub %3, %z : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %5 = fn.reduce_sum %4 {axes = array<i64: 0>} : (tensor<8x4xf32>) -> tensor<4xf32>
  %6 = fn.neg %4 : tensor<8x4xf32>
  %7 = fn.reduce_max %4 {axes = array<i64: 0>} : (tensor<8x4xf32>) -> tensor<4xf32>
  %8 = fn.matmul %6, %w : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
  return %1, %2, %5, %6, %7, %8 : tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<8x4xf32>
}
