// RUN: fnc-opt %s --fnc-outline-loops="at-least=1" | FileCheck %s
// RUN: fnc-opt %s --fnc-outline-loops | FileCheck %s --check-prefix=FEW

// Equal nests share a function; buffers that are not views of each other are said to be apart.
// CHECK-LABEL: func private @twice.nest0(%{{.*}}: memref<8xf32> {llvm.noalias}, %{{.*}}: memref<8xf32> {llvm.noalias})
// CHECK-SAME: llvm.linkage = #llvm.linkage<internal>
// CHECK: scf.for
// CHECK: return
// CHECK-NOT: @twice.nest1
// CHECK-LABEL: func @twice(
// CHECK: %[[V:.*]] = memref.view
// CHECK-NEXT: call @twice.nest0(%arg0, %[[V]])
// CHECK-NEXT: call @twice.nest0(%[[V]], %arg1)
// FEW-LABEL: func @twice(
// FEW: scf.for
// FEW: scf.for
// FEW-NOT: call
func.func @twice(%x: memref<8xf32>, %y: memref<8xf32>, %w: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %v = memref.view %w[%c0][] : memref<64xi8> to memref<8xf32>
  scf.for %i = %c0 to %c8 step %c1 {
    %e = memref.load %x[%i] : memref<8xf32>
    memref.store %e, %v[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %e = memref.load %v[%i] : memref<8xf32>
    memref.store %e, %y[%i] : memref<8xf32>
  }
  return
}

// Two views of one buffer may overlap; what a nest returns, its function returns; a size that only
// the call knows is an argument.
// CHECK-LABEL: func private @views.nest1(
// CHECK-NOT: llvm.noalias
// CHECK-LABEL: func private @views.nest2(%{{.*}}: index, %{{.*}}: memref<8xf32> {llvm.noalias}) -> f32
// CHECK: %[[R:.*]] = scf.for
// CHECK: return %[[R]]
// CHECK-LABEL: func @views(
// CHECK: call @views.nest1
// CHECK: %[[S:.*]] = call @views.nest2(%arg1, %arg0)
// CHECK: return %[[S]]
func.func @views(%x: memref<8xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %low = memref.subview %x[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  %high = memref.subview %x[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  scf.for %i = %c0 to %c4 step %c1 {
    %e = memref.load %low[%i] : memref<4xf32, strided<[1]>>
    memref.store %e, %high[%i] : memref<4xf32, strided<[1], offset: 4>>
  }
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> f32 {
    %e = memref.load %x[%i] : memref<8xf32>
    %t = arith.addf %s, %e : f32
    scf.yield %t : f32
  }
  return %sum : f32
}

// bf16 goes as its bits, into a function and out of it.
// CHECK-LABEL: func private @bits.nest3(
// CHECK-SAME: %[[X:[^:]*]]: i16
// CHECK-SAME: -> i16
// CHECK: arith.bitcast %[[X]] : i16 to bf16
// CHECK: %[[R:.*]] = scf.for
// CHECK: %[[B:.*]] = arith.bitcast %[[R]] : bf16 to i16
// CHECK: return %[[B]] : i16
// CHECK-LABEL: func @bits(
// CHECK: %[[E:.*]] = memref.load
// CHECK: %[[A:.*]] = arith.bitcast %[[E]] : bf16 to i16
// CHECK: %[[C:.*]] = call @bits.nest3({{.*}}%[[A]]{{.*}}) {{.*}}-> i16
// CHECK: %[[Y:.*]] = arith.bitcast %[[C]] : i16 to bf16
// CHECK: memref.store %[[Y]]
func.func @bits(%x: memref<8xbf16>, %y: memref<8xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %e = memref.load %x[%c0] : memref<8xbf16>
  %last = scf.for %i = %c0 to %c8 step %c1 iter_args(%l = %e) -> bf16 {
    memref.store %l, %y[%i] : memref<8xbf16>
    %next = memref.load %x[%i] : memref<8xbf16>
    scf.yield %next : bf16
  }
  memref.store %last, %y[%c0] : memref<8xbf16>
  scf.for %i = %c0 to %c8 step %c1 {
    %next = memref.load %y[%i] : memref<8xbf16>
    memref.store %next, %x[%i] : memref<8xbf16>
  }
  return
}
