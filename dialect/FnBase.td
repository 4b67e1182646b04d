// The dialect, its types and attributes, and the base classes of its ops.
#ifndef FN_BASE
#define FN_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Fn_Dialect : Dialect {
  let name = "fn";
  let cppNamespace = "::fn";
  let summary = "tensor graphs with variables, and functions that fetch and update them";
  let description = [{
    A `fn.graph` holds placeholders, variables and pure tensor ops in any order, update ops tied by
    control values, and function specs: what to feed, what to fetch, what to update.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    void registerTypes();
    void registerAttrs();
    void registerStructureOps();
    void registerElementwiseOps();
    void registerReductionOps();
    void registerContractionOps();
    void registerShapeOps();
    void registerTrainingOps();
    void registerLossOps();
    void registerSparseOps();
    void registerRandomOps();
    void registerControlOps();
    void registerLayerOps();
  }];
}

//===-- Types --------------------------------------------------------------===//

def Fn_ControlType : TypeDef<Fn_Dialect, "Control"> {
  let mnemonic = "control";
  let summary = "that an effect has happened; orders effects, carries no data";
}

def Fn_Float : AnyTypeOf<[F16, BF16, F32, F64]>;
def Fn_SInt : AnyTypeOf<[I8, I16, I32, I64]>;
def Fn_UInt : AnyTypeOf<[UI8, UI16, UI32, UI64]>;
def Fn_Int : AnyTypeOf<[Fn_SInt, Fn_UInt]>;
def Fn_Number : AnyTypeOf<[Fn_Float, Fn_SInt, Fn_UInt], "number">;
def Fn_Element : AnyTypeOf<[I1, Fn_Number], "fn element type">;

def Fn_Tensor : RankedTensorOf<[Fn_Element]>;
def Fn_NumberTensor : RankedTensorOf<[Fn_Number]>;
def Fn_FloatTensor : RankedTensorOf<[Fn_Float]>;
def Fn_IntTensor : RankedTensorOf<[Fn_Int]>;
def Fn_BoolTensor : RankedTensorOf<[I1]>;
def Fn_IntOrBoolTensor : RankedTensorOf<[I1, Fn_Int]>;
// What may index a tensor.
def Fn_IndexTensor : RankedTensorOf<[I32, I64]>;

//===-- Initializers of variables ------------------------------------------===//

class Fn_InitAttr<string cppName, string attrMnemonic> : AttrDef<Fn_Dialect, cppName> {
  let mnemonic = attrMnemonic;
}
def Fn_ZerosAttr : Fn_InitAttr<"Zeros", "zeros"> { let summary = "all zero"; }
def Fn_OnesAttr : Fn_InitAttr<"Ones", "ones"> { let summary = "all one"; }

def Fn_ExternalAttr : Fn_InitAttr<"External", "external"> {
  let summary = "all zero until a file of weights is loaded";
  let description = [{
    What `--weights` leaves of an initial value that it has put into a file. The variable lies in
    the state, a read-only one too.
  }];
}

class Fn_RangeInitAttr<string cppName, string attrMnemonic, string a, string b>
    : Fn_InitAttr<cppName, attrMnemonic> {
  let parameters =
      !dag(ins, ["::mlir::FloatAttr", "::mlir::FloatAttr", "uint64_t"], [a, b, "seed"]);
  let assemblyFormat = "`<` custom<Double>($" # a # ") `,` custom<Double>($" # b #
                       ") `,` `seed` `=` $seed `>`";
  let genVerifyDecl = 1;
}
def Fn_UniformAttr : Fn_RangeInitAttr<"Uniform", "uniform", "low", "high"> {
  let summary = "uniform in [low, high)";
}
def Fn_NormalAttr : Fn_RangeInitAttr<"Normal", "normal", "mean", "stddev"> {
  let summary = "normal with this mean and standard deviation";
}
def Fn_TruncatedNormalAttr
    : Fn_RangeInitAttr<"TruncatedNormal", "truncated_normal", "mean", "stddev"> {
  let summary = "normal cut off at two standard deviations";
}
class Fn_FanInitAttr<string cppName, string attrMnemonic> : Fn_InitAttr<cppName, attrMnemonic> {
  let parameters = (ins "uint64_t":$seed);
  let assemblyFormat = "`<` `seed` `=` $seed `>`";
}
def Fn_GlorotUniformAttr : Fn_FanInitAttr<"GlorotUniform", "glorot_uniform"> {
  let summary = "uniform in +-sqrt(6 / (fan in + fan out))";
}
def Fn_GlorotNormalAttr : Fn_FanInitAttr<"GlorotNormal", "glorot_normal"> {
  let summary = "truncated normal of variance 2 / (fan in + fan out)";
}
def Fn_HeUniformAttr : Fn_FanInitAttr<"HeUniform", "he_uniform"> {
  let summary = "uniform in +-sqrt(6 / fan in)";
}
def Fn_HeNormalAttr : Fn_FanInitAttr<"HeNormal", "he_normal"> {
  let summary = "truncated normal of variance 2 / fan in";
}

//===-- Sparse tensors -------------------------------------------------------===//

def Fn_CooAttr : AttrDef<Fn_Dialect, "Coo"> {
  let mnemonic = "coo";
  let summary = "the encoding of a tensor that is fed in coordinate form";
  let description = [{
    Three tensors stand for it: indices `[nnz, rank]` of type `index` (i32, or i64 if it says
    nothing), values `[nnz]`, and the dense shape. Entries come in any order; those in the same
    place add up; places without one contribute nothing.

    ```mlir
    tensor<?x7xf32, #fn.coo>
    tensor<?x7xf32, #fn.coo<index = i32>>
    ```
  }];
  let parameters = (ins DefaultValuedParameter<
      "::mlir::Type", "::mlir::IntegerType::get($_ctxt, 64)">:$index);
  let assemblyFormat = "(`<` `index` `=` $index^ `>`)?";
  let genVerifyDecl = 1;
}

// An op that says what it does with a sparse operand.
def Fn_TakesSparse : NativeOpTrait<"TakesSparse"> { let cppNamespace = "::fn"; }

#endif // FN_BASE
