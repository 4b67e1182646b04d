// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=512 registers=32 byte-products=vnni" | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=128 registers=32 byte-products=dotprod" | FileCheck %s --check-prefixes=CHECK,DOTPROD
// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=128 registers=32 byte-products=i8mm" | FileCheck %s --check-prefixes=CHECK,I8MM
// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=256 registers=16 byte-products=pmaddwd" | FileCheck %s --check-prefixes=CHECK,PAIRS
// RUN: fnc-opt %s --fnc-form-contractions="vector-bits=256 registers=16" | FileCheck %s --check-prefixes=NONE

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}

// VNNI: #[[ROW:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0 * 2 + d2, d1 * 6 + d3)>

// Without a sign on the left. Where the instruction has one there, 128 less is multiplied, and the sums
// of the columns, 15 and 5, make up for it.
// CHECK-LABEL: func @unsigned
// VNNI: kernel.contract ins(%arg0, %{{[a-z0-9_]*}} :
// VNNI-NOT: flip
// VNNI-SAME: group = 4 : i64, lhs_unsigned
// DOTPROD: %[[SUMS:.*]] = arith.constant dense<[1920, 640, 640, 640]> : tensor<4xi32>
// DOTPROD: kernel.contract ins(%arg0, %{{[a-z0-9_]*}}, %[[SUMS]] :
// DOTPROD-SAME: flip, group = 4 : i64, lhs_unsigned
// DOTPROD-NEXT: ^bb0(%[[SUM:.*]]: i32, %[[MORE:.*]]: i32):
// DOTPROD-NEXT: arith.addi %[[MORE]], %[[SUM]]
// I8MM: kernel.contract
// I8MM-NOT: flip
// I8MM-SAME: group = 4 : i64, lhs_unsigned
// PAIRS: kernel.contract
// PAIRS-NOT: flip
// PAIRS-SAME: group = 2 : i64, lhs_unsigned
// NONE-LABEL: func @unsigned
// NONE: kernel.contract
// NONE-NOT: group
// NONE-SAME: lhs_unsigned
func.func @unsigned(%x: tensor<3x5xi8>, %out: tensor<3x4xi32>) -> tensor<3x4xi32> {
  %w = arith.constant dense<[[1, 1, 1, 1], [2, 1, 1, 1], [3, 1, 1, 1], [4, 1, 1, 1], [5, 1, 1, 1]]> : tensor<5x4xi8>
  %zero = arith.constant 0 : i32
  %start = linalg.fill ins(%zero : i32) outs(%out : tensor<3x4xi32>) -> tensor<3x4xi32>
  %y = linalg.generic #product ins(%x, %w : tensor<3x5xi8>, tensor<5x4xi8>) outs(%start : tensor<3x4xi32>) {
  ^bb0(%a: i8, %b: i8, %sum: i32):
    %u = arith.extui %a : i8 to i32
    %v = arith.extsi %b : i8 to i32
    %p = arith.muli %u, %v : i32
    %s = arith.addi %sum, %p : i32
    linalg.yield %s : i32
  } -> tensor<3x4xi32>
  return %y : tensor<3x4xi32>
}

// CHECK-LABEL: func @signed
// VNNI: %[[SUMS:.*]] = arith.constant dense<-1280> : tensor<4xi32>
// VNNI: kernel.contract ins(%arg0, %{{[a-z0-9_]*}}, %[[SUMS]] :
// VNNI-SAME: flip, group = 4 : i64
// DOTPROD: kernel.contract ins(%arg0, %{{[a-z0-9_]*}} :
// DOTPROD-NOT: flip
// DOTPROD-SAME: group = 4 : i64
func.func @signed(%x: tensor<3x5xi8>, %out: tensor<3x4xi32>) -> tensor<3x4xi32> {
  %w = arith.constant dense<2> : tensor<5x4xi8>
  %zero = arith.constant 0 : i32
  %start = linalg.fill ins(%zero : i32) outs(%out : tensor<3x4xi32>) -> tensor<3x4xi32>
  %y = linalg.generic #product ins(%x, %w : tensor<3x5xi8>, tensor<5x4xi8>) outs(%start : tensor<3x4xi32>) {
  ^bb0(%a: i8, %b: i8, %sum: i32):
    %u = arith.extsi %a : i8 to i32
    %v = arith.extsi %b : i8 to i32
    %p = arith.muli %u, %v : i32
    %s = arith.addi %sum, %p : i32
    linalg.yield %s : i32
  } -> tensor<3x4xi32>
  return %y : tensor<3x4xi32>
}

// Not in groups: what no constant is on either side, and terms that would leave half a group empty.
// CHECK-LABEL: func @fed
// CHECK-NOT: group
// CHECK-LABEL: func @few
// VNNI-NOT: group
func.func @fed(%x: tensor<3x5xi8>, %w: tensor<5x4xi8>, %out: tensor<3x4xi32>) -> tensor<3x4xi32> {
  %y = linalg.generic #product ins(%x, %w : tensor<3x5xi8>, tensor<5x4xi8>) outs(%out : tensor<3x4xi32>) {
  ^bb0(%a: i8, %b: i8, %sum: i32):
    %u = arith.extsi %a : i8 to i32
    %v = arith.extsi %b : i8 to i32
    %p = arith.muli %u, %v : i32
    %s = arith.addi %sum, %p : i32
    linalg.yield %s : i32
  } -> tensor<3x4xi32>
  return %y : tensor<3x4xi32>
}

func.func @few(%x: tensor<3x2xi8>, %out: tensor<3x4xi32>) -> tensor<3x4xi32> {
  %w = arith.constant dense<2> : tensor<2x4xi8>
  %y = linalg.generic #product ins(%x, %w : tensor<3x2xi8>, tensor<2x4xi8>) outs(%out : tensor<3x4xi32>) {
  ^bb0(%a: i8, %b: i8, %sum: i32):
    %u = arith.extui %a : i8 to i32
    %v = arith.extsi %b : i8 to i32
    %p = arith.muli %u, %v : i32
    %s = arith.addi %sum, %p : i32
    linalg.yield %s : i32
  } -> tensor<3x4xi32>
  return %y : tensor<3x4xi32>
}

#input = affine_map<(y, x, i, j, c, f) -> (y * 2 + i, x * 2 + j, c)>
#filter = affine_map<(y, x, i, j, c, f) -> (i, j, c, f)>
#place = affine_map<(y, x, i, j, c, f) -> (y, x, f)>

// A row of the window and its channels lie one after the other: groups of the nine bytes of both.
// CHECK-LABEL: func @window
// VNNI: %[[X:.*]] = tensor.collapse_shape %arg0 {{\[}}[0], [1, 2]] : tensor<9x9x3xi8> into tensor<9x27xi8>
// VNNI: %[[W:.*]] = arith.constant dense<1> : tensor<3x16x9xi8>
// VNNI: kernel.contract ins(%[[X]], %[[W]] : tensor<9x27xi8>, tensor<3x16x9xi8>)
// VNNI-SAME: maps = [#[[ROW]], {{.*}} sizes = array<i64: 4, 4, 3, 9, 16>
func.func @window(%x: tensor<9x9x3xi8>, %out: tensor<4x4x16xi32>) -> tensor<4x4x16xi32> {
  %w = arith.constant dense<1> : tensor<3x3x3x16xi8>
  %zero = arith.constant 0 : i32
  %start = linalg.fill ins(%zero : i32) outs(%out : tensor<4x4x16xi32>) -> tensor<4x4x16xi32>
  %y = linalg.generic {indexing_maps = [#input, #filter, #place], iterator_types =
      ["parallel", "parallel", "reduction", "reduction", "reduction", "parallel"]}
      ins(%x, %w : tensor<9x9x3xi8>, tensor<3x3x3x16xi8>) outs(%start : tensor<4x4x16xi32>) {
  ^bb0(%a: i8, %b: i8, %sum: i32):
    %u = arith.extui %a : i8 to i32
    %v = arith.extsi %b : i8 to i32
    %p = arith.muli %u, %v : i32
    %s = arith.addi %sum, %p : i32
    linalg.yield %s : i32
  } -> tensor<4x4x16xi32>
  return %y : tensor<4x4x16xi32>
}
