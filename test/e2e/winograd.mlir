// RUN: fnc compile %s --emit=tensor -o - | FileCheck %s
// RUN: fnc compile %s --emit=tensor --no-winograd -o - | FileCheck %s --check-prefix=PLAIN

// CHECK: kernel.winograd
// PLAIN-NOT: kernel.winograd
fn.graph @g {
  %x = fn.placeholder "x" : tensor<1x64x24x24xf32>
  %w = fn.variable "w" read_only : tensor<64x64x3x3xf32> = dense<0.5>
  %v = fn.variable "v" read_only : tensor<512x64x1x1xf32> = dense<0.25>
  %y = fn.conv %x, %w {padding = "same", layout = "NCHW"} : (tensor<1x64x24x24xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x24x24xf32>
  %z = fn.conv %y, %v {layout = "NCHW"} : (tensor<1x64x24x24xf32>, tensor<512x64x1x1xf32>) -> tensor<1x512x24x24xf32>
  fn.function @f inputs(%x : tensor<1x64x24x24xf32>) outputs("z" = %z : tensor<1x512x24x24xf32>)
}
