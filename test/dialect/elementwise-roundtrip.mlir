// RUN: fnc-opt %s | fnc-opt | FileCheck %s

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<?x3xf32>, %b: tensor<3xf32>, %c: tensor<?x3xi1>, %i: tensor<?x3xui8>) {
  // CHECK: fn.neg {{.*}} : tensor<?x3xf32>
  %0 = fn.neg %x : tensor<?x3xf32>
  // CHECK: fn.abs {{.*}} : tensor<?x3xf32>
  %1 = fn.abs %x : tensor<?x3xf32>
  // CHECK: fn.sign {{.*}} : tensor<?x3xf32>
  %2 = fn.sign %x : tensor<?x3xf32>
  // CHECK: fn.exp {{.*}} : tensor<?x3xf32>
  %3 = fn.exp %x : tensor<?x3xf32>
  // CHECK: fn.expm1 {{.*}} : tensor<?x3xf32>
  %4 = fn.expm1 %x : tensor<?x3xf32>
  // CHECK: fn.log {{.*}} : tensor<?x3xf32>
  %5 = fn.log %x : tensor<?x3xf32>
  // CHECK: fn.log2 {{.*}} : tensor<?x3xf32>
  %6 = fn.log2 %x : tensor<?x3xf32>
  // CHECK: fn.log1p {{.*}} : tensor<?x3xf32>
  %7 = fn.log1p %x : tensor<?x3xf32>
  // CHECK: fn.sqrt {{.*}} : tensor<?x3xf32>
  %8 = fn.sqrt %x : tensor<?x3xf32>
  // CHECK: fn.rsqrt {{.*}} : tensor<?x3xf32>
  %9 = fn.rsqrt %x : tensor<?x3xf32>
  // CHECK: fn.square {{.*}} : tensor<?x3xf32>
  %10 = fn.square %x : tensor<?x3xf32>
  // CHECK: fn.reciprocal {{.*}} : tensor<?x3xf32>
  %11 = fn.reciprocal %x : tensor<?x3xf32>
  // CHECK: fn.sin {{.*}} : tensor<?x3xf32>
  %12 = fn.sin %x : tensor<?x3xf32>
  // CHECK: fn.cos {{.*}} : tensor<?x3xf32>
  %13 = fn.cos %x : tensor<?x3xf32>
  // CHECK: fn.tan {{.*}} : tensor<?x3xf32>
  %14 = fn.tan %x : tensor<?x3xf32>
  // CHECK: fn.asin {{.*}} : tensor<?x3xf32>
  %15 = fn.asin %x : tensor<?x3xf32>
  // CHECK: fn.acos {{.*}} : tensor<?x3xf32>
  %16 = fn.acos %x : tensor<?x3xf32>
  // CHECK: fn.atan {{.*}} : tensor<?x3xf32>
  %17 = fn.atan %x : tensor<?x3xf32>
  // CHECK: fn.sinh {{.*}} : tensor<?x3xf32>
  %18 = fn.sinh %x : tensor<?x3xf32>
  // CHECK: fn.cosh {{.*}} : tensor<?x3xf32>
  %19 = fn.cosh %x : tensor<?x3xf32>
  // CHECK: fn.tanh {{.*}} : tensor<?x3xf32>
  %20 = fn.tanh %x : tensor<?x3xf32>
  // CHECK: fn.asinh {{.*}} : tensor<?x3xf32>
  %21 = fn.asinh %x : tensor<?x3xf32>
  // CHECK: fn.acosh {{.*}} : tensor<?x3xf32>
  %22 = fn.acosh %x : tensor<?x3xf32>
  // CHECK: fn.atanh {{.*}} : tensor<?x3xf32>
  %23 = fn.atanh %x : tensor<?x3xf32>
  // CHECK: fn.erf {{.*}} : tensor<?x3xf32>
  %24 = fn.erf %x : tensor<?x3xf32>
  // CHECK: fn.sigmoid {{.*}} : tensor<?x3xf32>
  %25 = fn.sigmoid %x : tensor<?x3xf32>
  // CHECK: fn.relu {{.*}} : tensor<?x3xf32>
  %26 = fn.relu %x : tensor<?x3xf32>
  // CHECK: fn.relu6 {{.*}} : tensor<?x3xf32>
  %27 = fn.relu6 %x : tensor<?x3xf32>
  // CHECK: fn.leaky_relu {{.*}} : tensor<?x3xf32>
  %28 = fn.leaky_relu %x {alpha = 2.000000e-01 : f64} : tensor<?x3xf32>
  // CHECK: fn.elu {{.*}} : tensor<?x3xf32>
  %29 = fn.elu %x {alpha = 2.000000e+00 : f64} : tensor<?x3xf32>
  // CHECK: fn.selu {{.*}} : tensor<?x3xf32>
  %30 = fn.selu %x : tensor<?x3xf32>
  // CHECK: fn.gelu {{.*}} : tensor<?x3xf32>
  %31 = fn.gelu %x {approximate = "tanh"} : tensor<?x3xf32>
  // CHECK: fn.silu {{.*}} : tensor<?x3xf32>
  %32 = fn.silu %x : tensor<?x3xf32>
  // CHECK: fn.softplus {{.*}} : tensor<?x3xf32>
  %33 = fn.softplus %x : tensor<?x3xf32>
  // CHECK: fn.softsign {{.*}} : tensor<?x3xf32>
  %34 = fn.softsign %x : tensor<?x3xf32>
  // CHECK: fn.hard_sigmoid {{.*}} : tensor<?x3xf32>
  %35 = fn.hard_sigmoid %x : tensor<?x3xf32>
  // CHECK: fn.hard_swish {{.*}} : tensor<?x3xf32>
  %36 = fn.hard_swish %x : tensor<?x3xf32>
  // CHECK: fn.mish {{.*}} : tensor<?x3xf32>
  %37 = fn.mish %x : tensor<?x3xf32>
  // CHECK: fn.floor {{.*}} : tensor<?x3xf32>
  %38 = fn.floor %x : tensor<?x3xf32>
  // CHECK: fn.ceil {{.*}} : tensor<?x3xf32>
  %39 = fn.ceil %x : tensor<?x3xf32>
  // CHECK: fn.round {{.*}} : tensor<?x3xf32>
  %40 = fn.round %x : tensor<?x3xf32>
  // CHECK: fn.trunc {{.*}} : tensor<?x3xf32>
  %41 = fn.trunc %x : tensor<?x3xf32>
  // CHECK: fn.identity {{.*}} : tensor<?x3xf32>
  %42 = fn.identity %x : tensor<?x3xf32>
  // CHECK: fn.logical_not {{.*}} : tensor<?x3xi1>
  %43 = fn.logical_not %c : tensor<?x3xi1>
  // CHECK: fn.bitwise_not {{.*}} : tensor<?x3xui8>
  %44 = fn.bitwise_not %i : tensor<?x3xui8>
  // CHECK: fn.is_nan {{.*}} : (tensor<?x3xf32>) -> tensor<?x3xi1>
  %45 = fn.is_nan %x : (tensor<?x3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.is_inf {{.*}} : (tensor<?x3xf32>) -> tensor<?x3xi1>
  %46 = fn.is_inf %x : (tensor<?x3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.is_finite {{.*}} : (tensor<?x3xf32>) -> tensor<?x3xi1>
  %47 = fn.is_finite %x : (tensor<?x3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.add {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %48 = fn.add %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.sub {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %49 = fn.sub %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.mul {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %50 = fn.mul %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.div {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %51 = fn.div %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.pow {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %52 = fn.pow %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.mod {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %53 = fn.mod %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.rem {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %54 = fn.rem %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.floor_div {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %55 = fn.floor_div %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.maximum {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %56 = fn.maximum %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.minimum {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %57 = fn.minimum %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.atan2 {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %58 = fn.atan2 %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.squared_difference {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %59 = fn.squared_difference %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.equal {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  %60 = fn.equal %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.not_equal {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  %61 = fn.not_equal %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.less {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  %62 = fn.less %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.less_equal {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  %63 = fn.less_equal %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.greater {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  %64 = fn.greater %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.greater_equal {{.*}} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  %65 = fn.greater_equal %x, %b : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xi1>
  // CHECK: fn.logical_and {{.*}} : (tensor<?x3xi1>, tensor<?x3xi1>) -> tensor<?x3xi1>
  %66 = fn.logical_and %c, %c : (tensor<?x3xi1>, tensor<?x3xi1>) -> tensor<?x3xi1>
  // CHECK: fn.logical_or {{.*}} : (tensor<?x3xi1>, tensor<?x3xi1>) -> tensor<?x3xi1>
  %67 = fn.logical_or %c, %c : (tensor<?x3xi1>, tensor<?x3xi1>) -> tensor<?x3xi1>
  // CHECK: fn.logical_xor {{.*}} : (tensor<?x3xi1>, tensor<?x3xi1>) -> tensor<?x3xi1>
  %68 = fn.logical_xor %c, %c : (tensor<?x3xi1>, tensor<?x3xi1>) -> tensor<?x3xi1>
  // CHECK: fn.bitwise_and {{.*}} : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  %69 = fn.bitwise_and %i, %i : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  // CHECK: fn.bitwise_or {{.*}} : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  %70 = fn.bitwise_or %i, %i : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  // CHECK: fn.bitwise_xor {{.*}} : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  %71 = fn.bitwise_xor %i, %i : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  // CHECK: fn.shift_left {{.*}} : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  %72 = fn.shift_left %i, %i : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  // CHECK: fn.shift_right {{.*}} : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  %73 = fn.shift_right %i, %i : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
  // CHECK: fn.where {{.*}} : (tensor<?x3xi1>, tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %74 = fn.where %c, %x, %b : (tensor<?x3xi1>, tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.clamp {{.*}} : (tensor<?x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %75 = fn.clamp %x, %b, %b : (tensor<?x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  // CHECK: fn.cast {{.*}} : (tensor<?x3xf32>) -> tensor<?x3xbf16>
  %76 = fn.cast %x : (tensor<?x3xf32>) -> tensor<?x3xbf16>
  // CHECK: fn.bitcast {{.*}} : (tensor<?x3xf32>) -> tensor<?x3xui32>
  %77 = fn.bitcast %x : (tensor<?x3xf32>) -> tensor<?x3xui32>
  return
}
