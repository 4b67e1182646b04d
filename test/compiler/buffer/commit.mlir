// RUN: fnc-opt %s --fnc-commit --split-input-file | FileCheck %s

// Both old values are read before either is overwritten.
// CHECK-LABEL: func @swap
// CHECK-SAME: %[[A:[a-z0-9]+]]: memref<4xf32>
// CHECK-SAME: %[[B:[a-z0-9]+]]: memref<4xf32>
// CHECK: linalg.copy ins(%[[B]] : {{.*}}) outs(%[[OLD_B:.*]] :
// CHECK: linalg.copy ins(%[[A]] : {{.*}}) outs(%[[OLD_A:.*]] :
// CHECK: linalg.copy ins(%[[OLD_B]] : {{.*}}) outs(%[[A]] :
// CHECK: linalg.copy ins(%[[OLD_A]] : {{.*}}) outs(%[[B]] :
// CHECK-NEXT: return{{$}}
func.func @swap(%a: memref<4xf32> {fn.role = "variable", fn.name = "a"},
                %b: memref<4xf32> {fn.role = "variable", fn.name = "b"})
    -> (memref<4xf32> {fn.role = "variable", fn.name = "a"},
        memref<4xf32> {fn.role = "variable", fn.name = "b"}) attributes {fn.kernel} {
  return %b, %a : memref<4xf32>, memref<4xf32>
}

// -----

// A variable that becomes its own transpose is saved: element by element would read new ones.
// CHECK-LABEL: func @transpose
// CHECK: %[[T:.*]] = memref.transpose
// CHECK: linalg.copy ins(%[[T]] : {{.*}}) outs(%[[SAVED:.*]] :
// CHECK: linalg.copy ins(%[[SAVED]] : {{.*}}) outs(%arg0 :
func.func @transpose(%a: memref<4x4xf32> {fn.role = "variable", fn.name = "a"})
    -> (memref<4x4xf32, strided<[1, 4]>> {fn.role = "variable", fn.name = "a"})
    attributes {fn.kernel} {
  %t = memref.transpose %a (i, j) -> (j, i) : memref<4x4xf32> to memref<4x4xf32, strided<[1, 4]>>
  return %t : memref<4x4xf32, strided<[1, 4]>>
}

// -----

// Outputs leave in any case, variables only where nothing failed.
// CHECK-LABEL: func @can_fail
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<4xf32>
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<4xf32>
// CHECK-SAME: %[[STATUS:[a-z0-9]+]]: memref<2xi64>
// CHECK: linalg.copy ins(%[[NEW:.*]] : {{.*}}) outs(%[[Y]] :
// CHECK: %[[CODE:.*]] = memref.load %[[STATUS]]
// CHECK: %[[OK:.*]] = arith.cmpi eq, %[[CODE]]
// CHECK: scf.if %[[OK]] {
// CHECK-NEXT: linalg.copy ins(%[[NEW]] : {{.*}}) outs(%[[W]] :
// CHECK-NEXT: }
func.func @can_fail(%w: memref<4xf32> {fn.role = "variable", fn.name = "w"},
                    %y: memref<4xf32> {fn.role = "output", fn.name = "y"},
                    %status: memref<2xi64> {fn.role = "status"})
    -> (memref<4xf32> {fn.role = "output", fn.name = "y"},
        memref<4xf32> {fn.role = "variable", fn.name = "w"},
        memref<2xi64> {fn.role = "status"}) attributes {fn.kernel} {
  %new = memref.alloc() : memref<4xf32>
  return %new, %new, %status : memref<4xf32>, memref<4xf32>, memref<2xi64>
}

// -----

// Must not copy: the results are where they belong.
// CHECK-LABEL: func @in_place
// CHECK-NEXT: return{{$}}
func.func @in_place(%w: memref<4xf32> {fn.role = "variable", fn.name = "w"})
    -> (memref<4xf32> {fn.role = "variable", fn.name = "w"}) attributes {fn.kernel} {
  return %w : memref<4xf32>
}
