// RUN: fnc-opt %s --fnc-lower-to-loops | FileCheck %s
// RUN: fnc-opt %s --fnc-lower-to-loops="vector-bits=32 registers=0" | FileCheck %s --check-prefix=SCALAR

// SCALAR-NOT: kernel.

memref.global "private" constant @zeros : memref<8x32xf32> = dense<0.0>
memref.global "private" constant @halves : memref<8x32xf32> = dense<0.5>

// Two dimensions without a gap are one.
// CHECK-LABEL: func @fill
// CHECK: kernel.set_bytes %{{.*}} to 0 : memref<?xf32>
// CHECK: kernel.set_bytes %{{.*}} to -1 : memref<1024xi16>
// CHECK: kernel.set_bytes %{{.*}} to 1 : memref<1024xi1>
func.func @fill(%x: memref<?x64xf32>, %y: memref<1024xi16>, %z: memref<1024xi1>) {
  %zero = arith.constant 0.0 : f32
  %ones = arith.constant -1 : i16
  %true = arith.constant true
  linalg.fill ins(%zero : f32) outs(%x : memref<?x64xf32>)
  linalg.fill ins(%ones : i16) outs(%y : memref<1024xi16>)
  linalg.fill ins(%true : i1) outs(%z : memref<1024xi1>)
  return
}

// CHECK-LABEL: func @copy
// CHECK: kernel.copy_bytes %{{.*}} to %{{.*}} : memref<256xf32> to memref<256xf32, strided<[1], offset: ?>>
// CHECK: kernel.set_bytes %{{.*}} to 0 : memref<256xf32, strided<[1], offset: ?>>
func.func @copy(%x: memref<8x32xf32>, %y: memref<8x32xf32, strided<[32, 1], offset: ?>>) {
  %zeros = memref.get_global @zeros : memref<8x32xf32>
  linalg.copy ins(%x : memref<8x32xf32>) outs(%y : memref<8x32xf32, strided<[32, 1], offset: ?>>)
  linalg.copy ins(%zeros : memref<8x32xf32>) outs(%y : memref<8x32xf32, strided<[32, 1], offset: ?>>)
  return
}

// A few bytes, a number of different bytes, gaps, one buffer twice, a transpose.
// CHECK-LABEL: func @loops
// CHECK-NOT: kernel.
// CHECK: return
func.func @loops(%x: memref<?x64xf32>, %y: memref<8x32xf32>, %z: memref<8x32xf32, strided<[64, 1]>>,
                 %s: memref<8xf32>, %b: memref<512xf32>, %t: memref<32x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %halves = memref.get_global @halves : memref<8x32xf32>
  linalg.fill ins(%zero : f32) outs(%s : memref<8xf32>)
  linalg.fill ins(%one : f32) outs(%x : memref<?x64xf32>)
  linalg.copy ins(%halves : memref<8x32xf32>) outs(%y : memref<8x32xf32>)
  linalg.fill ins(%zero : f32) outs(%z : memref<8x32xf32, strided<[64, 1]>>)
  %low = memref.subview %b[0] [256] [1] : memref<512xf32> to memref<256xf32, strided<[1]>>
  %high = memref.subview %b[128] [256] [1] : memref<512xf32> to memref<256xf32, strided<[1], offset: 128>>
  linalg.copy ins(%low : memref<256xf32, strided<[1]>>) outs(%high : memref<256xf32, strided<[1], offset: 128>>)
  linalg.transpose ins(%y : memref<8x32xf32>) outs(%t : memref<32x8xf32>) permutation = [1, 0]
  return
}
