// RUN: fnc compile %s --emit=tensor -o - | FileCheck %s

// The angles that C gives for 0, 0 and 0, -0, -0, -0.
// CHECK-LABEL: func.func @f
// CHECK-DAG: 0.000000e+00
// CHECK-DAG: 3.14159274
// CHECK-NOT: 0x7FC00000
fn.graph @g {
  %plus = fn.constant dense<0.0> : tensor<3xf32>
  %minus = fn.constant dense<-0.0> : tensor<3xf32>
  %0 = fn.atan2 %plus, %plus : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = fn.atan2 %plus, %minus : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  fn.function @f inputs() outputs("0" = %0 : tensor<3xf32>, "1" = %1 : tensor<3xf32>)
}
