// Choices by a mask between numbers put together of bits: compiler/emit/MaskedSelect.cpp can go when the last check fails.
// RUN: fnc compile %s --cpu znver4 --emit=asm -o - | FileCheck %s
// RUN: llc -O2 -mcpu=znver4 %S/Inputs/masked-select.ll -o - | FileCheck %s --check-prefix=LLVM

// CHECK: vpternlog
// CHECK-NOT: vpternlog{{.*}}%k
fn.graph @g {
  %p = fn.placeholder "p" : tensor<3xbf16>
  %v = fn.variable "v" : tensor<3xbf16> = dense<[2.0, -2.0, 2.0]>
  %r = fn.reciprocal %p : tensor<3xbf16>
  %f = fn.floor %r : tensor<3xbf16>
  %d = fn.floor_div %v, %r : (tensor<3xbf16>, tensor<3xbf16>) -> tensor<3xbf16>
  fn.function @f inputs(%p : tensor<3xbf16>) outputs("o" = %f : tensor<3xbf16>) updates(%v = %d : tensor<3xbf16>)
}

// The logic `zmm1 ? memory : zmm0`, where memory holds which bits are to be taken.
// LLVM: vpternlogd $184, {{.*}}, %zmm1, %zmm0 {%k1}
