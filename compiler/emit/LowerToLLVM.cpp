//===- LowerToLLVM.cpp - loops on memrefs to LLVM IR ----------------------===//

#include "compiler/emit/DebugLines.h"
#include "compiler/emit/Emit.h"
#include "compiler/emit/VectorToLLVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

void fnc::buildLowerToLLVMPipeline(OpPassManager &pm, unsigned indexBits) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createVectorToLLVM(indexBits));
  pm.addPass(createConvertMathToLLVMPass());
  ArithToLLVMConversionPassOptions arith;
  arith.indexBitwidth = indexBits;
  ConvertControlFlowToLLVMPassOptions cf;
  cf.indexBitwidth = indexBits;
  FinalizeMemRefToLLVMConversionPassOptions memref;
  memref.indexBitwidth = indexBits;
  ConvertFuncToLLVMPassOptions func;
  func.indexBitwidth = indexBits;
  ConvertIndexToLLVMPassOptions index;
  index.indexBitwidth = indexBits;
  pm.addPass(createConvertIndexToLLVMPass(index));
  pm.addPass(createArithToLLVMConversionPass(arith));
  pm.addPass(createConvertControlFlowToLLVMPass(cf));
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memref));
  pm.addPass(createConvertFuncToLLVMPass(func));
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
}

std::unique_ptr<llvm::Module> fnc::translate(ModuleOp module, const Graph &graph,
                                             llvm::LLVMContext &context,
                                             llvm::TargetMachine &machine) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  // What the manifest has read already would only be remarked on.
  for (auto func : module.getOps<LLVM::LLVMFuncOp>())
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      if (DictionaryAttr attrs = func.getArgAttrDict(i))
        for (NamedAttribute attr : attrs)
          if (attr.getName().strref().starts_with("fn."))
            func.removeArgAttr(i, attr.getName());
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(module, context, graph.name);
  if (!result)
    return nullptr;
  result->setDataLayout(machine.createDataLayout());
  result->setTargetTriple(machine.getTargetTriple());
  addEntryPoints(*result, graph, machine);
  addEntryPointLines(*result);
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // Nothing may be turned into a call of a C library that firmware does not have.
    function.addFnAttr("no-builtins");
    if (function.hasFnAttribute("target-cpu"))
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    if (!machine.getTargetFeatureString().empty())
      function.addFnAttr("target-features", machine.getTargetFeatureString());
  }
  return result;
}
