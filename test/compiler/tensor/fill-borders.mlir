// RUN: fnc-opt %s --fnc-fill-borders --split-input-file | FileCheck %s

// Of two parts with one fill each gets its own border, when it is there.
// CHECK-LABEL: func @padded
// CHECK-NOT: linalg.fill
// CHECK: %[[A:.*]] = kernel.fill_border %{{.*}}, %{{.*}} low [0, 1] high [0, 2] : f32, tensor<?x7xf32> -> tensor<?x7xf32>
// CHECK-NEXT: tensor.insert_slice %arg0 into %[[A]]
// CHECK: %[[B:.*]] = kernel.fill_border %{{.*}}, %{{.*}} low [0, 3] high [0, 0] : f32, tensor<?x7xf32> -> tensor<?x7xf32>
// CHECK-NEXT: tensor.insert_slice %arg0 into %[[B]]
func.func @padded(%x: tensor<?x4xf32>, %n: index) -> (tensor<?x7xf32>, tensor<?x7xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x7xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x7xf32>) -> tensor<?x7xf32>
  %a = tensor.insert_slice %x into %z[0, 1] [%n, 4] [1, 1] : tensor<?x4xf32> into tensor<?x7xf32>
  %b = tensor.insert_slice %x into %z[0, 3] [%n, 4] [1, 1] : tensor<?x4xf32> into tensor<?x7xf32>
  return %a, %b : tensor<?x7xf32>, tensor<?x7xf32>
}

// -----

// Must not change: what goes apart leaves more than a border.
// CHECK-LABEL: func @apart
// CHECK: linalg.fill
// CHECK-NOT: kernel.fill_border
// CHECK: return
func.func @apart(%x: tensor<4xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %a = tensor.insert_slice %x into %z[0] [4] [2] : tensor<4xf32> into tensor<8xf32>
  return %a : tensor<8xf32>
}
