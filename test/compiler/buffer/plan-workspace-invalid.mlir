// RUN: fnc-opt %s --fnc-plan-workspace --split-input-file --verify-diagnostics

func.func @unknown(%x: memref<1xindex> {fn.role = "input", fn.name = "x"})
    attributes {fn.kernel, fn.symbols = []} {
  %c0 = arith.constant 0 : index
  %n = memref.load %x[%c0] : memref<1xindex>
  // expected-error @below {{cannot plan the workspace: the size of this buffer does not follow from the dimensions of the inputs}}
  %a = memref.alloc(%n) : memref<?xf32>
  %v = arith.constant 0.0 : f32
  memref.store %v, %a[%c0] : memref<?xf32>
  return
}

// -----

func.func @carried(%x: memref<4xf32> {fn.role = "input", fn.name = "x"}, %y: memref<4xf32> {fn.role = "output", fn.name = "y"})
    attributes {fn.kernel, fn.symbols = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %first = memref.alloc() : memref<4xf32>
  linalg.copy ins(%x : memref<4xf32>) outs(%first : memref<4xf32>)
  %last = scf.for %i = %c0 to %c3 step %c1 iter_args(%now = %first) -> memref<4xf32> {
    // expected-error @below {{cannot plan the workspace: this buffer is made in a loop that carries it to its next iteration}}
    %next = memref.alloc() : memref<4xf32>
    linalg.copy ins(%now : memref<4xf32>) outs(%next : memref<4xf32>)
    scf.yield %next : memref<4xf32>
  }
  linalg.copy ins(%last : memref<4xf32>) outs(%y : memref<4xf32>)
  return
}
