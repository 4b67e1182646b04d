// RUN: fnc-opt %s --fnc-plan-workspace --fnc-verify-workspace --split-input-file | FileCheck %s

// The third buffer lives when the first is dead: 4 floats each, aligned to 64 bytes, two at a time.
// CHECK-LABEL: func @chain
// CHECK-SAME: %[[WS:[a-z0-9]+]]: memref<?xi8> {fn.role = "workspace", llvm.noalias}
// CHECK-SAME: fn.workspace_align = 64 : i64, fn.workspace_live = 128 : i64
// CHECK-NOT: memref.alloc
// CHECK-COUNT-3: memref.view %[[WS]]
// CHECK-NOT: memref.view
func.func @chain(%x: memref<4xf32> {fn.role = "input", fn.name = "x"},
                 %y: memref<4xf32> {fn.role = "output", fn.name = "y"})
    attributes {fn.kernel, fn.symbols = []} {
  %a = memref.alloc() : memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  %b = memref.alloc() : memref<4xf32>
  linalg.copy ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
  %c = memref.alloc() : memref<4xf32>
  linalg.copy ins(%b : memref<4xf32>) outs(%c : memref<4xf32>)
  linalg.copy ins(%c : memref<4xf32>) outs(%y : memref<4xf32>)
  return
}

// -----

// A size that follows from an input's batch.
// CHECK: #[[SIZE:.*]] = affine_map<()[s0] -> (s0 * 40)>
// CHECK-LABEL: func @batch
// CHECK-SAME: fn.workspace = [{below = array<i64>, size = #[[SIZE]]}]
func.func @batch(%x: memref<?x10xf32> {fn.role = "input", fn.name = "x",
                                       fn.dims = affine_map<()[s0] -> (s0, 10)>},
                 %y: memref<?x10xf32> {fn.role = "output", fn.name = "y",
                                       fn.dims = affine_map<()[s0] -> (s0, 10)>})
    attributes {fn.kernel, fn.symbols = [{name = "x.0", max = -1 : i64}]} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x10xf32>
  %a = memref.alloc(%n) : memref<?x10xf32>
  linalg.copy ins(%x : memref<?x10xf32>) outs(%a : memref<?x10xf32>)
  linalg.copy ins(%a : memref<?x10xf32>) outs(%y : memref<?x10xf32>)
  return
}

// -----

// Bounded: room for the largest batch, 100 * 40 = 4000 bytes in 4032, and no arithmetic on offsets.
// CHECK: #[[SIZE:.*]] = affine_map<()[s0] -> (4000)>
// CHECK-LABEL: func @bounded
// CHECK-SAME: fn.workspace = [{below = array<i64>, size = #[[SIZE]]}, {below = array<i64: 0>, size = #[[SIZE]]}]
// CHECK-SAME: fn.workspace_live = 8064 : i64
// CHECK-NOT: arith.muli
// CHECK: memref.view %{{.*}}[%c0{{.*}}][%{{.*}}] {fn.buffer = 0 : i64}
// CHECK: memref.view %{{.*}}[%c4032{{.*}}][%{{.*}}] {fn.buffer = 1 : i64}
func.func @bounded(%x: memref<?x10xf32> {fn.role = "input", fn.name = "x",
                                         fn.dims = affine_map<()[s0] -> (s0, 10)>},
                   %y: memref<?x10xf32> {fn.role = "output", fn.name = "y",
                                         fn.dims = affine_map<()[s0] -> (s0, 10)>})
    attributes {fn.kernel, fn.symbols = [{name = "x.0", max = 100 : i64}]} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x10xf32>
  %a = memref.alloc(%n) : memref<?x10xf32>
  %b = memref.alloc(%n) : memref<?x10xf32>
  linalg.copy ins(%x : memref<?x10xf32>) outs(%a : memref<?x10xf32>)
  linalg.copy ins(%a : memref<?x10xf32>) outs(%b : memref<?x10xf32>)
  linalg.copy ins(%b : memref<?x10xf32>) outs(%y : memref<?x10xf32>)
  return
}

// -----

// Must not change: nothing to place, no workspace.
// CHECK-LABEL: func @none(
// CHECK-NOT: "workspace"
// CHECK: fn.workspace = []
func.func @none(%x: memref<4xf32> {fn.role = "input", fn.name = "x"})
    attributes {fn.kernel, fn.symbols = []} {
  return
}

// -----

// A buffer read through a transpose lives until that read.
// CHECK-LABEL: func @transposed
// CHECK-SAME: fn.workspace_live = 128 : i64
func.func @transposed(%x: memref<4x4xf32> {fn.role = "input", fn.name = "x"},
                      %y: memref<4x4xf32> {fn.role = "output", fn.name = "y"})
    attributes {fn.kernel, fn.symbols = []} {
  %a = memref.alloc() : memref<4x4xf32>
  linalg.copy ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  %t = memref.transpose %a (i, j) -> (j, i) : memref<4x4xf32> to memref<4x4xf32, strided<[1, 4]>>
  %b = memref.alloc() : memref<4x4xf32>
  linalg.copy ins(%x : memref<4x4xf32>) outs(%b : memref<4x4xf32>)
  linalg.copy ins(%b : memref<4x4xf32>) outs(%y : memref<4x4xf32>)
  linalg.copy ins(%t : memref<4x4xf32, strided<[1, 4]>>) outs(%y : memref<4x4xf32>)
  return
}

// -----

// In a loop: what one round uses one after the other shares memory; what is carried in lives
// through all rounds.
// CHECK-LABEL: func @loop
// CHECK-SAME: fn.workspace_live = 128 : i64
func.func @loop(%x: memref<4xf32> {fn.role = "input", fn.name = "x"},
                %y: memref<4xf32> {fn.role = "output", fn.name = "y"})
    attributes {fn.kernel, fn.symbols = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %carried = memref.alloc() : memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%carried : memref<4xf32>)
  scf.for %i = %c0 to %c9 step %c1 {
    %a = memref.alloc() : memref<4xf32>
    linalg.copy ins(%carried : memref<4xf32>) outs(%a : memref<4xf32>)
    linalg.copy ins(%a : memref<4xf32>) outs(%y : memref<4xf32>)
    %b = memref.alloc() : memref<4xf32>
    linalg.copy ins(%y : memref<4xf32>) outs(%b : memref<4xf32>)
    linalg.copy ins(%b : memref<4xf32>) outs(%carried : memref<4xf32>)
  }
  return
}

// -----

// The two branches share memory; what they give lives on.
// CHECK-LABEL: func @branches
// CHECK-SAME: fn.workspace_live = 128 : i64
func.func @branches(%flag: memref<i1> {fn.role = "input", fn.name = "flag"},
                    %x: memref<4xf32> {fn.role = "input", fn.name = "x"},
                    %y: memref<4xf32> {fn.role = "output", fn.name = "y"})
    attributes {fn.kernel, fn.symbols = []} {
  %on = memref.load %flag[] : memref<i1>
  scf.if %on {
    %a = memref.alloc() : memref<4xf32>
    %b = memref.alloc() : memref<4xf32>
    linalg.copy ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
    linalg.copy ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
    linalg.copy ins(%b : memref<4xf32>) outs(%y : memref<4xf32>)
  } else {
    %c = memref.alloc() : memref<4xf32>
    linalg.copy ins(%x : memref<4xf32>) outs(%c : memref<4xf32>)
    linalg.copy ins(%c : memref<4xf32>) outs(%y : memref<4xf32>)
  }
  return
}
