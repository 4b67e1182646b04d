// RUN: fnc-opt %s --fnc-expand-math="rounding" | FileCheck %s
// RUN: fnc-opt %s --fnc-expand-math | FileCheck %s --check-prefix=WITHOUT

// CHECK-LABEL: func @rounded
// CHECK-NEXT: math.roundeven
// CHECK-NEXT: math.floor
// CHECK-NEXT: math.ceil
// CHECK-NEXT: math.trunc
// CHECK-NEXT: return
// WITHOUT-NOT: math.
func.func @rounded(%x: f32) -> f32 {
  %0 = math.roundeven %x : f32
  %1 = math.floor %0 : f32
  %2 = math.ceil %1 : f32
  %3 = math.trunc %2 : f32
  return %3 : f32
}

// Of half precision there are no such instructions everywhere.
// CHECK-LABEL: func @half
// CHECK-NOT: math.
func.func @half(%x: bf16) -> bf16 {
  %0 = math.roundeven %x : bf16
  return %0 : bf16
}
