// The workspace of attention holds a strip of the scores: some 16 rows of 4096, twice, and their mask. All of them, of
// each head, would be 1.6 GB. The same where the call says how many there are.
// RUN: fnc inspect %s | FileCheck %s

// CHECK: function fixed
// CHECK: workspace {{[56][0-9][0-9][0-9][0-9][0-9]}} bytes
// CHECK: function bounded
// CHECK: workspace {{[67][0-9][0-9][0-9][0-9][0-9]}} bytes
fn.graph @g {
  %q = fn.placeholder "q" : tensor<12x4096x64xf32>
  %k = fn.placeholder "k" : tensor<12x4096x64xf32>
  %v = fn.placeholder "v" : tensor<12x4096x64xf32>
  %y = fn.attention %q, %k, %v : (tensor<12x4096x64xf32>, tensor<12x4096x64xf32>, tensor<12x4096x64xf32>) -> tensor<12x4096x64xf32>
  fn.function @fixed inputs(%q : tensor<12x4096x64xf32>, %k : tensor<12x4096x64xf32>, %v : tensor<12x4096x64xf32>) outputs("y" = %y : tensor<12x4096x64xf32>)

  %r = fn.placeholder "r" bounds [12, 4096, 64] : tensor<?x?x64xf32>
  %z = fn.attention %r, %r, %r {causal} : (tensor<?x?x64xf32>, tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  fn.function @bounded inputs(%r : tensor<?x?x64xf32>) outputs("z" = %z : tensor<?x?x64xf32>)
}
