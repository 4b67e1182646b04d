//===- OutlineLoops.cpp - nests of a long kernel as functions -------------===//

#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_OUTLINELOOPS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

struct OutlineLoops : fnc::impl::OutlineLoopsBase<OutlineLoops> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp kernel : kernels) {
      if (kernel.isExternal())
        continue;
      SmallVector<Operation *> nests;
      for (Operation &op : kernel.front())
        if (op.getNumRegions() > 0 && llvm::all_of(op.getResultTypes(), isScalar))
          nests.push_back(&op);
      if (nests.size() > atLeast)
        for (Operation *nest : nests)
          outline(nest, kernel);
    }
  }

  void outline(Operation *nest, func::FuncOp kernel) {
    llvm::SetVector<Value> used(nest->operand_begin(), nest->operand_end());
    getUsedValuesDefinedAbove(nest->getRegions(), used);
    SmallVector<Value> args;
    SmallVector<Operation *> constants;
    for (Value value : used) {
      // Registers' room is the function's own.
      if (matchPattern(value, m_Constant()) || value.getDefiningOp<memref::AllocaOp>())
        constants.push_back(value.getDefiningOp());
      else if (isScalar(value.getType()) || isa<MemRefType>(value.getType()))
        args.push_back(value);
      else
        return;
    }
    // All that one op uses is live at once, so that buffers which are not views of one another
    // share no byte.
    SmallVector<Value> roots;
    for (Value arg : args)
      if (isa<MemRefType>(arg.getType()))
        roots.push_back(fnc::rootOf(arg));
    // What a branch or a loop gives may be any of several.
    bool traced = llvm::all_of(roots, [](Value root) {
      return isa<BlockArgument>(root) ||
             isa<memref::ViewOp, memref::GetGlobalOp>(root.getDefiningOp());
    });
    bool apart =
        traced && llvm::SmallDenseSet<Value>(roots.begin(), roots.end()).size() == roots.size();

    OpBuilder b(kernel);
    SmallVector<Type> types(ValueRange(args).getTypes());
    std::string name = (kernel.getName() + ".nest" + Twine(count)).str();
    auto func = func::FuncOp::create(b, nest->getLoc(), name,
                                     b.getFunctionType(types, nest->getResultTypes()));
    func.setPrivate();
    func->setAttr("llvm.linkage",
                  LLVM::LinkageAttr::get(&getContext(), LLVM::linkage::Linkage::Internal));
    func->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
    Block *body = func.addEntryBlock();
    for (BlockArgument arg : body->getArguments())
      if (apart && isa<MemRefType>(arg.getType()))
        func.setArgAttr(arg.getArgNumber(), "llvm.noalias", b.getUnitAttr());
    IRMapping map;
    map.map(ValueRange(args), body->getArguments());
    b.setInsertionPointToEnd(body);
    for (Operation *constant : constants)
      b.clone(*constant, map);
    Operation *inside = b.clone(*nest, map);
    func::ReturnOp::create(b, nest->getLoc(), inside->getResults());

    // Layers of one shape share their code.
    func::FuncOp callee = func;
    auto [known, isNew] = functions.try_emplace(textOf(func), func);
    if (isNew) {
      ++count;
    } else {
      callee = known->second;
      func.erase();
    }
    b.setInsertionPoint(nest);
    auto call = func::CallOp::create(b, nest->getLoc(), callee, args);
    nest->replaceAllUsesWith(call);
    nest->erase();
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
