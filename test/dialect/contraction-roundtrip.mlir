// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: @matmul
func.func @matmul(%a: tensor<?x4xf32>, %b: tensor<8x4xf32>, %v: tensor<4xf32>, %s: tensor<2x1x3x4xf32>) {
  // CHECK: fn.matmul %{{.*}}, %{{.*}} {transpose_b} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %0 = fn.matmul %a, %b {transpose_b} : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  // A vector is a column on the right; two of them give a scalar.
  // CHECK: -> tensor<?xf32>
  %1 = fn.matmul %a, %v : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?xf32>
  // CHECK: -> tensor<f32>
  %2 = fn.matmul %v, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  // CHECK: -> tensor<2x1x3xf32>
  %3 = fn.matmul %s, %v : (tensor<2x1x3x4xf32>, tensor<4xf32>) -> tensor<2x1x3xf32>
  return
}

// Bytes of any sign make i32.
// CHECK-LABEL: @wide
func.func @wide(%a: tensor<?x4xui8>, %b: tensor<4x8xi8>, %x: tensor<1x4x4x2xi8>, %k: tensor<3x3x2x5xui8>,
                %d: tensor<3x3x2x1xi8>) {
  // CHECK: fn.matmul %{{.*}}, %{{.*}} {wide} : (tensor<?x4xui8>, tensor<4x8xi8>) -> tensor<?x8xi32>
  %0 = fn.matmul %a, %b {wide} : (tensor<?x4xui8>, tensor<4x8xi8>) -> tensor<?x8xi32>
  // CHECK: fn.conv %{{.*}}, %{{.*}} {wide} : (tensor<1x4x4x2xi8>, tensor<3x3x2x5xui8>) -> tensor<1x2x2x5xi32>
  %1 = fn.conv %x, %k {wide} : (tensor<1x4x4x2xi8>, tensor<3x3x2x5xui8>) -> tensor<1x2x2x5xi32>
  // CHECK: fn.depthwise_conv %{{.*}}, %{{.*}} {wide} : {{.*}} -> tensor<1x2x2x2xi32>
  %2 = fn.depthwise_conv %x, %d {wide} : (tensor<1x4x4x2xi8>, tensor<3x3x2x1xi8>) -> tensor<1x2x2x2xi32>
  return
}

// CHECK-LABEL: @conv
func.func @conv(%x: tensor<?x8x8x3xf32>, %k: tensor<3x3x3x16xf32>, %m: tensor<3x3x3x2xf32>,
                %y: tensor<?x4x4x16xf32>, %dy: tensor<?x8x8x16xf32>, %s: tensor<?x3x?xi8>, %f: tensor<4x1x3xi8>) {
  // CHECK: fn.conv %{{.*}}, %{{.*}} {padding = "same", strides = array<i64: 2, 2>} : (tensor<?x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<?x4x4x16xf32>
  %0 = fn.conv %x, %k {strides = array<i64: 2, 2>, padding = "same"}
     : (tensor<?x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<?x4x4x16xf32>
  // CHECK: pads = array<i64: 2, 0, 1, 0>
  %1 = fn.conv %x, %k {pads = array<i64: 2, 0, 1, 0>, dilations = array<i64: 2, 1>}
     : (tensor<?x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<?x7x6x16xf32>
  // One dimension, channels first: a size of s gives s - 2.
  // CHECK: fn.conv {{.*}} {layout = "NCHW"} : (tensor<?x1x?xi8>, tensor<4x1x3xi8>) -> tensor<?x4x?xi8>
  %c = fn.slice %s {begin = array<i64: 0, 0, 0>, end = array<i64: 9223372036854775807, 1, 9223372036854775807>}
     : (tensor<?x3x?xi8>) -> tensor<?x1x?xi8>
  %2 = fn.conv %c, %f {layout = "NCHW"} : (tensor<?x1x?xi8>, tensor<4x1x3xi8>) -> tensor<?x4x?xi8>
  // CHECK: fn.depthwise_conv {{.*}} {padding = "same"}
  %3 = fn.depthwise_conv %x, %m {padding = "same"} : (tensor<?x8x8x3xf32>, tensor<3x3x3x2xf32>) -> tensor<?x8x8x6xf32>
  // CHECK: fn.conv_transpose %{{.*}}, %{{.*}} {padding = "same", strides = array<i64: 2, 2>}
  %4 = fn.conv_transpose %y, %k {strides = array<i64: 2, 2>, padding = "same"}
     : (tensor<?x4x4x16xf32>, tensor<3x3x3x16xf32>) -> tensor<?x8x8x3xf32>
  // CHECK: fn.conv_transpose %{{.*}}, %{{.*}} like(%{{.*}}) {padding = "same", strides = array<i64: 2, 2>}
  %5 = fn.conv_transpose %y, %k like(%x) {strides = array<i64: 2, 2>, padding = "same"}
     : (tensor<?x4x4x16xf32>, tensor<3x3x3x16xf32>, tensor<?x8x8x3xf32>) -> tensor<?x8x8x3xf32>
  // CHECK: fn.conv_filter_gradient %{{.*}}, %{{.*}} like(%{{.*}}) {padding = "same"}
  %6 = fn.conv_filter_gradient %x, %dy like(%k) {padding = "same"}
     : (tensor<?x8x8x3xf32>, tensor<?x8x8x16xf32>, tensor<3x3x3x16xf32>) -> tensor<3x3x3x16xf32>
  return
}

// CHECK-LABEL: @pool
func.func @pool(%x: tensor<?x8x8x3xf32>) {
  // Strides are the size where they are not written.
  // CHECK: fn.max_pool %{{.*}} {size = array<i64: 2, 2>} : (tensor<?x8x8x3xf32>) -> tensor<?x4x4x3xf32>
  %0 = fn.max_pool %x {size = array<i64: 2, 2>} : (tensor<?x8x8x3xf32>) -> tensor<?x4x4x3xf32>
  // CHECK: fn.avg_pool %{{.*}} {count_pad = true, padding = "same", size = array<i64: 3, 3>}
  %1 = fn.avg_pool %x {size = array<i64: 3, 3>, padding = "same", count_pad = true}
     : (tensor<?x8x8x3xf32>) -> tensor<?x3x3x3xf32>
  return
}
