//===- Outline.cpp - an op of a kernel as a function ----------------------===//

#include "compiler/buffer/Outline.h"
#include "compiler/buffer/MergeGenerics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

static bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

/// bf16 goes from function to function as its bits: a machine without it would have f32 instead,
/// and call for what turns that back, which not all compilers' libraries have.
static Type passedType(Type type) {
  return type.isBF16() ? IntegerType::get(type.getContext(), 16) : type;
}

static Value castTo(OpBuilder &b, Value value, Type type) {
  return value.getType() == type ? value : arith::BitcastOp::create(b, value.getLoc(), type, value);
}

static SmallVector<Type> passedTypes(TypeRange types) {
  return llvm::map_to_vector(types, passedType);
}

static SmallVector<Value> castTo(OpBuilder &b, ValueRange values, TypeRange types) {
  return llvm::map_to_vector(llvm::zip_equal(values, types), [&](auto pair) {
    return castTo(b, std::get<0>(pair), std::get<1>(pair));
  });
}

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
  TypeRange types = ValueRange(captures.arguments).getTypes();
  auto func = func::FuncOp::create(
      b, op->getLoc(), name.str(),
      b.getFunctionType(passedTypes(types), passedTypes(op->getResultTypes())));
  func.setPrivate();
  func->setAttr("llvm.linkage",
                LLVM::LinkageAttr::get(b.getContext(), LLVM::linkage::Linkage::Internal));
  func->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  Block *body = func.addEntryBlock();
  for (BlockArgument arg : body->getArguments())
    if (captures.apart && isa<MemRefType>(arg.getType()))
      func.setArgAttr(arg.getArgNumber(), "llvm.noalias", b.getUnitAttr());
  IRMapping map;
  b.setInsertionPointToEnd(body);
  map.map(captures.arguments, castTo(b, body->getArguments(), types));
  for (Operation *constant : captures.constants)
    b.clone(*constant, map);
  Operation *inside = b.clone(*op, map);
  func::ReturnOp::create(b, op->getLoc(), castTo(b, inside->getResults(), func.getResultTypes()));
  return func;
}

void fnc::callInstead(Operation *op, func::FuncOp callee, ValueRange arguments) {
  OpBuilder b(op);
  auto call = func::CallOp::create(b, op->getLoc(), callee,
                                   castTo(b, arguments, callee.getArgumentTypes()));
  op->replaceAllUsesWith(castTo(b, call.getResults(), op->getResultTypes()));
  op->erase();
}
