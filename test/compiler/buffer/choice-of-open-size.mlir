// RUN: fnc run %s --input "x=[[1,2,3],[-4,-5,6],[1,0,0]]" --input flag=false | FileCheck %s

// How many rows the chosen tensor has is known of each that it may be.
fn.graph @g {
  %x = fn.placeholder "x" bounds [17, 3] : tensor<?x3xf32>
  %flag = fn.placeholder "flag" : tensor<i1>
  %n = fn.neg %x : tensor<?x3xf32>
  %either = fn.if %flag : (tensor<i1>) -> (tensor<?x3xf32>) {
      fn.yield %x : tensor<?x3xf32>
  } else {
      fn.yield %n : tensor<?x3xf32>
  }
  %product = fn.matmul %either, %x {transpose_b} : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x?xf32>
  %square = fn.square %product : tensor<?x?xf32>
  %most = fn.argmax %square {axis = 1 : i64, keep_dims} : (tensor<?x?xf32>) -> tensor<?x1xi32>
  fn.function @f inputs(%x : tensor<?x3xf32>, %flag : tensor<i1>) outputs("most" = %most : tensor<?x1xi32>)
}
// -x xT, squared: [196, 16, 1], [16, 5929, 16], [1, 16, 1].
// CHECK:      most: i32[3, 1]
// CHECK-NEXT: {{\[\[}}0],
// CHECK-NEXT: [1],
// CHECK-NEXT: [1]]
