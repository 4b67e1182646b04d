// RUN: fnc-opt %s --fnc-lower-to-loops | FileCheck %s

// Ten rounds by one loop, which LLVM does not unroll.
// CHECK: #[[ROLLED:.*]] = #llvm.loop_annotation<disableNonforced = true>
// CHECK-LABEL: func @words
// CHECK-DAG: %[[TEN:.*]] = arith.constant 10 : index
// CHECK-DAG: %[[KEY:.*]] = arith.trunci %arg2 : vector<4xi64> to vector<4xi32>
// CHECK: %[[LOOP:.*]]:6 = scf.for {{.*}} to %[[TEN]] {{.*}} iter_args({{.*}} = %[[KEY]], {{.*}} vector<4xi32>) {
// CHECK-COUNT-2: arith.muli %{{.*}} : vector<4xi64>
// CHECK-NOT: arith.muli
// CHECK: {llvm.loop_annotation = #[[ROLLED]]}
// CHECK: return %[[LOOP]]#0, %[[LOOP]]#3
func.func @words(%low: vector<4xi64>, %high: vector<4xi64>, %key: vector<4xi64>) -> (vector<4xi32>, vector<4xi32>) {
  %w:4 = kernel.philox %low, %high, %key : vector<4xi64>
  return %w#0, %w#3 : vector<4xi32>, vector<4xi32>
}

// A few initial values are made one by one, once; many in vectors.
// CHECK-LABEL: func @few
// CHECK: arith.muli %{{.*}} : i64
// CHECK: memref.store
// CHECK-LABEL: func @many
// CHECK: arith.muli %{{.*}} : vector<4xi64>
// CHECK: vector.store
func.func @few(%w: memref<64x32xi32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%w : memref<64x32xi32>) attrs = {fn.few} {
  ^bb0(%old: i32):
    %j = linalg.index 1 : index
    %low = arith.index_cast %j : index to i64
    %word:4 = kernel.philox %low, %low, %low : i64
    linalg.yield %word#0 : i32
  }
  return
}
func.func @many(%w: memref<640x320xi32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%w : memref<640x320xi32>) {
  ^bb0(%old: i32):
    %j = linalg.index 1 : index
    %low = arith.index_cast %j : index to i64
    %word:4 = kernel.philox %low, %low, %low : i64
    linalg.yield %word#0 : i32
  }
  return
}
