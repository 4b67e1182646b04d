//===- OutlineLoops.cpp - nests of a long kernel as functions -------------===//

#include "compiler/buffer/Outline.h"
#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_OUTLINELOOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

struct OutlineLoops : fnc::impl::OutlineLoopsBase<OutlineLoops> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp kernel : kernels) {
      if (kernel.isExternal())
        continue;
      SmallVector<Operation *> nests;
      for (Operation &op : kernel.front())
        if (op.getNumRegions() > 0)
          nests.push_back(&op);
      if (nests.size() > atLeast)
        for (Operation *nest : nests)
          outline(nest, kernel);
    }
  }

  void outline(Operation *nest, func::FuncOp kernel) {
    std::optional<fnc::Captures> captures = fnc::capturesOf(nest);
    if (!captures)
      return;
    func::FuncOp func =
        fnc::outlined(nest, *captures, kernel, kernel.getName() + ".nest" + Twine(count));
    // Layers of one shape share their code.
    auto [known, isNew] = functions.try_emplace(textOf(func), func);
    if (isNew)
      ++count;
    else
      func.erase();
    fnc::callInstead(nest, known->second, captures->arguments);
  }

  /// What a function does, whatever its name.
  static std::string textOf(func::FuncOp func) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << func.getFunctionType() << func.getAllArgAttrs();
    AsmState state(func, OpPrintingFlags().useLocalScope());
    for (Operation &op : func.front())
      op.print(os, state);
    return text;
  }

  llvm::StringMap<func::FuncOp> functions;
  unsigned count = 0;
};

} // namespace
