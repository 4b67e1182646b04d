// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=256 registers=16" --canonicalize | FileCheck %s

// Signed bytes that are a constant are converted where they are multiplied; what a call gives, before.

#id = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: @weights
func.func @weights(%x: tensor<8x64xf32>, %out: tensor<8x32xf32>, %wide: tensor<64x32xf32>) -> tensor<8x32xf32> {
  // CHECK: %[[W:.*]] = arith.constant dense<3> : tensor<64x32xi8>
  // CHECK-NOT: linalg.generic
  // CHECK: kernel.contract ins(%{{.*}}, %[[W]] : tensor<8x64xf32>, tensor<64x32xi8>)
  %w = arith.constant dense<3> : tensor<64x32xi8>
  %f = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<64x32xi8>) outs(%wide : tensor<64x32xf32>) {
  ^bb0(%a: i8, %o: f32):
    %c = arith.sitofp %a : i8 to f32
    linalg.yield %c : f32
  } -> tensor<64x32xf32>
  %zero = arith.constant 0.0 : f32
  %start = linalg.fill ins(%zero : f32) outs(%out : tensor<8x32xf32>) -> tensor<8x32xf32>
  %y = linalg.matmul ins(%x, %f : tensor<8x64xf32>, tensor<64x32xf32>) outs(%start : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// CHECK-LABEL: @fed
func.func @fed(%x: tensor<8x64xf32>, %w: tensor<64x32xi8>, %out: tensor<8x32xf32>, %wide: tensor<64x32xf32>) -> tensor<8x32xf32> {
  // CHECK: linalg.generic
  // CHECK: kernel.contract ins(%{{.*}}, %{{.*}} : tensor<8x64xf32>, tensor<64x32xf32>)
  %f = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<64x32xi8>) outs(%wide : tensor<64x32xf32>) {
  ^bb0(%a: i8, %o: f32):
    %c = arith.sitofp %a : i8 to f32
    linalg.yield %c : f32
  } -> tensor<64x32xf32>
  %zero = arith.constant 0.0 : f32
  %start = linalg.fill ins(%zero : f32) outs(%out : tensor<8x32xf32>) -> tensor<8x32xf32>
  %y = linalg.matmul ins(%x, %f : tensor<8x64xf32>, tensor<64x32xf32>) outs(%start : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}
