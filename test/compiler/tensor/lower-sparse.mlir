// RUN: fnc-opt %s --fnc-lower-to-linalg | FileCheck %s
// RUN: fnc-opt %s --fnc-lower-to-linalg=sort-entries=1 | FileCheck %s --check-prefix=SORT

// One loop over the entries, whose rows are added up in place.
// CHECK-LABEL: func.func @product
// CHECK-SAME: (%[[A:.*]]: tensor<?x7xf16>, %[[I:.*]]: tensor<?x2xi32>, %[[V:.*]]: tensor<?xf16>, %[[W:.*]]: tensor<7x3xf16>)
// CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} -> tensor<?x3xf32>
// CHECK: %[[SUM:.*]] = scf.for %[[K:.*]] = {{.*}} iter_args(%[[T:.*]] = %[[ZERO]]) -> (tensor<?x3xf32>)
// CHECK: %[[ROW:.*]] = tensor.extract %[[I]][%[[K]], %{{.*}}] : tensor<?x2xi32>
// CHECK: tensor.extract %[[I]][%[[K]], %{{.*}}] : tensor<?x2xi32>
// CHECK: tensor.extract_slice %[[W]]
// CHECK: tensor.extract_slice %[[T]]
// CHECK: linalg.generic
// CHECK: tensor.insert_slice %{{.*}} into %[[T]]
// CHECK: arith.truncf
func.func @product(%a: tensor<?x7xf16>, %i: tensor<?x2xi32>, %v: tensor<?xf16>, %w: tensor<7x3xf16>) -> tensor<?x3xf16> {
  %y = fn.coo_matmul %a, %i, %v, %w {columns = array<i64: 0, 1>} : (tensor<?x7xf16>, tensor<?x2xi32>, tensor<?xf16>, tensor<7x3xf16>) -> tensor<?x3xf16>
  return %y : tensor<?x3xf16>
}

// Column -1 is the index 0.
// CHECK-LABEL: func.func @sum
// CHECK: scf.for %[[K:.*]] = {{.*}} iter_args(%[[T:.*]] = %{{.*}})
// CHECK: %[[P:.*]] = arith.index_cast
// CHECK: %[[C:.*]] = arith.constant 0 : index
// CHECK: tensor.extract %[[T]][%[[P]], %[[C]]]
// CHECK: arith.addi
// CHECK: tensor.insert %{{.*}} into %[[T]][%[[P]], %[[C]]]
func.func @sum(%d: tensor<?x1xi64>, %i: tensor<?x2xi64>, %v: tensor<?xi64>) -> tensor<?x1xi64> {
  %y = fn.coo_add %d, %i, %v {columns = array<i64: 0, -1>} : (tensor<?x1xi64>, tensor<?x2xi64>, tensor<?xi64>) -> tensor<?x1xi64>
  return %y : tensor<?x1xi64>
}

// CHECK-LABEL: func.func @take
// CHECK-SAME: (%{{.*}}: tensor<?x7xf32>, %[[I:.*]]: tensor<?x2xi64>, %[[D:.*]]: tensor<7xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[I]] : tensor<?x2xi64>)
// CHECK: tensor.extract %[[D]]
func.func @take(%a: tensor<?x7xf32>, %i: tensor<?x2xi64>, %d: tensor<7xf32>) -> tensor<?xf32> {
  %y = fn.coo_take %a, %i, %d {columns = array<i64: 1>} : (tensor<?x7xf32>, tensor<?x2xi64>, tensor<7xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// Where there is memory to sort, long rows are summed one after another; short ones, and those that
// are summed in a wider type, are not.
// SORT-LABEL: func.func @product
// SORT-NOT: kernel.coo_matmul
// SORT-LABEL: func.func @long_rows
// SORT: tensor.empty() : tensor<7xi64>
// SORT: kernel.coo_matmul {{.*}} columns [1, 0]
// CHECK-LABEL: func.func @long_rows
// CHECK-NOT: kernel.coo_matmul
func.func @long_rows(%a: tensor<4x5xf32>, %i: tensor<?x2xi64>, %v: tensor<?xf32>, %w: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %y = fn.coo_matmul %a, %i, %v, %w {columns = array<i64: 1, 0>} : (tensor<4x5xf32>, tensor<?x2xi64>, tensor<?xf32>, tensor<4x16xf32>) -> tensor<5x16xf32>
  return %y : tensor<5x16xf32>
}
