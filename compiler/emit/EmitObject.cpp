//===- EmitObject.cpp - from the LLVM dialect to an object ----------------===//
//
// Each thread takes one part after the other from MLIR to its object, in a context of LLVM's that
// nobody else uses.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/EmitObject.h"
#include "compiler/HelperThreads.h"
#include "compiler/emit/MergeObjects.h"
#include "compiler/emit/Parts.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Threading.h"
#include "llvm/Target/TargetMachine.h"
#include <atomic>

using namespace llvm;

namespace {

/// Whether the parts' objects can be put together: what this target puts into objects is known.
bool canMerge(const Triple &triple) {
  return triple.isOSBinFormatELF() &&
         ((triple.isX86() && triple.isArch64Bit()) || triple.isRISCV() ||
          (triple.isLittleEndian() && (triple.isAArch64() || triple.isARM() || triple.isThumb())));
}

/// Descriptions of lines are of a whole module.
bool isDebugged(mlir::ModuleOp module) {
  return any_of(module.getOps<mlir::LLVM::LLVMFuncOp>(), [](mlir::LLVM::LLVMFuncOp func) {
    return func.getLoc()->findInstanceOf<mlir::FusedLocWith<mlir::LLVM::DISubprogramAttr>>();
  });
}

std::unique_ptr<TargetMachine> copyOf(const TargetMachine &machine) {
  return std::unique_ptr<TargetMachine>(machine.getTarget().createTargetMachine(
      machine.getTargetTriple(), machine.getTargetCPU(), machine.getTargetFeatureString(),
      machine.Options, machine.getRelocationModel(), machine.getCodeModel(),
      machine.getOptLevel()));
}

/// What entry points have in common is in one object alone.
void shareHelpers(Module &module, bool isHome) {
  for (StringRef name : {"fn.fail", "fn.check_cpu", "fn.cpu"}) {
    GlobalValue *helper = module.getNamedValue(name);
    if (!helper)
      continue;
    if (auto *function = dyn_cast<Function>(helper); function && !isHome)
      function->deleteBody();
    else if (auto *variable = dyn_cast<GlobalVariable>(helper); variable && !isHome)
      variable->setInitializer(nullptr);
    helper->setLinkage(GlobalValue::ExternalLinkage);
    helper->setVisibility(GlobalValue::HiddenVisibility);
  }
}

class Emitter {
public:
  Emitter(TargetMachine &machine, const fnc::TargetOptions &options, const fnc::Graph &graph,
          ArrayRef<fnc::PooledConstant> constants)
      : machine(machine), options(options), graph(graph), constants(constants) {}

  /// The objects of the module's parts, or of the whole.
  Error emit(mlir::ModuleOp module);
  std::vector<SmallVector<char, 0>> objects;

private:
  Error emitPart(unsigned part, TargetMachine &own);
  void work(TargetMachine &own);

  TargetMachine &machine;
  const fnc::TargetOptions &options;
  const fnc::Graph &graph;
  ArrayRef<fnc::PooledConstant> constants;
  fnc::Parts parts;
  std::vector<Error> errors;
  std::atomic<unsigned> next = 1;
};

Error Emitter::emitPart(unsigned part, TargetMachine &own) {
  LLVMContext context;
  context.setDiscardValueNames(true);
  std::unique_ptr<Module> module = fnc::translate(parts.modules[part], graph, context, own);
  if (!module)
    return createStringError("internal error: no LLVM IR of a part");
  fnc::declareConstants(*module, constants);
  fnc::optimize(*module, own, options);
  fnc::addChecks(*module, graph);
  if (parts.home)
    shareHelpers(*module, part == *parts.home);
  if (part == 0)
    fnc::embedManifest(*module, graph, own, options);
  return fnc::emitCode(*module, own, /*assembly=*/false, objects[part]);
}

void Emitter::work(TargetMachine &own) {
  for (unsigned part; (part = next++) < objects.size();)
    errors[part] = emitPart(part, own);
}

Error Emitter::emit(mlir::ModuleOp module) {
  if (isDebugged(module) || options.forSize || options.level == 0 ||
      !canMerge(machine.getTargetTriple()))
    parts.modules = {module};
  else
    parts = fnc::splitModule(module, graph);
  unsigned count = parts.modules.size();
  objects.resize(count);
  for (unsigned part = 0; part < count; ++part)
    errors.push_back(Error::success());
  unsigned helpers = std::min(count, hardware_concurrency().compute_thread_count()) - 1;
  // Attributes and types are of all threads.
  if (helpers > 0)
    module.getContext()->enableMultithreading();
  // Code generation changes its machine, so that each thread has its own, made before any begins.
  std::vector<std::unique_ptr<TargetMachine>> machines;
  for (unsigned i = 0; i < helpers; ++i)
    machines.push_back(copyOf(machine));
  fnc::HelperThreads threads;
  for (unsigned i = 0; i < helpers && threads.start([&, i] { work(*machines[i]); }); ++i)
    ;
  errors[0] = emitPart(0, machine);
  work(machine);
  threads.join();
  Error result = Error::success();
  for (Error &error : errors)
    result = joinErrors(std::move(result), std::move(error));
  return result;
}

} // namespace

Error fnc::emitObject(mlir::ModuleOp module, TargetMachine &machine, const TargetOptions &options,
                      const Graph &graph, ArrayRef<PooledConstant> constants,
                      SmallVectorImpl<char> &out) {
  Emitter emitter(machine, options, graph, constants);
  if (Error error = emitter.emit(module))
    return error;
  if (emitter.objects.size() == 1 && constants.empty()) {
    out.assign(emitter.objects[0].begin(), emitter.objects[0].end());
    return Error::success();
  }
  std::vector<StringRef> objects;
  for (const auto &object : emitter.objects)
    objects.emplace_back(object.data(), object.size());
  return mergeObjects(objects, dataOf(constants), out);
}
