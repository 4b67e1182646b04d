// A remainder that is zero has the sign that the others have: of the divisor, or of the dividend. What x is multiplied by
// for gelu is not negative.
// RUN: fnc run %s --no-cache -i x=[-6,6,6,-7,0,-6] -i y=[3,-3,3,3,-2,-3] -i z=[-0.0,0,-20,-1e30] | FileCheck %s
fn.graph @g {
  %x = fn.placeholder "x" : tensor<6xf32>
  %y = fn.placeholder "y" : tensor<6xf32>
  %z = fn.placeholder "z" : tensor<4xf32>
  %mod = fn.mod %x, %y : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %rem = fn.rem %x, %y : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %a = fn.reciprocal %mod : tensor<6xf32>
  %b = fn.reciprocal %rem : tensor<6xf32>
  %gelu = fn.gelu %z : tensor<4xf32>
  %c = fn.reciprocal %gelu : tensor<4xf32>
  fn.function @f inputs(%x : tensor<6xf32>, %y : tensor<6xf32>, %z : tensor<4xf32>) outputs("mod" = %a : tensor<6xf32>, "rem" = %b : tensor<6xf32>,
                      "gelu" = %c : tensor<4xf32>)
}
// CHECK: mod: f32[6] [inf, -inf, inf, 0.5, -inf, -inf]
// CHECK: rem: f32[6] [-inf, inf, inf, -1, inf, -inf]
// CHECK: gelu: f32[4] [-inf, inf, -inf, -inf]
