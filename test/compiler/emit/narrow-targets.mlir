// The LLVM IR of targets whose sizes have 32 bits is valid.
// RUN: fnc compile %s --target=riscv32-unknown-elf --emit=llvm -o - | llvm-as -o /dev/null
// RUN: fnc compile %s --target=thumbv7em-none-eabihf --emit=llvm -o - | llvm-as -o /dev/null
// RUN: fnc compile %S/../../../examples/digits/digits.mlir --target=armv7a-linux-gnueabihf --emit=llvm -o - | llvm-as -o /dev/null
// RUN: fnc compile %S/../../../examples/digits/cnn.mlir --target=riscv32-unknown-elf --emit=llvm -o - | llvm-as -o /dev/null

// A sparse shape may say more elements than an index counts.
fn.graph @sp {
  %a = fn.placeholder "a" : tensor<?x?xf32, #fn.coo>
  %x = fn.placeholder "x" : tensor<?x4xf32>
  %y = fn.matmul %a, %x : (tensor<?x?xf32, #fn.coo>, tensor<?x4xf32>) -> tensor<?x4xf32>
  fn.function @f inputs(%a : tensor<?x?xf32, #fn.coo>, %x : tensor<?x4xf32>) outputs("y" = %y : tensor<?x4xf32>)
}
