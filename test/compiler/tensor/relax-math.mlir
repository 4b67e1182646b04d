// RUN: fnc-opt %s --fnc-relax-math | FileCheck %s

// CHECK-LABEL: func @arithmetic
// CHECK: arith.mulf %arg0, %arg1 fastmath<reassoc,nsz,arcp,contract>
// CHECK: arith.addf {{.*}} fastmath<reassoc,nsz,arcp,contract>
// CHECK: %[[THIRD:.*]] = arith.constant 0.333333343 : f32
// CHECK: arith.mulf %{{.*}}, %[[THIRD]] fastmath
// CHECK: arith.divf %{{.*}}, %arg1 fastmath
func.func @arithmetic(%x: f32, %y: f32) -> f32 {
  %three = arith.constant 3.0 : f32
  %0 = arith.mulf %x, %y : f32
  %1 = arith.addf %0, %x : f32
  %2 = arith.divf %1, %three : f32
  %3 = arith.divf %2, %y : f32
  return %3 : f32
}

// The reciprocal of a denormal is infinite. What chooses a NaN still does.
// CHECK-LABEL: func @kept
// CHECK: arith.divf
// CHECK: arith.maximumf %{{.*}}, %arg0 : f32
func.func @kept(%x: f32) -> f32 {
  %tiny = arith.constant 1.0e-45 : f32
  %0 = arith.divf %x, %tiny : f32
  %1 = arith.maximumf %0, %x : f32
  return %1 : f32
}
