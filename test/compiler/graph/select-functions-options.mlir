// RUN: fnc-opt %s --fnc-select-functions="graph=b functions=g" | FileCheck %s
// RUN: not fnc-opt %s --fnc-select-functions="graph=c" 2>&1 | FileCheck %s --check-prefix=GRAPH
// RUN: not fnc-opt %s --fnc-select-functions="graph=a functions=f,h" 2>&1 | FileCheck %s --check-prefix=FUNCTION

// CHECK-NOT: @f(
// CHECK: func.func @g(
// CHECK-NOT: func.func @f(
// GRAPH: error: the file has no graph @c
// FUNCTION: error: graph @a has no function @h
fn.graph @a {
  fn.function @f
}
fn.graph @b {
  fn.function @f
  fn.function @g
}
