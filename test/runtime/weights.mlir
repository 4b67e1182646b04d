// RUN: fnc compile %s --weights %t.safetensors -o %t.o && FileCheck %s < %t.h
// CHECK: All variables of net, at their initial values; weights are zero until they are loaded.

fn.graph @net {
  %x = fn.placeholder "x" : tensor<2xf32>
  %w = fn.variable "w \"\C3\A4\"" as "w" read_only : tensor<2xf32> = dense<[2.0, 3.0]>
  %on = fn.variable "on" read_only : tensor<2xi1> = dense<[true, false]>
  %n = fn.variable "n" : tensor<i64> = dense<5>
  %y = fn.mul %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %z = fn.where %on, %y, %x : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  fn.function @predict inputs(%x : tensor<2xf32>) outputs("z" = %z : tensor<2xf32>, "n" = %n : tensor<i64>)
}
