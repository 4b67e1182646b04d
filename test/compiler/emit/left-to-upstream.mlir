// RUN: fnc compile %s --emit=llvm-dialect -o - | FileCheck %s

// Of a division that rounds up the walk that writes LLVM's ops knows nothing: upstream's patterns
// make it from others, between the types of both. Nothing of that is left, and nothing of the
// descriptors of memrefs that upstream has.
// CHECK-NOT: {{arith|memref|unrealized|insertvalue|extractvalue}}
// CHECK: llvm.func @f(
// CHECK: llvm.sdiv
// CHECK-NOT: {{arith|memref|unrealized|insertvalue|extractvalue}}
fn.graph @g {
  %x = fn.placeholder "x" bounds [4, 8, 8, 3] : tensor<?x8x8x3xf32>
  %y = fn.avg_pool %x {size = array<i64: 3, 3>, dilations = array<i64: 2, 2>, padding = "same"}
     : (tensor<?x8x8x3xf32>) -> tensor<?x3x3x3xf32>
  fn.function @f inputs(%x : tensor<?x8x8x3xf32>) outputs("y" = %y : tensor<?x3x3x3xf32>)
}
