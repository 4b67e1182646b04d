// RUN: fnc-opt %s --fnc-separate-readers --fnc-bufferize --canonicalize | FileCheck %s

// A filled tensor that two ops add to is filled for each, not kept and copied.
// CHECK-LABEL: func.func @sums
// CHECK: linalg.fill
// CHECK-NOT: linalg.copy
// CHECK: linalg.matmul
// CHECK: linalg.fill
// CHECK-NOT: linalg.copy
// CHECK: linalg.matmul
// CHECK-NOT: linalg.copy
func.func @sums(%a: tensor<4x4xf32> {bufferization.writable = false}) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%a, %0 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0, %1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// One user: computed where it was filled.
// CHECK-LABEL: func.func @sum
// CHECK: %[[M:.*]] = memref.alloc
// CHECK-NEXT: linalg.fill {{.*}} outs(%[[M]]
// CHECK-NEXT: linalg.matmul {{.*}} outs(%[[M]]
// CHECK-NEXT: return %[[M]]
func.func @sum(%a: tensor<4x4xf32> {bufferization.writable = false}) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// A branch in a loop yields memory of its own, not of outside: the loop carries one buffer on.
// CHECK-LABEL: func.func @branch_in_loop
// CHECK: %[[STATE:.*]] = memref.alloc
// CHECK: scf.for
// CHECK-NOT: iter_args
// CHECK: scf.if
// CHECK: memref.alloc
func.func @branch_in_loop(%h: tensor<4xf32> {bufferization.writable = false}, %flag: i1, %n: index, %out: tensor<4xf32> {bufferization.writable = true}) -> tensor<4xf32> attributes {fn.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<4xf32>
  %l = scf.for %i = %c0 to %n step %c1 iter_args(%s = %h) -> tensor<4xf32> {
    %b = scf.if %flag -> tensor<4xf32> {
      %a = linalg.add ins(%s, %s : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      scf.yield %a : tensor<4xf32>
    } else {
      scf.yield %s : tensor<4xf32>
    }
    %c = bufferization.alloc_tensor() copy(%b) : tensor<4xf32>
    %m = bufferization.materialize_in_destination %c in %s : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    scf.yield %m : tensor<4xf32>
  }
  %o = bufferization.materialize_in_destination %l in %out : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %o : tensor<4xf32>
}
