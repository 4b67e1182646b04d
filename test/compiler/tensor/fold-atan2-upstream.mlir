// RUN: fnc-opt %s --canonicalize | FileCheck %s

// MLIR folds atan2 of two zeros to NaN. When this fails it does not any more, and the case of its
// own in LowerElementwise.cpp can go.
// CHECK-LABEL: func.func @zeros
// CHECK: arith.constant 0x7FC00000 : f32
func.func @zeros() -> f32 {
  %zero = arith.constant 0.0 : f32
  %0 = math.atan2 %zero, %zero : f32
  return %0 : f32
}
