// A branch in a loop that yields what both sides have from outside, beside the state that it changes.
// RUN: fnc run %s --no-cache -i x=[1,1.5] -i m=16 | FileCheck %s
fn.graph @g {
  %x = fn.placeholder "x" : tensor<2xf32>
  %m = fn.placeholder "m" : tensor<f32>
  %on = fn.constant dense<true> : tensor<i1>
  %off = fn.constant dense<false> : tensor<i1>
  %none = fn.constant dense<0.0> : tensor<2xf32>
  %end, %last, %path = fn.scan (%go = %on, %v = %x) {trips = 5 : i64}
      : (tensor<i1>, tensor<2xf32>) -> (tensor<i1>, tensor<2xf32>, tensor<5x2xf32>) {
    %next, %now, %seen = fn.if %go : (tensor<i1>) -> (tensor<i1>, tensor<2xf32>, tensor<2xf32>) {
      %u = fn.add %v, %v : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      %r = fn.reduce_max %u : (tensor<2xf32>) -> tensor<f32>
      %less = fn.less %r, %m : (tensor<f32>, tensor<f32>) -> tensor<i1>
      fn.yield %less, %u, %v : tensor<i1>, tensor<2xf32>, tensor<2xf32>
    } else {
      fn.yield %off, %v, %none : tensor<i1>, tensor<2xf32>, tensor<2xf32>
    }
    fn.yield %next, %now, %seen : tensor<i1>, tensor<2xf32>, tensor<2xf32>
  }
  fn.function @f inputs(%x : tensor<2xf32>, %m : tensor<f32>)
      outputs("last" = %last : tensor<2xf32>, "path" = %path : tensor<5x2xf32>)
}
// CHECK: last: f32[2] [16, 24]
// CHECK: path: f32[5, 2]
// CHECK-NEXT: {{\[\[}}1, 1.5]
// CHECK-NEXT: {{\[}}2, 3]
// CHECK-NEXT: {{\[}}4, 6]
// CHECK-NEXT: {{\[}}8, 12]
// CHECK-NEXT: {{\[}}0, 0]
