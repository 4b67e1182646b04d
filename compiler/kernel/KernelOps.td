// Structured ops that become kernels: what linalg cannot say of a sum of products.
#ifndef FNC_KERNEL_OPS
#define FNC_KERNEL_OPS

include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::fnc::kernel";
  let summary = "sums of products as they are computed";
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

def Kernel_BarrierOp : Kernel_Op<"barrier", [
    Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "the operand, as a value that nothing knows to be the same";
  let description = [{
    What is computed from it is computed again, not merged with what was computed from the operand.
    On buffers there is none: it is the operand's.
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Kernel_ContractOp : Kernel_Op<"contract", [
    SingleBlock, DestinationStyleOpInterface, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a sum of products, and what is made of each sum";
  let description = [{
    `inits[maps[-1](i)] = epilogue(sum over reductions of lhs[maps[0](i)] * rhs[maps[1](i)],
                                   extras[maps[2](i)], ...)`

    on tensors or memrefs. Loops that the last map names are parallel, the others are reductions;
    `sizes` are the loops' (negative: dynamic). Several inits, of which the epilogue yields one
    element each, have the same map. Their old content is not read, unless the sum is made in
    pieces. Extras are read where the results are written, so one whose map is the results' may
    share the buffer of one.

    How it is computed is decided when the op is made: `vector_dim` is the loop along which vectors
    run, `row_dim` the loop whose steps share what moves along the vectors alone; `dot` says that
    the vectors run along a reduction, and `column_dim` then is the other tiled loop. `tile` holds
    rows, width and partial sums of a block (`RegisterTile.h`). The sum has the type of the
    epilogue's first argument.

    `by_rows`: each block of rows meets all columns before the next one; otherwise all rows meet each
    block of columns.

    `piece`: [loop, steps] where a sum goes over more than caches hold. That reduction is cut into
    pieces of so many steps, reductions before it into single ones; all of the result passes by
    before the next piece. Sums then begin with what `init` holds, and the epilogue yields them as
    they are.

    Bytes may make a sum of i32; `lhs_unsigned` and `rhs_unsigned` say which of them have no sign.
    `group` is how many terms the target multiplies and adds at once (kernel.byte_dot): consecutive
    steps of the last reduction, over which `rhs` is packed, a rest being filled up with zeros.
    `flip`: the top bit of each byte of `lhs` is turned over first, which adds or takes 128; the
    epilogue makes up for it.

    `block`: [terms, columns, rows] where many rows meet a large `rhs`. Blocks of so many terms (of the
    one reduction; all of them, or a piece) and columns of it are copied into `scratch` (buffers
    alone), packed as below, and all rows pass by such a block before the next one. Where the number
    of rows is dynamic and less than `rows` in a call, they meet `rhs` as it is.

    `packed`: `rhs` has one dimension and holds, block of columns after block of columns, all terms
    of each column block: element `n * terms + k * width` is column `n`, the first of its block of
    `width`, in term `k`; batches come before. With a `group`, `group` terms of a column are
    neighbours.

    `ahead`: constants that later ops read and that are fetched meanwhile; of each `ahead_ranges`
    has the first element and how many. `near`: all of `rhs` was fetched by ops before.

    ```mlir
    kernel.contract ins(%x, %w, %bias : ...) outs(%init : tensor<8x64xf32>)
        attributes {maps = [...], sizes = array<i64: 8, 64, 32>, vector_dim = 1 : i64,
                    row_dim = 0 : i64, tile = array<i64: 8, 32, 1>} {
    ^bb0(%sum: f32, %b: f32):
      %y = arith.addf %sum, %b : f32
      kernel.yield %y : f32
    } -> tensor<8x64xf32>
    ```
  }];
  let arguments = (ins AnyShaped:$lhs, AnyShaped:$rhs, Variadic<AnyShaped>:$extras,
                       Variadic<AnyShaped>:$inits, Optional<AnyMemRef>:$scratch,
                       AffineMapArrayAttr:$maps, DenseI64ArrayAttr:$sizes, I64Attr:$vector_dim, OptionalAttr<I64Attr>:$row_dim,
                       OptionalAttr<I64Attr>:$column_dim, DenseI64ArrayAttr:$tile,
                       OptionalAttr<DenseI64ArrayAttr>:$piece,
                       OptionalAttr<DenseI64ArrayAttr>:$block, UnitAttr:$by_rows, UnitAttr:$dot,
                       UnitAttr:$packed, UnitAttr:$lhs_unsigned,
                       UnitAttr:$rhs_unsigned, DefaultValuedAttr<I64Attr, "1">:$group,
                       UnitAttr:$flip,
                       OptionalAttr<TypedArrayAttrBase<FlatSymbolRefAttr, "names of constants">>:$ahead,
                       OptionalAttr<DenseI64ArrayAttr>:$ahead_ranges, UnitAttr:$near);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let skipDefaultBuilders = 1;
  let builders = [
    /// Everything else is set by name.
    OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::Value":$lhs, "::mlir::Value":$rhs,
                   "::mlir::ValueRange":$extras, "::mlir::ValueRange":$inits,
                   "::llvm::ArrayRef<::mlir::AffineMap>":$maps,
                   "::llvm::ArrayRef<int64_t>":$sizes, "unsigned":$vectorDim,
                   "::llvm::ArrayRef<int64_t>":$tile)>
  ];
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs (`,` $extras^)? `:` type($lhs) `,` type($rhs) (`,` type($extras)^)? `)`
    `outs` `(` $inits `:` type($inits) `)` (`scratch` `(` $scratch^ `:` type($scratch) `)`)?
    attr-dict-with-keyword $epilogue (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    /// Operands with a map: all but the scratch.
    ::mlir::OperandRange getMapped() { return getOperands().take_front(getMaps().size()); }
    ::mlir::AffineMap mapOf(unsigned operand) {
      return ::llvm::cast<::mlir::AffineMapAttr>(getMaps()[operand]).getValue();
    }
    ::mlir::AffineMap resultMap() { return mapOf(getMaps().size() - 1); }
    bool isReduction(unsigned loop) { return !resultMap().isFunctionOfDim(loop); }
    /// The type in which sums are computed.
    ::mlir::Type sumType() { return getEpilogue().getArgument(0).getType(); }
    /// Whether `block` goes with everything else.
    bool hasBlocks();
    /// Elements of a copied block.
    int64_t blockSize() { return (*getBlock())[0] * (*getBlock())[1]; }
  }];
  let hasVerifier = 1;
}

def Kernel_ByteDotOp : Kernel_Op<"byte_dot", [
    Pure, AllTypesMatch<["sum", "result"]>]> {
  let summary = "sums of products of neighbouring bytes, as the target has an instruction for";
  let description = [{
    `result[i] = sum[i] + x[0] * y[g * i] + ... + x[g - 1] * y[g * i + g - 1]` for the g elements of
    `x`, each extended by its sign or, where it is unsigned, by zeros.

    ```mlir
    %1 = kernel.byte_dot %x, %y, %0 {x_unsigned} : vector<4xi8>, vector<64xi8>, vector<16xi32>
    ```
  }];
  let arguments = (ins VectorOfAnyRankOf<[I8]>:$x, VectorOfAnyRankOf<[I8]>:$y,
                       AnyTypeOf<[I32, VectorOfAnyRankOf<[I32]>]>:$sum, UnitAttr:$x_unsigned,
                       UnitAttr:$y_unsigned);
  let results = (outs AnyTypeOf<[I32, VectorOfAnyRankOf<[I32]>]>:$result);
  let assemblyFormat = "$x `,` $y `,` $sum attr-dict `:` type($x) `,` type($y) `,` type($sum)";
}

def Kernel_WinogradOp : Kernel_Op<"winograd", [
    SingleBlock, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a 3x3 convolution of stride 1 with fewer multiplications";
  let description = [{
    Computes `step` x `step` places of the result at once as A^T [(U) * (B^T d B)] A (Winograd;
    Lavin and Gray, Fast Algorithms for Convolutional Neural Networks), where d are the (step + 2)^2
    places of the padded input [N, H, W, C] that they see, and U = G g G^T is the filter as it was
    transformed before, when compiling or by kernel.winograd_filter: for each of the (step + 2)^2 products a matrix C x F, packed as for
    kernel.contract in blocks of `tile[1]` columns. `sizes` are [N, H, W, C, F] of the result (N
    negative: dynamic). Where tiles do not fit, the last one lies over its neighbour.

    `strip` tiles at a time are transformed into the scratch `transformed`, multiplied into the
    scratch `products`, and transformed back. Epilogue and extras are as in kernel.contract, maps
    over the loops (n, y, x, f).

    The step of 4 multiplies 2.25 times per result instead of 9, that of 2 4 times. Sums of inputs
    and of products lose bits. In units of 2^-24 of the result's largest sum of |x| * |w|, normal
    data of 16 to 128 channels lost 16 to 38 with the step of 4, 4 to 14 times as much as the direct
    sum, which lost 2 to 5. `test/e2e/winograd_accuracy.py` measures that and holds it to 64, and
    the step of 2 to 16. NaN and infinity spread within a tile.
  }];
  let arguments = (ins AnyShaped:$input, AnyShaped:$filter, Variadic<AnyShaped>:$extras,
                       AnyShaped:$init, AnyShaped:$transformed, AnyShaped:$products,
                       AffineMapArrayAttr:$maps, DenseI64ArrayAttr:$sizes, I64Attr:$step,
                       I64Attr:$strip, DenseI64ArrayAttr:$tile);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `ins` `(` $input `,` $filter (`,` $extras^)? `:` type($input) `,` type($filter)
    (`,` type($extras)^)? `)` `outs` `(` $init `,` $transformed `,` $products `:` type($init) `,`
    type($transformed) `,` type($products) `)` attr-dict-with-keyword $epilogue
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getOperation()->getNumOperands() - 3, 3);
    }
  }];
}

def Kernel_WinogradFilterOp : Kernel_Op<"winograd_filter", [
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "the filter of a kernel.winograd, transformed";
  let description = [{
    Writes U = G g G^T of a filter that is not known before the call: (step + 2)^2 matrices C x F,
    each packed in blocks of `width` columns as kernel.winograd reads it. `map` is where the filter
    holds the element of the loops (ky, kx, c, f), `sizes` are [C, F].

    ```mlir
    %u = kernel.winograd_filter %w, %init {map = affine_map<(i, j, c, f) -> (i, j, c, f)>,
        sizes = array<i64: 64, 64>, step = 4 : i64, width = 32 : i64}
        : tensor<3x3x64x64xf32>, tensor<147456xf32> -> tensor<147456xf32>
    ```
  }];
  let arguments = (ins AnyShaped:$filter, AnyShaped:$init, AffineMapAttr:$map,
                       DenseI64ArrayAttr:$sizes, I64Attr:$step, I64Attr:$width);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $filter `,` $init attr-dict `:` type($filter) `,` type($init) (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

def Kernel_CooMatmulOp : Kernel_Op<"coo_matmul", [
    AlwaysSpeculatable,
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a sparse matrix in coordinate form times a dense one, row by row";
  let description = [{
    `init[indices[k, columns[0]], :] += values[k] * rhs[indices[k, columns[1]], :]` for every k in
    order, from zeros: what `init` held is not read. A row of the result is summed in registers and
    written once. Entries that do not come in the order of their rows are brought into it first,
    those of one row staying in their order: `starts` (two more than rows), `places` and `sorted`
    (as many as entries) are scratch for that.
  }];
  let arguments = (ins AnyShaped:$indices, AnyShaped:$values, AnyShaped:$rhs, AnyShaped:$init,
                       AnyShaped:$starts, AnyShaped:$places, AnyShaped:$sorted,
                       DenseI64ArrayAttr:$columns);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $indices `,` $values `,` $rhs `:` type($indices) `,` type($values) `,` type($rhs) `)`
    `outs` `(` $init `,` $starts `,` $places `,` $sorted `:` type($init) `,` type($starts) `,`
    type($places) `,` type($sorted) `)` `columns` $columns attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), 3, 4);
    }
  }];
}

def Kernel_YieldOp : Kernel_Op<"yield", [
    Pure, Terminator, ReturnLike, ParentOneOf<["ContractOp", "WinogradOp"]>]> {
  let summary = "the elements of the results";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Kernel_FillBorderOp : Kernel_Op<"fill_border", [
    AlwaysSpeculatable,
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "one value in what lies around the middle of a tensor";
  let description = [{
    Writes the first `low[d]` and the last `high[d]` places of each dimension d. What the middle
    holds is not read and not defined after: something else writes it.

    ```mlir
    %1 = kernel.fill_border %zero, %0 low [1, 1] high [1, 1] : f32, tensor<10x10xf32> -> tensor<10x10xf32>
    ```
  }];
  let arguments = (ins AnyType:$value, AnyShaped:$init, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $value `,` $init `low` $low `high` $high attr-dict `:` type($value) `,` type($init)
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
}

def Kernel_LookupOp : Kernel_Op<"lookup", [
    Pure, Elementwise, Scalarizable, Vectorizable, Tensorizable,
    TypesMatchWith<"result holds an f32 for each index", "index", "result",
                   "fnc::kernel::LookupOp::resultType($_self)">]> {
  let summary = "one of 8, 16 or 32 numbers";
  let description = [{
    The entry of the table that the low three, four or five bits of the index name: one permutation
    of lanes where a register holds the table, or where two do.

    ```mlir
    %y = kernel.lookup dense<[0.0, 1.0, ...]> : tensor<16xf32> at %i : i32
    ```
  }];
  let arguments = (ins AnyTypeOf<[I32, VectorOfAnyRankOf<[I32]>]>:$index,
                       AnyAttrOf<[RankedF32ElementsAttr<[8]>, RankedF32ElementsAttr<[16]>,
                                    RankedF32ElementsAttr<[32]>]>:$table);
  let results = (outs AnyTypeOf<[F32, VectorOfAnyRankOf<[F32]>]>:$result);
  let assemblyFormat = "$table `at` $index attr-dict `:` type($index)";
  let extraClassDeclaration = [{
    static ::mlir::Type resultType(::mlir::Type index) {
      auto element = ::mlir::Float32Type::get(index.getContext());
      auto vector = ::llvm::dyn_cast<::mlir::VectorType>(index);
      return vector ? ::mlir::Type(vector.clone(element)) : element;
    }
  }];
}

def Kernel_ScaleOp : Kernel_Op<"scale", [
    Pure, Elementwise, Scalarizable, Vectorizable, Tensorizable, SameOperandsAndResultType]> {
  let summary = "a number times a power of two";
  let description = [{
    `result = x * 2^floor(n)`, rounded once; 0 or infinite where n is beyond all exponents.

    ```mlir
    %y = kernel.scale %x, %n : f32
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, VectorOfAnyRankOf<[F32]>]>:$x,
                       AnyTypeOf<[F32, VectorOfAnyRankOf<[F32]>]>:$n);
  let results = (outs AnyTypeOf<[F32, VectorOfAnyRankOf<[F32]>]>:$result);
  let assemblyFormat = "$x `,` $n attr-dict `:` type($result)";
}

class Kernel_WordOf<string word> : TypesMatchWith<
    word # " holds an i32 for each counter", "low", word,
    "fnc::kernel::PhiloxOp::wordType($_self)">;

def Kernel_PhiloxOp : Kernel_Op<"philox", [
    Pure, Elementwise, Scalarizable, Vectorizable, Tensorizable,
    AllTypesMatch<["low", "high", "key"]>, Kernel_WordOf<"word0">, Kernel_WordOf<"word1">,
    Kernel_WordOf<"word2">, Kernel_WordOf<"word3">]> {
  let summary = "four random words";
  let description = [{
    The block of Philox 4x32-10 at the counter of 128 bits `low`, `high` with the key `key`. It
    becomes a loop over the ten rounds.

    ```mlir
    %words:4 = kernel.philox %low, %high, %key : i64
    ```
  }];
  let arguments = (ins AnyTypeOf<[I64, VectorOfAnyRankOf<[I64]>]>:$low,
                       AnyTypeOf<[I64, VectorOfAnyRankOf<[I64]>]>:$high,
                       AnyTypeOf<[I64, VectorOfAnyRankOf<[I64]>]>:$key);
  let results = (outs AnyTypeOf<[I32, VectorOfAnyRankOf<[I32]>]>:$word0,
                      AnyTypeOf<[I32, VectorOfAnyRankOf<[I32]>]>:$word1,
                      AnyTypeOf<[I32, VectorOfAnyRankOf<[I32]>]>:$word2,
                      AnyTypeOf<[I32, VectorOfAnyRankOf<[I32]>]>:$word3);
  let assemblyFormat = "$low `,` $high `,` $key attr-dict `:` type($low)";
  let extraClassDeclaration = [{
    static ::mlir::Type wordType(::mlir::Type counter) {
      auto element = ::mlir::IntegerType::get(counter.getContext(), 32);
      auto vector = ::llvm::dyn_cast<::mlir::VectorType>(counter);
      return vector ? ::mlir::Type(vector.clone(element)) : element;
    }
  }];
}

def Kernel_SetBytesOp : Kernel_Op<"set_bytes"> {
  let summary = "one value in every byte of a buffer without gaps";
  let description = [{
    ```mlir
    kernel.set_bytes %x to 0 : memref<?x64xf32>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemWrite]>:$target, I8Attr:$value);
  let assemblyFormat = "$target `to` $value attr-dict `:` type($target)";
}

def Kernel_CopyBytesOp : Kernel_Op<"copy_bytes"> {
  let summary = "what one buffer without gaps holds, in another of its size";
  let description = [{
    The two do not overlap.

    ```mlir
    kernel.copy_bytes %x to %y : memref<?x64xf32> to memref<?x64xf32, strided<[64, 1], offset: ?>>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemRead]>:$source,
                       Arg<AnyMemRef, "", [MemWrite]>:$target);
  let assemblyFormat = "$source `to` $target attr-dict `:` type($source) `to` type($target)";
}

#endif // FNC_KERNEL_OPS
