// RUN: fnc-opt %s --fnc-lower-to-linalg | mlir-opt --canonicalize --cse \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   --canonicalize --cse --canonicalize | FileCheck %s

// A scatter changes rows in place: the loop holds no buffer and copies no more than a row.
// CHECK-LABEL: @scatter_add(
// CHECK-NOT: memref.alloc
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: arith.addf
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: return
func.func @scatter_add(%x: tensor<10x4xf32> {bufferization.writable = true}, %i: tensor<?xi32>, %u: tensor<?x4xf32>) -> tensor<10x4xf32> {
  %0 = fn.scatter %x, %i, %u {kind = "add"} : (tensor<10x4xf32>, tensor<?xi32>, tensor<?x4xf32>) -> tensor<10x4xf32>
  return %0 : tensor<10x4xf32>
}

// CHECK-LABEL: @scatter_update(
// CHECK-NOT: memref.alloc
// CHECK: scf.for
// CHECK: memref.copy {{.*}} memref<4xf32
// CHECK-NOT: memref.copy
// CHECK: return
func.func @scatter_update(%x: tensor<10x4xf32> {bufferization.writable = true}, %i: tensor<?xi32>, %u: tensor<?x4xf32>) -> tensor<10x4xf32> {
  %0 = fn.scatter %x, %i, %u {kind = "update"} : (tensor<10x4xf32>, tensor<?xi32>, tensor<?x4xf32>) -> tensor<10x4xf32>
  return %0 : tensor<10x4xf32>
}

// Views cost nothing.
// CHECK-LABEL: @reshape_is_a_view(
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: return
func.func @reshape_is_a_view(%x: tensor<?x4x4xf32>) -> tensor<?x2x8xf32> {
  %0 = fn.reshape %x : (tensor<?x4x4xf32>) -> tensor<?x16xf32>
  %1 = fn.reshape %0 : (tensor<?x16xf32>) -> tensor<?x2x8xf32>
  return %1 : tensor<?x2x8xf32>
}
