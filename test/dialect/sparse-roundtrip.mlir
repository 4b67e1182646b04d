// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: fn.graph @g
fn.graph @g {
  // CHECK: %a = fn.placeholder "a" max_nnz 100 : tensor<?x7xf32, #fn.coo>
  %a = fn.placeholder "a" max_nnz 100 : tensor<?x7xf32, #fn.coo<index = i64>>
  // CHECK: %b = fn.placeholder "b" as "bb" bounds [8, 7] max_nnz 5 : tensor<?x7xf32, #fn.coo<index = i32>>
  %b = fn.placeholder "b" as "bb" bounds [8, 7] max_nnz 5 : tensor<?x7xf32, #fn.coo<index = i32>>
  %d = fn.placeholder "d" : tensor<?x7xf32>
  %x = fn.placeholder "x" : tensor<7xf32>
  // CHECK: fn.to_dense %a : (tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf32>
  %dense = fn.to_dense %a : (tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf32>
  // CHECK: fn.matmul %a, %x : (tensor<?x7xf32, #fn.coo>, tensor<7xf32>) -> tensor<?xf32>
  %ax = fn.matmul %a, %x : (tensor<?x7xf32, #fn.coo>, tensor<7xf32>) -> tensor<?xf32>
  // CHECK: fn.matmul %d, %a {transpose_b} : (tensor<?x7xf32>, tensor<?x7xf32, #fn.coo>) -> tensor<?x?xf32>
  %da = fn.matmul %d, %a {transpose_b} : (tensor<?x7xf32>, tensor<?x7xf32, #fn.coo>) -> tensor<?x?xf32>
  // CHECK: fn.add %d, %a : (tensor<?x7xf32>, tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf32>
  %plus = fn.add %d, %a : (tensor<?x7xf32>, tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf32>
  // CHECK: fn.add %b, %b : ({{.*}}) -> tensor<?x7xf32, #fn.coo<index = i32>>
  %twice = fn.add %b, %b : (tensor<?x7xf32, #fn.coo<index = i32>>, tensor<?x7xf32, #fn.coo<index = i32>>) -> tensor<?x7xf32, #fn.coo<index = i32>>
  // CHECK: fn.sub %a, %b : ({{.*}}) -> tensor<?x7xf32, #fn.coo>
  %less = fn.sub %a, %b : (tensor<?x7xf32, #fn.coo>, tensor<?x7xf32, #fn.coo<index = i32>>) -> tensor<?x7xf32, #fn.coo>
  // CHECK: fn.mul %b, %x : ({{.*}}) -> tensor<?x7xf32, #fn.coo<index = i32>>
  %scaled = fn.mul %b, %x : (tensor<?x7xf32, #fn.coo<index = i32>>, tensor<7xf32>) -> tensor<?x7xf32, #fn.coo<index = i32>>
  // CHECK: fn.concat %a, %b {axis = 0 : i64} : ({{.*}}) -> tensor<?x7xf32, #fn.coo>
  %both = fn.concat %a, %b {axis = 0 : i64} : (tensor<?x7xf32, #fn.coo>, tensor<?x7xf32, #fn.coo<index = i32>>) -> tensor<?x7xf32, #fn.coo>
  // CHECK: fn.concat %a, %d {axis = 0 : i64} : ({{.*}}) -> tensor<?x7xf32>
  %mixed = fn.concat %a, %d {axis = 0 : i64} : (tensor<?x7xf32, #fn.coo>, tensor<?x7xf32>) -> tensor<?x7xf32>
  // CHECK: fn.transpose %b {perm = array<i64: 1, 0>} : ({{.*}}) -> tensor<7x?xf32, #fn.coo<index = i32>>
  %t = fn.transpose %b {perm = array<i64: 1, 0>} : (tensor<?x7xf32, #fn.coo<index = i32>>) -> tensor<7x?xf32, #fn.coo<index = i32>>
  // CHECK: fn.cast %a : (tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf64, #fn.coo>
  %wide = fn.cast %a : (tensor<?x7xf32, #fn.coo>) -> tensor<?x7xf64, #fn.coo>
  // CHECK: fn.reduce_sum %a {axes = array<i64: 1>} : (tensor<?x7xf32, #fn.coo>) -> tensor<?xf32>
  %sum = fn.reduce_sum %a {axes = array<i64: 1>} : (tensor<?x7xf32, #fn.coo>) -> tensor<?xf32>
  // CHECK: fn.function @f inputs(%a : tensor<?x7xf32, #fn.coo>)
  fn.function @f inputs(%a : tensor<?x7xf32, #fn.coo>) outputs("y" = %dense : tensor<?x7xf32>)
}

// CHECK-LABEL: func.func @kernel
func.func @kernel(%like: tensor<?x7xf32>, %i: tensor<?x2xi64>, %v: tensor<?xf32>, %w: tensor<7x3xf32>, %d: tensor<?x7xf32>) {
  // CHECK: fn.coo_matmul %{{.*}} {columns = array<i64: 0, 1>} : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?xf32>, tensor<7x3xf32>) -> tensor<?x3xf32>
  %0 = fn.coo_matmul %like, %i, %v, %w {columns = array<i64: 0, 1>} : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?xf32>, tensor<7x3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.coo_add %{{.*}} {columns = array<i64: 0, 1>} : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?xf32>) -> tensor<?x7xf32>
  %1 = fn.coo_add %d, %i, %v {columns = array<i64: 0, 1>} : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?xf32>) -> tensor<?x7xf32>
  // CHECK: fn.coo_take %{{.*}} {columns = array<i64: 0, 1>} : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?x7xf32>) -> tensor<?xf32>
  %2 = fn.coo_take %like, %i, %d {columns = array<i64: 0, 1>} : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<?x7xf32>) -> tensor<?xf32>
  return
}
