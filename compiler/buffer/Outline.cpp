//===- Outline.cpp - an op of a kernel as a function ----------------------===//

#include "compiler/buffer/Outline.h"
#include "compiler/buffer/MergeGenerics.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

static bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

std::optional<fnc::Captures> fnc::capturesOf(Operation *op) {
  if (!llvm::all_of(op->getResultTypes(), isScalar))
    return std::nullopt;
  llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  Captures captures;
  llvm::SmallDenseSet<Value> roots;
  captures.apart = true;
  for (Value value : used) {
    bool isMemref = isa<MemRefType>(value.getType());
    if (matchPattern(value, m_Constant()) || value.getDefiningOp<memref::AllocaOp>()) {
      captures.constants.push_back(value.getDefiningOp());
      continue;
    }
    if (!isMemref && !isScalar(value.getType()))
      return std::nullopt;
    captures.arguments.push_back(value);
    if (!isMemref)
      continue;
    // What a branch or a loop gives may be any of several.
    Value root = rootOf(value);
    bool isTraced =
        isa<BlockArgument>(root) || isa<memref::ViewOp, memref::GetGlobalOp>(root.getDefiningOp());
    captures.apart &= isTraced && roots.insert(root).second;
  }
  return captures;
}

func::FuncOp fnc::outlined(Operation *op, const Captures &captures, func::FuncOp kernel,
                           const Twine &name) {
  OpBuilder b(kernel);
  SmallVector<Type> types(ValueRange(captures.arguments).getTypes());
  auto func = func::FuncOp::create(b, op->getLoc(), name.str(),
                                   b.getFunctionType(types, op->getResultTypes()));
  func.setPrivate();
  func->setAttr("llvm.linkage",
                LLVM::LinkageAttr::get(b.getContext(), LLVM::linkage::Linkage::Internal));
  func->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  Block *body = func.addEntryBlock();
  for (BlockArgument arg : body->getArguments())
    if (captures.apart && isa<MemRefType>(arg.getType()))
      func.setArgAttr(arg.getArgNumber(), "llvm.noalias", b.getUnitAttr());
  IRMapping map;
  map.map(ValueRange(captures.arguments), body->getArguments());
  b.setInsertionPointToEnd(body);
  for (Operation *constant : captures.constants)
    b.clone(*constant, map);
  Operation *inside = b.clone(*op, map);
  func::ReturnOp::create(b, op->getLoc(), inside->getResults());
  return func;
}

void fnc::callInstead(Operation *op, func::FuncOp callee, ValueRange arguments) {
  OpBuilder b(op);
  auto call = func::CallOp::create(b, op->getLoc(), callee, arguments);
  op->replaceAllUsesWith(call);
  op->erase();
}
