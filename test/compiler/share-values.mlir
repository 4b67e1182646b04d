// RUN: fnc-opt %s --fnc-share-values --split-input-file | FileCheck %s

// Operands of a sum may change places, those of a difference may not.
// CHECK-LABEL: @operands
//  CHECK-SAME:   %[[A:.*]]: f32, %[[B:.*]]: f32
//       CHECK:   %[[SUM:.*]] = arith.addf %[[A]], %[[B]]
//       CHECK:   %[[AB:.*]] = arith.subf %[[A]], %[[B]]
//       CHECK:   %[[BA:.*]] = arith.subf %[[B]], %[[A]]
//       CHECK:   return %[[SUM]], %[[SUM]], %[[AB]], %[[BA]]
func.func @operands(%a: f32, %b: f32) -> (f32, f32, f32, f32) {
  %0 = arith.addf %a, %b : f32
  %1 = arith.addf %b, %a : f32
  %2 = arith.subf %a, %b : f32
  %3 = arith.subf %b, %a : f32
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// -----

// Attributes and types count.
// CHECK-LABEL: @attributes
//       CHECK:   %[[LESS:.*]] = arith.cmpf olt, %{{.*}}, %{{.*}} : f32
//       CHECK:   %[[MORE:.*]] = arith.cmpf ogt, %{{.*}}, %{{.*}} : f32
//       CHECK:   %[[F64:.*]] = arith.extf %{{.*}} : f16 to f64
//       CHECK:   %[[F32:.*]] = arith.extf %{{.*}} : f16 to f32
//       CHECK:   return %[[LESS]], %[[MORE]], %[[LESS]], %[[F64]], %[[F32]]
func.func @attributes(%a: f32, %b: f32, %h: f16) -> (i1, i1, i1, f64, f32) {
  %0 = arith.cmpf olt, %a, %b : f32
  %1 = arith.cmpf ogt, %a, %b : f32
  %2 = arith.cmpf olt, %a, %b : f32
  %3 = arith.extf %h : f16 to f64
  %4 = arith.extf %h : f16 to f32
  return %0, %1, %2, %3, %4 : i1, i1, i1, f64, f32
}

// -----

// What is known outside is known inside, but not the other way round.
// CHECK-LABEL: @regions
//       CHECK:   %[[OUT:.*]] = arith.mulf
//       CHECK:   scf.if
//       CHECK:     %[[IN:.*]] = arith.addf
//       CHECK:     memref.store %[[OUT]]
//       CHECK:     memref.store %[[IN]]
//       CHECK:   %[[AFTER:.*]] = arith.addf
//       CHECK:   memref.store %[[AFTER]]
func.func @regions(%a: f32, %c: i1, %m: memref<f32>) {
  %0 = arith.mulf %a, %a : f32
  memref.store %0, %m[] : memref<f32>
  scf.if %c {
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %a, %a : f32
    memref.store %1, %m[] : memref<f32>
    memref.store %2, %m[] : memref<f32>
  }
  %3 = arith.addf %a, %a : f32
  memref.store %3, %m[] : memref<f32>
  return
}

// -----

// A load is the same value until something may be written.
// CHECK-LABEL: @loads
//       CHECK:   %[[FIRST:.*]] = memref.load
//   CHECK-NOT:   memref.load
//       CHECK:   memref.store
//       CHECK:   %[[SECOND:.*]] = memref.load
//       CHECK:   scf.for
//       CHECK:   %[[THIRD:.*]] = memref.load
//       CHECK:   return %[[FIRST]], %[[FIRST]], %[[SECOND]], %[[THIRD]]
func.func @loads(%m: memref<f32>, %n: index) -> (f32, f32, f32, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = memref.load %m[] : memref<f32>
  %1 = memref.load %m[] : memref<f32>
  memref.store %0, %m[] : memref<f32>
  %2 = memref.load %m[] : memref<f32>
  scf.for %i = %c0 to %n step %c1 {
    memref.store %1, %m[] : memref<f32>
  }
  %3 = memref.load %m[] : memref<f32>
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// -----

// What nothing uses goes, with what only it used left for the next pass; what writes stays.
// CHECK-LABEL: @dead
//  CHECK-NEXT:   memref.store
//  CHECK-NEXT:   memref.store
//  CHECK-NEXT:   return
func.func @dead(%a: f32, %m: memref<f32>) {
  %0 = arith.addf %a, %a : f32
  memref.store %a, %m[] : memref<f32>
  memref.store %a, %m[] : memref<f32>
  return
}
