//===- Pipeline.cpp - from a graph to an object ---------------------------===//
//
// The whole compiler on one page. A graph goes through four stages, which meet only here; each
// ends in a form that the next one relies on, and that `--emit=STAGE` prints:
//
//   graph    fn.graph            -> one kernel per function spec, pure tensors, effects gone
//   tensor   fn ops              -> linalg on tensors, fused, bodies of plain arithmetic
//   buffer   tensors             -> memrefs: inputs, state, outputs, one planned workspace
//   loops    linalg on memrefs   -> loops
//   llvm     loops               -> LLVM IR with checked C entry points -> object and header
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"
#include "compiler/Threads.h"
#include "compiler/buffer/Passes.h"
#include "compiler/emit/ConstantPool.h"
#include "compiler/emit/DebugLines.h"
#include "compiler/emit/EmitObject.h"
#include "compiler/graph/Passes.h"
#include "compiler/kernel/Kernel.h"
#include "compiler/tensor/Passes.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/BufferViewFlowOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/Threading.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

ArrayRef<StringRef> fnc::stageNames() {
  static constexpr StringRef names[] = {"graph", "tensor",       "buffer",
                                        "loops", "llvm-dialect", "llvm"};
  return names;
}

void fnc::registerInputDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect, bufferization::BufferizationDialect,
                  cf::ControlFlowDialect, fn::FnDialect, func::FuncDialect, linalg::LinalgDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                  tensor::TensorDialect, tosa::TosaDialect>();
  registerKernelDialect(registry);
  arith::registerBufferViewFlowOpInterfaceExternalModels(registry);
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerSubsetOpInterfaceExternalModels(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
}

namespace {

/// Prints and stops, or goes on.
bool stopsAt(StringRef stage, Operation *module, const fnc::CompileOptions &options,
             fnc::CompileResult &result) {
  if (options.stopAfter != stage)
    return false;
  llvm::raw_svector_ostream os(result.code);
  module->print(os);
  return true;
}

/// Which floating-point instructions the target has and lacks.
fnc::ExpandMathOptions mathOf(const llvm::TargetMachine &machine) {
  const llvm::Triple &triple = machine.getTargetTriple();
  auto has = [&](const char *feature) {
    return machine.getMCSubtargetInfo()->checkFeatures(feature);
  };
  fnc::ExpandMathOptions math;
  if (triple.isX86() || triple.isAArch64()) {
    math.fma = triple.isAArch64() || has("+fma");
    math.scale = triple.isX86() && has("+avx512f") && has("+avx512vl");
    if (triple.isX86())
      math.lookup = has("+avx512f") ? 32 : has("+avx2") ? 16 : 0;
    else
      math.lookup = has("+neon") ? 8 : 0;
    math.rounding = triple.isAArch64() || has("+sse4.1");
    return math;
  }
  math.softF64 = true;
  // Cores with f32 alone say so by their features (RISC-V) or their calls (Arm).
  math.softF32 = triple.isRISCV() ? !machine.getTargetFeatureString().contains("+f")
                                  : machine.Options.FloatABIType != llvm::FloatABI::Hard;
  math.fma = !math.softF32 && (triple.isRISCV() || (triple.isARM() && has("+vfp4d16sp")) ||
                               (triple.isThumb() && has("+vfp4d16sp")));
  return math;
}

/// The registers that hold vectors, and blocks of results.
template <typename Options>
Options registersOf(const fnc::VectorRegisters &vectors, llvm::TargetMachine &machine,
                    const fnc::TargetOptions &target) {
  Options result;
  result.vectorBits = vectors.bits;
  result.registers = vectors.count;
  if (vectors.bits == 0) {
    // A call per operation hides any load, and blocks of scalars are the longer code.
    bool scalars = !target.forSize && !mathOf(machine).softF32;
    result.vectorBits = 32;
    result.registers = scalars ? 8 : 0;
  }
  return result;
}

/// What multiplies bytes, in registers that hold vectors.
fnc::ByteProducts byteProductsOf(unsigned bits, llvm::TargetMachine &machine) {
  using fnc::ByteProducts;
  auto has = [&](const char *feature) {
    return machine.getMCSubtargetInfo()->checkFeatures(feature);
  };
  const llvm::Triple &triple = machine.getTargetTriple();
  if (triple.isAArch64() && triple.isLittleEndian() && bits >= 128)
    return has("+i8mm")      ? ByteProducts::I8mm
           : has("+dotprod") ? ByteProducts::Dotprod
                             : ByteProducts::None;
  // Registers of floats may be wider than those of integers.
  if (!triple.isX86() || bits < 128 || (bits == 256 && !has("+avx2")) ||
      (bits == 512 && !has("+avx512bw")))
    return ByteProducts::None;
  bool hasVnni = has("+avx512vnni") && (bits == 512 || has("+avx512vl"));
  return hasVnni || (has("+avxvnni") && bits < 512) ? ByteProducts::Vnni : ByteProducts::Pmaddwd;
}

/// `registersOf`, with what multiplies bytes.
template <typename Options>
Options kernelsOf(const fnc::VectorRegisters &vectors, llvm::TargetMachine &machine,
                  const fnc::TargetOptions &target) {
  auto result = registersOf<Options>(vectors, machine, target);
  result.byteProducts = byteProductsOf(vectors.bits, machine);
  return result;
}

/// For the passes on functions; 0 where one function is nearly all there is.
unsigned usefulThreads(ModuleOp module) {
  constexpr size_t kFewest = 4; // ops of the graph stage, which will be hundreds
  size_t all = 0, largest = 0;
  unsigned functions = 0;
  for (auto func : module.getOps<func::FuncOp>())
    if (!func.isExternal()) {
      size_t ops = func.front().getOperations().size();
      all += ops;
      largest = std::max(largest, ops);
      ++functions;
    }
  if (all - largest < kFewest || module.getContext()->isMultithreadingEnabled())
    return 0;
  return std::min(functions, llvm::hardware_concurrency().compute_thread_count());
}

/// LLVM IR or assembly, in which blocks and values have names for people.
llvm::Error printCode(ModuleOp module, const fnc::CompileOptions &options,
                      llvm::TargetMachine &machine, fnc::CompileResult &result) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = fnc::translate(module, result.graph, context, machine);
  if (!code)
    return llvm::createStringError("internal error: no LLVM IR of the module");
  fnc::optimize(*code, machine, options.target);
  fnc::addChecks(*code, result.graph);
  if (options.assembly) {
    fnc::embedManifest(*code, result.graph, machine, options.target);
    return fnc::emitCode(*code, machine, /*assembly=*/true, result.code);
  }
  llvm::raw_svector_ostream os(result.code);
  code->print(os, nullptr);
  return llvm::Error::success();
}

} // namespace

FailureOr<fnc::CompileResult> fnc::compile(ModuleOp module, const CompileOptions &options) {
  CompileResult result;
  auto run = [&](auto build) -> LogicalResult {
    PassManager pm(module.getContext());
    // Stages check their own contract; verifying between passes is for --verify-each tests.
    pm.enableVerifier(false);
    build(pm);
    return pm.run(module);
  };
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machine =
      createTargetMachine(options.target);
  if (!machine) {
    module.emitError(llvm::toString(machine.takeError()));
    return failure();
  }
  VectorRegisters vectors = vectorRegisters(**machine);

  // What each function needs, in which order, with which sizes: everything that has to do with
  // specs is decided here, so that later stages see plain functions on values.
  SelectFunctionsOptions select;
  select.graph = options.graph;
  select.functions.assign(options.functions.begin(), options.functions.end());
  if (failed(run([&](PassManager &pm) { buildGraphPipeline(pm, select); })))
    return failure();
  if (stopsAt("graph", module, options, result))
    return result;

  // From here on passes look at one function at a time, mostly.
  std::optional<ContextThreads> threads;
  if (unsigned count = usefulThreads(module); count > 0)
    threads.emplace(module.getContext(), count);

  // Values, not memory: fusion is safe where nothing aliases.
  if (failed(run([&](PassManager &pm) {
        auto contractions = kernelsOf<FormContractionsOptions>(vectors, **machine, options.target);
        contractions.halves = vectors.halves;
        buildTensorPipeline(pm, {.sortEntries = vectors.bits != 0 && !options.target.forSize},
                            mathOf(**machine), contractions,
                            options.winograd && !options.target.forSize, options.fastMath);
      })))
    return failure();
  if (stopsAt("tensor", module, options, result))
    return result;

  // Memory once, for the fused form: what lives at the same time is known only now. The branch to
  // C++ source leaves after this stage.
  if (failed(run([&](PassManager &pm) {
        auto skew = registersOf<SkewRowsOptions>(vectors, **machine, options.target);
        if (options.target.forSize)
          skew.registers = 0;
        buildBufferPipeline(pm, skew, options.profile);
      })))
    return failure();
  if (stopsAt("buffer", module, options, result))
    return result;
  FailureOr<Graph> graph = readManifest(module);
  if (failed(graph))
    return failure();
  result.graph = std::move(*graph);
  for (const Function &function : result.graph.functions)
    if (function.isInit && !function.workspace.empty()) {
      // Nobody hands a workspace to `GRAPH_init`.
      module.emitError("internal error: the initial values need a workspace");
      return failure();
    }

  if (failed(run([&](PassManager &pm) {
        OutlineLoopsOptions outline;
        // A call and its arguments are the longer code.
        if (options.target.forSize)
          outline.atLeast = 32;
        buildLoopPipeline(pm, kernelsOf<LowerToLoopsOptions>(vectors, **machine, options.target),
                          outline);
      })))
    return failure();
  if (stopsAt("loops", module, options, result))
    return result;

  // Not in text that people read, nor where bytes of memory are in another order, or a table of
  // addresses (Mips) tells symbols of the object from those of others.
  std::vector<PooledConstant> constants;
  if (options.stopAfter.empty() && !options.assembly &&
      (*machine)->getTargetTriple().isLittleEndian() && !(*machine)->getTargetTriple().isMIPS())
    constants = takeConstants(module);
  unsigned indexBits = (*machine)->createDataLayout().getPointerSizeInBits();
  if (failed(run([&](PassManager &pm) { buildLowerToLLVMPipeline(pm, indexBits); })))
    return failure();
  if (options.debugLines) {
    chooseLines(module);
    if (failed(run([](PassManager &pm) { pm.addPass(LLVM::createDIScopeForLLVMFuncOpPass()); })))
      return failure();
  }
  if (stopsAt("llvm-dialect", module, options, result))
    return result;
  // Threads that begin take the memory over that those have left.
  if (threads)
    threads->join();

  registerTranslation(*module.getContext());
  if (llvm::Error error = options.stopAfter == "llvm" || options.assembly
                              ? printCode(module, options, **machine, result)
                              : emitObject(module, **machine, options.target, result.graph,
                                           constants, result.code)) {
    module.emitError(llvm::toString(std::move(error)));
    return failure();
  }
  if (options.stopAfter == "llvm" || options.assembly)
    return result;
  auto undefined = undefinedSymbols(StringRef(result.code.data(), result.code.size()));
  if (!undefined) {
    module.emitError(llvm::toString(undefined.takeError()));
    return failure();
  }
  for (const std::string &symbol : *undefined) {
    if (!isAllowedUndefined(symbol) && !(options.profile && symbol == "fn_region")) {
      module.emitError("internal error: the object would need '") << symbol << "'";
      return failure();
    }
    result.undefined.push_back(symbol);
  }
  result.header = emitHeader(result.graph, result.undefined);
  return result;
}
