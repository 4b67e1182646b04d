//===- CallArguments.cpp - what a call hands to an entry point ------------===//

#include "compiler/emit/CallArguments.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace fnc;
using mlir::AffineConstantExpr;
using mlir::AffineExpr;
using mlir::AffineExprKind;
using mlir::AffineSymbolExpr;

static IntegerType *indexType(const IRBuilder<> &b) {
  return b.GetInsertBlock()->getDataLayout().getIntPtrType(b.getContext());
}

CallArguments::CallArguments(IRBuilder<> &b, const fnc::Function &function, Value *args,
                             bool checked)
    : index(indexType(b)), b(b), function(function), args(args), checked(checked),
      ptr(PointerType::getUnqual(b.getContext())) {
  std::vector<Type *> fields;
  auto add = [&](Type *type) {
    fields.push_back(type);
    return fields.size() - 1;
  };
  if (function.usesState())
    stateField = add(ptr);
  for (const fnc::Tensor &input : function.inputs) {
    inputFields.push_back(add(ptr));
    if (input.isSparse()) {
      add(ptr);
      add(index);
    }
    if (input.takesDims())
      add(ArrayType::get(index, input.dims.size()));
  }
  outputField = fields.size();
  fields.insert(fields.end(), function.outputs.size(), ptr);
  if (!function.workspace.empty()) {
    workspaceField = add(ptr);
    add(index);
  }
  if (!function.prints.empty())
    contextField = add(ptr);
  type = StructType::get(b.getContext(), fields);

  // The first dimension that is just a symbol gives its value.
  origins.assign(function.symbols.size(), {-1, -1});
  auto give = [&](AffineExpr expr, int32_t input, int32_t dimension) {
    if (auto symbol = mlir::dyn_cast_or_null<AffineSymbolExpr>(expr))
      if (auto &origin = origins[symbol.getPosition()]; origin.first < 0)
        origin = {input, dimension};
  };
  for (auto [i, input] : enumerate(function.inputs)) {
    give(input.count, i, -1);
    for (auto [d, dim] : enumerate(input.dims))
      give(dim, i, d);
  }
}

Value *CallArguments::load(Type *valueType, unsigned field, unsigned element) {
  const DataLayout &layout = b.GetInsertBlock()->getDataLayout();
  uint64_t offset = layout.getStructLayout(type)->getElementOffset(field) +
                    element * layout.getTypeStoreSize(valueType);
  Value *&value = loaded[offset];
  if (!value)
    value = b.CreateLoad(valueType, offset ? b.CreatePtrAdd(args, constant(offset)) : args);
  return value;
}

Value *CallArguments::count(size_t i) { return load(index, inputFields[i] + 2); }

Value *CallArguments::dim(size_t input, size_t d) {
  const fnc::Tensor &tensor = function.inputs[input];
  if (tensor.takesDims())
    return load(index, inputFields[input] + (tensor.isSparse() ? 3 : 1), d);
  return constant(mlir::cast<AffineConstantExpr>(tensor.dims[d]).getValue());
}

Value *CallArguments::symbol(unsigned number) {
  auto [input, d] = origins[number];
  Value *value = d < 0 ? count(input) : dim(input, d);
  if (auto *load = dyn_cast<LoadInst>(value); load && checked && largestOf(number) <= largestSize())
    load->setMetadata(LLVMContext::MD_range,
                      MDBuilder(b.getContext())
                          .createRange(APInt(index->getBitWidth(), 0),
                                       APInt(index->getBitWidth(), largestOf(number) + 1)));
  return value;
}

Value *CallArguments::expression(AffineExpr expr) {
  if (auto number = mlir::dyn_cast<AffineConstantExpr>(expr))
    return constant(number.getValue());
  if (auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr))
    return this->symbol(symbol.getPosition());
  if (Value *value = known.lookup(expr))
    return value;
  auto binary = mlir::cast<mlir::AffineBinaryOpExpr>(expr);
  Value *x = expression(binary.getLHS()), *y = expression(binary.getRHS());
  return known[expr] = compute(binary, x, y, [&](Value *x, Value *y) { return b.CreateMul(x, y); });
}

Value *CallArguments::expression(AffineExpr expr, Product product) {
  auto binary = mlir::dyn_cast<mlir::AffineBinaryOpExpr>(expr);
  if (!binary)
    return expression(expr);
  Value *x = expression(binary.getLHS(), product), *y = expression(binary.getRHS(), product);
  return compute(binary, x, y, product);
}

/// Whether what sizes make of it cannot be less than 0.
static bool isNonNegative(AffineExpr expr) {
  if (auto number = mlir::dyn_cast<AffineConstantExpr>(expr))
    return number.getValue() >= 0;
  auto binary = mlir::dyn_cast<mlir::AffineBinaryOpExpr>(expr);
  return !binary || (isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS()));
}

Value *CallArguments::compute(mlir::AffineBinaryOpExpr expr, Value *x, Value *y, Product product) {
  bool isUnsigned = isNonNegative(expr.getLHS());
  auto floorDiv = [&](Value *n, Value *d) {
    // Divisors are positive; a size of 0 as divisor gives 0.
    Value *isZero = b.CreateICmpEQ(d, constant(0));
    d = b.CreateSelect(isZero, constant(1), d);
    if (isUnsigned)
      return b.CreateUDiv(n, d);
    Value *quotient = b.CreateSDiv(n, d);
    Value *negative = b.CreateICmpSLT(b.CreateSRem(n, d), constant(0));
    return b.CreateSub(quotient, b.CreateZExt(negative, index));
  };
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return b.CreateAdd(x, y);
  case AffineExprKind::Mul:
    return product(x, y);
  case AffineExprKind::FloorDiv:
    return floorDiv(x, y);
  case AffineExprKind::CeilDiv:
    if (auto *divisor = dyn_cast<ConstantInt>(y); divisor && isUnsigned)
      return floorDiv(b.CreateAdd(x, b.CreateSub(divisor, constant(1))), y);
    isUnsigned = false;
    return b.CreateNeg(floorDiv(b.CreateNeg(x), y));
  default:
    return b.CreateSub(x, b.CreateMul(floorDiv(x, y), y));
  }
}
