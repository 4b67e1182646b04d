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

// The logistic function as a whole: of its sum, whose two parts are never rounded apart. A factor
// that the argument is made of becomes the numerator.
// CHECK-LABEL: func @logistic
// CHECK-NOT: arith.cmpf une
// CHECK: %[[QUOTIENT:.*]] = arith.divf %cst{{.*}}, %{{.*}} : f32
// CHECK-NEXT: return %[[QUOTIENT]]
func.func @logistic(%x: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %less = arith.negf %x : f32
  %e = math.exp %less : f32
  %sum = arith.addf %e, %one : f32
  %y = arith.divf %one, %sum : f32
  return %y : f32
}

// CHECK-LABEL: func @swish
// CHECK: %[[SCALED:.*]] = arith.mulf %arg0, %{{.*}} : f32
// CHECK: %[[QUOTIENT:.*]] = arith.divf %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: return %[[QUOTIENT]]
func.func @swish(%x: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %alpha = arith.constant -1.702 : f32
  %less = arith.mulf %x, %alpha : f32
  %e = math.exp %less : f32
  %sum = arith.addf %one, %e : f32
  %y = arith.divf %one, %sum : f32
  %z = arith.mulf %x, %y : f32
  return %z : f32
}

// Of f64 no exponential overflows.
// CHECK-LABEL: func @logistic_f64
// CHECK: %[[LARGE:[0-9]+]] = arith.cmpf ogt, %arg0, %{{.*}} : f64
// CHECK: %[[ABOVE:[0-9]+]] = arith.select %[[LARGE]], %{{.*}}, %{{.*}} : f64
// CHECK: %[[QUOTIENT:[0-9]+]] = arith.divf %[[ABOVE]], %{{.*}} : f64
// CHECK-NEXT: return %[[QUOTIENT]]
func.func @logistic_f64(%x: f64) -> f64 {
  %one = arith.constant 1.0 : f64
  %e = math.exp %x : f64
  %sum = arith.addf %one, %e : f64
  %y = arith.divf %one, %sum : f64
  return %y : f64
}

// Another factor stays one, and an exponential that has another use is one.
// CHECK-LABEL: func @gate
// CHECK: %[[QUOTIENT:.*]] = arith.divf %cst{{.*}}, %{{.*}} : f32
// CHECK: %[[PRODUCT:.*]] = arith.mulf %[[QUOTIENT]], %arg1 : f32
// CHECK-NEXT: return %[[PRODUCT]]
func.func @gate(%x: f32, %factor: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %e = math.exp %x : f32
  %sum = arith.addf %one, %e : f32
  %y = arith.divf %one, %sum : f32
  %z = arith.mulf %y, %factor : f32
  return %z : f32
}

// CHECK-LABEL: func @shared_exponential
// CHECK: %[[SUM:[0-9]+]] = arith.addf %cst, %[[E:[0-9]+]] : f32
// CHECK-NEXT: %[[QUOTIENT:[0-9]+]] = arith.divf %cst{{.*}}, %[[SUM]] : f32
// CHECK-NEXT: return %[[E]], %[[QUOTIENT]]
func.func @shared_exponential(%x: f32) -> (f32, f32) {
  %one = arith.constant 1.0 : f32
  %e = math.exp %x : f32
  %sum = arith.addf %one, %e : f32
  %y = arith.divf %one, %sum : f32
  return %e, %y : f32, f32
}

// Mish as a whole, from two quotients, with neither logarithm nor tanh.
// CHECK-LABEL: func @mish
// CHECK-NOT: math.{{log|tanh|exp}}
// CHECK: arith.divf
// CHECK: %[[QUOTIENT:[0-9]+]] = arith.divf
// CHECK-NOT: arith.divf
// CHECK: return %[[QUOTIENT]]
func.func @mish(%x: f32) -> f32 {
  %zero = arith.constant 0.0 : f32
  %magnitude = math.absf %x : f32
  %less = arith.negf %magnitude : f32
  %e = math.exp %less : f32
  %logarithm = math.log1p %e : f32
  %relu = arith.maximumf %x, %zero : f32
  %softplus = arith.addf %logarithm, %relu : f32
  %tanh = math.tanh %softplus : f32
  %y = arith.mulf %x, %tanh : f32
  return %y : f32
}
