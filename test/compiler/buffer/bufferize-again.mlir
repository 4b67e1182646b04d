// RUN: fnc-opt %s --fnc-bufferize | FileCheck %s
// RUN: fnc-opt %s --fnc-bufferize | FileCheck %s
// RUN: fnc-opt %s --fnc-bufferize | FileCheck %s
// RUN: fnc-opt %s --fnc-bufferize | FileCheck %s
// RUN: fnc-opt %s --fnc-bufferize | FileCheck %s

// One empty tensor for all: a trial that works bufferizes the module, and one that fails leaves it
// as it was.
// CHECK-LABEL: func.func @outputs
// CHECK: arith.select {{.*}} : memref<3xi64>
// CHECK: return
func.func @outputs(%x: tensor<3xi64> {bufferization.writable = false}, %flag: i1,
                   %v: tensor<3xi64> {bufferization.writable = true},
                   %o0: tensor<3xi64> {bufferization.writable = true},
                   %o1: tensor<3xi64> {bufferization.writable = true},
                   %o2: tensor<3xi64> {bufferization.writable = true},
                   %o3: tensor<3xi64> {bufferization.writable = true})
    -> (tensor<3xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>) {
  %e = tensor.empty() : tensor<3xi64>
  %0 = linalg.mul ins(%x, %x : tensor<3xi64>, tensor<3xi64>) outs(%e : tensor<3xi64>) -> tensor<3xi64>
  %square = bufferization.materialize_in_destination %0 in %o2 : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %1 = linalg.add ins(%square, %x : tensor<3xi64>, tensor<3xi64>) outs(%e : tensor<3xi64>) -> tensor<3xi64>
  %over = bufferization.materialize_in_destination %1 in %o0 : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %a = linalg.add ins(%x, %x : tensor<3xi64>, tensor<3xi64>) outs(%e : tensor<3xi64>) -> tensor<3xi64>
  %b = linalg.sub ins(%a, %x : tensor<3xi64>, tensor<3xi64>) outs(%e : tensor<3xi64>) -> tensor<3xi64>
  %2 = arith.select %flag, %a, %b : tensor<3xi64>
  %either = bufferization.materialize_in_destination %2 in %o1 : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %3 = linalg.add ins(%either, %square : tensor<3xi64>, tensor<3xi64>) outs(%e : tensor<3xi64>) -> tensor<3xi64>
  %sum = bufferization.materialize_in_destination %3 in %o3 : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %next = bufferization.materialize_in_destination %b in %v : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  return %over, %either, %square, %sum, %next : tensor<3xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>, tensor<3xi64>
}
