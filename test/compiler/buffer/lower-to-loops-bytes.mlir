// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=512 registers=32 byte-products=vnni" | FileCheck %s --check-prefix=VNNI
// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=128 registers=32 byte-products=dotprod" | FileCheck %s --check-prefix=DOTPROD
// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=128 registers=32 byte-products=i8mm" | FileCheck %s --check-prefix=I8MM

// The group goes into every lane. What is longer than a register is halved.
// VNNI-LABEL: func @quads
// VNNI: %[[X:.*]] = vector.shuffle %arg0, %arg0 {{.*}} : vector<4xi8>, vector<4xi8>
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%arg2, %[[X]], %arg1) : (vector<16xi32>, vector<64xi8>, vector<64xi8>)
// DOTPROD-LABEL: func @quads
// I8MM-LABEL: func @quads
// I8MM-COUNT-4: llvm.call_intrinsic "llvm.aarch64.neon.usdot"
func.func @quads(%x: vector<4xi8>, %y: vector<64xi8>, %sum: vector<16xi32>) -> vector<16xi32> {
  %0 = kernel.byte_dot %x, %y, %sum {x_unsigned} : vector<4xi8>, vector<64xi8>, vector<16xi32>
  return %0 : vector<16xi32>
}

// DOTPROD-LABEL: func @one
// DOTPROD: vector.broadcast %arg2 : i32 to vector<4xi32>
// DOTPROD: llvm.call_intrinsic "llvm.aarch64.neon.sdot"
// DOTPROD: vector.extract %{{.*}}[0]
// I8MM-LABEL: func @one
// I8MM: llvm.call_intrinsic "llvm.aarch64.neon.sdot"
func.func @one(%x: vector<4xi8>, %y: vector<4xi8>, %sum: i32) -> i32 {
  %0 = kernel.byte_dot %x, %y, %sum : vector<4xi8>, vector<4xi8>, i32
  return %0 : i32
}

// VNNI-LABEL: func @pairs
// VNNI: arith.extui %{{.*}} : vector<32xi8> to vector<32xi16>
// VNNI: arith.extsi %arg1 : vector<32xi8> to vector<32xi16>
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
// VNNI: arith.addi %arg2
func.func @pairs(%x: vector<2xi8>, %y: vector<32xi8>, %sum: vector<16xi32>) -> vector<16xi32> {
  %0 = kernel.byte_dot %x, %y, %sum {x_unsigned} : vector<2xi8>, vector<32xi8>, vector<16xi32>
  return %0 : vector<16xi32>
}

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#o = affine_map<(m, n, k) -> (m, n)>

// Two terms of six are left over: what stands for the others is 0.
// VNNI-LABEL: func @rest
// VNNI: scf.for {{.*}} iter_args
// VNNI: vector.load %{{.*}} : memref<18xi8{{.*}}>, vector<4xi8>
// VNNI: arith.xori
// VNNI: vpdpbusd
// VNNI: scf.for {{.*}} iter_args
// VNNI-COUNT-2: memref.load %{{.*}} : memref<18xi8
func.func @rest(%x: memref<3x6xi8>, %w: memref<128xi8>, %out: memref<3x16xi32>) {
  kernel.contract ins(%x, %w : memref<3x6xi8>, memref<128xi8>) outs(%out : memref<3x16xi32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 3, 16, 6>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 3, 16, 1>, packed, group = 4 : i64, flip} {
  ^bb0(%sum: i32):
    kernel.yield %sum : i32
  }
  return
}

// A division waits for the next block's sums where these are floats; here every block is finished
// where it is made, and nothing keeps its sums.
// VNNI-LABEL: func @divided
// VNNI-NOT: memref.alloca
// VNNI: scf.for
// VNNI: scf.for {{.*}} iter_args
// VNNI: vpdpbusd
// VNNI: arith.divf
// VNNI: vector.store
// VNNI: return
func.func @divided(%x: memref<9x64xi8>, %w: memref<1024xi8>, %out: memref<9x16xf32>) {
  %three = arith.constant 3.0 : f32
  kernel.contract ins(%x, %w : memref<9x64xi8>, memref<1024xi8>) outs(%out : memref<9x16xf32>)
      attributes {maps = [#x, #w, #o], sizes = array<i64: 9, 16, 64>, vector_dim = 1 : i64, row_dim = 0 : i64,
                  tile = array<i64: 3, 16, 1>, packed, group = 4 : i64, flip} {
  ^bb0(%sum: i32):
    %0 = arith.sitofp %sum : i32 to f32
    %1 = arith.divf %0, %three : f32
    kernel.yield %1 : f32
  }
  return
}
