//===- Outline.cpp - an op of a kernel as a function ----------------------===//

#include "compiler/buffer/Outline.h"
#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/ShareDraws.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

/// Whether a value is a constant that a function has itself.
static bool isOwnConstant(Value value, Attribute *constant = nullptr) {
  Operation *op = value.getDefiningOp();
  Attribute ignored;
  return op && !op->hasAttr(fnc::kHandedAttr) &&
         matchPattern(op, m_Constant(constant ? constant : &ignored));
}

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
    if (isOwnConstant(value) || value.getDefiningOp<memref::AllocaOp>()) {
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

/// Equal ops have one; so many constants differ that it counts them, too.
static size_t hashOf(Operation *nest, const fnc::Captures &captures) {
  llvm::hash_code hash(0);
  // Upstream's hash would make a dictionary of all attributes of each op.
  auto add = [&](Operation *op) {
    hash = llvm::hash_combine(hash, op->getName(), op->getRawDictionaryAttrs(),
                              op->hashProperties(), op->getResultTypes());
  };
  nest->walk(add);
  llvm::for_each(captures.constants, add);
  return hash;
}

/// Whether two ops are equal but for values.
static bool haveSameForm(Operation *x, Operation *y) {
  return OperationEquivalence::isEquivalentTo(x, y, OperationEquivalence::ignoreValueEquivalence,
                                              /*markEquivalent=*/nullptr,
                                              OperationEquivalence::IgnoreLocations);
}

/// Whether two ops differ in nothing but the values that they take from outside, one for one.
static bool areEqual(Operation *op, const fnc::Captures &captures, Operation *other,
                     const fnc::Captures &others) {
  if (!haveSameForm(op, other) || captures.apart != others.apart ||
      captures.arguments.size() != others.arguments.size() ||
      captures.constants.size() != others.constants.size())
    return false;
  IRMapping map, back;
  auto mark = [&](ValueRange xs, ValueRange ys) {
    map.map(xs, ys);
    back.map(ys, xs);
  };
  auto check = [&](Value x, Value y) {
    Attribute constantX, constantY;
    if (isOwnConstant(x, &constantX))
      return isOwnConstant(y, &constantY) && constantX == constantY;
    if (Value known = map.lookupOrNull(x))
      return known == y;
    if (x.getType() != y.getType() || back.contains(y) || isOwnConstant(y))
      return false;
    mark(x, y);
    return true;
  };
  SmallVector<Operation *> inner, otherInner;
  op->walk<WalkOrder::PreOrder>([&](Operation *at) { inner.push_back(at); });
  other->walk<WalkOrder::PreOrder>([&](Operation *at) { otherInner.push_back(at); });
  for (auto [x, y] : llvm::zip_equal(inner, otherInner)) {
    if (!llvm::all_of(llvm::zip_equal(x->getOperands(), y->getOperands()),
                      [&](auto pair) { return std::apply(check, pair); }))
      return false;
    mark(x->getResults(), y->getResults());
    for (auto [blocks, otherBlocks] : llvm::zip_equal(x->getRegions(), y->getRegions()))
      for (auto [block, otherBlock] : llvm::zip_equal(blocks, otherBlocks))
        mark(block.getArguments(), otherBlock.getArguments());
  }
  auto isSame = [](auto pair) { return std::apply(haveSameForm, pair); };
  auto isMatch = [&](auto pair) {
    return map.lookupOrNull(std::get<0>(pair)) == std::get<1>(pair);
  };
  return llvm::all_of(llvm::zip_equal(captures.constants, others.constants), isSame) &&
         llvm::all_of(llvm::zip_equal(captures.arguments, others.arguments), isMatch);
}

void fnc::EqualOps::add(Operation *op, Captures captures) {
  SmallVector<unsigned> &known = byHash[hashOf(op, captures) >> 2];
  for (unsigned number : known)
    if (areEqual(all[number].front(), firsts[number], op, captures)) {
      all[number].push_back(op);
      return;
    }
  known.push_back(all.size());
  all.push_back({op});
  firsts.push_back(std::move(captures));
}

/// A private function before `kernel` that will do what `op` does.
static func::FuncOp declareOutlined(Operation *op, const fnc::Captures &captures,
                                    func::FuncOp kernel, const Twine &name) {
  OpBuilder b(kernel);
  TypeRange types = ValueRange(captures.arguments).getTypes();
  auto func = func::FuncOp::create(
      b, op->getLoc(), name.str(),
      b.getFunctionType(passedTypes(types), passedTypes(op->getResultTypes())));
  func.setPrivate();
  func->setAttr("llvm.linkage",
                LLVM::LinkageAttr::get(b.getContext(), LLVM::linkage::Linkage::Internal));
  func->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  if (!captures.apart)
    return func;
  DictionaryAttr none = b.getDictionaryAttr({}),
                 apart = b.getDictionaryAttr(b.getNamedAttr("llvm.noalias", b.getUnitAttr()));
  func.setAllArgAttrs(llvm::map_to_vector(
      func.getArgumentTypes(), [&](Type type) { return isa<MemRefType>(type) ? apart : none; }));
  return func;
}

/// Calls `callee` where `op` is.
static void callInstead(Operation *op, func::FuncOp callee, ValueRange arguments) {
  OpBuilder b(op);
  auto call = func::CallOp::create(b, op->getLoc(), callee,
                                   castTo(b, arguments, callee.getArgumentTypes()));
  op->replaceAllUsesWith(castTo(b, call.getResults(), op->getResultTypes()));
}

/// Makes `op` the body of `func`.
static void moveInto(func::FuncOp func, Operation *op, const fnc::Captures &captures) {
  Block *body = func.addEntryBlock();
  OpBuilder b = OpBuilder::atBlockEnd(body);
  IRMapping map;
  map.map(captures.arguments,
          castTo(b, body->getArguments(), ValueRange(captures.arguments).getTypes()));
  for (Operation *constant : captures.constants)
    b.clone(*constant, map);
  op->moveBefore(body, body->end());
  op->walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      if (Value inside = map.lookupOrNull(operand.get()))
        operand.set(inside);
  });
  func::ReturnOp::create(b, op->getLoc(), castTo(b, op->getResults(), func.getResultTypes()));
}

func::FuncOp fnc::outline(ArrayRef<Operation *> equal, const Twine &name) {
  Operation *first = equal.front();
  Captures captures = *capturesOf(first);
  auto kernel = first->getParentOfType<func::FuncOp>();
  func::FuncOp func = declareOutlined(first, captures, kernel, name);
  callInstead(first, func, captures.arguments);
  moveInto(func, first, captures);
  // What ops take may be what others gave that have become calls.
  for (Operation *op : equal.drop_front()) {
    callInstead(op, func, capturesOf(op)->arguments);
    op->erase();
  }
  return func;
}
