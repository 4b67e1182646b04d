// What a graph is made of: placeholders, variables, effects and function specs.
#ifndef FN_STRUCTURE_OPS
#define FN_STRUCTURE_OPS

include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "dialect/FnOpBase.td"

def Fn_GraphOp : Fn_Op<"graph", [IsolatedFromAbove, SymbolTable, Symbol, NoTerminator, SingleBlock,
                                 RegionKindInterface, HasOnlyGraphRegion]> {
  let summary = "tensors, variables and the functions over them";
  let description = [{
    One graph becomes one C++ namespace, one object and one header. The order of its ops means
    nothing; a use may come before its definition. A cycle is an error.

    ```mlir
    fn.graph @counter {
      %n = fn.variable "n" : tensor<i64> = dense<0>
      %one = fn.constant dense<1> : tensor<i64>
      %next = fn.add %n, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
      fn.function @count outputs("n" = %n : tensor<i64>) updates(%n = %next : tensor<i64>)
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

// A leaf with a display name and, optionally, a C++ identifier of its own.
class Fn_NamedOp<string mnemonic, list<Trait> traits = []>
    : Fn_Op<mnemonic, !listconcat([HasParent<"GraphOp">,
          DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>], traits)> {
  let hasVerifier = 1;
}

def Fn_PlaceholderOp : Fn_NamedOp<"placeholder"> {
  let summary = "a tensor to feed";
  let description = [{
    A function that needs it lists it among its inputs; one with a default may be left out. `?`
    dimensions are known at the call; `bounds` gives the largest size of each dimension, `max_nnz`
    the largest number of entries of a sparse tensor.

    ```mlir
    %x = fn.placeholder "x" bounds [32, 64] : tensor<?x64xf32>
    %lr = fn.placeholder "lr" : tensor<f32> default dense<0.1>
    %a = fn.placeholder "a" max_nnz 1000 : tensor<?x7xf32, #fn.coo>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<StrAttr>:$identifier,
                       OptionalAttr<DenseI64ArrayAttr>:$bounds,
                       OptionalAttr<I64Attr>:$max_nnz,
                       OptionalAttr<ElementsAttr>:$default_value);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = [{
    $name (`as` $identifier^)? (`bounds` $bounds^)? (`max_nnz` $max_nnz^)?
    custom<TypeAndDefault>(type($result), $default_value) attr-dict
  }];
}

def Fn_VariableOp : Fn_NamedOp<"variable"> {
  let summary = "a tensor that stays from call to call";
  let description = [{
    Its result is the value at call entry. `read_only` variables are constants of the object.
    The initial value is a dense attribute, or an initializer such as
    `#fn.glorot_uniform<seed = 1>`, drawn when a state is made, or `#fn.external`, loaded from a
    file.

    ```mlir
    %w = fn.variable "w" : tensor<64x10xf32> = #fn.glorot_uniform<seed = 1>
    %b = fn.variable "b" : tensor<10xf32> = dense<0.0>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<StrAttr>:$identifier, UnitAttr:$read_only,
                       AnyAttr:$init);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = [{
    $name (`as` $identifier^)? (`read_only` $read_only^)?
    custom<TypeAndInit>(type($result), $init) attr-dict
  }];
}

//===-- Effects ------------------------------------------------------------===//

// An effect that can wait for others: the op runs after what `after` names.
class Fn_EffectOp<string mnemonic, list<Trait> traits = []>
    : Fn_Op<mnemonic, !listconcat([HasParent<"GraphOp">], traits)>;

class Fn_WriteOp<string mnemonic, string what> : Fn_EffectOp<mnemonic> {
  let summary = what;
  let description = [{
    Runs only where a function lists it in `updates` or reaches it through control. The value is
    broadcast to the variable's shape.

    ```mlir
    %c = fn.}] # mnemonic # [{ %v, %x after(%c0) : tensor<3xf32>, tensor<f32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$variable, Fn_Tensor:$value, Variadic<Fn_ControlType>:$after);
  let results = (outs Fn_ControlType:$done);
  let assemblyFormat = [{
    $variable `,` $value (`after` `(` $after^ `)`)? attr-dict `:` type($variable) `,` type($value)
  }];
  let hasVerifier = 1;
}
def Fn_AssignOp : Fn_WriteOp<"assign", "write a value into a variable">;
def Fn_AssignAddOp : Fn_WriteOp<"assign_add", "add a value to a variable">;
def Fn_AssignSubOp : Fn_WriteOp<"assign_sub", "subtract a value from a variable">;

class Fn_ScatterWriteOp<string mnemonic, string what> : Fn_EffectOp<mnemonic> {
  let summary = what;
  let description = [{
    Row `indices[k]` of the variable meets row k of `updates`, in order: of repeated indices
    `scatter_update` keeps the last, the others take them all. An index out of range is a status
    of the call.

    ```mlir
    %c = fn.}] # mnemonic # [{ %table, %i, %rows : tensor<6x3xf32>, tensor<?xi32>, tensor<?x3xf32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$variable, Fn_IndexTensor:$indices, Fn_Tensor:$updates,
                       Variadic<Fn_ControlType>:$after);
  let results = (outs Fn_ControlType:$done);
  let assemblyFormat = [{
    $variable `,` $indices `,` $updates (`after` `(` $after^ `)`)? attr-dict
    `:` type($variable) `,` type($indices) `,` type($updates)
  }];
  let hasVerifier = 1;
}
def Fn_ScatterUpdateOp : Fn_ScatterWriteOp<"scatter_update", "replace rows of a variable">;
def Fn_ScatterAddOp : Fn_ScatterWriteOp<"scatter_add", "add to rows of a variable">;
def Fn_ScatterSubOp : Fn_ScatterWriteOp<"scatter_sub", "subtract from rows of a variable">;
def Fn_ScatterMaxOp : Fn_ScatterWriteOp<"scatter_max", "raise rows of a variable">;
def Fn_ScatterMinOp : Fn_ScatterWriteOp<"scatter_min", "lower rows of a variable">;

def Fn_ReadOp : Fn_EffectOp<"read", [InferTypeOpInterface]> {
  let summary = "the value of a variable after some effects";
  let description = [{
    The only way to see an update in the call that makes it. Yields the value and a control, so
    that a later write can wait for the read.

    ```mlir
    %v1, %read = fn.read %v after(%written) : tensor<3xf32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$variable, Variadic<Fn_ControlType>:$after);
  let results = (outs Fn_Tensor:$result, Fn_ControlType:$done);
  let assemblyFormat = [{
    $variable (`after` `(` $after^ `)`)? attr-dict `:` type($variable)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    static ::llvm::LogicalResult
    inferReturnTypes(::mlir::MLIRContext *context, ::std::optional<::mlir::Location>,
                     ::mlir::ValueRange operands, ::mlir::DictionaryAttr, ::mlir::OpaqueProperties,
                     ::mlir::RegionRange, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      types.push_back(operands.front().getType());
      types.push_back(ControlType::get(context));
      return ::llvm::success();
    }
  }];
}

def Fn_GroupOp : Fn_EffectOp<"group"> {
  let summary = "several effects as one";
  let arguments = (ins Variadic<Fn_ControlType>:$after);
  let results = (outs Fn_ControlType:$done);
  let assemblyFormat = "$after attr-dict";
}

def Fn_AssertOp : Fn_EffectOp<"assert"> {
  let summary = "a call fails where the condition does not hold";
  let description = [{
    All elements must be true. A call that fails has changed no variable.

    ```mlir
    %c = fn.assert %ok, "the batch is not empty" : tensor<i1>
    ```
  }];
  let arguments = (ins Fn_BoolTensor:$condition, StrAttr:$message, Variadic<Fn_ControlType>:$after);
  let results = (outs Fn_ControlType:$done);
  let assemblyFormat = [{
    $condition `,` $message (`after` `(` $after^ `)`)? attr-dict `:` type($condition)
  }];
}

def Fn_PrintOp : Fn_EffectOp<"print"> {
  let summary = "hand a tensor to the program's print callback";
  let arguments = (ins StrAttr:$label, Fn_Tensor:$value, Variadic<Fn_ControlType>:$after);
  let results = (outs Fn_ControlType:$done);
  let assemblyFormat = [{
    $label `,` $value (`after` `(` $after^ `)`)? attr-dict `:` type($value)
  }];
}

def Fn_CheckFiniteOp : Fn_Op<"check_finite", [Pure, SameOperandsAndResultType]> {
  let summary = "a call fails where a value is infinite or NaN; else the value";
  let arguments = (ins Fn_FloatTensor:$value, StrAttr:$message);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = "$value `,` $message attr-dict `:` type($value)";
}

def Fn_FunctionOp : Fn_Op<"function", [Symbol, AttrSizedOperandSegments, HasParent<"GraphOp">]> {
  let summary = "what to feed, what to fetch, what to update";
  let description = [{
    `inputs` names placeholders, variables or, with a name, any tensor of the graph: inside this
    function the fed value takes its place. `outputs` names any tensors, `"name" as "identifier"`
    where the name alone makes no C++ identifier. `updates` lists
    `variable = new value` pairs, all computed from entry values, and control results of update
    ops. A pair may end in `if` and a `tensor<i1>`: where that does not hold the variable keeps its
    value.

    ```mlir
    fn.function @step inputs(%x : tensor<4xf32>, "h" = %h : tensor<4xf32>)
                      outputs("y" = %y : tensor<4xf32>)
                      updates(%w = %w_new : tensor<4xf32>, %best = %loss if %better : tensor<f32>, %counted)
    ```

    `checkpoint` makes gradients take less memory and more time: of what is computed before the last
    of these values, they use inputs, variables and the values listed, and compute everything else
    again. The numbers are the same, bit for bit; random ones too.

    ```mlir
    fn.function @train inputs(%x : tensor<32x64xf32>) updates(%step)
                       checkpoint(%h4 : tensor<32x64xf32>, %h8 : tensor<32x64xf32>)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$identifier,
                       Variadic<Fn_Tensor>:$inputs, Variadic<Fn_Tensor>:$outputs,
                       Variadic<Fn_Tensor>:$targets, Variadic<Fn_Tensor>:$values,
                       Variadic<Fn_ControlType>:$controls, Variadic<Fn_BoolTensor>:$conditions,
                       Variadic<Fn_Tensor>:$checkpoints,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$conditional,
                       StrArrayAttr:$input_names, StrArrayAttr:$output_names,
                       OptionalAttr<StrArrayAttr>:$output_identifiers,
                       OptionalAttr<ArrayAttr>:$item_locations);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Where operand `index` stands in the text.
    ::mlir::Location getItemLoc(unsigned index);
    /// The name of input `index`: given, or that of the placeholder or variable.
    ::llvm::StringRef getInputName(unsigned index);
    /// What decides whether update pair `index` happens, or null.
    ::mlir::Value getCondition(unsigned index);
  }];
}

//===-- Kernels ------------------------------------------------------------===//
// What the graph stage makes of effects; not written by people.

def Fn_CheckOp : Fn_Op<"check", [Pure]> {
  let summary = "whether a value satisfies a condition, and the first element that does not";
  let description = [{
    `index`: every element lies in `[0, dim(like, axis))`. `assert`: every element is true.
    `finite`: no element is infinite or NaN. `got` is the first index out of range, else 0.
  }];
  let arguments = (ins Fn_Tensor:$value, Optional<Fn_Tensor>:$like, StrAttr:$kind,
                       DefaultValuedAttr<I64Attr, "0">:$axis);
  let results = (outs Fn_BoolTensor:$ok, RankedTensorOf<[I64]>:$got);
  let assemblyFormat = [{
    $kind $value (`like` $like^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Fn_StatusOp : Fn_Op<"status", [Pure, AttrSizedOperandSegments]> {
  let summary = "the status of a call: the first check that fails, from 1, and its element";
  let arguments = (ins Variadic<Fn_BoolTensor>:$oks, Variadic<RankedTensorOf<[I64]>>:$gots);
  let results = (outs RankedTensorOf<[I64]>:$status);
  let assemblyFormat = [{
    `(` $oks `)` `(` $gots `)` attr-dict `:` functional-type(operands, results)
  }];
}

def Fn_BarrierOp : Fn_PureOp<"barrier", Differentiable> {
  let summary = "the operand, as a value that nothing knows to be the same";
  let description = [{
    What gradients compute again from it is not merged with what was computed from the operand.
  }];
  let arguments = (ins Fn_Tensor:$input);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferElementwise(shapes, op.getOperands(), {}, results);
    }
  }];
}

def Fn_RandomOp : Fn_Op<"random", [Pure]> {
  let summary = "the initial value of a variable, drawn from a counter-based generator";
  let arguments = (ins AnyAttr:$distribution);
  let results = (outs Fn_FloatTensor:$result);
  let assemblyFormat = "attr-dict type($result) `from` $distribution";
}

#endif // FN_STRUCTURE_OPS
