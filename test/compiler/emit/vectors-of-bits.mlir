// In memory each bit of a vector is a byte.
// RUN: fnc compile %s --cpu x86-64 --emit=llvm-dialect -o - | FileCheck %s

// CHECK-LABEL: llvm.func {{.*}}@f
// CHECK: %[[BYTES:.*]] = llvm.load {{.*}} : !llvm.ptr -> vector<[[N:[0-9]+]]xi8>
// CHECK: llvm.icmp "ne" %[[BYTES]], %{{.*}} : vector<[[N]]xi8>
// CHECK: %[[MADE:.*]] = llvm.zext %{{.*}} : vector<[[N]]xi1> to vector<[[N]]xi8>
// CHECK: llvm.store %[[MADE]], %{{.*}} : vector<[[N]]xi8>, !llvm.ptr
fn.graph @g {
  %c = fn.placeholder "c" : tensor<64xi1>
  %x = fn.placeholder "x" : tensor<64xf32>
  %zero = fn.constant dense<0.0> : tensor<f32>
  %p = fn.greater %x, %zero : (tensor<64xf32>, tensor<f32>) -> tensor<64xi1>
  %y = fn.logical_or %c, %p : (tensor<64xi1>, tensor<64xi1>) -> tensor<64xi1>
  fn.function @f inputs(%c : tensor<64xi1>, %x : tensor<64xf32>) outputs("y" = %y : tensor<64xi1>)
}
