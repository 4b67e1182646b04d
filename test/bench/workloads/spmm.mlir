fn.graph @spmm {
  %a = fn.placeholder "a" max_nnz 100000 : tensor<10000x10000xf32, #fn.coo>
  %dense = fn.placeholder "dense" : tensor<10000x64xf32>
  %y = fn.matmul %a, %dense : (tensor<10000x10000xf32, #fn.coo>, tensor<10000x64xf32>) -> tensor<10000x64xf32>
  fn.function @step inputs(%a : tensor<10000x10000xf32, #fn.coo>, %dense : tensor<10000x64xf32>)
                    outputs("y" = %y : tensor<10000x64xf32>)
}
