// RUN: fnc-opt %s --fnc-channels-last | FileCheck %s

// CHECK-LABEL: func @conv
// CHECK: %[[X:.*]] = fn.transpose %arg0 {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x3x8x9xf32>) -> tensor<?x8x9x3xf32>
// CHECK: %[[W:.*]] = fn.transpose %arg1 {perm = array<i64: 2, 3, 1, 0>} : (tensor<16x3x3x2xf32>) -> tensor<3x2x3x16xf32>
// CHECK: %[[Y:.*]] = fn.conv %[[X]], %[[W]] : (tensor<?x8x9x3xf32>, tensor<3x2x3x16xf32>) -> tensor<?x6x8x16xf32>
// CHECK: fn.transpose %[[Y]] {perm = array<i64: 0, 3, 1, 2>} : (tensor<?x6x8x16xf32>) -> tensor<?x16x6x8xf32>
func.func @conv(%x: tensor<?x3x8x9xf32>, %w: tensor<16x3x3x2xf32>) -> tensor<?x16x6x8xf32> {
  %y = fn.conv %x, %w {layout = "NCHW"} : (tensor<?x3x8x9xf32>, tensor<16x3x3x2xf32>) -> tensor<?x16x6x8xf32>
  return %y : tensor<?x16x6x8xf32>
}

// Channels and their multiples are apart in the other layout's filter.
// CHECK-LABEL: func @depthwise
// CHECK: %[[T:.*]] = fn.transpose %arg1 {{.*}} -> tensor<3x3x1x16xf32>
// CHECK: %[[W:.*]] = fn.reshape %[[T]] : (tensor<3x3x1x16xf32>) -> tensor<3x3x8x2xf32>
// CHECK: fn.depthwise_conv %{{.*}}, %[[W]]
func.func @depthwise(%x: tensor<1x8x5x5xf32>, %w: tensor<16x1x3x3xf32>) -> tensor<1x16x3x3xf32> {
  %y = fn.depthwise_conv %x, %w {layout = "NCHW"} : (tensor<1x8x5x5xf32>, tensor<16x1x3x3xf32>) -> tensor<1x16x3x3xf32>
  return %y : tensor<1x16x3x3xf32>
}

// The gradient of a filter is turned back as the filter is.
// CHECK-LABEL: func @gradient
// CHECK: %[[D:.*]] = fn.conv_filter_gradient %{{.*}}, %{{.*}} like(%{{.*}}) : (tensor<2x6x6x4xf32>, tensor<2x4x4x8xf32>, tensor<3x3x4x8xf32>) -> tensor<3x3x4x8xf32>
// CHECK: fn.transpose %[[D]] {perm = array<i64: 3, 2, 0, 1>}
func.func @gradient(%x: tensor<2x4x6x6xf32>, %dy: tensor<2x8x4x4xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<8x4x3x3xf32> {
  %d = fn.conv_filter_gradient %x, %dy like(%w) {layout = "NCHW"} : (tensor<2x4x6x6xf32>, tensor<2x8x4x4xf32>, tensor<8x4x3x3xf32>) -> tensor<8x4x3x3xf32>
  return %d : tensor<8x4x3x3xf32>
}

// What lies around the input lies around its transpose.
// CHECK-LABEL: func @padded
// CHECK: %[[X:.*]] = fn.transpose %arg0 {{.*}} -> tensor<1x5x6x8xi8>
// CHECK: %[[P:.*]] = fn.pad %[[X]], %arg2 {high = array<i64: 0, 1, 0, 0>, low = array<i64: 0, 1, 2, 0>}
// CHECK: fn.conv %[[P]]
func.func @padded(%x: tensor<1x8x5x6xi8>, %w: tensor<16x8x3x3xi8>, %z: tensor<i8>) -> tensor<1x16x5x6xi32> {
  %p = fn.pad %x, %z {low = array<i64: 0, 0, 1, 2>, high = array<i64: 0, 0, 1, 0>} : (tensor<1x8x5x6xi8>, tensor<i8>) -> tensor<1x8x7x8xi8>
  %y = fn.conv %p, %w {layout = "NCHW", wide} : (tensor<1x8x7x8xi8>, tensor<16x8x3x3xi8>) -> tensor<1x16x5x6xi32>
  return %y : tensor<1x16x5x6xi32>
}

// Must not change: few channels, and channels that are last.
// CHECK-LABEL: func @few
// CHECK-NOT: fn.transpose
// CHECK: return
func.func @few(%x: tensor<1x3x8x8xf32>, %z: tensor<1x8x8x16xf32>) -> (tensor<1x3x4x4xf32>, tensor<1x4x4x16xf32>) {
  %y = fn.max_pool %x {size = array<i64: 2, 2>, layout = "NCHW"} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  %u = fn.max_pool %z {size = array<i64: 2, 2>} : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32>
  return %y, %u : tensor<1x3x4x4xf32>, tensor<1x4x4x16xf32>
}
