// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @reshape(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.reshape' op cannot reshape [2x3] to [4x2]}}
  %0 = fn.reshape %x : (tensor<2x3xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @reshape_undivided(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.reshape' op cannot reshape [2x3] to [4x?]}}
  %0 = fn.reshape %x : (tensor<2x3xf32>) -> tensor<4x?xf32>
  return
}

// -----

func.func @reshape_open(%x: tensor<?xf32>) {
  // expected-error @below {{'fn.reshape' op cannot tell 2 sizes of the result; like(...) would give them}}
  %0 = fn.reshape %x : (tensor<?xf32>) -> tensor<2x?x?xf32>
  return
}

// -----

func.func @broadcast(%x: tensor<3xf32>) {
  // expected-error @below {{'fn.broadcast_to' op cannot broadcast dimension 0 of size 3 to 4}}
  %0 = fn.broadcast_to %x : (tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @broadcast_open(%x: tensor<3xf32>) {
  // expected-error @below {{'fn.broadcast_to' op cannot tell size 0 of the result; like(...) would give it}}
  %0 = fn.broadcast_to %x : (tensor<3xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @like_rank(%x: tensor<3xf32>, %y: tensor<?xf32>) {
  // expected-error @below {{'fn.broadcast_to' op result has rank 2, like has rank 1}}
  %0 = fn.broadcast_to %x like(%y) : (tensor<3xf32>, tensor<?xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @perm(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.transpose' op perm 0 is named twice}}
  %0 = fn.transpose %x {perm = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @perm_count(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.transpose' op perm has 1 elements, expected 2}}
  %0 = fn.transpose %x {perm = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @expand(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.expand' op axes 3 is out of range for rank 2}}
  %0 = fn.expand %x {axes = array<i64: 3>} : (tensor<2xf32>) -> tensor<2x1xf32>
  return
}

// -----

func.func @squeeze(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.squeeze' op dimension 1 has size 3, expected 1}}
  %0 = fn.squeeze %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_end(%x: tensor<4xf32>) {
  // expected-error @below {{'fn.slice' op end 5 is out of range for dimension 0 of size 4}}
  %0 = fn.slice %x {begin = array<i64: 1>, end = array<i64: 5>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @slice_begin(%x: tensor<4xf32>) {
  // expected-error @below {{'fn.slice' op begin -1 is out of range for dimension 0 of size 4}}
  %0 = fn.slice %x {begin = array<i64: -1>, end = array<i64: 4>} : (tensor<4xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @slice_backwards(%x: tensor<4xf32>) {
  // expected-error @below {{'fn.slice' op slice of dimension 0 goes from 3 to 1 by 1}}
  %0 = fn.slice %x {begin = array<i64: 3>, end = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_stride(%x: tensor<4xf32>) {
  // expected-error @below {{'fn.slice' op stride of dimension 0 is 0}}
  %0 = fn.slice %x {begin = array<i64: 3>, end = array<i64: 1>, strides = array<i64: 0>} : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @concat(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error @below {{'fn.concat' op dimension 0 of operand 0 has size 2, of operand 1 size 4}}
  %0 = fn.concat %a, %b {axis = 1 : i64} : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @concat_rank(%a: tensor<2x3xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{'fn.concat' op operand 0 has rank 2, operand 1 has rank 1}}
  %0 = fn.concat %a, %b {axis = 1 : i64} : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @split_sizes(%a: tensor<5xf32>) {
  // expected-error @below {{'fn.split' op sizes add up to 4, dimension 0 has size 5}}
  %0, %1 = fn.split %a {axis = 0 : i64, sizes = array<i64: 1, 3>} : (tensor<5xf32>) -> (tensor<1xf32>, tensor<3xf32>)
  return
}

// -----

func.func @split_equal(%a: tensor<5xf32>) {
  // expected-error @below {{'fn.split' op dimension 0 of size 5 does not divide into 2 equal parts}}
  %0, %1 = fn.split %a {axis = 0 : i64} : (tensor<5xf32>) -> (tensor<2xf32>, tensor<3xf32>)
  return
}

// -----

func.func @pad_value(%a: tensor<5xf32>, %v: tensor<1xf32>) {
  // expected-error @below {{'fn.pad' op value has rank 1, expected 0}}
  %0 = fn.pad %a, %v {low = array<i64: 0>, high = array<i64: 1>} : (tensor<5xf32>, tensor<1xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @pad_negative(%a: tensor<5xf32>, %v: tensor<f32>) {
  // expected-error @below {{'fn.pad' op high holds -1, expected at least 0}}
  %0 = fn.pad %a, %v {low = array<i64: 0>, high = array<i64: -1>} : (tensor<5xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_axis(%a: tensor<5xf32>, %i: tensor<2xi32>) {
  // expected-error @below {{'fn.gather' op axis 1 is out of range for rank 1}}
  %0 = fn.gather %a, %i {axis = 1 : i64} : (tensor<5xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @scatter_updates(%a: tensor<5x3xf32>, %i: tensor<2xi32>, %u: tensor<2x4xf32>) {
  // expected-error @below {{'fn.scatter' op updates have shape [2x4], expected [2x3]}}
  %0 = fn.scatter %a, %i, %u : (tensor<5x3xf32>, tensor<2xi32>, tensor<2x4xf32>) -> tensor<5x3xf32>
  return
}

// -----

func.func @scatter_kind(%a: tensor<5xf32>, %i: tensor<2xi32>, %u: tensor<2xf32>) {
  // expected-error @below {{'fn.scatter' op kind is "div", expected "update", "add", "sub", "mul", "max" or "min"}}
  %0 = fn.scatter %a, %i, %u {kind = "div"} : (tensor<5xf32>, tensor<2xi32>, tensor<2xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @one_hot(%i: tensor<2xi32>) {
  // expected-error @below {{'fn.one_hot' op axis 2 is out of range for rank 2}}
  %0 = fn.one_hot %i {depth = 3 : i64, axis = 2 : i64} : (tensor<2xi32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @iota_open() {
  // expected-error @below {{'fn.iota' op cannot tell the sizes of the result; like(...) would give them}}
  %0 = fn.iota {axis = 0 : i64} : tensor<?xf32>
  return
}

// -----

func.func @operand_types(%x: tensor<2x3xf32>) {
  // expected-error @below {{1 operands, but 2 operand types}}
  %0 = fn.reshape %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @tile_size(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.tile' op repeats 2 elements 4611686018427387904 times, which is more than a size can be}}
  %0 = fn.tile %x {multiples = array<i64: 4611686018427387904>} : (tensor<2xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @pad_size(%x: tensor<2xf32>, %v: tensor<f32>) {
  // expected-error @below {{'fn.pad' op high holds 9223372036854775806, expected at most 2147483647}}
  %0 = fn.pad %x, %v {low = array<i64: 0>, high = array<i64: 9223372036854775806>} : (tensor<2xf32>, tensor<f32>) -> tensor<?xf32>
  return
}

// -----

func.func @multiples(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.tile' op multiples holds -1, expected at least 0}}
  %0 = fn.tile %x {multiples = array<i64: -1>} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @no_operands() {
  // expected-error @below {{'fn.concat' op has no operands}}
  %0 = fn.concat {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @negative_part(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.split' op sizes holds -1, expected at least 0}}
  %0, %1 = fn.split %x {axis = 0 : i64, sizes = array<i64: 3, -1>} : (tensor<2xf32>) -> (tensor<3xf32>, tensor<1xf32>)
  return
}

// -----

func.func @huge_parts(%x: tensor<?xf32>) {
  // expected-error @below {{'fn.split' op sizes add up to more than a size can be}}
  %0, %1 = fn.split %x {axis = 0 : i64, sizes = array<i64: 9223372036854775807, 1>} : (tensor<?xf32>) -> (tensor<9223372036854775807xf32>, tensor<1xf32>)
  return
}

// -----

func.func @no_parts(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.split' op has no results}}
  "fn.split"(%x) <{axis = 0 : i64}> : (tensor<2xf32>) -> ()
  return
}

// -----

func.func @scatter_flags(%x: tensor<2xi1>, %i: tensor<1xi32>, %u: tensor<1xi1>) {
  // expected-error @below {{'fn.scatter' op kind "add" is not defined on i1}}
  %0 = fn.scatter %x, %i, %u {kind = "add"} : (tensor<2xi1>, tensor<1xi32>, tensor<1xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @scatter_number(%x: tensor<f32>, %i: tensor<1xi32>, %u: tensor<1xf32>) {
  // expected-error @below {{'fn.scatter' op input has rank 0, expected at least 1}}
  %0 = fn.scatter %x, %i, %u {kind = "add"} : (tensor<f32>, tensor<1xi32>, tensor<1xf32>) -> tensor<f32>
  return
}

// -----

func.func @depth(%i: tensor<2xi32>) {
  // expected-error @below {{'fn.one_hot' op depth is -1, expected at least 0}}
  %0 = fn.one_hot %i {depth = -1 : i64} : (tensor<2xi32>) -> tensor<2x1xf32>
  return
}

// -----

func.func @two_results(%x: tensor<2xf32>) {
  // expected-error @below {{expects one result, a ranked tensor}}
  %0 = fn.reshape %x : (tensor<2xf32>) -> tensor<*xf32>
  return
}

// -----

func.func @three_operands(%x: tensor<2xf32>) {
  // expected-error @below {{expects one operand and perhaps a like}}
  %0 = fn.reshape : () -> tensor<2xf32>
  return
}

// -----

func.func @iota_operand(%x: tensor<2xf32>) {
  // expected-error @below {{expects no operand but a like}}
  %0 = fn.iota %x like(%x) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xi32>
  return
}

// -----

func.func @broadcast_rank(%x: tensor<2x3xf32>) {
  // expected-error @below {{'fn.broadcast_to' op operand has rank 2, result has rank 1}}
  %0 = fn.broadcast_to %x : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @results(%x: tensor<4xf32>) {
  // expected-error @below {{'fn.split' op has 1 results, expected 2}}
  %0 = "fn.split"(%x) <{axis = 0 : i64, parts = 2 : i64}> : (tensor<4xf32>) -> tensor<2xf32>
  return
}
