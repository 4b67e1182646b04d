//===- LowerToLLVM.cpp - loops on memrefs to LLVM IR ----------------------===//

#include "compiler/emit/ConvertToLLVM.h"
#include "compiler/emit/DebugLines.h"
#include "compiler/emit/Emit.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

void fnc::buildLowerToLLVMPipeline(OpPassManager &pm, unsigned indexBits) {
  pm.addPass(createConvertToLLVM(indexBits));
}

void fnc::registerTranslation(MLIRContext &context) {
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);
}

std::unique_ptr<llvm::Module> fnc::translate(ModuleOp module, const Graph &graph,
                                             llvm::LLVMContext &context,
                                             llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> result =
      translateModuleToLLVMIR(module, context, graph.name, /*disableVerification=*/true);
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
