//===- Object.cpp - LLVM IR to object code --------------------------------===//

#include "compiler/emit/Emit.h"
#include "compiler/emit/LoopPointers.h"
#include "compiler/emit/MaskedSelect.h"
#include "compiler/emit/MoveBits.h"
#include "compiler/graph/Nearest.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/PassRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include <set>

using namespace llvm;
using namespace llvm::PatternMatch;

/// Names in a table of LLVM's.
template <typename Table> static SmallVector<StringRef> keys(const Table &table) {
  SmallVector<StringRef> names;
  for (const auto &entry : table)
    names.push_back(entry.Key);
  return names;
}

Expected<std::unique_ptr<TargetMachine>>
fnc::createTargetMachine(const fnc::TargetOptions &options) {
#define FNC_TARGET(NAME) LLVMInitialize##NAME##TargetInfo();
  FNC_TARGETS
#undef FNC_TARGET
  Triple triple(
      Triple::normalize(options.triple.empty() ? sys::getDefaultTargetTriple() : options.triple));
  std::string problem;
  const Target *target = TargetRegistry::lookupTarget(triple, problem);
  if (!target)
    return createStringError("unknown target '" + options.triple + "'");
#define FNC_TARGET(NAME)                                                                           \
  if (StringRef(#NAME) == target->getBackendName()) {                                              \
    LLVMInitialize##NAME##Target();                                                                \
    LLVMInitialize##NAME##TargetMC();                                                              \
    LLVMInitialize##NAME##AsmPrinter();                                                            \
    LLVMInitialize##NAME##AsmParser();                                                             \
  }
  FNC_TARGETS
#undef FNC_TARGET
  if (triple.isOSBinFormatMachO() || triple.isOSBinFormatCOFF())
    return createStringError("target '" + triple.str() + "' has no ELF objects, which fnc makes");

  std::string cpu = options.cpu, features = options.features;
  if (cpu == "native") {
    cpu = sys::getHostCPUName().str();
    SubtargetFeatures host;
    for (const auto &[name, enabled] : sys::getHostCPUFeatures())
      host.AddFeature(name, enabled);
    features = host.getString() + (features.empty() ? "" : "," + features);
  } else if (cpu.empty() && triple.isX86() && triple.isArch64Bit()) {
    cpu = "x86-64";
  } else if (cpu.empty() && triple.isRISCV()) {
    cpu = triple.isArch64Bit() ? "generic-rv64" : "generic-rv32";
  } else if (cpu.empty()) {
    cpu = "generic";
  }
  std::unique_ptr<MCSubtargetInfo> info(target->createMCSubtargetInfo(triple, "", ""));
  if (!info || !info->isCPUStringValid(cpu))
    return createStringError(
        "unknown CPU '" + cpu + "' for target '" + triple.str() + "'" +
        (info ? didYouMean(cpu, keys(info->getAllProcessorDescriptions())) : std::string()));
  // LLVM would ignore what it does not know, and say so on a stream that nobody asked for.
  for (StringRef feature : split(options.features, ',')) {
    StringRef name = feature.drop_front(feature.empty() ? 0 : 1);
    if (feature.empty())
      continue;
    if (feature.front() != '+' && feature.front() != '-')
      return createStringError("expected '+' or '-' before feature '" + feature + "'");
    auto known = keys(info->getAllProcessorFeatures());
    if (!is_contained(known, name))
      return createStringError("unknown feature '" + name + "' for target '" + triple.str() + "'" +
                               didYouMean(name, known));
  }
  if (!options.abi.empty() && triple.isRISCV()) {
    static constexpr StringRef known[] = {"ilp32", "ilp32e", "ilp32f", "ilp32d",
                                          "lp64",  "lp64e",  "lp64f",  "lp64d"};
    if (!is_contained(known, options.abi))
      return createStringError("unknown ABI '" + options.abi + "' for target '" + triple.str() +
                               "'" + didYouMean(options.abi, known));
  }

  llvm::TargetOptions target_options;
  target_options.FunctionSections = true;
  target_options.DataSections = true;
  // Frames are described with -g, and describing them holds instructions in place on some targets:
  // always, then, in a section that is not loaded, so that -g gives the same code.
  target_options.ForceDwarfFrameSection = true;
  target_options.MCOptions.ABIName = options.abi;
  // The triple's suffix decides how floats are passed; LLVM wants it said.
  if (triple.getEnvironment() == Triple::EABIHF || triple.getEnvironment() == Triple::GNUEABIHF ||
      triple.getEnvironment() == Triple::MuslEABIHF)
    target_options.FloatABIType = FloatABI::Hard;
  static constexpr CodeGenOptLevel levels[] = {CodeGenOptLevel::None, CodeGenOptLevel::Less,
                                               CodeGenOptLevel::Default,
                                               CodeGenOptLevel::Aggressive};
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, cpu, features, target_options, Reloc::PIC_, std::nullopt, levels[options.level]));
  if (!machine)
    return createStringError("target '" + triple.str() + "' cannot generate code");
  return machine;
}

/// LLVM's passes for levels 1 to 3. Its own pipelines expect what people write; kernels come with
/// their loops in order, rotated, in vectors, with tests that need no rewriting, and without a
/// common subexpression. Each pass that is here saves instructions in some kernel, and the others
/// none: a third of the time.
static std::string speedPipeline(unsigned level) {
  constexpr StringLiteral combine = "instcombine<max-iterations=1;no-verify-fixpoint>";
  std::string text = "function<eager-inv>(sroa<modify-cfg>,early-cse<>," + combine.str() +
                     "),cgscc(inline),function<eager-inv>(";
  // What was left to elements: sums in an order of their own, mixed widths, checks of indices. What
  // unrolls in part also unrolls whole loops.
  text += level >= 2 ? "loop-vectorize,loop-unroll<O" + std::to_string(level) + ">,"
                     : "loop(loop-unroll-full),";
  text += "early-cse<memssa>,dse,simplifycfg<bonus-inst-threshold=1;forward-switch-cond;"
          "switch-range-to-icmp;switch-to-arithmetic;switch-to-lookup;no-keep-loops;"
          "hoist-common-insts;sink-common-insts;speculate-blocks;simplify-cond-branch;"
          "no-speculate-unpredictables>,";
  // GVN for what unrolled loops store and load again.
  if (level >= 2)
    text += "slp-vectorizer,vector-combine,gvn<no-pre;no-load-pre>,";
  return text + combine.str() + ",loop-mssa(licm<allowspeculation>)),globaldce,constmerge";
}

/// Kernels that loop stay out of the functions that check calls, which are compiled in another way
/// (`compileSimply`).
static void keepKernels(Module &module) {
  for (llvm::Function &function : module)
    if (function.getName().starts_with("fn.kernel.") && function.size() > 1)
      function.addFnAttr(Attribute::NoInline);
}

void fnc::optimize(Module &module, TargetMachine &machine, const fnc::TargetOptions &options) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = options.level >= 2;
  PassBuilder passes(&machine, tuning);
  // No library function is known, so none can be recognized and called.
  functions.registerPass([&] {
    TargetLibraryInfoImpl library(machine.getTargetTriple());
    library.disableAllFunctions();
    library.setAvailable(LibFunc_memcpy);
    library.setAvailable(LibFunc_memset);
    library.setAvailable(LibFunc_memmove);
    return TargetLibraryAnalysis(library);
  });
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(sccs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, sccs, modules);
  if (options.forSize)
    for (llvm::Function &function : module)
      if (!function.isDeclaration())
        function.addFnAttr(Attribute::OptimizeForSize);
  OptimizationLevel level = options.forSize      ? OptimizationLevel::Os
                            : options.level == 0 ? OptimizationLevel::O0
                            : options.level == 1 ? OptimizationLevel::O1
                            : options.level == 2 ? OptimizationLevel::O2
                                                 : OptimizationLevel::O3;
  ModulePassManager pipeline;
  if (fnc::hasScaledIndices(machine) && !options.forSize)
    keepKernels(module);
  if (level == OptimizationLevel::O0)
    pipeline = passes.buildO0DefaultPipeline(level);
  else if (options.forSize)
    pipeline = passes.buildPerModuleDefaultPipeline(level);
  else
    cantFail(passes.parsePassPipeline(pipeline, speedPipeline(options.level)));
  pipeline.run(module, modules);
  moveBits(module);
  keepMasksOutOfLogic(module, machine);
  if (options.level > 0)
    moveLoopPointers(module, machine);
}

namespace {

/// LLVM's passes for code generation, but for those that find nothing in kernels or that others
/// did the work of, with what they ask to be known.
class CodeGenPasses : public legacy::PassManager {
public:
  explicit CodeGenPasses(const TargetMachine &machine) {
    if (!fnc::hasScaledIndices(machine))
      return;
    leftOut = {
        // `moveLoopPointers` was before it.
        "loop-reduce", "canon-freeze",
        // Instructions hold their constants, but for vectors, which it does not look at.
        "consthoist",
        // The register allocator leaves nearly no copies.
        "machine-cp",
        // Selected instructions are all used, and paths that could become one are not cheap enough.
        "dead-mi-elimination", "early-ifcvt",
        // No function of C is known, and LLVM puts none in.
        "partially-inline-libcalls", "replace-with-veclib", "mergeicmps", "expand-memcmp",
        // What other languages have: exceptions, garbage, calls that are counted or traced.
        "dwarf-eh-prepare", "callbrprepare", "objc-arc-contract", "gc-lowering",
        "shadow-stack-gc-lowering", "gc-analysis", "fixup-statepoint-caller-saved",
        "stackmap-liveness", "post-inline-ee-instrument", "fentry-insert", "xray-instrumentation",
        "patchable-function", "pseudo-probe-inserter", "machine-sanmd", "kcfi", "funclet-layout",
        "safe-stack", "remove-loads-into-fake-uses",
        // Tiles of matrices.
        "x86-lower-amx-type", "x86-lower-amx-intrinsics", "tilepreconfig", "x86-tile-config",
        "x86-lower-tile-copy"};
    // Processors with so many registers reorder instructions themselves. With half of them, the
    // order says how many values have to be stored in between.
    if (machine.getMCSubtargetInfo()->checkFeatures("+avx512vl"))
      leftOut.insert("machine-scheduler");
  }

  void add(Pass *pass) override {
    const PassInfo *info = PassRegistry::getPassRegistry()->getPassInfo(pass->getPassID());
    if (info && leftOut.contains(info->getPassArgument()))
      delete pass;
    else
      legacy::PassManager::add(pass);
  }

private:
  DenseSet<StringRef> leftOut;
};

} // namespace

/// Whether a function computes nothing but what checks need: once, on integers and addresses.
static bool isSimple(llvm::Function &function) {
  SmallVector<std::pair<const BasicBlock *, const BasicBlock *>> backwards;
  FindFunctionBackedges(function, backwards);
  return backwards.empty() && none_of(instructions(function), [](const Instruction &op) {
           return op.getType()->isFPOrFPVectorTy() || op.getType()->isVectorTy();
         });
}

/// br (a or b), fail, next   ==>   br a, fail, other; other: br b, fail, next
/// The quick selection of instructions takes what it compares into a branch, and no more.
static void splitBranches(BasicBlock &block) {
  auto *branch = dyn_cast<BranchInst>(block.getTerminator());
  BinaryOperator *either = nullptr;
  if (!branch || !branch->isConditional() ||
      !match(branch->getCondition(), m_OneUse(m_BinOp(either))) ||
      either->getOpcode() != Instruction::Or || either->getParent() != &block)
    return;
  BasicBlock *other = block.splitBasicBlock(branch), *taken = branch->getSuccessor(0);
  auto *first = BranchInst::Create(taken, other, either->getOperand(0));
  first->copyMetadata(*branch);
  ReplaceInstWithInst(block.getTerminator(), first);
  for (PHINode &phi : taken->phis())
    phi.addIncoming(phi.getIncomingValueForBlock(other), &block);
  branch->setCondition(either->getOperand(1));
  either->eraseFromParent();
  if (auto *compare = dyn_cast<CmpInst>(branch->getCondition());
      compare && compare->hasOneUse() && compare->getParent() == &block)
    compare->moveBefore(branch->getIterator());
  splitBranches(*other);
  splitBranches(block);
}

/// Checks are most of the code around kernels, run once a call, and are branches that other code
/// makes no better: the instruction selection that is quick, and no passes that look for more, are
/// as good for them, in a fifth of the time.
static void compileSimply(Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && !function.hasOptSize() && isSimple(function)) {
      for (BasicBlock &block : make_early_inc_range(function))
        splitBranches(block);
      function.addFnAttr(Attribute::OptimizeNone);
      function.addFnAttr(Attribute::NoInline);
    }
}

Error fnc::emitCode(Module &module, TargetMachine &machine, bool assembly,
                    SmallVectorImpl<char> &out) {
  raw_svector_ostream stream(out);
  // Elsewhere it is the longer code.
  if (hasScaledIndices(machine) && machine.getOptLevel() != CodeGenOptLevel::None)
    compileSimply(module);
  CodeGenPasses passes(machine);
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  assembly ? CodeGenFileType::AssemblyFile
                                           : CodeGenFileType::ObjectFile))
    return createStringError("the target cannot write this kind of file");
  passes.run(module);
  return Error::success();
}

Expected<std::vector<std::string>> fnc::undefinedSymbols(StringRef object) {
  auto file = object::ObjectFile::createObjectFile(MemoryBufferRef(object, "object"));
  if (!file)
    return file.takeError();
  std::set<std::string> names;
  for (const object::SymbolRef &symbol : (*file)->symbols()) {
    Expected<uint32_t> flags = symbol.getFlags();
    Expected<StringRef> name = symbol.getName();
    if (!flags || !name) {
      consumeError(flags.takeError());
      consumeError(name.takeError());
      continue;
    }
    if ((*flags & object::SymbolRef::SF_Undefined) && !name->empty())
      names.insert(name->str());
  }
  return std::vector<std::string>(names.begin(), names.end());
}

bool fnc::isAllowedUndefined(StringRef symbol) {
  // Memory moves, the position-independent code of some targets, and the arithmetic that a
  // target's compilers supply where it lacks the instruction. All of the last begin with two
  // underscores; no C library function of mathematics does.
  return symbol == "memcpy" || symbol == "memmove" || symbol == "memset" ||
         symbol == "_GLOBAL_OFFSET_TABLE_" ||
         // Of bf16 not all of them know.
         (symbol.starts_with("__") && !symbol.ends_with("bf2"));
}
