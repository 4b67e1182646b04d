// RUN: fnc-opt %s --fnc-select-functions --fnc-infer-dims --split-input-file | FileCheck %s

// Batches that must agree share a symbol; the smaller bound holds; sums have none left.
// CHECK: #[[SCALAR:.*]] = affine_map<()[s0] -> ()>
// CHECK: func.func @f(
// CHECK-SAME: tensor<?x4xf32> {{{.*}}fn.dims = affine_map<()[s0] -> (s0, 4)>, {{.*}}fn.name = "x"
// CHECK-SAME: tensor<?x4xf32> {{{.*}}fn.dims = affine_map<()[s0] -> (s0, 4)>, {{.*}}fn.name = "y"
// CHECK-SAME: -> (tensor<f32> {fn.dims = #[[SCALAR]]
// CHECK-SAME: fn.symbols = [{max = 16 : i64, name = "x.0"}]
fn.graph @agree {
  %x = fn.placeholder "x" bounds [32, 4] : tensor<?x4xf32>
  %y = fn.placeholder "y" bounds [16, 4] : tensor<?x4xf32>
  %s = fn.add %x, %y : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %l = fn.reduce_sum %s : (tensor<?x4xf32>) -> tensor<f32>
  fn.function @f inputs(%x : tensor<?x4xf32>, %y : tensor<?x4xf32>) outputs("l" = %l : tensor<f32>)
}

// -----

// A size that a variable fixes is no symbol.
// CHECK: #[[M:.*]] = affine_map<() -> (3)>
// CHECK: func.func @f(
// CHECK-SAME: tensor<?xf32> {fn.dims = #[[M]]
// CHECK-SAME: fn.symbols = []
fn.graph @solved {
  %x = fn.placeholder "x" : tensor<?xf32>
  %v = fn.variable "v" : tensor<3xf32> = dense<0.0>
  %c = fn.assign_add %v, %x : tensor<3xf32>, tensor<?xf32>
  fn.function @f inputs(%x : tensor<?xf32>) updates(%c)
}

// -----

// A function that does not use a relation does not ask for it.
// CHECK: func.func @both(
// CHECK-SAME: fn.symbols = [{max = -1 : i64, name = "x.0"}]
// CHECK: func.func @apart(
// CHECK-SAME: fn.symbols = [{max = -1 : i64, name = "x.0"}, {max = -1 : i64, name = "y.0"}]
fn.graph @apart {
  %x = fn.placeholder "x" : tensor<?xf32>
  %y = fn.placeholder "y" : tensor<?xf32>
  %s = fn.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %nx = fn.neg %x : tensor<?xf32>
  %ny = fn.neg %y : tensor<?xf32>
  fn.function @both inputs(%x : tensor<?xf32>, %y : tensor<?xf32>) outputs("s" = %s : tensor<?xf32>)
  fn.function @apart inputs(%x : tensor<?xf32>, %y : tensor<?xf32>) outputs("x" = %nx : tensor<?xf32>, "y" = %ny : tensor<?xf32>)
}

// -----

// A concatenation's size is a sum; what must equal it becomes it.
// CHECK: #[[SUM:.*]] = affine_map<()[s0, s1] -> (s0 + s1)>
// CHECK: func.func @f(
// CHECK-SAME: tensor<?xf32> {fn.dims = #[[SUM]], fn.id = "z"
// CHECK-SAME: -> (tensor<?xf32> {fn.dims = #[[SUM]]
// CHECK-SAME: fn.symbols = [{max = -1 : i64, name = "x.0"}, {max = -1 : i64, name = "y.0"}]
fn.graph @sum {
  %x = fn.placeholder "x" : tensor<?xf32>
  %y = fn.placeholder "y" : tensor<?xf32>
  %z = fn.placeholder "z" : tensor<?xf32>
  %c = fn.concat %x, %y {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %s = fn.add %c, %z : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  fn.function @f inputs(%x : tensor<?xf32>, %y : tensor<?xf32>, %z : tensor<?xf32>) outputs("s" = %s : tensor<?xf32>)
}

// -----

// A bound on a size that others give is checked at the call.
// CHECK-DAG: #[[SIZE:.*]] = affine_map<()[s0] -> (s0 * 2)>
// CHECK-DAG: #[[MAX:.*]] = affine_map<()[s0] -> (32)>
// CHECK: func.func @f(
// CHECK-SAME: fn.constraints = [{kind = "ge", lhs = #[[MAX]], rhs = #[[SIZE]]}]
fn.graph @bound_of_sum {
  %x = fn.placeholder "x" : tensor<?xf32>
  %z = fn.placeholder "z" bounds [32] : tensor<?xf32>
  %c = fn.concat %x, %x {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %s = fn.add %c, %z : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  fn.function @f inputs(%x : tensor<?xf32>, %z : tensor<?xf32>) outputs("s" = %s : tensor<?xf32>)
}

// -----

// Pasted ops: elementwise ones agree, linalg's loops tie sizes, casts and sizes are followed.
// CHECK: func.func @f(
// CHECK-SAME: fn.symbols = [{max = -1 : i64, name = "x.0"}, {max = -1 : i64, name = "y.1"}]
fn.graph @pasted {
  %x = fn.placeholder "x" : tensor<?x4xf32>
  %y = fn.placeholder "y" : tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x4xf32>
  %n = tensor.dim %y, %c1 : tensor<?x?xf32>
  %e = tensor.empty(%m, %n) : tensor<?x?xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %p = linalg.matmul ins(%x, %y : tensor<?x4xf32>, tensor<?x?xf32>) outs(%i : tensor<?x?xf32>) -> tensor<?x?xf32>
  %q = math.exp %p : tensor<?x?xf32>
  %r = arith.addf %p, %q : tensor<?x?xf32>
  fn.function @f inputs(%x : tensor<?x4xf32>, %y : tensor<?x?xf32>) outputs("r" = %r : tensor<?x?xf32>)
}

// -----

// TOSA: sizes of results follow from those of operands.
// CHECK: #[[SUM:.*]] = affine_map<()[s0] -> (1, s0 * 2)>
// CHECK: func.func @f({{.*}} -> (tensor<1x?xf32> {fn.dims = #[[SUM]]
// CHECK-SAME: fn.symbols = [{max = -1 : i64, name = "x.0"}]
fn.graph @tosa {
  %x = fn.placeholder "x" : tensor<?x4xf32>
  %t = tosa.transpose %x {perms = array<i32: 1, 0>} : (tensor<?x4xf32>) -> tensor<4x?xf32>
  %s = tosa.reduce_sum %t {axis = 0 : i32} : (tensor<4x?xf32>) -> tensor<1x?xf32>
  %c = tosa.concat %s, %s {axis = 1 : i32} : (tensor<1x?xf32>, tensor<1x?xf32>) -> tensor<1x?xf32>
  fn.function @f inputs(%x : tensor<?x4xf32>) outputs("c" = %c : tensor<1x?xf32>)
}
