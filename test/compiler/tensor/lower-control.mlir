// RUN: fnc-opt %s --fnc-lower-to-linalg --split-input-file | FileCheck %s

// CHECK-LABEL: func @branch
func.func @branch(%flag: tensor<i1>, %x: tensor<4xui32>) -> tensor<4xui32> {
  // CHECK: %[[ON:.*]] = tensor.extract %{{.*}}[] : tensor<i1>
  // CHECK: scf.if %[[ON]] -> (tensor<4xi32>)
  %y = fn.if %flag : (tensor<i1>) -> tensor<4xui32> {
    %a = fn.add %x, %x : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xui32>
    // CHECK: scf.yield %{{.*}} : tensor<4xi32>
    fn.yield %a : tensor<4xui32>
  } else {
    fn.yield %x : tensor<4xui32>
  }
  return %y : tensor<4xui32>
}

// -----

// A state is written over in place; one that is stacked is stacked before that.
// CHECK-LABEL: func @scan
// CHECK-SAME: (%[[H0:.*]]: tensor<4xf32>, %[[XS:.*]]: tensor<?x4xf32>)
func.func @scan(%h0: tensor<4xf32>, %xs: tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
  // CHECK: %[[N:.*]] = tensor.dim %[[XS]]
  // CHECK: %[[STACK:.*]] = tensor.empty(%{{.*}}) : tensor<?x4xf32>
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[N]] step %{{.*}} iter_args(%[[H:.*]] = %[[H0]], %[[S:.*]] = %[[STACK]])
  // CHECK:   %[[KEPT:.*]] = tensor.insert_slice %[[H]] into %[[S]][%[[I]], 0] [1, 4] [1, 1]
  // CHECK:   %[[X:.*]] = tensor.extract_slice %[[XS]][%[[I]], 0] [1, 4] [1, 1]
  // CHECK:   %[[SUM:.*]] = linalg.generic
  // CHECK:   %[[NEXT:.*]] = bufferization.materialize_in_destination %[[SUM]] in %[[H]]
  // CHECK:   scf.yield %[[NEXT]], %[[KEPT]]
  %last, %all = fn.scan (%h = %h0) over (%x = %xs) : (tensor<4xf32>, tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
    %n = fn.add %h, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    fn.yield %n, %h : tensor<4xf32>, tensor<4xf32>
  }
  return %last, %all : tensor<4xf32>, tensor<?x4xf32>
}

// -----

// States that change places are copied first.
// CHECK-LABEL: func @places
func.func @places(%n: tensor<i64>, %a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: scf.while (%[[P:.*]] = %{{.*}}, %[[Q:.*]] = %{{.*}})
  // CHECK:   scf.condition(%{{.*}}) %[[P]], %[[Q]]
  // CHECK: ^bb0(%[[P1:.*]]: tensor<4xf32>, %[[Q1:.*]]: tensor<4xf32>):
  // CHECK:   %[[Q2:.*]] = bufferization.alloc_tensor() copy(%[[Q1]])
  // CHECK:   %[[P2:.*]] = bufferization.alloc_tensor() copy(%[[P1]])
  // CHECK:   bufferization.materialize_in_destination %[[Q2]] in %[[P1]]
  // CHECK:   bufferization.materialize_in_destination %[[P2]] in %[[Q1]]
  %p, %q = fn.while (%x = %a, %y = %b) : tensor<4xf32>, tensor<4xf32> {
    %s = fn.reduce_sum %x : (tensor<4xf32>) -> tensor<f32>
    %t = fn.reduce_sum %y : (tensor<4xf32>) -> tensor<f32>
    %go = fn.less %s, %t : (tensor<f32>, tensor<f32>) -> tensor<i1>
    fn.yield %go : tensor<i1>
  } do {
    fn.yield %y, %x : tensor<4xf32>, tensor<4xf32>
  }
  return %p, %q : tensor<4xf32>, tensor<4xf32>
}
