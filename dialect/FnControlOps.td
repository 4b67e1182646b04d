// Control flow: branches and loops over tensors.
#ifndef FN_CONTROL_OPS
#define FN_CONTROL_OPS

include "mlir/Interfaces/ControlFlowInterfaces.td"
include "dialect/FnOpBase.td"

// Regions are pure and see all values of the graph. What a body makes of a state enters as a value
// and leaves as a result; a function's `updates` put it into a variable.
class Fn_ControlOp<string mnemonic, list<Trait> traits = []>
    : Fn_Op<mnemonic, !listconcat([RecursiveMemoryEffects, RecursivelySpeculatable,
                                   SingleBlock, Fn_ShapeRuleInterface], traits)> {
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  code shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results);
  }];
  let extraClassDeclaration = shapeRule;
}

def Fn_YieldOp : Fn_Op<"yield", [Pure, Terminator, ParentOneOf<["IfOp", "WhileOp", "ScanOp"]>]> {
  let summary = "what a region gives";
  let arguments = (ins Variadic<Fn_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def Fn_IfOp : Fn_ControlOp<"if"> {
  let summary = "one of two branches";
  let description = [{
    Only the branch that is taken runs; its checks count. Sizes that either branch demands are
    checked at the call.

    ```mlir
    %y = fn.if %flag : (tensor<i1>) -> tensor<4xf32> {
      %a = fn.mul %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      fn.yield %a : tensor<4xf32>
    } else {
      fn.yield %x : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Fn_BoolTensor:$condition);
  let results = (outs Variadic<Fn_Tensor>:$values);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = [{
    $condition attr-dict `:` functional-type($condition, $values) $then_region `else` $else_region
  }];
}

def Fn_WhileOp : Fn_ControlOp<"while"> {
  let summary = "repeats a body while a condition holds";
  let description = [{
    The first region tells from the state whether to go on, the second makes the next state, of the
    same types. With `max_trips` the loop ends after that many rounds at the latest, and has a
    gradient.

    ```mlir
    %n, %p = fn.while (%i = %zero, %x = %start) {max_trips = 20 : i64} : tensor<i64>, tensor<4xf32> {
      %go = fn.less %i, %limit : (tensor<i64>, tensor<i64>) -> tensor<i1>
      fn.yield %go : tensor<i1>
    } do {
      %j = fn.add %i, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
      %y = fn.add %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      fn.yield %j, %y : tensor<i64>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Fn_Tensor>:$inits, OptionalAttr<I64Attr>:$max_trips);
  let results = (outs Variadic<Fn_Tensor>:$values);
  let regions = (region SizedRegion<1>:$condition, SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
}

def Fn_ScanOp : Fn_ControlOp<"scan", [AttrSizedOperandSegments]> {
  let summary = "a body along the first dimension of tensors, with a state";
  let description = [{
    Round t sees slice t of each tensor behind `over`. The body yields the next state, of the same
    types, and then values of which all rounds' are stacked. Results are the last state and the
    stacks. `reverse` begins with the last slice; stacks keep their places. Without `over`, `trips`
    is the number of rounds.

    ```mlir
    %last, %all = fn.scan (%h = %h0) over (%x = %xs)
                : (tensor<4xf32>, tensor<?x4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
      %n = fn.add %h, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      fn.yield %n, %n : tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  // The last `residuals` stacks are kept for the gradient alone.
  let arguments = (ins Variadic<Fn_Tensor>:$inits, Variadic<Fn_Tensor>:$inputs, UnitAttr:$reverse,
                       OptionalAttr<I64Attr>:$trips, DefaultValuedAttr<I64Attr, "0">:$residuals);
  let results = (outs Variadic<Fn_Tensor>:$values);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = shapeRule # [{
    using BodyBuilder = ::llvm::function_ref<::llvm::SmallVector<::mlir::Value>(
        ::mlir::OpBuilder &, ::mlir::ValueRange states, ::mlir::ValueRange slices)>;
    /// Builds the body by a function that returns what it yields; `trips` only without inputs.
    static ScanOp make(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::ValueRange inits,
                       ::mlir::ValueRange inputs, bool reverse, ::mlir::IntegerAttr trips,
                       BodyBuilder body);
    ::mlir::Block &getBlock() { return getBody().front(); }
    ::mlir::Block::BlockArgListType getStates() {
      return getBlock().getArguments().take_front(getInits().size());
    }
    ::mlir::Block::BlockArgListType getSlices() {
      return getBlock().getArguments().drop_front(getInits().size());
    }
    YieldOp getYield();
    /// The number of rounds where the types tell it.
    ::std::optional<int64_t> getKnownTrips();
  }];
}

#endif // FN_CONTROL_OPS
