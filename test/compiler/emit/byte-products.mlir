// What multiplies bytes on which CPU.
// RUN: fnc compile %s --cpu znver4 --emit=asm -o - | FileCheck %s --check-prefix=VNNI512
// RUN: fnc compile %s --cpu alderlake --emit=asm -o - | FileCheck %s --check-prefix=VNNI256
// RUN: fnc compile %s --cpu x86-64-v3 --emit=asm -o - | FileCheck %s --check-prefix=AVX2
// RUN: fnc compile %s --cpu x86-64 --emit=asm -o - | FileCheck %s --check-prefix=SSE2
// RUN: fnc compile %s --target aarch64-linux-gnu --cpu neoverse-v1 --emit=asm -o - | FileCheck %s --check-prefix=I8MM
// RUN: fnc compile %s --target aarch64-linux-gnu --cpu neoverse-n1 --emit=asm -o - | FileCheck %s --check-prefix=DOTPROD
// RUN: fnc compile %s --target aarch64-linux-gnu --emit=asm -o - | FileCheck %s --check-prefix=NEON

// VNNI512: vpdpbusd {{.*}}%zmm
// VNNI256: {vex}{{.*}}vpdpbusd {{.*}}%ymm
// AVX2: vpmaddwd {{.*}}%ymm
// SSE2: pmaddwd {{.*}}%xmm
// I8MM: usdot
// The other sign: 128 less is multiplied.
// DOTPROD: eor
// DOTPROD: sdot
// NEON-NOT: dot v
// NEON: ret
fn.graph @g {
  %x = fn.placeholder "x" : tensor<4x8xui8>
  %w = fn.variable "w" read_only : tensor<8x16xi8> = dense<"0x0B30557A9FC4E90E33587DA2C7EC11365B80A5CAEF14395E83A8CDF2173C6186ABD0F51A3F6489AED3F81D42678CB1D6FB20456A8FB4D9FE23486D92B7DC01264B7095BADF04294E7398BDE2072C51769BC0E50A2F54799EC3E80D32577CA1C6EB10355A7FA4C9EE13385D82A7CCF1163B6085AACFF4193E6388ADD2F71C4166">
  %y = fn.matmul %x, %w {wide} : (tensor<4x8xui8>, tensor<8x16xi8>) -> tensor<4x16xi32>
  fn.function @f inputs(%x : tensor<4x8xui8>) outputs("y" = %y : tensor<4x16xi32>)
}
