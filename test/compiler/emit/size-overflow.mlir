// RUN: fnc compile %s --emit=llvm -O0 -o - | FileCheck %s

// Bytes of what a call makes do not wrap around, where sizes that pass could make them.
fn.graph @g {
  %x = fn.placeholder "x" : tensor<?x1xf32>
  %y = fn.placeholder "y" : tensor<?xf32>
  %z = fn.placeholder "z" bounds [1000] : tensor<?xf32>
  %both = fn.add %x, %y : (tensor<?x1xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %wide = fn.broadcast_to %x : (tensor<?x1xf32>) -> tensor<?x4294967296xf32>
  %few = fn.add %x, %z : (tensor<?x1xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  // CHECK-LABEL: define {{.*}} @g_both(
  // CHECK: smul.with.overflow
  fn.function @both inputs(%x : tensor<?x1xf32>, %y : tensor<?xf32>) outputs("o" = %both : tensor<?x?xf32>)
  // CHECK-LABEL: define {{.*}} @g_wide(
  // CHECK: smul.with.overflow
  fn.function @wide inputs(%x : tensor<?x1xf32>) outputs("o" = %wide : tensor<?x4294967296xf32>)
  // CHECK-LABEL: define {{.*}} @g_few(
  // CHECK-NOT: smul.with.overflow
  // CHECK: ret void
  fn.function @few inputs(%x : tensor<?x1xf32>, %z : tensor<?xf32>) outputs("o" = %few : tensor<?x?xf32>)
}
