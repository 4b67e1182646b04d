// Elementwise ops: arithmetic, comparison, logic, select, cast and the functions of one number.
//
// An op here is one line: its name, what it takes, what it computes. All operands broadcast as in
// NumPy (a size 1 that the type says is stretched); the element rules are in
// compiler/tensor/LowerElementwise.cpp.
#ifndef FN_ELEMENTWISE_OPS
#define FN_ELEMENTWISE_OPS

include "dialect/FnOpBase.td"

class Fn_ElementwiseOp<string mnemonic, string what, string formula, list<Trait> traits = []>
    : Fn_PureOp<mnemonic, traits> {
  let summary = what;
  let description = "`" # formula # "`, element by element.";
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferElementwise(shapes, op.getOperands(), {}, results);
    }
  }];
}

// A predicate of its operands: the result is of i1.
class Fn_PredicateOp<string mnemonic, string what, string formula, list<Trait> traits = []>
    : Fn_ElementwiseOp<mnemonic, what, formula, traits> {
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      ::mlir::Type i1 = ::mlir::IntegerType::get(shapes.getContext(), 1);
      return ::fn::inferElementwise(shapes, op.getOperands(), i1, results);
    }
  }];
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

// What works on floats has a gradient.
class RuleOf<Constraint tensor> {
  list<Trait> traits = !if(!or(!eq(tensor, Fn_FloatTensor), !eq(tensor, Fn_NumberTensor),
                               !eq(tensor, Fn_Tensor)), Differentiable, []<Trait>);
}

class Fn_UnaryOp<string mnemonic, Constraint tensor, string what, string formula,
                 dag attributes = (ins)>
    : Fn_ElementwiseOp<mnemonic, what, formula, RuleOf<tensor>.traits> {
  let arguments = !con((ins tensor:$input), attributes);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

class Fn_BinaryOp<string mnemonic, Constraint tensor, string what, string formula,
                  list<Trait> traits = []>
    : Fn_ElementwiseOp<mnemonic, what, formula, !listconcat(traits, RuleOf<tensor>.traits)> {
  let arguments = (ins tensor:$lhs, tensor:$rhs);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

class Fn_CompareOp<string mnemonic, string what, string formula>
    : Fn_PredicateOp<mnemonic, what, formula> {
  let arguments = (ins Fn_Tensor:$lhs, Fn_Tensor:$rhs);
  let results = (outs Fn_BoolTensor:$result);
}

class Fn_FloatTestOp<string mnemonic, string what, string formula>
    : Fn_PredicateOp<mnemonic, what, formula> {
  let arguments = (ins Fn_FloatTensor:$input);
  let results = (outs Fn_BoolTensor:$result);
}

//===-- Functions of one number --------------------------------------------===//

def Fn_IdentityOp : Fn_UnaryOp<"identity", Fn_Tensor, "the operand itself", "x">;
def Fn_NegOp : Fn_UnaryOp<"neg", Fn_NumberTensor, "negation; integers wrap", "-x">;
def Fn_AbsOp : Fn_UnaryOp<"abs", Fn_NumberTensor, "absolute value; of the least integer itself", "|x|">;
def Fn_SignOp : Fn_UnaryOp<"sign", Fn_NumberTensor, "-1, 0 or 1; NaN of NaN", "x < 0 ? -1 : x > 0 ? 1 : 0">;
def Fn_SquareOp : Fn_UnaryOp<"square", Fn_NumberTensor, "square", "x * x">;
def Fn_ReciprocalOp : Fn_UnaryOp<"reciprocal", Fn_FloatTensor, "reciprocal", "1 / x">;
def Fn_SqrtOp : Fn_UnaryOp<"sqrt", Fn_FloatTensor, "square root", "sqrt(x)">;
def Fn_RsqrtOp : Fn_UnaryOp<"rsqrt", Fn_FloatTensor, "reciprocal square root", "1 / sqrt(x)">;
def Fn_ExpOp : Fn_UnaryOp<"exp", Fn_FloatTensor, "exponential", "e^x">;
def Fn_Expm1Op : Fn_UnaryOp<"expm1", Fn_FloatTensor, "exponential less one", "e^x - 1">;
def Fn_LogOp : Fn_UnaryOp<"log", Fn_FloatTensor, "natural logarithm", "ln x">;
def Fn_Log2Op : Fn_UnaryOp<"log2", Fn_FloatTensor, "binary logarithm", "log2 x">;
def Fn_Log1pOp : Fn_UnaryOp<"log1p", Fn_FloatTensor, "logarithm of one more", "ln(1 + x)">;
def Fn_SinOp : Fn_UnaryOp<"sin", Fn_FloatTensor, "sine", "sin x">;
def Fn_CosOp : Fn_UnaryOp<"cos", Fn_FloatTensor, "cosine", "cos x">;
def Fn_TanOp : Fn_UnaryOp<"tan", Fn_FloatTensor, "tangent", "tan x">;
def Fn_AsinOp : Fn_UnaryOp<"asin", Fn_FloatTensor, "arc sine", "asin x">;
def Fn_AcosOp : Fn_UnaryOp<"acos", Fn_FloatTensor, "arc cosine", "acos x">;
def Fn_AtanOp : Fn_UnaryOp<"atan", Fn_FloatTensor, "arc tangent", "atan x">;
def Fn_SinhOp : Fn_UnaryOp<"sinh", Fn_FloatTensor, "hyperbolic sine", "sinh x">;
def Fn_CoshOp : Fn_UnaryOp<"cosh", Fn_FloatTensor, "hyperbolic cosine", "cosh x">;
def Fn_TanhOp : Fn_UnaryOp<"tanh", Fn_FloatTensor, "hyperbolic tangent", "tanh x">;
def Fn_AsinhOp : Fn_UnaryOp<"asinh", Fn_FloatTensor, "inverse hyperbolic sine", "asinh x">;
def Fn_AcoshOp : Fn_UnaryOp<"acosh", Fn_FloatTensor, "inverse hyperbolic cosine", "acosh x">;
def Fn_AtanhOp : Fn_UnaryOp<"atanh", Fn_FloatTensor, "inverse hyperbolic tangent", "atanh x">;
def Fn_ErfOp : Fn_UnaryOp<"erf", Fn_FloatTensor, "error function", "erf x">;
def Fn_FloorOp : Fn_UnaryOp<"floor", Fn_FloatTensor, "largest whole number not above", "floor x">;
def Fn_CeilOp : Fn_UnaryOp<"ceil", Fn_FloatTensor, "smallest whole number not below", "ceil x">;
def Fn_RoundOp : Fn_UnaryOp<"round", Fn_FloatTensor, "nearest whole number, halves to even", "round x">;
def Fn_TruncOp : Fn_UnaryOp<"trunc", Fn_FloatTensor, "whole number towards zero", "trunc x">;
def Fn_LogicalNotOp : Fn_UnaryOp<"logical_not", Fn_BoolTensor, "logical negation", "!x">;
def Fn_BitwiseNotOp : Fn_UnaryOp<"bitwise_not", Fn_IntOrBoolTensor, "complement of every bit", "~x">;

//===-- Activations --------------------------------------------------------===//

def Fn_SigmoidOp : Fn_UnaryOp<"sigmoid", Fn_FloatTensor, "logistic function", "1 / (1 + e^-x)">;
def Fn_ReluOp : Fn_UnaryOp<"relu", Fn_NumberTensor, "rectifier; NaN of NaN", "max(x, 0)">;
def Fn_Relu6Op : Fn_UnaryOp<"relu6", Fn_NumberTensor, "rectifier cut off at 6", "min(max(x, 0), 6)">;
def Fn_LeakyReluOp : Fn_UnaryOp<"leaky_relu", Fn_FloatTensor, "rectifier with a slope below zero", "x < 0 ? alpha * x : x", (ins DefaultValuedAttr<F64Attr, "0.01">:$alpha)>;
def Fn_EluOp : Fn_UnaryOp<"elu", Fn_FloatTensor, "exponential linear unit", "x < 0 ? alpha * (e^x - 1) : x", (ins DefaultValuedAttr<F64Attr, "1.0">:$alpha)>;
def Fn_SeluOp : Fn_UnaryOp<"selu", Fn_FloatTensor, "scaled exponential linear unit", "1.0507 * (x < 0 ? 1.67326 * (e^x - 1) : x)">;
def Fn_GeluOp : Fn_UnaryOp<"gelu", Fn_FloatTensor, "Gaussian error linear unit, exact or through tanh", "x * (1 + erf(x / sqrt 2)) / 2", (ins DefaultValuedStrAttr<StrAttr, "none">:$approximate)> {
  let hasVerifier = 1;
}
def Fn_SiluOp : Fn_UnaryOp<"silu", Fn_FloatTensor, "sigmoid linear unit", "x * sigmoid(x)">;
def Fn_SoftplusOp : Fn_UnaryOp<"softplus", Fn_FloatTensor, "smooth rectifier", "ln(1 + e^x)">;
def Fn_SoftsignOp : Fn_UnaryOp<"softsign", Fn_FloatTensor, "x over one more than its size", "x / (1 + |x|)">;
def Fn_HardSigmoidOp : Fn_UnaryOp<"hard_sigmoid", Fn_FloatTensor, "piecewise linear sigmoid", "min(max(x + 3, 0), 6) / 6">;
def Fn_HardSwishOp : Fn_UnaryOp<"hard_swish", Fn_FloatTensor, "x times the piecewise linear sigmoid", "x * min(max(x + 3, 0), 6) / 6">;
def Fn_MishOp : Fn_UnaryOp<"mish", Fn_FloatTensor, "x times tanh of softplus", "x * tanh(ln(1 + e^x))">;

//===-- Two operands ---------------------------------------------------------===//

// Of sparse operands a sum is sparse; with a dense one it is dense.
class Fn_SumOp<string mnemonic, string what, string formula, list<Trait> traits = []>
    : Fn_BinaryOp<mnemonic, Fn_NumberTensor, what, formula,
                  !listconcat([Fn_TakesSparse], traits)> {
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferSum(shapes, op.getOperands(), results);
    }
  }];
}
def Fn_AddOp : Fn_SumOp<"add", "sum; integers wrap", "a + b", [Commutative]>;
def Fn_SubOp : Fn_SumOp<"sub", "difference; integers wrap", "a - b">;
// A sparse operand makes the product sparse: 0 times infinity does not happen.
def Fn_MulOp : Fn_BinaryOp<"mul", Fn_NumberTensor, "product; integers wrap", "a * b",
                           [Commutative, Fn_TakesSparse]> {
  let shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results) {
      return ::fn::inferProduct(shapes, op.getOperands(), results);
    }
  }];
}
def Fn_DivOp : Fn_BinaryOp<"div", Fn_NumberTensor, "quotient; of integers towards zero, and 0 where the divisor is 0", "a / b">;
def Fn_FloorDivOp : Fn_BinaryOp<"floor_div", Fn_NumberTensor, "quotient rounded down; of integers 0 where the divisor is 0", "floor(a / b)">;
def Fn_ModOp : Fn_BinaryOp<"mod", Fn_NumberTensor, "remainder with the sign of the divisor; of integers 0 where that is 0", "a - floor(a / b) * b">;
def Fn_RemOp : Fn_BinaryOp<"rem", Fn_NumberTensor, "remainder with the sign of the dividend; of integers 0 where the divisor is 0", "a - trunc(a / b) * b">;
def Fn_PowOp : Fn_BinaryOp<"pow", Fn_NumberTensor, "power; of integers 0 for negative exponents unless the base is 1 or -1", "a^b">;
def Fn_MaximumOp : Fn_BinaryOp<"maximum", Fn_NumberTensor, "larger one; NaN where either is", "max(a, b)", [Commutative]>;
def Fn_MinimumOp : Fn_BinaryOp<"minimum", Fn_NumberTensor, "smaller one; NaN where either is", "min(a, b)", [Commutative]>;
def Fn_Atan2Op : Fn_BinaryOp<"atan2", Fn_FloatTensor, "angle of the point (b, a)", "atan2(a, b)">;
def Fn_SquaredDifferenceOp : Fn_BinaryOp<"squared_difference", Fn_NumberTensor, "square of the difference", "(a - b)^2", [Commutative]>;
def Fn_LogicalAndOp : Fn_BinaryOp<"logical_and", Fn_BoolTensor, "both", "a && b", [Commutative]>;
def Fn_LogicalOrOp : Fn_BinaryOp<"logical_or", Fn_BoolTensor, "either", "a || b", [Commutative]>;
def Fn_LogicalXorOp : Fn_BinaryOp<"logical_xor", Fn_BoolTensor, "just one", "a != b", [Commutative]>;
def Fn_BitwiseAndOp : Fn_BinaryOp<"bitwise_and", Fn_IntOrBoolTensor, "bits in both", "a & b", [Commutative]>;
def Fn_BitwiseOrOp : Fn_BinaryOp<"bitwise_or", Fn_IntOrBoolTensor, "bits in either", "a | b", [Commutative]>;
def Fn_BitwiseXorOp : Fn_BinaryOp<"bitwise_xor", Fn_IntOrBoolTensor, "bits in just one", "a ^ b", [Commutative]>;
def Fn_ShiftLeftOp : Fn_BinaryOp<"shift_left", Fn_IntTensor, "bits moved up; 0 from the width on", "a << b">;
def Fn_ShiftRightOp : Fn_BinaryOp<"shift_right", Fn_IntTensor, "bits moved down; the sign from the width on", "a >> b">;

def Fn_EqualOp : Fn_CompareOp<"equal", "equality; never of NaN", "a == b">;
def Fn_NotEqualOp : Fn_CompareOp<"not_equal", "inequality; always of NaN", "a != b">;
def Fn_LessOp : Fn_CompareOp<"less", "less", "a < b">;
def Fn_LessEqualOp : Fn_CompareOp<"less_equal", "less or equal", "a <= b">;
def Fn_GreaterOp : Fn_CompareOp<"greater", "greater", "a > b">;
def Fn_GreaterEqualOp : Fn_CompareOp<"greater_equal", "greater or equal", "a >= b">;
def Fn_IsNanOp : Fn_FloatTestOp<"is_nan", "whether NaN", "x != x">;
def Fn_IsInfOp : Fn_FloatTestOp<"is_inf", "whether infinite", "|x| == inf">;
def Fn_IsFiniteOp : Fn_FloatTestOp<"is_finite", "whether neither infinite nor NaN", "|x| < inf">;

//===-- Select, clamp, cast ----------------------------------------------------===//

def Fn_WhereOp : Fn_PureOp<"where", Differentiable> {
  let summary = "one of two values, by a condition";
  let description = "`condition ? on_true : on_false`, element by element.";
  let arguments = (ins Fn_BoolTensor:$condition, Fn_Tensor:$on_true, Fn_Tensor:$on_false);
  let results = (outs Fn_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Fn_ClampOp : Fn_ElementwiseOp<"clamp", "a value held between two others; NaN of NaN",
                                  "min(max(x, low), high)", Differentiable> {
  let arguments = (ins Fn_NumberTensor:$input, Fn_NumberTensor:$low, Fn_NumberTensor:$high);
  let results = (outs Fn_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Fn_CastOp : Fn_PureOp<"cast", !listconcat([Fn_TakesSparse], Differentiable)> {
  let summary = "the same numbers in another element type";
  let description = [{
    Integers wrap; a float becomes the integer towards zero, saturated, 0 for NaN; i1 is 0 or 1; a
    number becomes i1 by being other than 0. A sparse tensor is cast between floating-point types
    only: of others the sum of casts is not the cast of the sum.

    ```mlir
    %y = fn.cast %x : (tensor<?xi32>) -> tensor<?xf32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$input, TypeAttr:$element_type);
  let results = (outs Fn_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasFolder = 1;
}

def Fn_BitcastOp : Fn_PureOp<"bitcast"> {
  let summary = "the same bits as another element type of the same width";
  let description = [{
    Not of i1, which has no width in memory of its own.

    ```mlir
    %y = fn.bitcast %x : (tensor<?xf32>) -> tensor<?xi32>
    ```
  }];
  let arguments = (ins Fn_Tensor:$input, TypeAttr:$element_type);
  let results = (outs Fn_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasFolder = 1;
}

#endif // FN_ELEMENTWISE_OPS
