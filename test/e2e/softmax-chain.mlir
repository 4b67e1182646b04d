// A buffer sized by a view of another buffer still follows from the inputs.
// RUN: fnc compile %s --emit=buffer -o - | FileCheck %s
// CHECK: func.func @f0
// CHECK-NOT: memref.alloc
fn.graph @g {
  %t4 = fn.softmax %t3 {axis = 1 : i64} : tensor<?x3xf32>
  %t6 = fn.mul %t4, %t4 : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %p0 = fn.placeholder "p0" as "p_p0" : tensor<?x3xf32>
  %t3 = fn.softmax %t1 {axis = 1 : i64} : tensor<?x3xf32>
  %t1 = fn.softmax %p0 {axis = 1 : i64} : tensor<?x3xf32>
  fn.function @f0 inputs(%p0 : tensor<?x3xf32>) outputs("o1" = %t6 : tensor<?x3xf32>)
}
