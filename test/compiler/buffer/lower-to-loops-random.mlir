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
