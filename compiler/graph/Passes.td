// Passes of the graph stage, in the order they run.
#ifndef FNC_GRAPH_PASSES
#define FNC_GRAPH_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMinimize : Pass<"fnc-expand-minimize", "::mlir::ModuleOp"> {
  let summary = "steps of optimizers become variables, gradients, arithmetic and update ops";
  let description = [{
    ```mlir
    %t = fn.minimize %loss, (%w) {optimizer = #fn.sgd<learning_rate = 0.1>} : tensor<f32>, (tensor<4xf32>)
    fn.function @train updates(%t)
    ```
    ==>
    ```mlir
    %step = fn.variable "sgd/step" : tensor<i64> = dense<0>
    %g = fn.gradients %loss, (%w) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
    %w1 = fn.sub %w, (fn.mul %rate, %g)
    %c0 = fn.assign %w, %w1
    %c1 = fn.assign %step, (fn.add %step, 1)
    %t = fn.group %c0, %c1
    ```
    On the graph, so that slots are variables like others and gradients are taken of each function
    after its feeds. On exit: no `fn.minimize`.
  }];
  let dependentDialects = ["::fn::FnDialect"];
}

def CheckGraph : Pass<"fnc-check-graph", "::mlir::ModuleOp"> {
  let summary = "refuse what verifiers of single ops cannot see";
  let description = [{
    Names of variables, functions, inputs and outputs become C++ identifiers that must not collide
    with each other, keywords or members of the generated classes. Bodies hold ops on tensors only,
    files hold graphs only. Changes nothing.

    ```mlir
    fn.graph @g {
      %a = fn.variable "a/b" = dense<0.0> : tensor<f32>
      %b = fn.variable "b" as "a__b" = dense<0.0> : tensor<f32>
    }
    ```
    ==> error: the identifier 'a__b' of 'b' collides with that of 'a/b'
  }];
}

def SelectFunctions : Pass<"fnc-select-functions", "::mlir::ModuleOp"> {
  let summary = "one kernel per function spec: pruned, fed, effects turned into values";
  let description = [{
    ```mlir
    fn.graph @g {
      %w = fn.variable "w" : tensor<4xf32> = dense<0.0>
      %x = fn.placeholder "x" : tensor<4xf32>
      %c = fn.assign_add %w, %x : tensor<4xf32>, tensor<4xf32>
      fn.function @step inputs(%x : tensor<4xf32>) outputs("w" = %w : tensor<4xf32>) updates(%c)
    }
    ```
    ==>
    ```mlir
    func.func @step(%x: tensor<4xf32> {fn.role = "input"}, %w: tensor<4xf32> {fn.role = "variable"})
        -> (tensor<4xf32> {fn.role = "output"}, tensor<4xf32> {fn.role = "variable"}) {
      %0 = fn.add %w, %x
      return %w, %0
    }
    ```
    Only what outputs and updates need is kept; fed tensors cut the graph. Effects that no path
    orders are refused here. Every write makes a new value of its variable, a read yields the value
    at its place, the last one is returned. Checks become one status result. Composite ops are
    expanded, gradients after them.
    `@GRAPH.init` computes the initial values.

    On exit: kernel form, no `fn.graph`.
  }];
  let options = [
    Option<"graph", "graph", "std::string", "\"\"", "the graph to compile, where a file has several">,
    ListOption<"functions", "functions", "std::string", "functions to compile (default: all)">,
  ];
  let dependentDialects = ["::fn::FnDialect", "::mlir::func::FuncDialect",
                           "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def ExpandSparse : Pass<"fnc-expand-sparse", "::mlir::func::FuncOp"> {
  let summary = "sparse tensors as indices, values and shape";
  let description = [{
    A sparse input becomes three arguments. The first one has its dense shape and no data: only its
    sizes may be used. Ops on sparse tensors become ops on indices and values.

    ```mlir
    func.func @f(%a: tensor<?x7xf32, #fn.coo> {fn.role = "input", fn.name = "a"}, ...) {
      %y = fn.matmul %a, %w : (tensor<?x7xf32, #fn.coo>, tensor<7x3xf32>) -> tensor<?x3xf32>
    ```
    ==>
    ```mlir
    func.func @f(%a: tensor<?x7xf32> {fn.role = "input", fn.name = "a", fn.sparse = "shape"},
                 %i: tensor<?x2xi64> {fn.role = "input", fn.name = "a", fn.sparse = "indices"},
                 %v: tensor<?xf32> {fn.role = "input", fn.name = "a", fn.sparse = "values"}, ...) {
      %y = fn.coo_matmul %a, %i, %v, %w {columns = array<i64: 0, 1>} : ...
    ```
    Gradients are taken before: they are written with sparse tensors.

    On exit: no sparse type. Entries are in range and as many as values: a call has checked it.
  }];
  let dependentDialects = ["::fn::FnDialect", "::mlir::tensor::TensorDialect"];
}

def InferDims : Pass<"fnc-infer-dims", "::mlir::func::FuncOp"> {
  let summary = "symbolic dimensions of every kernel, and what a call must check";
  let description = [{
    Runs the shape rules over a kernel with shared symbols. Records `fn.symbols`, `fn.dims` of
    arguments and results, and `fn.constraints` that no symbol solves.

    ```mlir
    func.func @f(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) { fn.add %x, %y ...
    ```
    ==>
    ```mlir
    func.func @f(%x: ... {fn.dims = affine_map<()[s0] -> (s0, 4)>},
                 %y: ... {fn.dims = affine_map<()[s0] -> (s0, 4)>})
        attributes {fn.symbols = [{max = -1, name = "x.0"} ]}
    ```
  }];
}

def RowUpdates : Pass<"fnc-row-updates", "::mlir::func::FuncOp"> {
  let summary = "new rows of tables instead of new tables";
  let description = [{
    The gradient of a table of which a call gathers a few rows is zero in all others. Where an
    update leaves alone what has no gradient (gradient descent, Adagrad; not momentum), the touched
    rows are gathered, changed and put back. Entries of one row are added up first, in their order,
    so that the numbers are those of the whole table.

    ```mlir
    %g = fn.scatter %zeros, %i, %u {kind = "add"} : (tensor<90x4xf32>, tensor<?xi32>, tensor<?x4xf32>) -> ...
    %new = fn.sub %w, (fn.mul %rate, %g)
    ```
    ==>
    ```mlir
    %first = fn.scatter %last, %i, (fn.iota) {kind = "min"} : (tensor<90xi32>, tensor<?xi32>, tensor<?xi32>) -> ...
    %place = fn.gather %first, %i
    %sums = fn.scatter %zeros, %place, %u {kind = "add"} : (tensor<?x4xf32>, ...
    %rows = fn.sub (fn.gather %w, %i), (fn.mul %rate, (fn.gather %sums, %place))
    %new = fn.scatter %w, %i, %rows {kind = "update"} : (tensor<90x4xf32>, tensor<?xi32>, tensor<?x4xf32>) -> ...
    ```
    That x * 0 is 0 and x - 0 is x leaves out what an infinite rate would do to the other rows.
    Where as many as half of the rows may be touched, the update stays.
  }];
  let dependentDialects = ["::fn::FnDialect"];
}

#endif // FNC_GRAPH_PASSES
