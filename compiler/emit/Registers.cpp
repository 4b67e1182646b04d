//===- Registers.cpp - the target's vector registers ----------------------===//

#include "compiler/emit/Emit.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

fnc::VectorRegisters fnc::vectorRegisters(TargetMachine &machine) {
  // LLVM answers per function, which may have features of its own: ask for one that has none.
  LLVMContext context;
  Module module("registers", context);
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple());
  auto *type = FunctionType::get(Type::getVoidTy(context), false);
  llvm::Function *function =
      llvm::Function::Create(type, GlobalValue::ExternalLinkage, "f", module);
  function->addFnAttr("target-cpu", machine.getTargetCPU());
  function->addFnAttr("target-features", machine.getTargetFeatureString());
  TargetTransformInfo info = machine.getTargetTransformInfo(*function);
  VectorRegisters result;
  result.bits = info.getRegisterBitWidth(TargetTransformInfo::RGK_FixedWidthVector).getFixedValue();
  if (result.bits >= 128)
    result.count = info.getNumberOfRegisters(info.getRegisterClassForType(
        /*Vector=*/true, FixedVectorType::get(Type::getFloatTy(context), 4)));
  if (result.count == 0)
    result.bits = 0;
  result.halves = result.bits == 512 && machine.getTargetCPU() == "znver4";
  return result;
}
