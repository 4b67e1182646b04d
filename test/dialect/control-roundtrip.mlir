// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: func @branch
func.func @branch(%flag: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: fn.if %{{.*}} : (tensor<i1>) -> tensor<4xf32> {
  %y = fn.if %flag : (tensor<i1>) -> tensor<4xf32> {
    %a = fn.mul %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    // CHECK: fn.yield %{{.*}} : tensor<4xf32>
    fn.yield %a : tensor<4xf32>
  // CHECK: } else {
  } else {
    fn.yield %x : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func @loop
func.func @loop(%zero: tensor<i64>, %start: tensor<4xf32>, %limit: tensor<i64>, %one: tensor<i64>) -> tensor<4xf32> {
  // CHECK: fn.while (%[[I:.*]] = %{{.*}}, %{{.*}} = %{{.*}}) {max_trips = 20 : i64} : tensor<i64>, tensor<4xf32> {
  %n, %p = fn.while (%i = %zero, %x = %start) {max_trips = 20 : i64} : tensor<i64>, tensor<4xf32> {
    // CHECK: fn.less %[[I]],
    %go = fn.less %i, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
    fn.yield %go : tensor<i1>
  // CHECK: } do (%[[J:.*]], %{{.*}}) {
  } do {
    // CHECK: fn.add %[[J]],
    %j = fn.add %i, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
    %y = fn.add %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    fn.yield %j, %y : tensor<i64>, tensor<4xf32>
  }
  return %p : tensor<4xf32>
}

// CHECK-LABEL: func @scan
func.func @scan(%h0: tensor<4xf32>, %xs: tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>, tensor<5x4xf32>) {
  // CHECK: fn.scan (%{{.*}} = %{{.*}}) over (%{{.*}} = %{{.*}}) {reverse} : (tensor<4xf32>, tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
  %last, %all = fn.scan (%h = %h0) over (%x = %xs) {reverse} : (tensor<4xf32>, tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
    %n = fn.add %h, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    fn.yield %n, %n : tensor<4xf32>, tensor<4xf32>
  }
  // CHECK: fn.scan (%{{.*}} = %{{.*}}) {trips = 5 : i64} : (tensor<4xf32>) -> (tensor<4xf32>, tensor<5x4xf32>) {
  %end, %five = fn.scan (%h = %h0) {trips = 5 : i64} : (tensor<4xf32>) -> (tensor<4xf32>, tensor<5x4xf32>) {
    %n = fn.add %h, %h : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    fn.yield %n, %h : tensor<4xf32>, tensor<4xf32>
  }
  return %last, %all, %five : tensor<4xf32>, tensor<?x4xf32>, tensor<5x4xf32>
}
