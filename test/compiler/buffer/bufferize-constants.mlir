// RUN: fnc-opt %s --fnc-bufferize | FileCheck %s

// Constants stand in the order of their first users, run by run, and their names say which.
// CHECK: memref.global "private" constant @constant_0 : memref<3xi64> = dense<[7, 8, 9]>
// CHECK-NEXT: memref.global "private" constant @constant_1 : memref<2xf32> = dense<[1.0{{.*}}, 2.0
// CHECK-NEXT: memref.global "private" constant @constant_2 : memref<3xf32>
// CHECK-LABEL: func.func @constants
// CHECK: memref.get_global @constant_0
// CHECK: memref.get_global @constant_1
// CHECK: memref.get_global @constant_2
func.func @constants(%i: index) -> (i64, f32, f32) {
  %a = arith.constant dense<[7, 8, 9]> : tensor<3xi64>
  %b = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %c = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = tensor.extract %a[%i] : tensor<3xi64>
  %1 = tensor.extract %b[%i] : tensor<2xf32>
  %2 = tensor.extract %c[%i] : tensor<3xf32>
  return %0, %1, %2 : i64, f32, f32
}
