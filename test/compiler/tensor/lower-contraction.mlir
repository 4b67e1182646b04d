// RUN: fnc-opt %s --fnc-lower-to-linalg --canonicalize --split-input-file | FileCheck %s

// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-LABEL: @matmul(
// CHECK: linalg.fill
// CHECK: linalg.generic {indexing_maps = [#[[A]], #[[B]], #[[C]]], iterator_types = ["parallel", "reduction", "parallel"]}
// CHECK: arith.mulf
// CHECK: arith.addf
func.func @matmul(%a: tensor<?x4xf32>, %b: tensor<4x8xf32>) -> tensor<?x8xf32> {
  %c = fn.matmul %a, %b : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
  return %c : tensor<?x8xf32>
}

// -----

// Half precision accumulates in f32 and rounds once.
// CHECK-LABEL: @half(
// CHECK: linalg.fill {{.*}} outs({{.*}} : tensor<2x8xf32>)
// CHECK: arith.addf {{.*}} : f32
// CHECK: arith.truncf {{.*}} : f32 to bf16
func.func @half(%a: tensor<2x4xbf16>, %b: tensor<4x8xbf16>) -> tensor<2x8xbf16> {
  %c = fn.matmul %a, %b : (tensor<2x4xbf16>, tensor<4x8xbf16>) -> tensor<2x8xbf16>
  return %c : tensor<2x8xbf16>
}

// -----

// The input is padded first: 'same' of a size known at run time is index arithmetic.
// CHECK-DAG: #[[WINDOW:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 * 2 + d3, d2 * 2 + d4, d5)>
// CHECK-DAG: #[[PADDED:.*]] = affine_map<()[s0] -> ((s0 ceildiv 2) * 2 + 1)>
// CHECK-LABEL: @conv(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x8x3xf32>
// CHECK: %[[H:.*]] = affine.apply #[[PADDED]]
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[H]]) : tensor<1x?x9x3xf32>
// CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} outs(%[[EMPTY]]
// CHECK: %[[P:.*]] = tensor.insert_slice %[[X]] into %[[ZERO]]
// CHECK: linalg.generic {indexing_maps = [#[[WINDOW]], {{.*}} ins(%[[P]],
func.func @conv(%x: tensor<1x?x8x3xf32>, %k: tensor<3x3x3x16xf32>) -> tensor<1x?x4x16xf32> {
  %y = fn.conv %x, %k {strides = array<i64: 2, 2>, padding = "same"}
     : (tensor<1x?x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x?x4x16xf32>
  return %y : tensor<1x?x4x16xf32>
}

// -----

// Nothing to pad: the input is read as it is.
// CHECK-LABEL: @conv_without_padding(
// CHECK-SAME: %[[X:.*]]: tensor<1x8x8x3xf32>
// CHECK-NOT: tensor.insert_slice
// CHECK: linalg.generic {{.*}} ins(%[[X]],
func.func @conv_without_padding(%x: tensor<1x8x8x3xf32>, %k: tensor<1x1x3x4xf32>) -> tensor<1x8x8x4xf32> {
  %y = fn.conv %x, %k {padding = "same"} : (tensor<1x8x8x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x8x8x4xf32>
  return %y : tensor<1x8x8x4xf32>
}

// -----

// CHECK-LABEL: @groups(
// CHECK: tensor.expand_shape {{.*}} into tensor<1x8x8x2x3xf32>
// CHECK: tensor.expand_shape {{.*}} into tensor<3x3x3x2x5xf32>
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x6x6x2x5xf32>)
// CHECK: tensor.collapse_shape {{.*}} into tensor<1x6x6x10xf32>
func.func @groups(%x: tensor<1x8x8x6xf32>, %k: tensor<3x3x3x10xf32>) -> tensor<1x6x6x10xf32> {
  %y = fn.conv %x, %k {groups = 2 : i64} : (tensor<1x8x8x6xf32>, tensor<3x3x3x10xf32>) -> tensor<1x6x6x10xf32>
  return %y : tensor<1x6x6x10xf32>
}

// -----

// Strides of a transposed convolution: results of one phase see the same taps, and no zero is
// multiplied. Two rows of phases with 2 taps and 1, two columns with 2 and 1.
// CHECK-LABEL: @phases(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x4x8xf32>
// CHECK: %[[P:.*]] = tensor.insert_slice %[[X]] into {{.*}}[0, 1, 1, 0] [1, 4, 4, 8] [1, 1, 1, 1] : tensor<1x4x4x8xf32> into tensor<1x5x5x8xf32>
// CHECK: tensor.extract_slice {{.*}}[0, 0, 0, 0] [2, 2, 8, 4] [2, 2, 1, 1]
// CHECK: tensor.insert_slice {{.*}}[0, 0, 0, 0] [1, 4, 4, 4] [1, 2, 2, 1] : tensor<1x4x4x4xf32> into tensor<1x8x8x4xf32>
// CHECK: tensor.extract_slice {{.*}}[0, 1, 0, 0] [2, 1, 8, 4] [2, 2, 1, 1]
// CHECK: tensor.insert_slice {{.*}}[0, 0, 1, 0] [1, 4, 4, 4] [1, 2, 2, 1]
// CHECK: tensor.extract_slice {{.*}}[1, 0, 0, 0] [1, 2, 8, 4] [2, 2, 1, 1]
// CHECK: tensor.insert_slice {{.*}}[0, 1, 0, 0] [1, 4, 4, 4] [1, 2, 2, 1]
// CHECK: tensor.extract_slice {{.*}}[1, 1, 0, 0] [1, 1, 8, 4] [2, 2, 1, 1]
// CHECK: tensor.insert_slice {{.*}}[0, 1, 1, 0] [1, 4, 4, 4] [1, 2, 2, 1]
func.func @phases(%x: tensor<1x4x4x8xf32>, %k: tensor<3x3x4x8xf32>) -> tensor<1x8x8x4xf32> {
  %y = fn.conv_transpose %x, %k {strides = array<i64: 2, 2>, padding = "same"} : (tensor<1x4x4x8xf32>, tensor<3x3x4x8xf32>) -> tensor<1x8x8x4xf32>
  return %y : tensor<1x8x8x4xf32>
}

// -----

// Sizes of the call have no phases: zeros between the input's elements.
// CHECK-LABEL: @spread(
// CHECK: tensor.insert_slice {{.*}} [1, 2, 2, 1]
// CHECK: linalg.generic {{.*}} "reduction"
// CHECK-NOT: tensor.insert_slice
func.func @spread(%x: tensor<1x?x4x8xf32>, %k: tensor<3x3x4x8xf32>) -> tensor<1x?x8x4xf32> {
  %y = fn.conv_transpose %x, %k {strides = array<i64: 2, 2>, padding = "same"} : (tensor<1x?x4x8xf32>, tensor<3x3x4x8xf32>) -> tensor<1x?x8x4xf32>
  return %y : tensor<1x?x8x4xf32>
}

// -----

// NaN wins, and padding is below every number.
// CHECK-LABEL: @max_pool(
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: arith.maximumf
func.func @max_pool(%x: tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32> {
  %y = fn.max_pool %x {size = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = "same"} : (tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32>
  return %y : tensor<1x4x4x3xf32>
}

// -----

// Every window lies inside: the count is a constant.
// CHECK-LABEL: @avg_pool(
// CHECK: arith.constant 4.000000e+00 : f32
// CHECK-NOT: linalg.index
// CHECK: arith.divf
func.func @avg_pool(%x: tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32> {
  %y = fn.avg_pool %x {size = array<i64: 2, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32>
  return %y : tensor<1x4x4x3xf32>
}

// -----

// What is not an fn op stays.
// CHECK-LABEL: @upstream(
// CHECK-NEXT: linalg.matmul
// CHECK-NEXT: return
func.func @upstream(%a: tensor<2x4xf32>, %b: tensor<4x8xf32>, %c: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = linalg.matmul ins(%a, %b : tensor<2x4xf32>, tensor<4x8xf32>) outs(%c : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// Bytes are extended by their own signs.
// CHECK-LABEL: @wide(
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x4xi8>, tensor<4x8xi8>) outs(%{{.*}} : tensor<2x8xi32>)
// CHECK: arith.extui %{{.*}} : i8 to i32
// CHECK: arith.extsi %{{.*}} : i8 to i32
func.func @wide(%a: tensor<2x4xui8>, %b: tensor<4x8xi8>) -> tensor<2x8xi32> {
  %c = fn.matmul %a, %b {wide} : (tensor<2x4xui8>, tensor<4x8xi8>) -> tensor<2x8xi32>
  return %c : tensor<2x8xi32>
}
