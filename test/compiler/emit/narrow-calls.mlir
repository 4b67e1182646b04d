// RUN: fnc compile %s --graph s --emit=llvm-dialect -o - | FileCheck %s --check-prefix=SAME
// RUN: fnc compile %s --graph c --emit=llvm-dialect -o - | FileCheck %s --check-prefix=CONSTANT
// RUN: fnc compile %s --graph d --emit=llvm-dialect -o - | FileCheck %s --check-prefix=DIFFER

// The size of the batch, from 0 to 64, is handed over once.
// SAME: llvm.func @f(%arg0: !llvm.ptr, %arg1: i64 {llvm.range = #llvm.constant_range<i64, 0, 65>},
// SAME-COUNT-3: llvm.call @f.shared0({{.*}}) : (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr) -> ()
// SAME: llvm.func internal @f.shared0(%arg0: !llvm.ptr {llvm.noalias}, %arg1: i64 {llvm.range = #llvm.constant_range<i64, 0, 65>}, %arg2: !llvm.ptr {llvm.noalias}, %arg3: !llvm.ptr {llvm.noalias})
fn.graph @s {
  %x0 = fn.placeholder "x" bounds [64, 24] : tensor<?x24xf32>
  %w0 = fn.variable "w0" : tensor<24x24xf32> = #fn.zeros
  %w1 = fn.variable "w1" : tensor<24x24xf32> = #fn.zeros
  %w2 = fn.variable "w2" : tensor<24x24xf32> = #fn.zeros
  %x1 = fn.matmul %x0, %w0 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %x2 = fn.matmul %x1, %w1 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %x3 = fn.matmul %x2, %w2 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %y = fn.reduce_sum %x3 : (tensor<?x24xf32>) -> tensor<f32>
  fn.function @f inputs(%x0 : tensor<?x24xf32>) outputs("y" = %y : tensor<f32>)
}

// A size that is an argument of its own in one of the calls.
// DIFFER-COUNT-2: llvm.call @f.shared0({{.*}}) : (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr, i64) -> ()
// DIFFER: llvm.func internal @f.shared0(%arg0: !llvm.ptr {llvm.noalias}, %arg1: i64 {llvm.range = #llvm.constant_range<i64, 0, 65>}, %arg2: !llvm.ptr {llvm.noalias}, %arg3: !llvm.ptr {llvm.noalias}, %arg4: i64 {llvm.range = #llvm.constant_range<i64, 0, 65>})
fn.graph @d {
  %x0 = fn.placeholder "x" bounds [64, 24] : tensor<?x24xf32>
  %w0 = fn.variable "w0" : tensor<24x24xf32> = #fn.zeros
  %w1 = fn.variable "w1" : tensor<24x24xf32> = #fn.zeros
  %x1 = fn.matmul %x0, %w0 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  %x2 = fn.matmul %x1, %w1 : (tensor<?x24xf32>, tensor<24x24xf32>) -> tensor<?x24xf32>
  fn.function @f inputs(%x0 : tensor<?x24xf32>) outputs("y" = %x2 : tensor<?x24xf32>)
}

// All variables begin as one constant, which no call hands over.
// CONSTANT: llvm.func internal @c.init.nest0(%arg0: !llvm.ptr {llvm.noalias})
// CONSTANT-NEXT: llvm.mlir.addressof
// CONSTANT: llvm.call @c.init.nest0(%arg0) : (!llvm.ptr) -> ()
fn.graph @c {
  %v0 = fn.variable "v0" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v1 = fn.variable "v1" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v2 = fn.variable "v2" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v3 = fn.variable "v3" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v4 = fn.variable "v4" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v5 = fn.variable "v5" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v6 = fn.variable "v6" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v7 = fn.variable "v7" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v8 = fn.variable "v8" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v9 = fn.variable "v9" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v10 = fn.variable "v10" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %v11 = fn.variable "v11" : tensor<11xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]>
  %sv1 = fn.add %v0, %v1 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv2 = fn.add %sv1, %v2 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv3 = fn.add %sv2, %v3 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv4 = fn.add %sv3, %v4 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv5 = fn.add %sv4, %v5 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv6 = fn.add %sv5, %v6 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv7 = fn.add %sv6, %v7 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv8 = fn.add %sv7, %v8 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv9 = fn.add %sv8, %v9 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv10 = fn.add %sv9, %v10 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  %sv11 = fn.add %sv10, %v11 : (tensor<11xf32>, tensor<11xf32>) -> tensor<11xf32>
  fn.function @f outputs("y" = %sv11 : tensor<11xf32>)
}
