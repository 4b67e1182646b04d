// Passes of the buffer stage, in the order they run.
#ifndef FNC_BUFFER_PASSES
#define FNC_BUFFER_PASSES

include "mlir/Pass/PassBase.td"

def PlaceResults : Pass<"fnc-place-results", "::mlir::func::FuncOp"> {
  let summary = "give every result of a kernel a destination argument";
  let description = [{
    ```mlir
    func.func @f(%w: tensor<4xf32> {fn.role = "variable"}) -> (tensor<4xf32> {fn.role = "output"},
                                                             tensor<4xf32> {fn.role = "variable"}) {
      ...
      return %y, %w_new
    ```
    ==>
    ```mlir
    func.func @f(%w: ... {fn.written}, %out: tensor<4xf32> {fn.role = "output"}) -> (...) {
      %0 = bufferization.materialize_in_destination %y in %out
      %1 = bufferization.materialize_in_destination %w_new in %w
      return %0, %1
    ```
    Outputs are stored where they are computed, and later users read the stored value. Updates come
    last; a new value that is a view of a variable that the call overwrites is copied first. A
    kernel that can still fail (it returns a status) does not touch its variables here: `Commit`
    does, once the status is known.

    On entry: kernel form without fn ops. On exit: the same results, each in its destination as
    far as bufferization can arrange it.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::tensor::TensorDialect"];
}

def SeparateReaders : Pass<"fnc-separate-readers", "::mlir::func::FuncOp"> {
  let summary = "give tensors that many ops share to each of them";
  let description = [{
    The analysis of bufferization compares all who use a tensor with each other, in cubic time at
    worst. Each reader of a constant, or of an argument that nothing writes, gets a tensor of its
    own; so does each user of a filled tensor, every few users of an uninitialized one, and each
    operand of an op that is one. Where a branch yields the result of a loop, the other yields a
    copy of what lies outside: the analysis would have to write the loop's state in place of it.
    Where a select or branch takes a stored output or else a tensor from before the store, it takes
    a copy of the output: the analysis would see the store write over that tensor.

    ```mlir
    %0 = linalg.add ins(%a, %w) ...
    %1 = linalg.add ins(%0, %w) ...
    ```
    ==>
    ```mlir
    %buffer = bufferization.to_buffer %w read_only
    %w0 = bufferization.to_tensor %buffer restrict
    %w1 = bufferization.to_tensor %buffer restrict
    %0 = linalg.add ins(%a, %w0) ...
    %1 = linalg.add ins(%0, %w1) ...
    ```

    On exit: no constant, read-only argument or uninitialized tensor has more than `few` uses.
  }];
  let options = [Option<"few", "few", "unsigned", "16", "how many users may share a tensor">];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

def Bufferize : Pass<"fnc-bufferize", "::mlir::ModuleOp"> {
  let summary = "tensors to memrefs, in place where upstream's analysis proves it";
  let description = [{
    Upstream's one-shot bufferization over function boundaries with identity layouts, of each kernel in a
    module of its own, since kernels do not call each other; constants that are equal are one again.
    Eliminating empty tensors puts results into their destinations, but can leave IR that
    bufferization refuses; a kernel where it does is bufferized without. One that is refused then, too,
    copies what its branches and loops take.

    On exit: no tensors. Results may still be returned, and may be fresh allocations.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"];
}

def Commit : Pass<"fnc-commit", "::mlir::func::FuncOp"> {
  let summary = "copy what was not computed in place, when nothing can fail any more";
  let description = [{
    Every returned buffer that is not its destination is copied there. The copies are one parallel
    move: a source that another copy overwrites is saved first. Where the kernel has a status,
    copies into variables run only if it is zero. Then kernels return nothing.

    ```mlir
    return %b, %a : memref<4xf32>, memref<4xf32>   // destinations: %a, %b
    ```
    ==>
    ```mlir
    %t = memref.alloc() : memref<4xf32>
    linalg.copy ins(%a) outs(%t)
    linalg.copy ins(%b) outs(%a)
    linalg.copy ins(%t) outs(%b)
    return
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def MergeLoops : Pass<"fnc-merge-loops", "::mlir::func::FuncOp"> {
  let summary = "elementwise loops over the same places as one loop with several results";
  let description = [{
    The slots of a variable and the variable itself are new values of one another and of a gradient.
    One loop loads and stores each of them once, and what lies between them is stored nowhere.

    ```mlir
    linalg.generic ins(%m, %g) outs(%m) { ... }
    linalg.generic ins(%w, %m) outs(%w) { ... }
    ```
    ==>
    ```mlir
    linalg.generic ins(%m, %g, %w) outs(%m, %w) { ... }
    ```
    The loops share a buffer, and touch what either of them writes only at the place where they are.
    Between them stand only ops on a few numbers. Sizes are static.

    On entry: memrefs, one allocation a buffer. On exit: the same.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"];
}

def SinkUpdates : Pass<"fnc-sink-updates", "::mlir::func::FuncOp"> {
  let summary = "new values of variables computed in place at the end, once nothing can fail any more";
  let description = [{
    A kernel that can fail computes new values beside the old ones and copies them when the status is
    known; others do so where a later op read the old value. Where what makes new values can wait
    until then, it writes to the variables, and workspace and copies are saved.

    ```mlir
    linalg.generic ins(%g, %w) outs(%new) { ... }
    scf.if %ok {
      linalg.copy ins(%new) outs(%w)
    }
    ```
    ==>
    ```mlir
    scf.if %ok {
      linalg.generic ins(%g, %w) outs(%w) { ... }
    }
    ```
    The op touches the variables that it writes at the place where it is; no other part of the
    commit reads what it writes; nothing changes what it reads before. A contraction waits for a status where what
    it reads takes no more memory than its result.

    On entry and on exit: the form that `Commit` leaves, but for what the commit holds.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"];
}

def FuseUpdates : Pass<"fnc-fuse-updates", "::mlir::func::FuncOp"> {
  let summary = "the elementwise loop behind a contraction as its epilogue";
  let description = [{
    A gradient that a contraction makes and the update of its variable alone reads is never stored:
    each block of it goes into the update from registers.

    ```mlir
    %g = memref.alloc() : memref<64x10xf32>
    kernel.contract ins(%x, %dy) outs(%g) { ... }
    linalg.generic ins(%g, %m, %w) outs(%m, %w) { ... }
    ```
    ==>
    ```mlir
    kernel.contract ins(%x, %dy, %m, %w) outs(%m, %w) { ... }
    ```
    The loop moves up to the contraction, past ops with which it shares nothing that is written, and
    takes along those on a few numbers. A loop over large buffers goes by strips of rows with its
    contraction instead, unless it costs nothing as an epilogue: divisions and roots run beside
    sums. Where something in between still needs what the loop
    changes, the contraction moves down, if what it reads takes no more memory than its result.

    On entry: memrefs, one allocation a buffer. On exit: the same.
  }];
  let dependentDialects = ["::fnc::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect"];
}

def StripRows : Pass<"fnc-strip-rows", "::mlir::func::FuncOp"> {
  let summary = "contractions with ops on rows in between, strip by strip";
  let description = [{
    Attention: what one contraction makes goes through ops that need no other row, a scale, a mask,
    softmax, to the next one. All of it is done for a strip of rows before the next strip, so that
    the scores never exist as a whole.

    ```mlir
    %s = memref.alloc() : memref<12x2048x2048xf32>
    kernel.contract ins(%q, %k) outs(%s) {sizes = [12, 2048, 2048, 64]} ...
    linalg.generic ins(%s) outs(%p) ...
    kernel.contract ins(%p, %v) outs(%y) {sizes = [12, 2048, 2048, 64]} ...
    ```
    ==>
    ```mlir
    scf.for %h = %c0 to %c12 step %c1 {
      scf.for %i = %c0 to %c2048 step %c32 {
        %s = memref.alloc() : memref<1x32x2048xf32>
        kernel.contract ins(%q[%h, %i ..], %k[%h]) outs(%s) {sizes = [1, 32, 2048, 64]} ...
        linalg.generic ins(%s) outs(%p) ...
        kernel.contract ins(%p, %v[%h]) outs(%y[%h, %i ..]) {sizes = [1, 32, 2048, 64]} ...
      } {fn.strips}
    } {fn.strips}
    ```
    Rows are the dimensions of what the last contraction reads that are parallel in it. Every buffer
    between the contractions is known to ops of the chain alone, which go over its rows step by step;
    what is read besides is sliced by rows, or read as a whole. What is made of few operations for
    several batches or heads, such as a causal mask, is made for each of them. All ops move down to
    the last one, where nothing in between minds. Sizes may depend on the call: a strip has a known
    number of rows then, and the last one has what is left. No bit of a result changes.

    On entry: memrefs, one allocation a buffer. On exit: the same.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::fnc::kernel::KernelDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def FuseRows : Pass<"fnc-fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "one loop over rows for ops that follow one another";
  let description = [{
    Softmax, norms and losses, or the updates of one variable, are ops that each pass over the same
    rows. Done row by row, the next op finds a row where the last one left it, and a buffer between
    them holds a row instead of all.

    ```mlir
    %e = memref.alloc() : memref<64x1024xf32>
    linalg.generic ins(%x) outs(%e) ...
    linalg.generic ins(%e) outs(%y) ...
    ```
    ==>
    ```mlir
    %e = memref.alloc() : memref<1024xf32>
    scf.for %i = %c0 to %c64 step %c1 {
      linalg.generic ins(%x[%i]) outs(%e) ...
      linalg.generic ins(%e) outs(%y[%i]) ...
    }
    ```
    Rows are the outermost loops of more than one step, which must be parallel in every op: as many
    as leave a row long enough. A buffer that is written is touched by one row at a time in all of
    them; so the order of rows does not matter, and within a row the ops keep theirs. Loops whose rows
    are single elements stay loops, along which vectors run. How many rows
    there are may depend on the call; a row has static sizes, and stays small enough for the caches
    near the core. In loops marked `fn.strips` it is the same.

    On entry: memrefs, one allocation a buffer. On exit: the same, and no such mark.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ChainContractions : Pass<"fnc-chain-contractions", "::mlir::func::FuncOp"> {
  let summary = "contractions that follow one another, strip by strip";
  let description = [{
    Where a contraction makes rows that the next one alone reads, row by row or in windows, and all
    of them would leave the caches, both are done strip by strip, and so are contractions behind
    them that read rows. Rows that the windows of two strips share are kept, not computed again.

    ```mlir
    %e = memref.alloc() : memref<1x112x112x96xf32>
    kernel.contract ins(%x, %w) outs(%e) {sizes = [1, 112, 112, 16, 96]} ...
    kernel.contract ins(%e, %v) outs(%y) {sizes = [1, 55, 55, 3, 3, 96]} ...
    ```
    ==>
    ```mlir
    %e = memref.alloc() : memref<1x7x112x96xf32>
    ... the first strip
    scf.for %i = %c1 to %c18 step %c1 {
      linalg.copy ins(%e[6 .. 7]) outs(%e[0 .. 1])
      kernel.contract ins(%x[6 * %i + 1 ..], %w) outs(%e[1 ..]) {sizes = [1, 6, 112, 16, 96]} ...
      kernel.contract ins(%e, %v) outs(%y[3 * %i ..]) {sizes = [1, 3, 55, 3, 3, 96]} ...
    }
    ... the last strip
    ```
    On entry: memrefs of static sizes, one allocation a buffer. On exit: the same.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::fnc::kernel::KernelDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def FetchAhead : Pass<"fnc-fetch-ahead", "::mlir::func::FuncOp"> {
  let summary = "constants come while contractions before multiply";
  let description = [{
    Of a function whose constants do not stay in the caches from call to call: what a product of a
    vector and a matrix reads, or another contraction begins with, is fetched by contractions before
    it that have time for it, half of what memory can do at most.

    ```mlir
    kernel.contract ins(%x, %w) outs(%y) {sizes = [49, 1280, 320], packed, ...}
    kernel.contract ins(%z, %v) outs(%out) {sizes = [1, 1000, 1280], packed, ...}
    ```
    ==>
    ```mlir
    kernel.contract ins(%x, %w) outs(%y) {ahead = [@v], ahead_ranges = [0, 1280000], ...}
    kernel.contract ins(%z, %v) outs(%out) {...}
    ```
  }];
  let dependentDialects = ["::fnc::kernel::KernelDialect"];
}

def PackBlocks : Pass<"fnc-pack-blocks", "::mlir::func::FuncOp"> {
  let summary = "room for the blocks that contractions copy";
  let description = [{
    ```mlir
    kernel.contract ins(%x, %w) outs(%y) attributes {block = array<i64: 512, 256, 192>, ...}
    ```
    ==>
    ```mlir
    %0 = memref.alloc() : memref<131072xf32>
    kernel.contract ins(%x, %w) outs(%y) scratch(%0) attributes {block = ...}
    ```
    Strips of too few rows copy nothing, unless blocks are turned; nor does `GRAPH_init`, to which
    nobody hands a workspace.
  }];
  let dependentDialects = ["::fnc::kernel::KernelDialect", "::mlir::memref::MemRefDialect"];
}

def SkewRows : Pass<"fnc-skew-rows", "::mlir::func::FuncOp"> {
  let summary = "few loops in a row, which run beside those of the next rows";
  let description = [{
    The ops of a row become stages: those that need nothing of one another but elements of the same
    step are one op, and what takes a few operations is computed again instead of stored. Where there
    are several stages of equal length, each works on another row at the same time: while one waits
    for memory, another computes, and what combines the partial results of one row does not hold up
    the next.

    ```mlir
    scf.for %i = %c0 to %c64 step %c1 {
      linalg.generic ins(%x[%i]) outs(%max) ...
      linalg.generic ins(%x[%i], %max) outs(%y[%i]) ...
    } {fn.rows}
    ```
    ==>
    ```mlir
    scf.for %i = %c0 to %c65 step %c1 {
      scf.if %both {
        linalg.generic ins(%x[%i], %x[%i - 1], %max[(%i - 1) mod 2]) outs(%max[%i mod 2], %y[%i - 1]) ...
      } else {
        ... one of them, for the first and the last row
      }
    }
    ```
    On entry: loops marked `fn.rows`, whose ops are linalg on one row. On exit: no such mark.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "128", "bits of a register that holds vectors">,
    Option<"registers", "registers", "unsigned", "16",
           "how many of them there are; 0: one row after another">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def PlanWorkspace : Pass<"fnc-plan-workspace", "::mlir::func::FuncOp"> {
  let summary = "place every allocation in one workspace argument";
  let description = [{
    ```mlir
    %0 = memref.alloc(%n) : memref<?x10xf32>
    ```
    ==>
    ```mlir
    %0 = memref.view %workspace[%offset][%n] : memref<?xi8> to memref<?x10xf32>
    ```
    Lifetimes are intervals over the ops of the innermost block that holds all uses: buffers of a
    loop's body that are not used at the same time share memory, and so do those of the two branches
    of an if. Buffers are placed greedily at a
    representative size in several orders, and the smallest plan is kept; what is recorded is
    which buffers lie below which, so that `offset(k) = max over below(k) of end(j)` holds for
    every value of the symbols, not just the representative one. Where every symbol has a bound, the
    sizes are the largest there can be, and the offsets constants.

    On exit: no `memref.alloc`; `fn.workspace` lists the buffers (size in bytes and `below`).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def VerifyWorkspace : Pass<"fnc-verify-workspace", "::mlir::func::FuncOp"> {
  let summary = "check that no two live buffers overlap, and the contract of the buffer stage";
  let description = [{
    Recomputes lifetimes by a walk of its own (uses of the views, through aliases) and the offsets
    at several sizes, and fails where two buffers that are live together overlap, where an
    allocation or a tensor is left, or where a kernel still returns something.
  }];
}

def MarkRegions : Pass<"fnc-mark-regions", "::mlir::ModuleOp"> {
  let summary = "say when each part of a kernel begins, for `fnc bench`";
  let description = [{
    ```mlir
    linalg.generic ins(%x) outs(%y) ...
    ```
    ==>
    ```mlir
    call @fn_region(%c0) : (i32) -> ()
    linalg.generic ins(%x) outs(%y) ...
    call @fn_region(%minus1) : (i32) -> ()
    ```
    A region is what one op at the top of a kernel computes. `fn.regions` says of each where in the
    graph it comes from, and as expressions over the kernel's symbols how many operations on
    floating-point numbers it takes (of a transcendental function those that it was expanded to;
    of a Winograd convolution those of the direct sum) and how many bytes the buffers have that it
    touches. What depends on the data is left out.

    On entry: planned buffers. On exit: the same, and a function `fn_region` for the caller to
    supply.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
}

def ShareOps : Pass<"fnc-share-ops", "::mlir::ModuleOp"> {
  let summary = "equal ops of one graph's kernels as one function";
  let description = [{
    The functions of a graph often begin alike: a training step makes the predictions that another
    function gives. Ops at the top of kernels that differ in nothing but their buffers become calls
    of one function, where they are long enough for the call not to count.

    ```mlir
    func.func @train(%x: memref<?x64xf32>, ...) {
      kernel.contract ins(%x, %w : ...) outs(%hidden : ...) ...
    func.func @predict(%x: memref<?x64xf32>, ...) {
      kernel.contract ins(%x, %w : ...) outs(%probs : ...) ...
    ```
    ==>
    ```mlir
    func.func @train(%x: memref<?x64xf32>, ...) {
      call @train.shared0(%x, %w, %hidden)
    func.func @predict(%x: memref<?x64xf32>, ...) {
      call @train.shared0(%x, %w, %probs)
    func.func private @train.shared0(%x: memref<?x64xf32> {llvm.noalias}, ...) {
      kernel.contract ins(%x, %w : ...) outs(%y : ...) ...
    ```
    Draws of random initial values become alike first: each is a loop over a row, whatever the shape,
    and gets the seed and the numbers of its distribution; `fn.few` marks those that are not worth
    vectors.

    On entry: planned buffers. An op whose buffers may overlap stays where it is, since lowering it
    asks which of them do.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def LowerToLoops : Pass<"fnc-lower-to-loops", "::mlir::func::FuncOp"> {
  let summary = "linalg on memrefs to loops whose innermost one runs along memory";
  let description = [{
    Each linalg op becomes one nest of `scf.for`; loops that every operand walks through without a gap
    become one first. Where all operands are contiguous or constant along a loop, vectors run along
    it, and a reduction along them has 32 partial results (`VectorLoops.h` says in which order they
    meet), several at a time where a body is long; what few elements need, a huge angle's reduction,
    is a branch that a vector takes where one of its elements does. Where the largest element of each
    row is, is found for several rows at a time, gathered into vectors (`ElementLoops.h`). Results
    that stay in registers over a reduction start from the value of a fill, which is not done then.
    Other ops get the loop with the smallest total stride over all operands innermost, so that LLVM's
    vectorizer finds contiguous access; their reductions keep their order. A
    kernel.contract keeps a block of its result in registers, as `RegisterTile.h` chose: where
    vectors run along the reduction, or the result is too small to keep the target busy, as several
    partial sums. While the sums of a block are made, what its epilogue needs of large buffers comes
    by prefetches, and so does the next panel of a large operand; and where the epilogue divides or
    takes roots, the block before goes through it. kernel.lookup, kernel.scale and kernel.byte_dot
    become instructions of the target, kernel.philox a loop. Fills with one byte and
    copies of memory without a gap become kernel.set_bytes and kernel.copy_bytes where there are
    vectors.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "128", "bits of a register that holds vectors">,
    Option<"registers", "registers", "unsigned", "16", "how many of them there are">,
    Option<"byteProducts", "byte-products", "::fnc::ByteProducts", "::fnc::ByteProducts::None",
           "what multiplies bytes", "::fnc::byteProductsValues()">,
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::fnc::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def OutlineLoops : Pass<"fnc-outline-loops", "::mlir::ModuleOp"> {
  let summary = "nests of a long kernel as functions of their own";
  let description = [{
    LLVM's passes take time that grows faster than the length of a function. A kernel of more than
    `at-least` nests becomes a list of calls, and equal nests share one function.

    ```mlir
    func.func @f(%x: memref<8xf32>, %y: memref<8xf32>) {
      scf.for ... { ... }
    ```
    ==>
    ```mlir
    func.func private @f.nest0(%x: memref<8xf32> {llvm.noalias}, %y: memref<8xf32> {llvm.noalias}) {
      scf.for ... { ... }
    }
    func.func @f(%x: memref<8xf32>, %y: memref<8xf32>) {
      call @f.nest0(%x, %y)
    ```
    On entry: planned buffers. What one op at the top uses is live at once: arguments that are not
    views of one another do not alias.
  }];
  let options = [
    Option<"atLeast", "at-least", "unsigned", "8", "nests that a kernel may have in one piece">,
  ];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

#endif // FNC_BUFFER_PASSES
