// RUN: fnc-opt %s --fnc-expand-math | FileCheck %s
// RUN: fnc-opt %s --fnc-expand-math=soft-f64=1 | FileCheck %s --check-prefix=SOFT
// RUN: fnc-opt %s --fnc-expand-math="fma=1 scale=1" | FileCheck %s --check-prefix=FMA
// RUN: fnc-opt %s --fnc-expand-math="fma=1 scale=1 lookup=16" | FileCheck %s --check-prefix=TABLE
// RUN: fnc-opt %s --fnc-expand-math="fma=1 scale=1 lookup=32" | FileCheck %s --check-prefix=FINE

// Computed in f64, without a branch, and no math op is left.
// CHECK-LABEL: func @acosh
// CHECK-NOT: {{math\.(acosh|log)}}
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK-NOT: {{math\.(acosh|log)}}
// CHECK: arith.truncf %{{.*}} : f64 to f32
// CHECK-NEXT: return
func.func @acosh(%x: f32) -> f32 {
  %y = math.acosh %x : f32
  return %y : f32
}

// What activations use is computed in f32, with the instructions that the target has.
// CHECK-LABEL: func @exp
// CHECK-NOT: f64
// CHECK-NOT: math.
// CHECK: return
// FMA-LABEL: func @exp
// FMA-NOT: f64
// FMA: math.fma
// FMA-NOT: math.exp
// FMA-NOT: kernel.lookup
// FMA: kernel.scale
// FMA: return
// TABLE-LABEL: func @exp
// TABLE-COUNT-2: kernel.lookup
// TABLE-NOT: kernel.lookup
// TABLE: kernel.scale
// TABLE: return
func.func @exp(%x: f32) -> f32 {
  %y = math.exp %x : f32
  return %y : f32
}

// Only huge angles branch.
// CHECK-LABEL: func @sin
// CHECK: scf.if
// CHECK: arith.mului_extended
// CHECK-NOT: math.
// CHECK: return
func.func @sin(%x: f64) -> f64 {
  %y = math.sin %x : f64
  return %y : f64
}

// Of f32 all but huge angles in f32, or without multiply-add their reduction alone in f64.
// FMA-LABEL: func @sin_f32
// FMA-NOT: f64
// FMA: scf.if {{.*}} -> (f32) {
// FMA: arith.extf %arg0 : f32 to f64
// FMA: } {fn.rare}
// CHECK-LABEL: func @sin_f32
// CHECK-COUNT-3: arith.extf
// CHECK: scf.if {{.*}} -> (f32) {
func.func @sin_f32(%x: f32) -> f32 {
  %y = math.sin %x : f32
  return %y : f32
}

// A remainder is exact: a loop.
// CHECK-LABEL: func @rem
// CHECK: scf.while
// CHECK-NOT: arith.remf
// CHECK: return
func.func @rem(%x: f64, %y: f64) -> f64 {
  %r = arith.remf %x, %y : f64
  return %r : f64
}

// Roots and maxima are instructions, but not everywhere.
// CHECK-LABEL: func @instructions
// CHECK: math.sqrt
// CHECK: arith.maximumf
// SOFT-LABEL: func @instructions
// SOFT-NOT: math.sqrt
// SOFT-NOT: arith.maximumf
// SOFT: return
func.func @instructions(%x: f64) -> f64 {
  %r = math.sqrt %x : f64
  %m = arith.maximumf %r, %x : f64
  return %m : f64
}

// Softmax asks for one table only: what it takes is not positive and ends in a sum.
// TABLE-LABEL: func @shifted
// TABLE: arith.cmpf olt
// TABLE-NOT: arith.cmpf
// TABLE-COUNT-1: kernel.lookup
// TABLE-NOT: kernel.lookup
// TABLE: return
func.func @shifted(%x: f32) -> f32 {
  %y = math.exp %x {fn.shifted} : f32
  return %y : f32
}

// Half of 1 + erf(x) is one formula, whose additions and factor are gone; erf alone is another.
// TABLE-LABEL: func @activation
// TABLE-COUNT-7: kernel.lookup {{.*}} : tensor<8xf32>
// TABLE-NOT: kernel.lookup
// TABLE: %[[SUM:.*]] = arith.addf %{{.*}}, %{{.*}} : f32
// TABLE-NEXT: return %[[SUM]]
// TABLE-LABEL: func @erf
// TABLE-COUNT-7: kernel.lookup
// TABLE-NOT: kernel.lookup
// TABLE: return
func.func @activation(%x: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %e = math.erf %x : f32
  %sum = arith.addf %one, %e : f32
  %y = arith.mulf %half, %sum : f32
  return %y : f32
}
func.func @erf(%x: f32) -> f32 {
  %y = math.erf %x : f32
  return %y : f32
}

// Gelu is one formula with its product, however that is written.
// TABLE-LABEL: func @gelu
// TABLE-COUNT-7: kernel.lookup
// TABLE: %[[ERF:.*]] = math.fma
// TABLE: %[[HALF:.*]] = arith.mulf %arg0
// TABLE-NEXT: %[[Y:.*]] = math.fma %{{.*}}, %[[ERF]], %[[HALF]]
// TABLE-NEXT: %[[N:.*]] = arith.negf %[[Y]]
// TABLE-NEXT: return %[[N]]
// TABLE-LABEL: func @gelu_of_half
// TABLE-COUNT-7: kernel.lookup
// TABLE: %[[ERF:.*]] = math.fma
// TABLE: %[[HALF:.*]] = arith.mulf %arg0
// TABLE-NEXT: %[[Y:.*]] = math.fma %{{.*}}, %[[ERF]], %[[HALF]]
// TABLE-NEXT: %[[N:.*]] = arith.negf %[[Y]]
// TABLE: return %[[N]]
// FINE-LABEL: func @gelu
// FINE-COUNT-5: kernel.lookup {{.*}} : tensor<32xf32>
// FINE-NOT: kernel.lookup
// FINE: return
func.func @gelu(%x: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %c = arith.constant 0.70710678118654752 : f32
  %s = arith.mulf %x, %c : f32
  %e = math.erf %s : f32
  %p = arith.addf %e, %one : f32
  %q = arith.mulf %p, %half : f32
  %y = arith.mulf %x, %q : f32
  return %y : f32
}
func.func @gelu_of_half(%x: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %c = arith.constant 1.41421356237309505 : f32
  %s = arith.divf %x, %c : f32
  %e = math.erf %s : f32
  %p = arith.addf %e, %one : f32
  %h = arith.mulf %half, %x : f32
  %y = arith.mulf %h, %p : f32
  return %y : f32
}

// Must not take the product: it is with something else.
// TABLE-LABEL: func @other_product
// TABLE-COUNT-7: kernel.lookup
// TABLE: %[[SUM:.*]] = arith.addf
// TABLE: arith.mulf %arg1
func.func @other_product(%x: f32, %z: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %c = arith.constant 0.70710678118654752 : f32
  %s = arith.mulf %x, %c : f32
  %e = math.erf %s : f32
  %p = arith.addf %e, %one : f32
  %y = arith.mulf %z, %p : f32
  return %y : f32
}
