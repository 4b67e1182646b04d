// RUN: fnc-opt %s --split-input-file --verify-diagnostics

func.func @condition(%flag: tensor<2xi1>, %x: tensor<f32>) {
  // expected-error @below {{'fn.if' op needs a condition of rank 0, got 'tensor<2xi1>'}}
  %y = fn.if %flag : (tensor<2xi1>) -> tensor<f32> {
    fn.yield %x : tensor<f32>
  } else {
    fn.yield %x : tensor<f32>
  }
  return
}

// -----

func.func @branches(%flag: tensor<i1>, %x: tensor<2xf32>, %y: tensor<3xf32>) {
  %0 = fn.if %flag : (tensor<i1>) -> tensor<2xf32> {
    fn.yield %x : tensor<2xf32>
  } else {
    // expected-error @below {{'fn.yield' op has value 0 of type 'tensor<3xf32>', but the result has type 'tensor<2xf32>'}}
    fn.yield %y : tensor<3xf32>
  }
  return
}

// -----

func.func @open_branches(%flag: tensor<i1>, %x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @below {{'fn.if' op has branches that give shapes [2] and [3]}}
  %0 = fn.if %flag : (tensor<i1>) -> tensor<?xf32> {
    fn.yield %x : tensor<2xf32>
  } else {
    fn.yield %y : tensor<3xf32>
  }
  return
}

// -----

func.func @count(%flag: tensor<i1>, %x: tensor<2xf32>) {
  %0 = fn.if %flag : (tensor<i1>) -> tensor<2xf32> {
    fn.yield %x : tensor<2xf32>
  } else {
    // expected-error @below {{'fn.yield' op has 0 values, expected 1}}
    fn.yield
  }
  return
}

// -----

func.func @no_state() {
  // expected-error @below {{'fn.while' op needs a state: without one it never ends}}
  "fn.while"() ({
    %go = fn.constant dense<true> : tensor<i1>
    fn.yield %go : tensor<i1>
  }, {
    fn.yield
  }) : () -> ()
  return
}

// -----

func.func @flag(%x: tensor<2xf32>) {
  %0 = fn.while (%a = %x) : tensor<2xf32> {
    // expected-error @below {{'fn.yield' op has value 0 of type 'tensor<2xf32>', but a condition has type 'tensor<i1>'}}
    fn.yield %a : tensor<2xf32>
  } do {
    fn.yield %a : tensor<2xf32>
  }
  return
}

// -----

func.func @names(%x: tensor<2xf32>) {
  %0 = fn.while (%a = %x) : tensor<2xf32> {
    %go = fn.constant dense<true> : tensor<i1>
    fn.yield %go : tensor<i1>
  // expected-error @below {{expects 1 names, got 2}}
  } do (%b, %c) {
    fn.yield %b : tensor<2xf32>
  }
  return
}

// -----

func.func @bound(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.while' op has max_trips = -1, expected 0 or more}}
  %0 = fn.while (%a = %x) {max_trips = -1 : i64} : tensor<2xf32> {
    %go = fn.constant dense<true> : tensor<i1>
    fn.yield %go : tensor<i1>
  } do {
    fn.yield %a : tensor<2xf32>
  }
  return
}

// -----

func.func @growing(%x: tensor<?xf32>) {
  // expected-error @below {{'fn.while' op has a state whose shape changes between [?] and [?]}}
  %0 = fn.while (%a = %x) : tensor<?xf32> {
    %go = fn.constant dense<true> : tensor<i1>
    fn.yield %go : tensor<i1>
  } do {
    %b = fn.constant dense<1.0> : tensor<2xf32>
    %c = fn.concat %a, %b {axis = 0 : i64} : (tensor<?xf32>, tensor<2xf32>) -> tensor<?xf32>
    fn.yield %c : tensor<?xf32>
  }
  return
}

// -----

func.func @lengths(%h: tensor<f32>, %x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @below {{'fn.scan' op runs over tensors of lengths [2] and [3]}}
  %0 = fn.scan (%s = %h) over (%a = %x, %b = %y) : (tensor<f32>, tensor<2xf32>, tensor<3xf32>) -> tensor<f32> {
    fn.yield %s : tensor<f32>
  }
  return
}

// -----

func.func @trips(%h: tensor<f32>) {
  // expected-error @below {{'fn.scan' op needs either tensors to run over or trips}}
  %0 = fn.scan (%s = %h) : (tensor<f32>) -> tensor<f32> {
    fn.yield %s : tensor<f32>
  }
  return
}

// -----

func.func @scalar(%h: tensor<f32>) {
  // expected-error @below {{runs over tensors of rank 1 or more, got 'tensor<f32>'}}
  %0 = fn.scan (%s = %h) over (%a = %h) : (tensor<f32>, tensor<f32>) -> tensor<f32> {
    fn.yield %s : tensor<f32>
  }
  return
}

// -----

func.func @stack(%h: tensor<f32>, %x: tensor<2xf32>) {
  %0, %1 = fn.scan (%s = %h) over (%a = %x) : (tensor<f32>, tensor<2xf32>) -> (tensor<f32>, tensor<2x3xf32>) {
    // expected-error @below {{'fn.yield' op has value 1 of type 'tensor<f32>', but the state or a slice has type 'tensor<3xf32>'}}
    fn.yield %s, %a : tensor<f32>, tensor<f32>
  }
  return
}

// -----

func.func @sparse(%flag: tensor<i1>, %x: tensor<2x3xf32, #fn.coo>, %z: tensor<2x3xf32>) {
  %0 = fn.if %flag : (tensor<i1>) -> tensor<2x3xf32> {
    // expected-error @below {{'fn.to_dense' op uses a sparse tensor in a region of 'fn.if': make it dense by fn.to_dense before}}
    %d = fn.to_dense %x : (tensor<2x3xf32, #fn.coo>) -> tensor<2x3xf32>
    fn.yield %d : tensor<2x3xf32>
  } else {
    fn.yield %z : tensor<2x3xf32>
  }
  return
}

// -----

fn.graph @effects {
  %flag = fn.placeholder "flag" : tensor<i1>
  %v = fn.variable "v" : tensor<2xf32> = dense<0.0>
  %0 = fn.if %flag : (tensor<i1>) -> tensor<2xf32> {
    // expected-error @below {{'fn.assert' op expects parent op 'fn.graph'}}
    %c = fn.assert %flag, "no" : tensor<i1>
    fn.yield %v : tensor<2xf32>
  } else {
    fn.yield %v : tensor<2xf32>
  }
}

// -----

func.func @arguments(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.while' op condition has 0 arguments, expected 1}}
  %0 = "fn.while"(%x) ({
    %go = fn.constant dense<true> : tensor<i1>
    fn.yield %go : tensor<i1>
  }, {
  ^bb0(%s: tensor<2xf32>):
    fn.yield %s : tensor<2xf32>
  }) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @argument_type(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.while' op body has argument 0 of type 'tensor<3xf32>', expected 'tensor<2xf32>'}}
  %0 = "fn.while"(%x) ({
  ^bb0(%s: tensor<2xf32>):
    %go = fn.constant dense<true> : tensor<i1>
    fn.yield %go : tensor<i1>
  }, {
  ^bb0(%s: tensor<3xf32>):
    fn.yield %x : tensor<2xf32>
  }) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @terminator(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.scan' op body does not end in 'fn.yield'}}
  %0 = "fn.scan"(%x) <{operandSegmentSizes = array<i32: 1, 0>, trips = 2 : i64}> ({
  ^bb0(%s: tensor<2xf32>):
    llvm.unreachable
  }) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @f()
func.func @effects(%flag: tensor<i1>, %x: tensor<2xf32>) {
  %0 = fn.if %flag : (tensor<i1>) -> tensor<2xf32> {
    // expected-error @below {{'func.call' op has effects, which cannot stand in a region of 'fn.if'}}
    func.call @f() : () -> ()
    fn.yield %x : tensor<2xf32>
  } else {
    fn.yield %x : tensor<2xf32>
  }
  return
}

// -----

func.func @state_type(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.while' op has results of other types than its state}}
  %0 = "fn.while"(%x) ({
  ^bb0(%s: tensor<2xf32>):
    %go = fn.constant dense<true> : tensor<i1>
    fn.yield %go : tensor<i1>
  }, {
  ^bb0(%s: tensor<2xf32>):
    fn.yield %s : tensor<2xf32>
  }) : (tensor<2xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @trips(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.scan' op has trips = -1, expected 0 or more}}
  %0 = fn.scan (%s = %x) {trips = -1 : i64} : (tensor<2xf32>) -> tensor<2xf32> {
    fn.yield %s : tensor<2xf32>
  }
  return
}

// -----

func.func @scan_state(%x: tensor<2xf32>) {
  // expected-error @below {{'fn.scan' op has a state of type 'tensor<2xf32>' and a result of type 'tensor<?xf32>'}}
  %0 = fn.scan (%s = %x) {trips = 1 : i64} : (tensor<2xf32>) -> tensor<?xf32> {
    fn.yield %s : tensor<2xf32>
  }
  return
}

// -----

func.func @stack(%x: tensor<f32>) {
  // expected-error @below {{'fn.scan' op stacks values to tensors of rank 1 or more, got 'tensor<f32>'}}
  %0, %1 = fn.scan (%s = %x) {trips = 1 : i64} : (tensor<f32>) -> (tensor<f32>, tensor<f32>) {
    fn.yield %s, %s : tensor<f32>, tensor<f32>
  }
  return
}

// -----

func.func @residuals(%x: tensor<f32>) {
  // expected-error @below {{'fn.scan' op has 2 residuals, but 1 stacks}}
  %0, %1 = fn.scan (%s = %x) {trips = 1 : i64, residuals = 2 : i64} : (tensor<f32>) -> (tensor<f32>, tensor<1xf32>) {
    fn.yield %s, %s : tensor<f32>, tensor<f32>
  }
  return
}
