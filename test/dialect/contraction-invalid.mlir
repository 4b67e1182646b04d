// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @inner_sizes(%a: tensor<2x4xf32>, %b: tensor<8x4xf32>) {
  // expected-error @below {{'fn.matmul' op contracts a dimension of size 4 with one of size 8}}
  %0 = fn.matmul %a, %b : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @element_types(%a: tensor<2x4xf32>, %b: tensor<4x4xf64>) {
  // expected-error @below {{'fn.matmul' op operands have element types f32 and f64}}
  %0 = fn.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @batches(%a: tensor<2x3x4xf32>, %b: tensor<5x4x3xf32>) {
  // expected-error @below {{'fn.matmul' op shapes [2] and [5] do not broadcast}}
  %0 = fn.matmul %a, %b : (tensor<2x3x4xf32>, tensor<5x4x3xf32>) -> tensor<2x3x3xf32>
  return
}

// -----

func.func @transposed_vector(%a: tensor<4xf32>, %b: tensor<4x4xf32>) {
  // expected-error @below {{'fn.matmul' op transpose_a on left side of rank 1}}
  %0 = fn.matmul %a, %b {transpose_a} : (tensor<4xf32>, tensor<4x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @scalar(%a: tensor<f32>, %b: tensor<4x4xf32>) {
  // expected-error @below {{'fn.matmul' op left side has rank 0, expected at least 1}}
  %0 = fn.matmul %a, %b : (tensor<f32>, tensor<4x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @no_place(%x: tensor<1x2x8x3xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv' op window of extent 3 does not fit in spatial dimension 0 of size 2}}
  %0 = fn.conv %x, %k : (tensor<1x2x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x0x6x4xf32>
  return
}

// -----

func.func @channels(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x4x4xf32>) {
  // expected-error @below {{'fn.conv' op filter has 4 input channels, expected 3}}
  %0 = fn.conv %x, %k : (tensor<1x8x8x3xf32>, tensor<3x3x4x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x1x4xf32>) {
  // expected-error @below {{'fn.conv' op 3 input channels are not a multiple of 2 groups}}
  %0 = fn.conv %x, %k {groups = 2 : i64} : (tensor<1x8x8x3xf32>, tensor<3x3x1x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

func.func @no_group(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv' op groups is 0, expected at least 1}}
  %0 = fn.conv %x, %k {groups = 0 : i64} : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

func.func @strides(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv' op strides has 1 elements, expected 2}}
  %0 = fn.conv %x, %k {strides = array<i64: 2>} : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x3x3x4xf32>
  return
}

// -----

func.func @stride_zero(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv' op strides holds 0, expected at least 1}}
  %0 = fn.conv %x, %k {strides = array<i64: 1, 0>} : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x3x3x4xf32>
  return
}

// -----

func.func @padding(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv' op padding is "full", expected "valid", "same" or "same_lower"}}
  %0 = fn.conv %x, %k {padding = "full"} : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

func.func @both(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv' op has both pads and padding "same"}}
  %0 = fn.conv %x, %k {padding = "same", pads = array<i64: 0, 0, 0, 0>} : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

func.func @layout(%x: tensor<1x8x8x3xf32>) {
  // expected-error @below {{'fn.max_pool' op layout is "NWHC", expected "NHWC" or "NCHW"}}
  %0 = fn.max_pool %x {size = array<i64: 2, 2>, layout = "NWHC"} : (tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32>
  return
}

// -----

func.func @rank(%x: tensor<8x8xf32>) {
  // expected-error @below {{'fn.max_pool' op input has rank 2, expected 3 or 4}}
  %0 = fn.max_pool %x {size = array<i64: 2, 2>} : (tensor<8x8xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @pool_size(%x: tensor<1x8x8x3xf32>) {
  // expected-error @below {{'fn.avg_pool' op size has 1 elements, expected 2}}
  %0 = fn.avg_pool %x {size = array<i64: 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32>
  return
}

// -----

func.func @declared(%x: tensor<1x8x8x3xf32>) {
  // expected-error @below {{'fn.avg_pool' op result is declared 'tensor<1x4x5x3xf32>', its operands give 'tensor<1x4x4x3xf32>'}}
  %0 = fn.avg_pool %x {size = array<i64: 2, 2>} : (tensor<1x8x8x3xf32>) -> tensor<1x4x5x3xf32>
  return
}

// -----

func.func @filter_of_depthwise(%x: tensor<1x8x8x3xf32>, %k: tensor<3x3x4x1xf32>) {
  // expected-error @below {{'fn.depthwise_conv' op filter has 4 channels, expected 3}}
  %0 = fn.depthwise_conv %x, %k : (tensor<1x8x8x3xf32>, tensor<3x3x4x1xf32>) -> tensor<1x6x6x3xf32>
  return
}

// -----

func.func @gradient_of_another(%x: tensor<1x8x8x3xf32>, %dy: tensor<1x5x6x4xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv_filter_gradient' op convolution has shape [1x6x6x4], expected [1x5x6x4]}}
  %0 = fn.conv_filter_gradient %x, %dy like(%k) : (tensor<1x8x8x3xf32>, tensor<1x5x6x4xf32>, tensor<3x3x3x4xf32>) -> tensor<3x3x3x4xf32>
  return
}

// -----

func.func @pads_of_transpose(%x: tensor<1x8x8x4xf32>, %k: tensor<3x3x3x4xf32>) {
  // expected-error @below {{'fn.conv_transpose' op pads of 3 are not below the window's extent 3 in spatial dimension 1}}
  %0 = fn.conv_transpose %x, %k {pads = array<i64: 0, 3, 0, 0>} : (tensor<1x8x8x4xf32>, tensor<3x3x3x4xf32>) -> tensor<1x10x7x3xf32>
  return
}

// -----

func.func @pads_size(%x: tensor<1x8x8x4xf32>, %k: tensor<3x3x4x4xf32>) {
  // expected-error @below {{'fn.conv' op pads holds 2147483648, expected at most 2147483647}}
  %0 = fn.conv %x, %k {pads = array<i64: 0, 2147483648, 0, 0>} : (tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x6x?x4xf32>
  return
}

// -----

func.func @strides_size(%x: tensor<1x8x8x4xf32>, %k: tensor<3x3x4x4xf32>) {
  // expected-error @below {{'fn.conv' op strides holds 9223372036854775807, expected at most 2147483647}}
  %0 = fn.conv %x, %k {strides = array<i64: 9223372036854775807, 1>} : (tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x1x6x4xf32>
  return
}

// -----

func.func @no_window(%x: tensor<1x4x4x2xf32>, %k: tensor<0x3x2x2xf32>) {
  // expected-error @below {{'fn.conv' op window has size 0 in spatial dimension 0}}
  %0 = fn.conv %x, %k : (tensor<1x4x4x2xf32>, tensor<0x3x2x2xf32>) -> tensor<1x5x2x2xf32>
  return
}

// -----

func.func @depthwise_inputs(%x: tensor<1x2x4x4xf32>, %k: tensor<4x2x3x3xf32>) {
  // expected-error @below {{'fn.depthwise_conv' op filter has 2 input channels, expected 1}}
  %0 = fn.depthwise_conv %x, %k {layout = "NCHW"} : (tensor<1x2x4x4xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x2x2xf32>
  return
}

// -----

func.func @depthwise_open(%x: tensor<1x?x4x4xf32>, %k: tensor<4x1x3x3xf32>) {
  // expected-error @below {{'fn.depthwise_conv' op the number of channels is not known}}
  %0 = fn.depthwise_conv %x, %k {layout = "NCHW"} : (tensor<1x?x4x4xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x2x2xf32>
  return
}

// -----

func.func @transpose_nothing(%x: tensor<1x0x4x2xf32>, %k: tensor<3x3x2x2xf32>) {
  // expected-error @below {{'fn.conv_transpose' op spatial dimension 0 has size 0}}
  %0 = fn.conv_transpose %x, %k : (tensor<1x0x4x2xf32>, tensor<3x3x2x2xf32>) -> tensor<1x2x6x2xf32>
  return
}

// -----

func.func @transpose_pads(%x: tensor<1x1x4x2xf32>, %k: tensor<3x3x2x2xf32>) {
  // expected-error @below {{'fn.conv_transpose' op pads leave nothing of spatial dimension 0}}
  %0 = fn.conv_transpose %x, %k {pads = array<i64: 2, 0, 2, 0>} : (tensor<1x1x4x2xf32>, tensor<3x3x2x2xf32>) -> tensor<1x1x6x2xf32>
  return
}

// -----

func.func @filter_rank(%x: tensor<1x4x4x2xf32>, %dy: tensor<1x2x2x2xf32>, %k: tensor<3x2x2xf32>) {
  // expected-error @below {{'fn.conv_filter_gradient' op input has rank 4, filter has rank 3}}
  %0 = fn.conv_filter_gradient %x, %dy like(%k) : (tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  return
}

// -----

func.func @pool_size(%x: tensor<1x4x4x2xf32>) {
  // expected-error @below {{'fn.max_pool' op size holds 0, expected at least 1}}
  %0 = fn.max_pool %x {size = array<i64: 0, 2>} : (tensor<1x4x4x2xf32>) -> tensor<1x4x2x2xf32>
  return
}

// -----

func.func @pads_count(%x: tensor<1x4x4x2xf32>) {
  // expected-error @below {{'fn.max_pool' op pads has 2 elements, expected 4}}
  %0 = fn.max_pool %x {size = array<i64: 2, 2>, pads = array<i64: 1, 1>} : (tensor<1x4x4x2xf32>) -> tensor<1x4x2x2xf32>
  return
}

// -----

func.func @wide_floats(%a: tensor<2x4xui8>, %b: tensor<4x4xf32>) {
  // expected-error @below {{'fn.matmul' op is a wide product of f32, expected integers of 8 bits}}
  %0 = fn.matmul %a, %b {wide} : (tensor<2x4xui8>, tensor<4x4xf32>) -> tensor<2x4xi32>
  return
}

// -----

func.func @wide_words(%x: tensor<1x4x4x2xi16>, %k: tensor<3x3x2x5xi8>) {
  // expected-error @below {{'fn.conv' op is a wide product of i16, expected integers of 8 bits}}
  %0 = fn.conv %x, %k {wide} : (tensor<1x4x4x2xi16>, tensor<3x3x2x5xi8>) -> tensor<1x2x2x5xi32>
  return
}
