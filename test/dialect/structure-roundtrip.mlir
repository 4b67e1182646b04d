// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: fn.graph @g
fn.graph @g {
  // CHECK: %[[X:x]] = fn.placeholder "x" bounds [32, 64] : tensor<?x64xf32>
  %x = fn.placeholder "x" bounds [32, 64] : tensor<?x64xf32>
  // CHECK: %[[LR:.*]] = fn.placeholder "lr" as "rate" : tensor<f32> default dense<1.000000e-01>
  %lr = fn.placeholder "lr" as "rate" : tensor<f32> default dense<0.1>
  // CHECK: %w = fn.variable "w" : tensor<64x10xf32> = #fn.glorot_uniform<seed = 1>
  %w = fn.variable "w" : tensor<64x10xf32> = #fn.glorot_uniform<seed = 1>
  // CHECK: fn.variable "b" as "bias" : tensor<10xf32> = dense<0.000000e+00>
  %b = fn.variable "b" as "bias" : tensor<10xf32> = dense<0.0>
  // CHECK: fn.variable "k" read_only : tensor<2xi32> = dense<[1, 2]>
  %k = fn.variable "k" read_only : tensor<2xi32> = dense<[1, 2]>
  // CHECK: = #fn.uniform<{{.*}}, seed = 2>
  %u = fn.variable "u" : tensor<4xf32> = #fn.uniform<-1.0, 1.0, seed = 2>
  // CHECK: = #fn.normal<{{.*}}, seed = 3>
  %n = fn.variable "n" : tensor<4xf32> = #fn.normal<0.0, 1.0, seed = 3>
  // CHECK: = #fn.truncated_normal<{{.*}}, seed = 4>
  %t = fn.variable "t" : tensor<4xf32> = #fn.truncated_normal<0.0, 0.1, seed = 4>
  // CHECK: = #fn.zeros
  %z = fn.variable "z" : tensor<4xui8> = #fn.zeros
  // CHECK: = #fn.he_normal<seed = 5>
  %h = fn.variable "h" : tensor<4x4xf32> = #fn.he_normal<seed = 5>
  %i = fn.placeholder "i" : tensor<?xi32>
  %rows = fn.placeholder "rows" : tensor<?x10xf32>
  %ok = fn.placeholder "ok" : tensor<i1>
  // CHECK: %[[C0:.*]] = fn.assign_add %b, %[[LR]] : tensor<10xf32>, tensor<f32>
  %c0 = fn.assign_add %b, %lr : tensor<10xf32>, tensor<f32>
  // CHECK: %[[V:.*]], %[[R:.*]] = fn.read %b after(%[[C0]]) : tensor<10xf32>
  %v, %r = fn.read %b after(%c0) : tensor<10xf32>
  // CHECK: %[[C1:.*]] = fn.scatter_max %w, %i, %rows after(%[[R]]) : tensor<64x10xf32>, tensor<?xi32>, tensor<?x10xf32>
  %c1 = fn.scatter_max %w, %i, %rows after(%r) : tensor<64x10xf32>, tensor<?xi32>, tensor<?x10xf32>
  // CHECK: %[[A:.*]] = fn.assert %ok, "fine" after(%[[C0]]) : tensor<i1>
  %a = fn.assert %ok, "fine" after(%c0) : tensor<i1>
  // CHECK: %[[P:.*]] = fn.print "rate", %[[LR]] after(%[[A]]) : tensor<f32>
  %p = fn.print "rate", %lr after(%a) : tensor<f32>
  // CHECK: %[[G:.*]] = fn.group %[[C1]], %[[P]]
  %g = fn.group %c1, %p
  // CHECK: %[[F:.*]] = fn.check_finite %[[V]], "b" : tensor<10xf32>
  %f = fn.check_finite %v, "b" : tensor<10xf32>
  // CHECK: fn.function @train inputs(%x : tensor<?x64xf32>, "h" = %[[F]] : tensor<10xf32>) outputs("y" = %[[V]] : tensor<10xf32>, "z" = %x : tensor<?x64xf32>) updates(%u = %n : tensor<4xf32>, %[[G]])
  fn.function @train inputs(%x : tensor<?x64xf32>, "h" = %f : tensor<10xf32>) outputs("y" = %v : tensor<10xf32>, "z" = %x : tensor<?x64xf32>) updates(%u = %n : tensor<4xf32>, %g)
  // CHECK: fn.function @nothing as "no_op"
  fn.function @nothing as "no_op" inputs() outputs() updates()
}

// CHECK-LABEL: fn.graph @conditional
fn.graph @conditional {
  %x = fn.placeholder "x" : tensor<f32>
  %a = fn.variable "a" : tensor<f32> = dense<0.0>
  %b = fn.variable "b" : tensor<f32> = dense<0.0>
  %c = fn.less %x, %b : (tensor<f32>, tensor<f32>) -> tensor<i1>
  // CHECK: updates(%{{.*}} = %{{.*}} : tensor<f32>, %{{.*}} = %{{.*}} if %{{.*}} : tensor<f32>)
  fn.function @f inputs(%x : tensor<f32>) updates(%a = %x : tensor<f32>, %b = %x if %c : tensor<f32>)
}
