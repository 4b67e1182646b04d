// RUN: fnc-opt %s --fnc-relax-maxima | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>

// CHECK-LABEL: func @bias
// CHECK: arith.maximumf %{{.*}}, %{{.*}} fastmath<nsz> : f32
func.func @bias(%x: tensor<4x3xf32>, %out: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %bias = arith.constant dense<[1.0, 0.0, -2.0]> : tensor<3xf32>
  %zero = arith.constant 0.0 : f32
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %bias : tensor<4x3xf32>, tensor<3xf32>) outs(%out : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// CHECK-LABEL: func @sums
// CHECK: arith.maximumf %{{.*}}, %{{.*}} fastmath<nsz> : f32
func.func @sums(%x: f32, %y: f32) -> f32 {
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %0 = arith.addf %x, %one : f32
  %1 = arith.addf %y, %0 : f32
  %2 = arith.maximumf %zero, %1 : f32
  return %2 : f32
}

// -0 - 0 is -0; and so is what was not added to.
// CHECK-LABEL: func @kept
// CHECK: arith.maximumf %{{.*}}, %{{.*}} : f32
// CHECK: arith.maximumf %{{.*}}, %{{.*}} : f32
// CHECK: arith.maximumf %{{.*}}, %{{.*}} : f32
func.func @kept(%x: tensor<4x3xf32>, %s: f32, %out: tensor<4x3xf32>) -> (tensor<4x3xf32>, f32, f32) {
  %bias = arith.constant dense<[1.0, -0.0, -2.0]> : tensor<3xf32>
  %zero = arith.constant 0.0 : f32
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %bias : tensor<4x3xf32>, tensor<3xf32>) outs(%out : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<4x3xf32>
  %3 = arith.subf %s, %zero : f32
  %4 = arith.maximumf %3, %zero : f32
  %5 = arith.maximumf %s, %zero : f32
  return %y, %4, %5 : tensor<4x3xf32>, f32, f32
}
