// RUN: fnc-opt %s --fnc-lower-to-linalg --split-input-file | FileCheck %s

// A loop over the bits of the exponent that are left, not one multiplication for each bit of the type.
// CHECK-LABEL: @power(
// CHECK: linalg.generic
// CHECK: scf.while
// CHECK-COUNT-2: arith.muli
// CHECK-NOT: arith.muli
func.func @power(%x: tensor<?xi32>, %y: tensor<?xi32>) -> tensor<?xi32> {
  %0 = fn.pow %x, %y : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  return %0 : tensor<?xi32>
}
