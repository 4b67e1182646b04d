//===- DebugLines.cpp - from code to lines of the graph -------------------===//

#include "compiler/emit/DebugLines.h"
#include "llvm/IR/DIBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

using namespace fnc;

static mlir::FileLineColLoc lineOf(mlir::Location location) {
  mlir::FileLineColLoc found;
  location->walk([&](mlir::Location part) {
    found = mlir::dyn_cast<mlir::FileLineColLoc>(part);
    return found ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
  });
  return found;
}

void fnc::chooseLines(mlir::ModuleOp module) {
  module->walk<mlir::WalkOrder::PreOrder>([](mlir::Operation *op) {
    if (mlir::FileLineColLoc line = lineOf(op->getLoc()))
      op->setLoc(line);
    else if (mlir::Operation *parent = op->getParentOp())
      op->setLoc(parent->getLoc());
  });
}

/// The description of a function that this one calls, or whose body it is.
static llvm::DISubprogram *calledSubprogram(const llvm::Function &function) {
  for (const llvm::Instruction &instruction : llvm::instructions(function))
    if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction))
      if (const llvm::Function *callee = call->getCalledFunction())
        if (llvm::DISubprogram *known = callee->getSubprogram(); known && known->isDefinition())
          return known;
  return nullptr;
}

void fnc::addEntryPointLines(llvm::Module &module) {
  if (module.debug_compile_units().empty())
    return;
  llvm::DIBuilder builder(module, /*AllowUnresolved=*/true, *module.debug_compile_units_begin());
  for (llvm::Function &function : module) {
    llvm::DISubprogram *own = function.getSubprogram();
    if (function.isDeclaration() || (own && own->isDefinition()))
      continue;
    function.setSubprogram(nullptr);
    llvm::DISubprogram *kernel = calledSubprogram(function);
    if (!kernel)
      continue;
    auto *subprogram = builder.createFunction(
        kernel->getFile(), function.getName(), function.getName(), kernel->getFile(),
        kernel->getLine(), builder.createSubroutineType(builder.getOrCreateTypeArray({})),
        kernel->getLine(), llvm::DINode::FlagZero,
        llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized);
    function.setSubprogram(subprogram);
    auto *line = llvm::DILocation::get(module.getContext(), kernel->getLine(), 0, subprogram);
    for (llvm::Instruction &instruction : llvm::instructions(function))
      instruction.setDebugLoc(line);
  }
  builder.finalize();
}
