// Branches and selects that may give variables, constants, inputs and what loops left, beside updates of those variables: all of
// them could be one memory to bufferization, which refused to write to it.
// RUN: fnc run %s --no-cache --function several -i p=[1,2] -i f=false -i g=true | FileCheck %s --check-prefix=SEVERAL
// RUN: fnc run %s --no-cache --function looped -i p=[-1,2] -i f=true -i g=true --repeat 2 | FileCheck %s --check-prefix=LOOPED
fn.graph @g {
  %a = fn.variable "a" : tensor<2xf32> = dense<[1.0, -1.0]>
  %b = fn.variable "b" : tensor<2xf32> = dense<[3.0, 4.0]>
  %c = fn.variable "c" : tensor<2xf32> = dense<[5.0, 6.0]>
  %p = fn.placeholder "p" : tensor<2xf32>
  %f = fn.placeholder "f" : tensor<i1>
  %g = fn.placeholder "g" : tensor<i1>
  %two = fn.constant dense<2.0> : tensor<2xf32>

  %t = fn.if %g : (tensor<i1>) -> tensor<2xf32> {
    %u = fn.if %g : (tensor<i1>) -> tensor<2xf32> {
      %v = fn.if %f : (tensor<i1>) -> tensor<2xf32> {
        fn.yield %a : tensor<2xf32>
      } else {
        fn.yield %two : tensor<2xf32>
      }
      fn.yield %v : tensor<2xf32>
    } else {
      %w = fn.tanh %b : tensor<2xf32>
      fn.yield %w : tensor<2xf32>
    }
    fn.yield %u : tensor<2xf32>
  } else {
    fn.yield %p : tensor<2xf32>
  }
  %rest = fn.relu %t : tensor<2xf32>
  fn.function @several inputs(%p : tensor<2xf32>, %f : tensor<i1>, %g : tensor<i1>)
                       outputs("rest" = %rest : tensor<2xf32>, "b" = %b : tensor<2xf32>)
                       updates(%a = %b : tensor<2xf32>, %c = %p : tensor<2xf32>)

  %x, %y, %z = fn.if %g : (tensor<i1>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
    %l0, %l1, %l2, %all = fn.scan (%s0 = %two, %s1 = %two, %s2 = %b) {trips = 3 : i64}
        : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3x2xf32>) {
      fn.yield %s0, %p, %s1, %s2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
    }
    fn.yield %p, %a, %l0 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  } else {
    %s = fn.neg %a : tensor<2xf32>
    fn.yield %s, %s, %a : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
  %less = fn.sub %y, %two : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %next = fn.add %b, %z : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  fn.function @looped inputs(%p : tensor<2xf32>, %f : tensor<i1>, %g : tensor<i1>)
                      outputs("x" = %x : tensor<2xf32>, "less" = %less : tensor<2xf32>) updates(%a = %next : tensor<2xf32>)
}
// SEVERAL: rest: f32[2] [2, 2]
// SEVERAL: b: f32[2] [3, 4]
// LOOPED: x: f32[2] [-1, 2]
// LOOPED: less: f32[2] [3, 4]
