// RUN: fnc-opt %s --pass-pipeline='builtin.module(func.func(fnc-lower-tosa-broadcast))' | FileCheck %s

// CHECK-LABEL: @dynamic(
// CHECK: fn.add %{{.*}}, %{{.*}} : (tensor<?x3xf32>, tensor<1x3xf32>) -> tensor<?x3xf32>
// CHECK: fn.mul
// CHECK: fn.where
func.func @dynamic(%x: tensor<?x3xf32>, %y: tensor<1x3xf32>, %c: tensor<?x3xi1>) -> tensor<?x3xf32> {
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.add %x, %y : (tensor<?x3xf32>, tensor<1x3xf32>) -> tensor<?x3xf32>
  %1 = tosa.mul %0, %x, %shift : (tensor<?x3xf32>, tensor<?x3xf32>, tensor<1xi8>) -> tensor<?x3xf32>
  %2 = tosa.select %c, %0, %1 : (tensor<?x3xi1>, tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return %2 : tensor<?x3xf32>
}

// Static sizes stay with TOSA's lowering.
// CHECK-LABEL: @static(
// CHECK: tosa.add
func.func @static(%x: tensor<2x3xf32>, %y: tensor<1x3xf32>) -> tensor<2x3xf32> {
  %0 = tosa.add %x, %y : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
