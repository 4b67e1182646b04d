// RUN: fnc-opt %s --fnc-select-functions --split-input-file | FileCheck %s

// A swap: both new values are entry values.
// CHECK-LABEL: func.func @swap(
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<f32> {fn.id = "a", fn.name = "a", fn.role = "variable"},
// CHECK-SAME: %[[B:[a-z0-9]+]]: tensor<f32> {fn.id = "b", fn.name = "b", fn.role = "variable"})
// CHECK-SAME: -> (tensor<f32> {{{.*}}fn.role = "output"}, tensor<f32> {{{.*}}fn.role = "variable"}, tensor<f32> {{{.*}}fn.role = "variable"})
// CHECK-NEXT: return %[[A]], %[[B]], %[[A]]
fn.graph @swap_graph {
  %a = fn.variable "a" : tensor<f32> = dense<1.0>
  %b = fn.variable "b" : tensor<f32> = dense<2.0>
  fn.function @swap outputs("a" = %a : tensor<f32>) updates(%a = %b : tensor<f32>, %b = %a : tensor<f32>)
}

// -----

// fibonacci: a <- b, b <- a + b of entry values.
// CHECK-LABEL: func.func @next(
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<i64> {{{.*}}}, %[[B:[a-z0-9]+]]: tensor<i64>
// CHECK: %[[S:.*]] = fn.add %[[A]], %[[B]]
// CHECK: return %[[B]], %[[S]]
fn.graph @fibonacci {
  %a = fn.variable "a" : tensor<i64> = dense<0>
  %b = fn.variable "b" : tensor<i64> = dense<1>
  %s = fn.add %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i64>
  fn.function @next updates(%a = %b : tensor<i64>, %b = %s : tensor<i64>)
}

// -----

// assign -> read -> assign_add -> read; a plain use still sees the entry value.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<3xf32> {{{.*}}fn.role = "input"}, %[[V:[a-z0-9]+]]: tensor<3xf32> {{{.*}}fn.role = "variable"})
// CHECK: %[[ADD:.*]] = fn.add %[[X]], %[[X]]
// CHECK: return %[[V]], %[[X]], %[[ADD]], %[[ADD]] :
fn.graph @read_after_write {
  // Order of ops means nothing.
  %r2, %k3 = fn.read %v after(%c2) : tensor<3xf32>
  %c2 = fn.assign_add %v, %x after(%k1) : tensor<3xf32>, tensor<3xf32>
  %r1, %k1 = fn.read %v after(%c1) : tensor<3xf32>
  %c1 = fn.assign %v, %x : tensor<3xf32>, tensor<3xf32>
  %v = fn.variable "v" : tensor<3xf32> = dense<0.0>
  %x = fn.placeholder "x" : tensor<3xf32>
  fn.function @step inputs(%x : tensor<3xf32>) outputs("entry" = %v : tensor<3xf32>, "first" = %r1 : tensor<3xf32>, "last" = %r2 : tensor<3xf32>)
}

// -----

// A data path orders as control does: the write's value comes from the read.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[V:[a-z0-9]+]]: tensor<f32>
// CHECK: %[[N:.*]] = fn.neg %[[V]]
// CHECK: return %[[V]], %[[N]]
fn.graph @data_path {
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  %r, %k = fn.read %v : tensor<f32>
  %n = fn.neg %r : tensor<f32>
  %c = fn.assign %v, %n : tensor<f32>, tensor<f32>
  fn.function @f outputs("r" = %r : tensor<f32>) updates(%c)
}

// -----

// A pair whose value comes from a read is written after it.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[V:[a-z0-9]+]]: tensor<f32>
// CHECK: %[[N:.*]] = fn.neg %[[V]]
// CHECK: return %[[N]]
fn.graph @pair_after_read {
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  %r, %k = fn.read %v : tensor<f32>
  %n = fn.neg %r : tensor<f32>
  fn.function @f updates(%v = %n : tensor<f32>)
}

// -----

// A smaller value is broadcast into the variable.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<f32>
// CHECK: %[[W:.*]] = fn.broadcast_to %[[X]] : (tensor<f32>) -> tensor<3xf32>
// CHECK: return %[[W]]
fn.graph @broadcast {
  %x = fn.placeholder "x" : tensor<f32>
  %v = fn.variable "v" : tensor<3xf32> = dense<0.0>
  %c = fn.assign %v, %x : tensor<3xf32>, tensor<f32>
  fn.function @f inputs(%x : tensor<f32>) updates(%c)
}

// -----

// A group on different variables is one update; only what is reached is written.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<f32> {{{.*}}fn.name = "a"{{.*}}}, %[[B:[a-z0-9]+]]: tensor<f32> {{{.*}}fn.name = "b"
// CHECK-NOT: fn.name = "c"
// CHECK: %[[NB:.*]] = fn.sub %[[B]], %[[A]]
// CHECK: return %[[B]], %[[NB]] :
fn.graph @group {
  %a = fn.variable "a" : tensor<f32> = dense<0.0>
  %b = fn.variable "b" : tensor<f32> = dense<0.0>
  %c = fn.variable "c" : tensor<f32> = dense<0.0>
  %c0 = fn.assign %a, %b : tensor<f32>, tensor<f32>
  %c1 = fn.assign_sub %b, %a : tensor<f32>, tensor<f32>
  %c2 = fn.assign %c, %a : tensor<f32>, tensor<f32>
  %g = fn.group %c0, %c1
  fn.function @f updates(%g)
}

// -----

// A fed inner tensor takes its place, and what computed it is pruned, placeholder included.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[H:[a-z0-9]+]]: tensor<?xf32> {fn.id = "h", fn.name = "h", fn.role = "input"})
// CHECK-NEXT: %[[Y:.*]] = fn.exp %[[H]]
// CHECK-NEXT: return %[[H]], %[[Y]] :
fn.graph @feed {
  %x = fn.placeholder "x" : tensor<?xf32>
  %h = fn.neg %x : tensor<?xf32>
  %y = fn.exp %h : tensor<?xf32>
  fn.function @f inputs("h" = %h : tensor<?xf32>) outputs("h" = %h : tensor<?xf32>, "y" = %y : tensor<?xf32>)
}

// -----

// A fed variable: uses see the feed; update ops and reads work on the stored one.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[FED:[a-z0-9]+]]: tensor<f32> {{{.*}}fn.role = "input"}, %[[V:[a-z0-9]+]]: tensor<f32> {{{.*}}fn.role = "variable"})
// CHECK: %[[NEW:.*]] = fn.add %[[V]], %[[FED]]
// CHECK: return %[[FED]], %[[NEW]], %[[NEW]] :
fn.graph @feed_variable {
  %v = fn.variable "v" : tensor<f32> = dense<0.0>
  %c = fn.assign_add %v, %v : tensor<f32>, tensor<f32>
  %r, %k = fn.read %v after(%c) : tensor<f32>
  fn.function @f inputs(%v : tensor<f32>) outputs("v" = %v : tensor<f32>, "r" = %r : tensor<f32>)
}

// -----

// One of several results is fed, the other is computed.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4xf32> {{{.*}}}, %[[L:[a-z0-9]+]]: tensor<2xf32>
// CHECK: %[[S:.*]]:2 = fn.split %[[X]]
// CHECK: return %[[L]], %[[S]]#1
fn.graph @feed_one_result {
  %x = fn.placeholder "x" : tensor<4xf32>
  %l, %r = fn.split %x {axis = 0 : i64} : (tensor<4xf32>) -> (tensor<2xf32>, tensor<2xf32>)
  fn.function @f inputs(%x : tensor<4xf32>, "l" = %l : tensor<2xf32>) outputs("l" = %l : tensor<2xf32>, "r" = %r : tensor<2xf32>)
}

// -----

// Defaults and read-only variables are constants; a read-only variable is no argument.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: ) ->
// CHECK-DAG: %[[LR:.*]] = fn.constant dense<1.000000e-01>
// CHECK-DAG: %[[K:.*]] = fn.constant dense<3.000000e+00>
// CHECK: fn.mul %[[LR]], %[[K]]
fn.graph @constants {
  %lr = fn.placeholder "lr" : tensor<f32> default dense<0.1>
  %k = fn.variable "k" read_only : tensor<f32> = dense<3.0>
  %p = fn.mul %lr, %k : (tensor<f32>, tensor<f32>) -> tensor<f32>
  fn.function @f outputs("p" = %p : tensor<f32>)
}

// -----

// Checks: one condition each, in order, and one status. Nothing else changes.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: fn.checks = [{code = "index", limit = 4 : i64, name = "gather of 'v'"},
// CHECK-SAME: {code = "index", limit = 4 : i64, name = "scatter into 'v'"},
// CHECK-SAME: {code = "assert", name = "positive"}, {code = "not_finite", name = "row"}]
// CHECK: %[[OK0:.*]], %[[G0:.*]] = fn.check "index"
// CHECK: fn.gather
// CHECK: %[[OK1:.*]], %[[G1:.*]] = fn.check "index"
// CHECK: fn.scatter
// CHECK: %[[OK2:.*]], %[[G2:.*]] = fn.check "assert"
// CHECK: %[[OK3:.*]], %[[G3:.*]] = fn.check "finite"
// CHECK: fn.status(%[[OK0]], %[[OK1]], %[[OK2]], %[[OK3]]) (%[[G0]], %[[G1]], %[[G2]], %[[G3]])
fn.graph @checks {
  %i = fn.placeholder "i" : tensor<2xi32>
  %ok = fn.placeholder "ok" : tensor<3xi1>
  %v = fn.variable "v" : tensor<4x3xf32> = dense<0.0>
  %rows = fn.gather %v, %i {axis = 0 : i64} : (tensor<4x3xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  %c = fn.scatter_add %v, %i, %rows : tensor<4x3xf32>, tensor<2xi32>, tensor<2x3xf32>
  %a = fn.assert %ok, "positive" after(%c) : tensor<3xi1>
  %f = fn.check_finite %rows, "row" : tensor<2x3xf32>
  %w = fn.variable "w" : tensor<2x3xf32> = dense<0.0>
  fn.function @f inputs(%i : tensor<2xi32>, %ok : tensor<3xi1>) updates(%a, %cw)
  %cw = fn.assign %w, %f after(%a) : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// Prints call out through the context.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[CTX:[a-z0-9]+]]: index {fn.role = "context"}, %[[X:[a-z0-9]+]]: tensor<?xui8>
// CHECK-SAME: fn.prints = [{callee = "fn.print.f.0", dtype = "u8", label = "first"}, {callee = "fn.print.f.1", dtype = "u8", label = "second"}]
// CHECK: call @fn.print.f.0(%[[CTX]], %[[X]])
// CHECK: call @fn.print.f.1(%[[CTX]], %[[X]])
fn.graph @prints {
  %x = fn.placeholder "x" : tensor<?xui8>
  %p2 = fn.print "second", %x after(%p1) : tensor<?xui8>
  %p1 = fn.print "first", %x : tensor<?xui8>
  fn.function @f inputs(%x : tensor<?xui8>) updates(%p2)
}

// -----

// A region's captured values are needed too.
// CHECK-LABEL: func.func @f(
// CHECK: %[[N:.*]] = arith.constant 3
// CHECK: tensor.generate
// CHECK: tensor.yield %[[N]]
fn.graph @captured {
  %n = arith.constant 3 : i32
  %t = tensor.generate {
  ^bb0(%i: index):
    tensor.yield %n : i32
  } : tensor<4xi32>
  fn.function @f outputs("t" = %t : tensor<4xi32>)
}

// -----

// Offsets: large variables on whole lines, small ones by their size; initial values in a kernel.
// CHECK: fn.graph = {layout_hash = {{-?[0-9]+}} : i64, name = "layout", state_align = 64 : i64, state_bytes = 192 : i64, variables = [
// CHECK-SAME: {id = "flag", name = "flag", offset = 0 : i64, read_only = false, type = tensor<i1>}
// CHECK-SAME: {id = "n", name = "n", offset = 8 : i64, read_only = false, type = tensor<i64>}
// CHECK-SAME: {id = "table", name = "table", read_only = true, type = tensor<2xf32>}
// CHECK-SAME: {id = "w", name = "w", offset = 64 : i64, read_only = false, type = tensor<32xf32>}
// CHECK: func.func @layout.init(
// CHECK-SAME: fn.init
// CHECK-DAG: %[[F:.*]] = fn.constant dense<true>
// CHECK-DAG: %[[N:.*]] = fn.constant dense<1>
// CHECK-DAG: %[[W:.*]] = fn.random tensor<32xf32> from #fn.uniform<
// CHECK: return %[[F]], %[[N]], %[[W]]
fn.graph @layout {
  %flag = fn.variable "flag" : tensor<i1> = #fn.ones
  %n = fn.variable "n" : tensor<i64> = #fn.ones
  %table = fn.variable "table" read_only : tensor<2xf32> = dense<0.0>
  %w = fn.variable "w" : tensor<32xf32> = #fn.uniform<0.0, 1.0, seed = 7>
}

// -----

// A conditional update keeps the entry value where its flag does not hold.
// CHECK-LABEL: func.func @best
fn.graph @conditional {
  %x = fn.placeholder "x" : tensor<f32>
  %low = fn.variable "low" : tensor<f32> = dense<1.0>
  %n = fn.variable "n" : tensor<f32> = dense<0.0>
  %less = fn.less %x, %low : (tensor<f32>, tensor<f32>) -> tensor<i1>
  // CHECK-SAME: %[[X:[^:]*]]: tensor<f32>{{.*}}, %[[LOW:[^:]*]]: tensor<f32> {{.*}}, %[[N:[^:]*]]: tensor<f32>
  // CHECK: %[[LESS:.*]] = fn.less %[[X]], %[[LOW]]
  // CHECK-DAG: %[[A:.*]] = fn.where %[[LESS]], %[[X]], %[[LOW]]
  // CHECK-DAG: %[[B:.*]] = fn.where %[[LESS]], %[[LOW]], %[[N]]
  // CHECK: return %[[A]], %[[B]]
  fn.function @best inputs(%x : tensor<f32>) updates(%low = %x if %less : tensor<f32>, %n = %low if %less : tensor<f32>)
}

// -----

// A read-only variable is a constant, unless it would have to be drawn again at each call.
// CHECK-LABEL: func.func @drawn
// CHECK-SAME: fn.name = "r", fn.role = "variable"
// CHECK-NOT: fn.random
// CHECK: fn.constant dense<2.0
// CHECK-NOT: fn.random
// CHECK: return
fn.graph @read_only {
  %x = fn.placeholder "x" : tensor<4xf32>
  %r = fn.variable "r" read_only : tensor<4xf32> = #fn.normal<0.0, 1.0, seed = 1>
  %c = fn.variable "c" read_only : tensor<4xf32> = dense<2.0>
  %y = fn.mul %x, %r : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %z = fn.mul %y, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  fn.function @drawn inputs(%x : tensor<4xf32>) outputs("z" = %z : tensor<4xf32>)
}
