// RUN: fnc compile %s -o %t.o
// RUN: FileCheck %s --input-file=%t.h

// CHECK: input    ids f32[?, 6], sparse
// CHECK: typedef struct bags_train_args {
// CHECK-NEXT: void *state;
// CHECK-NEXT: const float *ids; /* values of f32[?, 6], sparse */
// CHECK-NEXT: const int64_t *ids_indices; /* [nnz, 2] */
// CHECK-NEXT: ptrdiff_t ids_nnz;
// CHECK-NEXT: ptrdiff_t ids_dims[2];
// CHECK: const int32_t *wide_indices; /* [nnz, 2] */
// CHECK: result call(::fn::coo<float, int64_t, -1, 6> ids, ::fn::view<const float, -1, 2> y) {
// CHECK: result call(::fn::coo<double, int32_t, -1, -1> wide) {

fn.graph @bags {
  %ids = fn.placeholder "ids" bounds [4, 6] max_nnz 8 : tensor<?x6xf32, #fn.coo>
  %wide = fn.placeholder "wide" : tensor<?x?xf64, #fn.coo<index = i32>>
  %y = fn.placeholder "y" bounds [4, 2] : tensor<?x2xf32>
  %table = fn.variable "table" : tensor<6x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]>
  %sums = fn.matmul %ids, %table : (tensor<?x6xf32, #fn.coo>, tensor<6x2xf32>) -> tensor<?x2xf32>
  %error = fn.sub %sums, %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %step = fn.matmul %ids, %error {transpose_a} : (tensor<?x6xf32, #fn.coo>, tensor<?x2xf32>) -> tensor<6x2xf32>
  %new = fn.sub %table, %step : (tensor<6x2xf32>, tensor<6x2xf32>) -> tensor<6x2xf32>
  %total = fn.reduce_sum %wide {axes = array<i64: 1>} : (tensor<?x?xf64, #fn.coo<index = i32>>) -> tensor<?xf64>
  %dense = fn.to_dense %wide : (tensor<?x?xf64, #fn.coo<index = i32>>) -> tensor<?x?xf64>
  fn.function @train inputs(%ids : tensor<?x6xf32, #fn.coo>, %y : tensor<?x2xf32>)
                     outputs("sums" = %sums : tensor<?x2xf32>) updates(%table = %new : tensor<6x2xf32>)
  fn.function @rows inputs(%wide : tensor<?x?xf64, #fn.coo<index = i32>>) outputs("total" = %total : tensor<?xf64>)
  %z = fn.placeholder "z" : tensor<?x?xf64>
  %product = fn.matmul %wide, %z : (tensor<?x?xf64, #fn.coo<index = i32>>, tensor<?x?xf64>) -> tensor<?x?xf64>
  %all = fn.reduce_max %product : (tensor<?x?xf64>) -> tensor<f64>
  fn.function @product inputs(%wide : tensor<?x?xf64, #fn.coo<index = i32>>, %z : tensor<?x?xf64>)
                       outputs("product" = %product : tensor<?x?xf64>)
  fn.function @largest inputs(%wide : tensor<?x?xf64, #fn.coo<index = i32>>, %z : tensor<?x?xf64>)
                       outputs("largest" = %all : tensor<f64>)
  fn.function @full inputs(%wide : tensor<?x?xf64, #fn.coo<index = i32>>) outputs("dense" = %dense : tensor<?x?xf64>)
}
