// RUN: fnc-opt %s --fnc-separate-readers=few=2 | FileCheck %s

// However many read a constant, the analysis of bufferization sees one reader of each tensor.
// CHECK-LABEL: func.func @constant
// CHECK: %[[W:.*]] = arith.constant dense<
// CHECK-NEXT: %[[BUFFER:.*]] = bufferization.to_buffer %[[W]] read_only
// CHECK-NEXT: %[[W1:.*]] = bufferization.to_tensor %[[BUFFER]] restrict
// CHECK-NEXT: %[[W2:.*]] = bufferization.to_tensor %[[BUFFER]] restrict
// CHECK-NEXT: %[[W3:.*]] = bufferization.to_tensor %[[BUFFER]] restrict
// CHECK-DAG: linalg.add ins(%{{.*}}, %[[W1]] :
// CHECK-DAG: linalg.add ins(%{{.*}}, %[[W2]] :
// CHECK-DAG: linalg.add ins(%{{.*}}, %[[W3]] :
// CHECK: return
func.func @constant(%x: tensor<2xf32>, %e: tensor<2xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = linalg.add ins(%x, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %1 = linalg.add ins(%0, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %2 = linalg.add ins(%1, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  return %2 : tensor<2xf32>
}

// So does an argument that nothing writes; one that the call writes is left.
// CHECK-LABEL: func.func @arguments
// CHECK-SAME: %[[READ:[^:]*]]: tensor<2xf32> {bufferization.writable = false}
// CHECK-SAME: %[[WRITTEN:[^:]*]]: tensor<2xf32> {bufferization.writable = false, fn.written}
// CHECK-NEXT: %[[BUFFER:.*]] = bufferization.to_buffer %[[READ]] read_only
// CHECK-COUNT-3: bufferization.to_tensor %[[BUFFER]] restrict
// CHECK-COUNT-3: linalg.add ins(%{{.*}}, %[[WRITTEN]] :
// CHECK: return
func.func @arguments(%r: tensor<2xf32> {bufferization.writable = false},
                     %w: tensor<2xf32> {bufferization.writable = false, fn.written}, %e: tensor<2xf32>) -> tensor<2xf32> {
  %0 = linalg.add ins(%r, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %1 = linalg.add ins(%r, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %2 = linalg.add ins(%r, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  return %2 : tensor<2xf32>
}

// Few readers share.
// CHECK-LABEL: func.func @few
// CHECK-NOT: to_buffer
// CHECK: return
func.func @few(%x: tensor<2xf32> {bufferization.writable = false}, %e: tensor<2xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = linalg.add ins(%x, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %1 = linalg.add ins(%0, %w : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}

// Few users of one uninitialized tensor compute in place; a fill is each user's own.
// CHECK-LABEL: func.func @fresh
// CHECK-DAG: %[[E0:.*]] = tensor.empty
// CHECK-DAG: %[[E1:.*]] = tensor.empty
// CHECK-DAG: linalg.fill ins(%{{.*}}) outs(%[[E0]] :
// CHECK-DAG: linalg.fill ins(%{{.*}}) outs(%[[E0]] :
// CHECK-DAG: linalg.fill ins(%{{.*}}) outs(%[[E1]] :
// CHECK: return
func.func @fresh(%x: tensor<2xf32> {bufferization.writable = false}) -> tensor<2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %0 = linalg.add ins(%x, %x : tensor<2xf32>, tensor<2xf32>) outs(%f : tensor<2xf32>) -> tensor<2xf32>
  %1 = linalg.mul ins(%x, %0 : tensor<2xf32>, tensor<2xf32>) outs(%f : tensor<2xf32>) -> tensor<2xf32>
  %2 = linalg.sub ins(%0, %1 : tensor<2xf32>, tensor<2xf32>) outs(%f : tensor<2xf32>) -> tensor<2xf32>
  return %2 : tensor<2xf32>
}

// A loop's result beside an argument: the argument is copied, or the loop would write in its place.
// CHECK-LABEL: func.func @branch
// CHECK-SAME: %[[A:[^:]*]]: tensor<2xf32>
// CHECK: scf.if
// CHECK: scf.for
// CHECK: } else {
// CHECK-NEXT: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%[[A]])
// CHECK-NEXT: scf.yield %[[COPY]]
func.func @branch(%a: tensor<2xf32>, %b: tensor<2xf32>, %n: index, %flag: i1) -> tensor<2xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.if %flag -> (tensor<2xf32>) {
    %l = scf.for %i = %c0 to %n step %c1 iter_args(%s = %b) -> (tensor<2xf32>) {
      %e = tensor.empty() : tensor<2xf32>
      %d = linalg.add ins(%s, %s : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      %m = bufferization.materialize_in_destination %d in %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      scf.yield %m : tensor<2xf32>
    }
    scf.yield %l : tensor<2xf32>
  } else {
    scf.yield %a : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// Without a loop nothing is copied.
// CHECK-LABEL: func.func @branch_alone
// CHECK-NOT: alloc_tensor
// CHECK: return
func.func @branch_alone(%a: tensor<2xf32>, %b: tensor<2xf32>, %flag: i1) -> tensor<2xf32> {
  %0 = scf.if %flag -> (tensor<2xf32>) {
    scf.yield %b : tensor<2xf32>
  } else {
    scf.yield %a : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// A stored output or else what was there before the store: the output is copied, or the store, which
// stays where it is, would count as a write over the other.
// CHECK-LABEL: func.func @stored
// CHECK: %[[OLD:.*]] = linalg.add
// CHECK: %[[STORED:.*]] = bufferization.materialize_in_destination
// CHECK: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%[[STORED]])
// CHECK: arith.select %{{.*}}, %[[OLD]], %[[COPY]]
func.func @stored(%a: tensor<2xf32>, %out: tensor<2xf32>, %flag: i1) -> (tensor<2xf32>, tensor<2xf32>) {
  %e = tensor.empty() : tensor<2xf32>
  %old = linalg.add ins(%a, %a : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %new = linalg.mul ins(%a, %a : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %stored = bufferization.materialize_in_destination %new in %out : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %0 = arith.select %flag, %old, %stored : tensor<2xf32>
  return %0, %stored : tensor<2xf32>, tensor<2xf32>
}

// So it is however deep the branches.
// CHECK-LABEL: func.func @stored_nested
// CHECK: %[[OLD:.*]] = linalg.add
// CHECK: %[[STORED:.*]] = bufferization.materialize_in_destination
// CHECK: scf.if
// CHECK: scf.if
// CHECK: scf.yield %[[OLD]]
// CHECK: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%[[STORED]])
// CHECK-NEXT: scf.yield %[[COPY]]
func.func @stored_nested(%a: tensor<2xf32>, %out: tensor<2xf32>, %flag: i1, %other: i1) -> (tensor<2xf32>, tensor<2xf32>) {
  %e = tensor.empty() : tensor<2xf32>
  %old = linalg.add ins(%a, %a : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %new = linalg.mul ins(%a, %a : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %stored = bufferization.materialize_in_destination %new in %out : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %0 = scf.if %flag -> tensor<2xf32> {
    %1 = scf.if %other -> tensor<2xf32> {
      %2 = linalg.sub ins(%old, %stored : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
      scf.yield %2 : tensor<2xf32>
    } else {
      scf.yield %old : tensor<2xf32>
    }
    scf.yield %1 : tensor<2xf32>
  } else {
    scf.yield %stored : tensor<2xf32>
  }
  return %0, %stored : tensor<2xf32>, tensor<2xf32>
}

// What is made after the store is no reason for a copy.
// CHECK-LABEL: func.func @stored_first
// CHECK-NOT: alloc_tensor
// CHECK: return
func.func @stored_first(%a: tensor<2xf32>, %out: tensor<2xf32>, %flag: i1) -> (tensor<2xf32>, tensor<2xf32>) {
  %e = tensor.empty() : tensor<2xf32>
  %new = linalg.mul ins(%a, %a : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %stored = bufferization.materialize_in_destination %new in %out : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %0 = scf.if %flag -> tensor<2xf32> {
    %1 = linalg.sub ins(%a, %stored : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
    scf.yield %1 : tensor<2xf32>
  } else {
    scf.yield %stored : tensor<2xf32>
  }
  return %0, %stored : tensor<2xf32>, tensor<2xf32>
}

// Two results that may be one tensor are in one memory to the analysis: with one stored, and one
// from before.
// CHECK-LABEL: func.func @stored_beside
// CHECK: %[[STORED:.*]] = bufferization.materialize_in_destination
// CHECK: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%[[STORED]])
// CHECK-NEXT: scf.yield %[[COPY]], %{{.*}}
func.func @stored_beside(%a: tensor<2xf32>, %out: tensor<2xf32>, %flag: i1) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %e = tensor.empty() : tensor<2xf32>
  %old = linalg.add ins(%a, %a : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %new = linalg.mul ins(%a, %a : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %stored = bufferization.materialize_in_destination %new in %out : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %0:2 = scf.if %flag -> (tensor<2xf32>, tensor<2xf32>) {
    %1 = linalg.sub ins(%a, %stored : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
    scf.yield %1, %1 : tensor<2xf32>, tensor<2xf32>
  } else {
    scf.yield %stored, %old : tensor<2xf32>, tensor<2xf32>
  }
  return %0#0, %0#1, %stored : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// Of two results in one uninitialized tensor one would overwrite the other.
// CHECK-LABEL: func.func @scratch
// CHECK-DAG: %[[A:.*]] = tensor.empty(%{{.*}}) : tensor<?xi32>
// CHECK-DAG: %[[B:.*]] = tensor.empty(%{{.*}}) : tensor<?xi32>
// CHECK: kernel.coo_matmul {{.*}} outs(%{{.*}}, %{{.*}}, %[[A]], %[[B]] :
func.func @scratch(%indices: tensor<?x2xi64>, %values: tensor<?xi32>, %w: tensor<3x24xi32>, %n: index) -> tensor<4x24xi32> {
  %0 = tensor.empty() : tensor<4x24xi32>
  %1 = tensor.empty() : tensor<6xi64>
  %2 = tensor.empty(%n) : tensor<?xi32>
  %3:4 = kernel.coo_matmul ins(%indices, %values, %w : tensor<?x2xi64>, tensor<?xi32>, tensor<3x24xi32>)
      outs(%0, %1, %2, %2 : tensor<4x24xi32>, tensor<6xi64>, tensor<?xi32>, tensor<?xi32>) columns [0, 1]
      -> tensor<4x24xi32>, tensor<6xi64>, tensor<?xi32>, tensor<?xi32>
  return %3#0 : tensor<4x24xi32>
}
