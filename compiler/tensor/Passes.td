// Passes of the tensor stage.
#ifndef FNC_TENSOR_PASSES
#define FNC_TENSOR_PASSES

include "mlir/Pass/PassBase.td"

def LowerToLinalg : Pass<"fnc-lower-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "lower fn ops to linalg, tensor, arith and math on tensors";
  let description = [{
    Every fn op of a kernel becomes upstream ops on tensors; unsigned element types become signless.

    ```mlir
    %c = fn.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
    ==>
    ```mlir
    %0 = tensor.empty() : tensor<4xf32>
    %c = linalg.generic ... ins(%a, %b) outs(%0) { ... arith.addf ... }
    ```
    On entry: kernel form. On exit: no op or type of the fn dialect, no unsigned type.
  }];
  let options = [
    Option<"sortEntries", "sort-entries", "bool", "false",
           "there is memory to bring entries of sparse factors into the order of their rows">,
  ];
  let dependentDialects = [
    "::fnc::kernel::KernelDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

def LowerTosaBroadcast : Pass<"fnc-lower-tosa-broadcast", "::mlir::func::FuncOp"> {
  let summary = "TOSA's elementwise ops over dynamic sizes as ops of fn";
  let description = [{
    TOSA's own lowering decides at run time whether a `?` is 1 and has to be stretched; here two `?`
    agree, which the call has checked.

    ```mlir
    %c = tosa.add %a, %b : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    ```
    ==>
    ```mlir
    %c = fn.add %a, %b : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    ```
    Ops over static sizes stay.
  }];
}

def ChannelsLast : Pass<"fnc-channels-last", "::mlir::func::FuncOp"> {
  let summary = "convolutions and pooling with channels innermost";
  let description = [{
    Vectors run along channels, whose number is known and large. Ops with "NCHW" layout become "NHWC"
    ones between transposes; `fnc-sink-transposes` lets these meet and vanish. Few channels stay.

    ```mlir
    %y = fn.max_pool %x {layout = "NCHW", ...} : (tensor<1x64x8x8xf32>) -> tensor<1x64x4x4xf32>
    ```
    ==>
    ```mlir
    %0 = fn.transpose %x {perm = array<i64: 0, 2, 3, 1>} : ...
    %1 = fn.max_pool %0 {...} : (tensor<1x8x8x64xf32>) -> tensor<1x4x4x64xf32>
    %y = fn.transpose %1 {perm = array<i64: 0, 3, 1, 2>} : ...
    ```
  }];
  let dependentDialects = ["::fn::FnDialect"];
}

def SinkTransposes : Pass<"fnc-sink-transposes", "::mlir::func::FuncOp"> {
  let summary = "move transposes towards the end, through elementwise loops and slices";
  let description = [{
    f(transpose(x), transpose(y)) becomes transpose(f(x, y)), parts put together are transposed
    together, a reduction reads what was transposed, and of two transposes in a row one is left or
    none. An elementwise loop keeps its order where most of what it reads whole is not transposed.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def FuseElementwise : Pass<"fnc-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "move elementwise loops into the loops that read them";
  let description = [{
    A producer moves where each of its elements is computed once, and where a broadcast reads it
    again if it is a few cheap instructions. Where several loops read it and less is read and
    written if each computes it again (`z - mean` of a batch norm, which its variance, its result
    and its gradients need), each gets a copy. Bodies stay below a size, so that long chains take
    linear time.

    ```mlir
    %0 = linalg.generic ins(%a, %b) outs(%e) { arith.addf }
    %1 = linalg.generic ins(%0, %c) outs(%e) { arith.mulf }
    ```
    ==>
    ```mlir
    %1 = linalg.generic ins(%a, %b, %c) outs(%e) { arith.addf, arith.mulf }
    ```
    Runs before `fnc-expand-math`: until then a body's size tells its cost.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FuseReductions : Pass<"fnc-fuse-reductions", "::mlir::func::FuncOp"> {
  let summary = "reductions that read the same tensor in one loop";
  let description = [{
    The sums that the gradients of a norm need, for instance, read the same two tensors.

    ```mlir
    %0 = linalg.generic ins(%dy) outs(%z) { arith.addf }
    %1 = linalg.generic ins(%dy, %x) outs(%z) { arith.mulf, arith.addf }
    ```
    ==>
    ```mlir
    %0:2 = linalg.generic ins(%dy, %x) outs(%z, %z) { arith.addf, arith.mulf, arith.addf }
    ```
    Loops, the way through a tensor that both read whole, and the form of the results are the same;
    neither needs the other's result. Contractions, which read elements more than once, stay.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def FormContractions : Pass<"fnc-form-contractions", "::mlir::func::FuncOp"> {
  let summary = "sums of products, with the elementwise loop that reads them, as kernel.contract";
  let description = [{
    Each sum of products that registers can hold in blocks becomes one op. Transposes of its
    operands become part of how these are read, and the elementwise loop that alone reads the sums
    becomes what is done with each before it is stored. Where vectors run along neither operand, a
    copy of one with another dimension innermost may be worth it; products of matrices of a few
    elements have them along any loop of the result.

    ```mlir
    %0 = linalg.fill ins(%zero) outs(%e)
    %1 = linalg.matmul ins(%x, %w) outs(%0)
    %2 = linalg.generic ins(%1, %bias) outs(%e) { arith.addf, arith.maximumf }
    ```
    ==>
    ```mlir
    %2 = kernel.contract ins(%x, %w, %bias) outs(%e) { arith.addf, arith.maximumf }
    ```
    Bytes that make a sum of i32 are multiplied in groups where the target has `byteProducts` and
    one operand is constant. Where their instruction takes the other sign, 128 more or less than
    each byte is multiplied, and 128 times the sums of the constant are added to the epilogue.

    Runs after `fnc-fuse-elementwise`, which makes one loop of what comes after the sums. A target
    without registers to spare (0) keeps its loops.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "128", "bits of a register that holds vectors">,
    Option<"registers", "registers", "unsigned", "16", "how many of them there are">,
    Option<"halves", "halves", "bool", "false",
           "a multiply-add takes half a register after the other">,
    Option<"byteProducts", "byte-products", "::fnc::ByteProducts", "::fnc::ByteProducts::None",
           "what multiplies bytes", "::fnc::byteProductsValues()">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::fnc::kernel::KernelDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def FormWinograd : Pass<"fnc-form-winograd", "::mlir::ModuleOp"> {
  let summary = "3x3 convolutions of stride 1 with fewer multiplications";
  let description = [{
    A convolution becomes kernel.winograd where that takes less time by an estimate of its products,
    transforms and reads of the filter. A filter that is not known yet, a variable of a training
    step say, is transformed in the call (kernel.winograd_filter). All transformed constants
    together may take half of what the module's constants take more: those that save most per byte
    go first.

    ```mlir
    kernel.contract ins(%padded, %w, %bias) ... sizes = array<i64: 1, 56, 56, 3, 3, 64, 64>
    ```
    ==>
    ```mlir
    kernel.winograd ins(%padded, %transformed_w, %bias) ... step = 4
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "128", "bits of a register that holds vectors">,
    Option<"registers", "registers", "unsigned", "16", "how many of them there are">,
  ];
  let dependentDialects = ["::fnc::kernel::KernelDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

def PackConstants : Pass<"fnc-pack-constants", "::mlir::func::FuncOp"> {
  let summary = "constants in the order in which contractions read them";
  let description = [{
    ```mlir
    %w = arith.constant dense<...> : tensor<64x80xf32>
    kernel.contract ins(%x, %w) ... {tile = array<i64: 8, 32, 1>}
    ```
    ==>
    ```mlir
    %w = arith.constant dense<...> : tensor<5120xf32>   // [2][64][32] and [64][16]
    kernel.contract ins(%x, %w) ... {packed, tile = array<i64: 8, 32, 1>}
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def FillBorders : Pass<"fnc-fill-borders", "::mlir::func::FuncOp"> {
  let summary = "padding around what is put into the middle";
  let description = [{
    ```mlir
    %0 = linalg.fill ins(%zero) outs(%e : tensor<10x10xf32>)
    %1 = tensor.insert_slice %x into %0[1, 1] [8, 8] [1, 1]
    ```
    ==>
    ```mlir
    %0 = kernel.fill_border %zero, %e low [1, 1] high [1, 1] : tensor<10x10xf32>
    %1 = tensor.insert_slice %x into %0[1, 1] [8, 8] [1, 1]
    ```
  }];
  let dependentDialects = ["::fnc::kernel::KernelDialect", "::mlir::tensor::TensorDialect"];
}

def RelaxMath : Pass<"fnc-relax-math", "::mlir::func::FuncOp"> {
  let summary = "let arithmetic round otherwise than it is written (--fast-math)";
  let description = [{
    Sums may be taken in another order, products and sums become one instruction where the target has
    it, a division by a constant is a product with its reciprocal, and the sign of zero is not kept.
    NaN and infinity are.

    ```mlir
    %y = arith.divf %x, %c3 : f32
    ```
    ==>
    ```mlir
    %y = arith.mulf %x, %third fastmath<reassoc,nsz,arcp,contract> : f32
    ```
    On exit: no constant divisor whose reciprocal is a normal number.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def RelaxMaxima : Pass<"fnc-relax-maxima", "::mlir::func::FuncOp"> {
  let summary = "mark maxima with 0 of what is never -0";
  let description = [{
    A number to which a constant other than -0 was added, as what a rectifier takes after a bias. The
    maximum then needs no second look at zeros, which on x86 is a comparison and a choice.

    ```mlir
    ^bb0(%sum: f32, %bias: f32):             // of a constant
      %0 = arith.addf %sum, %bias : f32
      %1 = arith.maximumf %0, %zero : f32
    ```
    ==>
    ```mlir
      %1 = arith.maximumf %0, %zero fastmath<nsz> : f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def ExpandMath : Pass<"fnc-expand-math", "::mlir::func::FuncOp"> {
  let summary = "transcendental functions as arithmetic";
  let description = [{
    Objects call no mathematical library: what is not one instruction on every target is expanded
    where it stands, in f32 where a formula is good to one ulp of it, else in f64.

    ```mlir
    %y = math.acosh %x : f32
    ```
    ==>
    ```mlir
    %0 = arith.extf %x : f32 to f64
    ... logarithm of a sum: reduction, polynomial, scaling ...
    %y = arith.truncf %n : f64 to f32
    ```
    A branch that few elements take is marked `fn.rare`. The logistic function 1 / (1 + e^-x), that
    times x, mish, and x (1 + erf(x / sqrt 2)) are expanded as a whole.

    On exit: of the math dialect only `sqrt` and `absf` are left on scalars, and `fma` where the
    target has it, as `kernel.lookup`. Results in f32 differ between targets with and without
    them, by the bounds of `ACCURACY.md`; those in f64 never.
  }];
  let dependentDialects = ["::fnc::kernel::KernelDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect"];
  let options = [
    Option<"softF64", "soft-f64", "bool", "false",
           "the target computes f64 in software: expand its sqrt, maximum and minimum too">,
    Option<"softF32", "soft-f32", "bool", "false", "f32 too (implies soft-f64)">,
    Option<"fma", "fma", "bool", "false", "the target multiplies and adds in one instruction">,
    Option<"scale", "scale", "bool", "false", "the target scales by powers of two in one">,
    Option<"lookup", "lookup", "unsigned", "0",
           "entries of a table of which permutations of registers take one for each lane: 8, 16 or 32">,
    Option<"rounding", "rounding", "bool", "false",
           "the target rounds to whole numbers in one instruction: keep these">,
  ];
}

def ExpandArith : Pass<"fnc-expand-arith", "::mlir::func::FuncOp"> {
  let summary = "f16 and bf16 arithmetic in f32, conversions as integer operations";
  let description = [{
    Objects call no support library for small floats, which old ones lack.

    ```mlir
    %z = arith.addf %x, %y : bf16
    ```
    ==>
    ```mlir
    %0 = arith.bitcast %x : bf16 to i16
    %1 = arith.extui %0 : i16 to i32
    %2 = arith.shli %1, %c16 : i32
    %3 = arith.bitcast %2 : i32 to f32
    ...
    %8 = arith.addf %3, %7 : f32
    ... rounding to nearest even on the bits ...
    %z = arith.bitcast %15 : i16 to bf16
    ```
    Runs after `fnc-expand-math`. On exit: no scalar op computes in f16 or bf16.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let options = [
    Option<"f16", "f16", "bool", "true", "f16 too, not only bf16">,
  ];
}

def VerifyTensor : Pass<"fnc-verify-tensor", "::mlir::func::FuncOp"> {
  let summary = "check the contract of the tensor stage";
  let description = [{
    Nothing of the fn dialect is left, no type is unsigned, and no op would become a call of a
    mathematical library; an error names the op.
  }];
}

#endif // FNC_TENSOR_PASSES
