// RUN: fnc-opt %s --fnc-expand-arith | FileCheck %s
// RUN: fnc-opt %s --fnc-expand-arith=f16=0 | FileCheck %s --check-prefix=BF16

// CHECK-LABEL: func @add
// CHECK-NOT: arith.extf
// CHECK: arith.addf %{{.*}}, %{{.*}} : f32
// CHECK-NOT: arith.truncf
// CHECK: arith.bitcast %{{.*}} : i16 to bf16
// CHECK-NEXT: return
func.func @add(%x: bf16, %y: bf16) -> bf16 {
  %z = arith.addf %x, %y : bf16
  return %z : bf16
}

// Denormals come right by an exact product, 2^112.
// CHECK-LABEL: func @widen
// CHECK: arith.constant 5.19229686E+33 : f32
// CHECK-NOT: arith.extf
// CHECK: return
// BF16-LABEL: func @widen
// BF16: arith.extf
func.func @widen(%x: f16) -> f32 {
  %z = arith.extf %x : f16 to f32
  return %z : f32
}

// CHECK-LABEL: func @compare
// CHECK: arith.cmpf olt, %{{.*}}, %{{.*}} : f32
func.func @compare(%x: f16, %y: f16) -> i1 {
  %z = arith.cmpf olt, %x, %y : f16
  return %z : i1
}
