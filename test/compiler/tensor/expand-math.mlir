// RUN: fnc-opt %s --fnc-expand-math | FileCheck %s
// RUN: fnc-opt %s --fnc-expand-math=soft-f64=1 | FileCheck %s --check-prefix=SOFT
// RUN: fnc-opt %s --fnc-expand-math="fma=1 scale=1" | FileCheck %s --check-prefix=FMA

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
// FMA: llvm.intr.ldexp
// FMA: return
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
