// Vectors of bf16 that are only moved call nothing: older compilers do not have the routine.
// RUN: fnc compile %s -O2 --target x86_64-linux-gnu --emit=asm -o - | FileCheck %s
// RUN: fnc compile %s -O2 --target aarch64-linux-gnu --emit=asm -o - | FileCheck %s

// CHECK-NOT: truncsfbf2
fn.graph @moves {
  %x = fn.placeholder "x" : tensor<?x3xbf16>
  %v = fn.variable "v" : tensor<bf16> = dense<1.5>
  %p = fn.pad %x, %v {low = array<i64: 2, 2>, high = array<i64: 1, 0>} : (tensor<?x3xbf16>, tensor<bf16>) -> tensor<?x5xbf16>
  %t = fn.tanh %p : tensor<?x5xbf16>
  %y = fn.concat %t, %p, %p {axis = 1 : i64} : (tensor<?x5xbf16>, tensor<?x5xbf16>, tensor<?x5xbf16>) -> tensor<?x15xbf16>
  fn.function @f inputs(%x : tensor<?x3xbf16>) outputs("y" = %y : tensor<?x15xbf16>)
}
