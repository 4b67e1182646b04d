// RUN: fnc compile %s -o %t.o
// RUN: diff %S/../compiler/emit/Inputs/add.h.golden %t.h

fn.graph @tiny {
  %a = fn.placeholder "a" : tensor<f32>
  %b = fn.placeholder "b" : tensor<f32>
  %c = fn.add %a, %b : (tensor<f32>, tensor<f32>) -> tensor<f32>
  fn.function @add inputs(%a : tensor<f32>, %b : tensor<f32>) outputs("c" = %c : tensor<f32>)
}
