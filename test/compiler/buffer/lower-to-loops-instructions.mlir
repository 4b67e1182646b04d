// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=512 registers=32" | FileCheck %s
// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=256 registers=16" | FileCheck %s --check-prefix=HALF

// CHECK-LABEL: func @lookup
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%{{.*}}, %arg0)
// CHECK-NOT: kernel.lookup
// The fourth bit chooses between the halves of the table.
// HALF-LABEL: func @lookup
// HALF-COUNT-2: vector.shuffle %arg0
// HALF: %[[LOW:.*]] = llvm.call_intrinsic "llvm.x86.avx2.permps"
// HALF: %[[HIGH:.*]] = llvm.call_intrinsic "llvm.x86.avx2.permps"
// HALF: arith.select %{{.*}}, %[[HIGH]], %[[LOW]]
// HALF-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.permps"
// HALF: vector.shuffle {{.*}} : vector<8xf32>, vector<8xf32>
// HALF-NEXT: return
func.func @lookup(%i: vector<16xi32>) -> vector<16xf32> {
  %y = kernel.lookup dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]> : tensor<16xf32> at %i : vector<16xi32>
  return %y : vector<16xf32>
}

// NEON permutes bytes.
// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=128 registers=32" | FileCheck %s --check-prefix=NEON
// NEON-LABEL: func @lookup_of_half
// NEON: %[[ENTRY:.*]] = arith.andi %{{.*}}, %{{.*}} : vector<4xi32>
// NEON: %[[FIRST:.*]] = arith.muli %[[ENTRY]]
// NEON: arith.addi %[[FIRST]]
// NEON: llvm.call_intrinsic "llvm.aarch64.neon.tbl2"({{.*}}) : (vector<16xi8>, vector<16xi8>, vector<16xi8>) -> vector<16xi8>
// NEON: "llvm.aarch64.neon.tbl2"
// HALF-LABEL: func @lookup_of_half
// HALF: llvm.call_intrinsic "llvm.x86.avx2.permps"(%{{.*}}, %arg0)
// HALF-NOT: arith.select
// HALF: return
func.func @lookup_of_half(%i: vector<8xi32>) -> vector<8xf32> {
  %y = kernel.lookup dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]> : tensor<8xf32> at %i : vector<8xi32>
  return %y : vector<8xf32>
}

// Two registers are one table; fewer lanes travel in as long a register.
// CHECK-LABEL: func @lookup_of_two
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"(%{{.*}}, %arg0, %{{.*}})
// CHECK: vector.broadcast %arg1 : i32 to vector<16xi32>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"
// CHECK: vector.extract
func.func @lookup_of_two(%i: vector<16xi32>, %j: i32) -> (vector<16xf32>, f32) {
  %y = kernel.lookup dense<2.0> : tensor<32xf32> at %i : vector<16xi32>
  %z = kernel.lookup dense<2.0> : tensor<32xf32> at %j : i32
  return %y, %z : vector<16xf32>, f32
}

// CHECK-LABEL: func @scale
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"(%arg0, %arg1, %arg0, %{{.*}}, %{{.*}})
// CHECK-LABEL: func @scale_one
// CHECK: vector.broadcast %arg0 : f32 to vector<4xf32>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.128"
// CHECK: vector.extract %{{.*}}[0]
func.func @scale(%x: vector<16xf32>, %n: vector<16xf32>) -> vector<16xf32> {
  %y = kernel.scale %x, %n : vector<16xf32>
  return %y : vector<16xf32>
}
func.func @scale_one(%x: f32, %n: f32) -> f32 {
  %y = kernel.scale %x, %n : f32
  return %y : f32
}
