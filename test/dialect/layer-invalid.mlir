// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @scale(%x: tensor<?x4xf32>, %v: tensor<4xf32>, %g: tensor<3xf32>) {
  // expected-error @below {{'fn.batch_norm' op has scale of shape 3 for features of shape 4}}
  %0 = fn.batch_norm %x, %v, %v scale(%g) : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @axis(%x: tensor<?x4xf32>, %v: tensor<4xf32>) {
  // expected-error @below {{'fn.batch_norm' op axis 2 is out of range for rank 2}}
  %0 = fn.batch_norm %x, %v, %v {axis = 2 : i64} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @element(%x: tensor<?x4xf32>, %v: tensor<4xf64>) {
  // expected-error @below {{'fn.layer_norm' op operands have element types f32 and f64}}
  %0 = fn.layer_norm %x scale(%v) : (tensor<?x4xf32>, tensor<4xf64>) -> tensor<?x4xf32>
  return
}

// -----

func.func @order(%x: tensor<?x3x4xf32>) {
  // expected-error @below {{'fn.layer_norm' op needs its axes in order}}
  %0 = fn.layer_norm %x {axes = array<i64: 2, 1>} : (tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  return
}

// -----

func.func @groups(%x: tensor<?x8x8x4xf32>) {
  // expected-error @below {{'fn.group_norm' op has 4 channels, which are not 3 equal groups}}
  %0 = fn.group_norm %x {groups = 3 : i64} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @channels(%x: tensor<?x8x?xf32>) {
  // expected-error @below {{'fn.instance_norm' op needs a known number of channels}}
  %0 = fn.instance_norm %x : (tensor<?x8x?xf32>) -> tensor<?x8x?xf32>
  return
}

// -----

func.func @rate(%x: tensor<4xf32>, %s: tensor<3xi64>) {
  // expected-error @below {{'fn.dropout' op has rate 1.000000, expected a number in [0, 1)}}
  %0:2 = fn.dropout %x, %s {rate = 1.0 : f64} : (tensor<4xf32>, tensor<3xi64>) -> (tensor<4xf32>, tensor<3xi64>)
  return
}

// -----

func.func @combiner(%t: tensor<9x2xf32>, %i: tensor<3xi32>) {
  // expected-error @below {{'fn.embedding_bag' op has combiner = "max", expected "sum", "mean" or "sqrtn"}}
  %0 = fn.embedding_bag %t, %i {combiner = "max"} : (tensor<9x2xf32>, tensor<3xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @weights(%t: tensor<9x2xf32>, %i: tensor<3xi32>, %w: tensor<4xf32>) {
  // expected-error @below {{'fn.embedding_bag' op has weights of shape 4 for ids of shape 3}}
  %0 = fn.embedding_bag %t, %i weights(%w) : (tensor<9x2xf32>, tensor<3xi32>, tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @features(%q: tensor<6x4xf32>, %k: tensor<6x5xf32>) {
  // expected-error @below {{'fn.attention' op has queries of 4 features, but keys of 5}}
  %0 = fn.attention %q, %k, %k : (tensor<6x4xf32>, tensor<6x5xf32>, tensor<6x5xf32>) -> tensor<6x5xf32>
  return
}

// -----

func.func @values(%q: tensor<6x4xf32>, %v: tensor<7x4xf32>) {
  // expected-error @below {{'fn.attention' op has 6 keys, but 7 values}}
  %0 = fn.attention %q, %q, %v : (tensor<6x4xf32>, tensor<6x4xf32>, tensor<7x4xf32>) -> tensor<6x4xf32>
  return
}

// -----

func.func @mask(%q: tensor<6x4xf32>, %m: tensor<2x6x6xi1>) {
  // expected-error @below {{'fn.attention' op has a mask of shape 2x6x6 for products of shape 6x6}}
  %0 = fn.attention %q, %q, %q mask(%m) : (tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<2x6x6xi1>) -> tensor<6x4xf32>
  return
}

// -----

func.func @kernel(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>, %k: tensor<3x12xf32>, %r: tensor<4x16xf32>) {
  // expected-error @below {{'fn.lstm_cell' op has a kernel of shape 3x12, expected 3x16}}
  %0:2 = fn.lstm_cell %x, %h, %h, %k, %r : (tensor<2x3xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<3x12xf32>, tensor<4x16xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @bias(%x: tensor<2x7x3xf32>, %k: tensor<3x12xf32>, %r: tensor<4x12xf32>, %b: tensor<12xf32>) {
  // expected-error @below {{'fn.gru' op has a bias of shape 12, expected 2x12}}
  %0:2 = fn.gru %x, %k, %r bias(%b) {reset_after} : (tensor<2x7x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>, tensor<12xf32>) -> (tensor<2x7x4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @steps(%x: tensor<2x7x3xf32>, %k: tensor<3x4xf32>, %r: tensor<4x4xf32>, %m: tensor<2x6xi1>) {
  // expected-error @below {{'fn.rnn' op has a mask of shape 2x6, expected 2x7}}
  %0:2 = fn.rnn %x, %k, %r mask(%m) : (tensor<2x7x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>, tensor<2x6xi1>) -> (tensor<2x7x4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @activation(%x: tensor<2x7x3xf32>, %k: tensor<3x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error @below {{'fn.rnn' op has activation = "softmax", which is no activation of a recurrent cell}}
  %0:2 = fn.rnn %x, %k, %r {activation = "softmax"} : (tensor<2x7x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>) -> (tensor<2x7x4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @rank(%x: tensor<2x3xf32>, %k: tensor<3x4xf32>, %r: tensor<4x4xf32>) {
  // expected-error @below {{'fn.rnn' op needs an input of rank 3 and kernels of rank 2, got ranks 2, 2 and 2}}
  %0:2 = fn.rnn %x, %k, %r : (tensor<2x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>) -> (tensor<2x7x4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @rank(%x: tensor<f32>) {
  // expected-error @below {{'fn.rms_norm' op needs an input of rank 1 or more}}
  %0 = fn.rms_norm %x : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @no_axis(%x: tensor<?x4xf32>) {
  // expected-error @below {{'fn.layer_norm' op needs an axis}}
  %0 = fn.layer_norm %x {axes = array<i64>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @samples(%x: tensor<2x4xf32>) {
  // expected-error @below {{'fn.group_norm' op has its channels in dimension 0, which is that of the samples}}
  %0 = fn.group_norm %x {groups = 2 : i64, axis = 0 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @no_groups(%x: tensor<2x4xf32>) {
  // expected-error @below {{'fn.group_norm' op has groups = 0, expected 1 or more}}
  %0 = fn.group_norm %x {groups = 0 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @table(%t: tensor<8xf32>, %i: tensor<2x3xi32>) {
  // expected-error @below {{'fn.embedding_bag' op needs a table of rank 2 and ids of rank 1 or more, got ranks 1 and 2}}
  %0 = fn.embedding_bag %t, %i : (tensor<8xf32>, tensor<2x3xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @vectors(%q: tensor<4xf32>) {
  // expected-error @below {{'fn.attention' op needs queries, keys and values of rank 2 or more}}
  %0 = fn.attention %q, %q, %q : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @units(%x: tensor<2x3xf32>, %h: tensor<2x?xf32>, %k: tensor<3x?xf32>, %r: tensor<?x?xf32>) {
  // expected-error @below {{'fn.rnn_cell' op needs a known number of units}}
  %0 = fn.rnn_cell %x, %h, %k, %r : (tensor<2x3xf32>, tensor<2x?xf32>, tensor<3x?xf32>, tensor<?x?xf32>) -> tensor<2x?xf32>
  return
}
