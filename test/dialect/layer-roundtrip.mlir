// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: func @norms
func.func @norms(%x: tensor<?x4xf32>, %i: tensor<?x8x8x4xf32>, %v: tensor<4xf32>) {
  // CHECK: fn.batch_norm %{{.*}}, %{{.*}}, %{{.*}} offset(%{{.*}}) {epsilon = 1.000000e-02 : f64}
  %0 = fn.batch_norm %x, %v, %v offset(%v) {epsilon = 0.01 : f64} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: fn.batch_norm_training %{{.*}}, %{{.*}}, %{{.*}} scale(%{{.*}}) offset(%{{.*}}) {unbiased}
  %1:3 = fn.batch_norm_training %x, %v, %v scale(%v) offset(%v) {unbiased} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>)
  // CHECK: fn.layer_norm %{{.*}} scale(%{{.*}})
  %2 = fn.layer_norm %x scale(%v) : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: fn.rms_norm %{{[^ ]*}} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = fn.rms_norm %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: fn.group_norm %{{.*}} scale(%{{.*}}) offset(%{{.*}}) {groups = 2 : i64}
  %4 = fn.group_norm %i scale(%v) offset(%v) {groups = 2 : i64} : (tensor<?x8x8x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x8x8x4xf32>
  // CHECK: fn.instance_norm
  %5 = fn.instance_norm %i : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// CHECK-LABEL: func @others
func.func @others(%x: tensor<?x4xf32>, %s: tensor<3xi64>, %t: tensor<100x8xf32>, %ids: tensor<?x5xi32>, %w: tensor<?x5xf32>,
                  %q: tensor<?x2x6x4xf32>, %m: tensor<?x1x1x6xi1>) {
  // CHECK: fn.dropout %{{.*}}, %{{.*}} {rate = 2.000000e-01 : f64}
  %0:2 = fn.dropout %x, %s {rate = 0.2 : f64} : (tensor<?x4xf32>, tensor<3xi64>) -> (tensor<?x4xf32>, tensor<3xi64>)
  // CHECK: fn.embedding_bag %{{.*}}, %{{.*}} weights(%{{.*}}) {combiner = "mean", padding = 0 : i64}
  %1 = fn.embedding_bag %t, %ids weights(%w) {combiner = "mean", padding = 0 : i64} : (tensor<100x8xf32>, tensor<?x5xi32>, tensor<?x5xf32>) -> tensor<?x8xf32>
  // CHECK: fn.attention %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}}) {causal}
  %2 = fn.attention %q, %q, %q mask(%m) {causal} : (tensor<?x2x6x4xf32>, tensor<?x2x6x4xf32>, tensor<?x2x6x4xf32>, tensor<?x1x1x6xi1>) -> tensor<?x2x6x4xf32>
  return
}

// CHECK-LABEL: func @recurrent
func.func @recurrent(%x: tensor<?x3xf32>, %xs: tensor<?x7x3xf32>, %h: tensor<?x4xf32>, %m: tensor<?x7xi1>,
                     %k1: tensor<3x4xf32>, %r1: tensor<4x4xf32>, %k4: tensor<3x16xf32>, %r4: tensor<4x16xf32>, %b4: tensor<16xf32>,
                     %k3: tensor<3x12xf32>, %r3: tensor<4x12xf32>, %b3: tensor<2x12xf32>) {
  // CHECK: fn.rnn_cell %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {activation = "relu"}
  %0 = fn.rnn_cell %x, %h, %k1, %r1 {activation = "relu"} : (tensor<?x3xf32>, tensor<?x4xf32>, tensor<3x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  // CHECK: fn.lstm_cell
  %1:2 = fn.lstm_cell %x, %h, %h, %k4, %r4 bias(%b4) : (tensor<?x3xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<3x16xf32>, tensor<4x16xf32>, tensor<16xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
  // CHECK: fn.gru_cell {{.*}} bias(%{{.*}}) {reset_after}
  %2 = fn.gru_cell %x, %h, %k3, %r3 bias(%b3) {reset_after} : (tensor<?x3xf32>, tensor<?x4xf32>, tensor<3x12xf32>, tensor<4x12xf32>, tensor<2x12xf32>) -> tensor<?x4xf32>
  // CHECK: fn.lstm %{{.*}}, %{{.*}}, %{{.*}} bias(%{{.*}}) hidden(%{{.*}}) cell(%{{.*}}) mask(%{{.*}}) {go_backwards}
  %3:3 = fn.lstm %xs, %k4, %r4 bias(%b4) hidden(%h) cell(%h) mask(%m) {go_backwards} : (tensor<?x7x3xf32>, tensor<3x16xf32>, tensor<4x16xf32>, tensor<16xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x7xi1>) -> (tensor<?x7x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>)
  // CHECK: fn.gru %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x7x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>)
  %4:2 = fn.gru %xs, %k3, %r3 : (tensor<?x7x3xf32>, tensor<3x12xf32>, tensor<4x12xf32>) -> (tensor<?x7x4xf32>, tensor<?x4xf32>)
  // CHECK: fn.rnn %{{.*}}, %{{.*}}, %{{.*}} hidden(%{{.*}})
  %5:2 = fn.rnn %xs, %k1, %r1 hidden(%h) : (tensor<?x7x3xf32>, tensor<3x4xf32>, tensor<4x4xf32>, tensor<?x4xf32>) -> (tensor<?x7x4xf32>, tensor<?x4xf32>)
  return
}
