// RUN: fnc-opt %s --fnc-verify-workspace --split-input-file --verify-diagnostics

func.func @overlap(%x: memref<4xf32>, %ws: memref<?xi8> {fn.role = "workspace"})
    attributes {fn.kernel, fn.symbols = [],
                fn.workspace = [{below = array<i64>, size = affine_map<() -> (16)>},
                                {below = array<i64>, size = affine_map<() -> (16)>}]} {
  %c0 = arith.constant 0 : index
  // expected-note @below {{the other buffer}}
  %a = memref.view %ws[%c0][] {fn.buffer = 0 : i64} : memref<?xi8> to memref<4xf32>
  // expected-error @below {{this buffer overlaps another in the workspace while both are live}}
  %b = memref.view %ws[%c0][] {fn.buffer = 1 : i64} : memref<?xi8> to memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  linalg.copy ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
  linalg.copy ins(%b : memref<4xf32>) outs(%x : memref<4xf32>)
  return
}

// -----

func.func @left(%x: memref<4xf32>) attributes {fn.kernel, fn.symbols = [], fn.workspace = []} {
  // expected-error @below {{an allocation is left after the buffer stage}}
  %a = memref.alloc() : memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  return
}

// -----

// expected-error @below {{a kernel returns values after the buffer stage}}
func.func @returns(%x: memref<4xf32>) -> memref<4xf32>
    attributes {fn.kernel, fn.symbols = [], fn.workspace = []} {
  return %x : memref<4xf32>
}

// -----

// expected-error @below {{a kernel has no 'fn.workspace' after the buffer stage}}
func.func @unplanned(%x: memref<4xf32>) attributes {fn.kernel, fn.symbols = []} {
  return
}

// -----

// Two buffers of one round of a loop; and one that lives through all rounds beside one of them.
func.func @loop(%x: memref<4xf32>, %ws: memref<?xi8> {fn.role = "workspace"})
    attributes {fn.kernel, fn.symbols = [],
                fn.workspace = [{below = array<i64>, size = affine_map<() -> (16)>},
                                {below = array<i64>, size = affine_map<() -> (16)>}]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @below {{the other buffer}}
  %a = memref.view %ws[%c0][] {fn.buffer = 0 : i64} : memref<?xi8> to memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  scf.for %i = %c0 to %c1 step %c1 {
    linalg.copy ins(%a : memref<4xf32>) outs(%x : memref<4xf32>)
    // expected-error @below {{this buffer overlaps another in the workspace while both are live}}
    %b = memref.view %ws[%c0][] {fn.buffer = 1 : i64} : memref<?xi8> to memref<4xf32>
    linalg.copy ins(%x : memref<4xf32>) outs(%b : memref<4xf32>)
    linalg.copy ins(%b : memref<4xf32>) outs(%x : memref<4xf32>)
  }
  return
}

// -----

func.func @tensor(%x: memref<4xf32>) attributes {fn.kernel, fn.symbols = [], fn.workspace = []} {
  // expected-error @below {{a tensor is left after the buffer stage}}
  %t = bufferization.to_tensor %x restrict : memref<4xf32> to tensor<4xf32>
  return
}

// -----

func.func @unknown_buffer(%ws: memref<?xi8> {fn.role = "workspace"}) attributes {fn.kernel, fn.symbols = [], fn.workspace = []} {
  %c0 = arith.constant 0 : index
  // expected-error @below {{a view of the workspace is not in the plan}}
  %a = memref.view %ws[%c0][] {fn.buffer = 0 : i64} : memref<?xi8> to memref<4xf32>
  return
}
