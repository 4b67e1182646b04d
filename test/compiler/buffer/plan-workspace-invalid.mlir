// RUN: fnc-opt %s --fnc-plan-workspace --verify-diagnostics

func.func @unknown(%x: memref<1xindex> {fn.role = "input", fn.name = "x"})
    attributes {fn.kernel, fn.symbols = []} {
  %c0 = arith.constant 0 : index
  %n = memref.load %x[%c0] : memref<1xindex>
  // expected-error @below {{does not follow from the dimensions of the inputs}}
  %a = memref.alloc(%n) : memref<?xf32>
  %v = arith.constant 0.0 : f32
  memref.store %v, %a[%c0] : memref<?xf32>
  return
}
