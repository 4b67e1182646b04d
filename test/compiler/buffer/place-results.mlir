// RUN: fnc-opt %s --fnc-place-results --split-input-file | FileCheck %s

// An output gets an argument; its later users read what was stored. The update comes last.
// CHECK-LABEL: func @step
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<4xf32> {bufferization.writable = true, {{.*}}fn.written}
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: tensor<4xf32> {bufferization.writable = true, {{.*}}fn.role = "output"}
// CHECK: %[[Y:.*]] = math.absf
// CHECK-NEXT: %[[STORED:.*]] = bufferization.materialize_in_destination %[[Y]] in %[[OUT]]
// CHECK-NEXT: %[[NEW:.*]] = arith.addf %[[STORED]], %[[W]]
// CHECK-NEXT: bufferization.materialize_in_destination %[[NEW]] in %[[W]]
func.func @step(%w: tensor<4xf32> {fn.role = "variable", fn.name = "w"})
    -> (tensor<4xf32> {fn.role = "output", fn.name = "y"},
        tensor<4xf32> {fn.role = "variable", fn.name = "w"}) attributes {fn.kernel} {
  %y = math.absf %w : tensor<4xf32>
  %n = arith.addf %y, %w : tensor<4xf32>
  return %y, %n : tensor<4xf32>, tensor<4xf32>
}

// -----

// A new value that is a variable the call overwrites is copied before anything is stored.
// CHECK-LABEL: func @swap
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<4xf32>
// CHECK-SAME: %[[B:[a-z0-9]+]]: tensor<4xf32>
// CHECK: %[[OLD_B:.*]] = bufferization.alloc_tensor() copy(%[[B]])
// CHECK: %[[OLD_A:.*]] = bufferization.alloc_tensor() copy(%[[A]])
// CHECK: materialize_in_destination %[[OLD_B]] in %[[A]]
// CHECK: materialize_in_destination %[[OLD_A]] in %[[B]]
func.func @swap(%a: tensor<4xf32> {fn.role = "variable", fn.name = "a"},
                %b: tensor<4xf32> {fn.role = "variable", fn.name = "b"})
    -> (tensor<4xf32> {fn.role = "variable", fn.name = "a"},
        tensor<4xf32> {fn.role = "variable", fn.name = "b"}) attributes {fn.kernel} {
  return %b, %a : tensor<4xf32>, tensor<4xf32>
}

// -----

// A kernel that can fail does not touch its variable yet.
// CHECK-LABEL: func @can_fail
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<4xf32> {bufferization.writable = false
// CHECK-NOT: materialize_in_destination %{{.*}} in %[[W]]
// CHECK: return
func.func @can_fail(%w: tensor<4xf32> {fn.role = "variable", fn.name = "w"})
    -> (tensor<4xf32> {fn.role = "variable", fn.name = "w"},
        tensor<2xi64> {fn.role = "status"}) attributes {fn.kernel} {
  %n = math.absf %w : tensor<4xf32>
  %s = arith.constant dense<0> : tensor<2xi64>
  return %n, %s : tensor<4xf32>, tensor<2xi64>
}

// -----

// Must not change: no kernel.
// CHECK-LABEL: func @plain(%arg0: tensor<4xf32>) -> tensor<4xf32> {
// CHECK-NEXT: return %arg0
func.func @plain(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// A loop of one round is gone: what it carried does not go into the argument that it began with.
// CHECK-LABEL: func.func @no_loop
// CHECK-SAME: %[[H:.*]]: tensor<4xf32> {{{.*}}fn.name = "h"{{.*}}}, %[[OUT:.*]]: tensor<4xf32> {{{.*}}fn.role = "output"
// CHECK: %[[NEW:.*]] = linalg.add
// CHECK-NEXT: bufferization.materialize_in_destination %[[NEW]] in %[[OUT]]
// CHECK-NOT: materialize_in_destination
func.func @no_loop(%h: tensor<4xf32> {fn.name = "h", fn.role = "input"}) -> (tensor<4xf32> {fn.name = "y", fn.role = "output"}) attributes {fn.kernel} {
  %e = tensor.empty() : tensor<4xf32>
  %n = linalg.add ins(%h, %h : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %m = bufferization.materialize_in_destination %n in %h : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %m : tensor<4xf32>
}
