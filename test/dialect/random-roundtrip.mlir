// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: func @draws
func.func @draws(%s: tensor<3xi64>, %y: tensor<?x4xf32>, %v: tensor<?xf32>, %l: tensor<?x5xf32>) {
  // CHECK: fn.random_bits %{{.*}} : (tensor<3xi64>) -> (tensor<8xui32>, tensor<3xi64>)
  %0:2 = fn.random_bits %s : (tensor<3xi64>) -> (tensor<8xui32>, tensor<3xi64>)
  // CHECK: fn.random_uniform %{{.*}} like(%{{.*}}) {high = 1.000000e+00 : f64, low = -1.000000e+00 : f64} : (tensor<3xi64>, tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3xi64>)
  %1:2 = fn.random_uniform %s like(%y) {low = -1.0 : f64} : (tensor<3xi64>, tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<3xi64>)
  // CHECK: fn.random_normal %{{.*}} {mean = 0.000000e+00 : f64, stddev = 2.000000e+00 : f64} : (tensor<3xi64>) -> (tensor<2x4xbf16>, tensor<3xi64>)
  %2:2 = fn.random_normal %s {stddev = 2.0 : f64} : (tensor<3xi64>) -> (tensor<2x4xbf16>, tensor<3xi64>)
  // CHECK: fn.random_truncated_normal
  %3:2 = fn.random_truncated_normal %s : (tensor<3xi64>) -> (tensor<2x4xf64>, tensor<3xi64>)
  // CHECK: fn.random_bernoulli %{{.*}} {probability = 1.000000e-01 : f64}
  %4:2 = fn.random_bernoulli %s {probability = 0.1 : f64} : (tensor<3xi64>) -> (tensor<2x4xi1>, tensor<3xi64>)
  // CHECK: fn.random_integers %{{.*}} {high = 6 : i64, low = 1 : i64}
  %5:2 = fn.random_integers %s {low = 1 : i64, high = 6 : i64} : (tensor<3xi64>) -> (tensor<10xi8>, tensor<3xi64>)
  // CHECK: fn.random_permutation %{{.*}} like(%{{.*}})
  %6:2 = fn.random_permutation %s like(%v) : (tensor<3xi64>, tensor<?xf32>) -> (tensor<?xi32>, tensor<3xi64>)
  // CHECK: fn.random_categorical %{{.*}}, %{{.*}} {samples = 3 : i64} : (tensor<3xi64>, tensor<?x5xf32>) -> (tensor<?x3xi32>, tensor<3xi64>)
  %7:2 = fn.random_categorical %s, %l {samples = 3 : i64} : (tensor<3xi64>, tensor<?x5xf32>) -> (tensor<?x3xi32>, tensor<3xi64>)
  return
}
