// RUN: fnc-opt %s --fnc-row-updates --canonicalize | FileCheck %s

// A row without a gradient keeps its values, in the table and in the slot: new rows alone are made.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[I:[a-z0-9]+]]: tensor<?xi32>, %[[U:[a-z0-9]+]]: tensor<?x4xf32>, %[[W:[a-z0-9]+]]: tensor<90x4xf32> {{{[^}]*}}}, %[[A:[a-z0-9]+]]: tensor<90x4xf32>
// CHECK: %[[FIRST:.*]] = fn.scatter %{{.*}}, %[[I]], %{{.*}} {kind = "min"} : (tensor<90xi32>
// CHECK: %[[PLACE:.*]] = fn.gather %[[FIRST]], %[[I]]
// CHECK: %[[SUMS:.*]] = fn.scatter %{{.*}}, %[[PLACE]], %[[U]] {kind = "add"} : (tensor<?x4xf32>
// CHECK: %[[G:.*]] = fn.gather %[[SUMS]], %[[PLACE]]
// CHECK: %[[ROWS:.*]] = fn.sub %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
// CHECK: %[[NEW:.*]] = fn.scatter %[[W]], %[[I]], %[[ROWS]]
// CHECK: %[[SLOT:.*]] = fn.scatter %[[A]], %[[I]]
// CHECK: return %[[NEW]], %[[SLOT]]
func.func @rows(%i: tensor<?xi32>, %u: tensor<?x4xf32>,
                %w: tensor<90x4xf32> {fn.role = "variable", fn.name = "w"}, %a: tensor<90x4xf32> {fn.role = "variable", fn.name = "a"})
    -> (tensor<90x4xf32> {fn.role = "variable", fn.name = "w"}, tensor<90x4xf32> {fn.role = "variable", fn.name = "a"}) attributes {fn.kernel} {
  %zeros = fn.constant dense<0.0> : tensor<90x4xf32>
  %rate = fn.constant dense<0.1> : tensor<f32>
  %g = fn.scatter %zeros, %i, %u {kind = "add"} : (tensor<90x4xf32>, tensor<?xi32>, tensor<?x4xf32>) -> tensor<90x4xf32>
  %gg = fn.square %g : tensor<90x4xf32>
  %a1 = fn.add %a, %gg : (tensor<90x4xf32>, tensor<90x4xf32>) -> tensor<90x4xf32>
  %s = fn.sqrt %a1 : tensor<90x4xf32>
  %se = fn.add %s, %rate : (tensor<90x4xf32>, tensor<f32>) -> tensor<90x4xf32>
  %rg = fn.mul %rate, %g : (tensor<f32>, tensor<90x4xf32>) -> tensor<90x4xf32>
  %d = fn.div %rg, %se : (tensor<90x4xf32>, tensor<90x4xf32>) -> tensor<90x4xf32>
  %w1 = fn.sub %w, %d : (tensor<90x4xf32>, tensor<90x4xf32>) -> tensor<90x4xf32>
  return %w1, %a1 : tensor<90x4xf32>, tensor<90x4xf32>
}

// Must not change: momentum moves rows that have no gradient; most rows have one.
// CHECK-LABEL: func @momentum
// CHECK-NOT: fn.gather
// CHECK-LABEL: func @most
// CHECK-NOT: fn.gather
// CHECK: return
func.func @momentum(%i: tensor<?xi32>, %u: tensor<?x4xf32>, %v: tensor<90x4xf32> {fn.role = "variable", fn.name = "v"})
    -> (tensor<90x4xf32> {fn.role = "variable", fn.name = "v"}) attributes {fn.kernel} {
  %zeros = fn.constant dense<0.0> : tensor<90x4xf32>
  %rate = fn.constant dense<0.1> : tensor<f32>
  %g = fn.scatter %zeros, %i, %u {kind = "add"} : (tensor<90x4xf32>, tensor<?xi32>, tensor<?x4xf32>) -> tensor<90x4xf32>
  %rv = fn.mul %rate, %v : (tensor<f32>, tensor<90x4xf32>) -> tensor<90x4xf32>
  %v1 = fn.sub %rv, %g : (tensor<90x4xf32>, tensor<90x4xf32>) -> tensor<90x4xf32>
  return %v1 : tensor<90x4xf32>
}
func.func @most(%i: tensor<80xi32>, %u: tensor<80x4xf32>, %w: tensor<90x4xf32> {fn.role = "variable", fn.name = "w"})
    -> (tensor<90x4xf32> {fn.role = "variable", fn.name = "w"}) attributes {fn.kernel} {
  %zeros = fn.constant dense<0.0> : tensor<90x4xf32>
  %g = fn.scatter %zeros, %i, %u {kind = "add"} : (tensor<90x4xf32>, tensor<80xi32>, tensor<80x4xf32>) -> tensor<90x4xf32>
  %w1 = fn.sub %w, %g : (tensor<90x4xf32>, tensor<90x4xf32>) -> tensor<90x4xf32>
  return %w1 : tensor<90x4xf32>
}
