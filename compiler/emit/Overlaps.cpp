//===- Overlaps.cpp - whether tensors of a call share memory --------------===//

#include "compiler/emit/Overlaps.h"
#include "compiler/emit/Failure.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace fnc;

/// From begin to end, as integers.
static Value *overlapOfEnds(IRBuilder<> &b, std::pair<Value *, Value *> x,
                            std::pair<Value *, Value *> y) {
  return b.CreateAnd(b.CreateICmpULT(x.first, y.second), b.CreateICmpULT(y.first, x.second));
}

static bool isEmpty(const Extent &extent) {
  auto *bytes = dyn_cast<ConstantInt>(extent.bytes);
  return bytes && bytes->isZero();
}

/// One unsigned comparison each: other.begin <= own.last < other.begin + other.bytes + own.bytes
/// - 1. What is empty and begins at 0 is beside everything.
void fnc::compareExtents(IRBuilder<> &b, const Extent &own, ArrayRef<Extent> others,
                         function_ref<void(Value *)> test) {
  if (isEmpty(own) || others.empty())
    return;
  Value *reach = b.CreateSub(own.bytes, ConstantInt::get(own.bytes->getType(), 1));
  Value *last = b.CreateAdd(own.begin, reach);
  for (const Extent &other : others)
    if (!isEmpty(other))
      test(b.CreateICmpULT(b.CreateSub(last, other.begin), b.CreateAdd(reach, other.bytes)));
}

/// `i32 fn.overlap(ptr table, ptr tensors, N read, N written, N reported, N inTheWay)`. The table
/// has begin and end of each, those of `written` first; `tensors` the numbers of all that are
/// checked, those of `read` first.
static Function *buildSearch(Module &module, IntegerType *index) {
  constexpr StringLiteral name = "fn.overlap";
  if (Function *known = module.getFunction(name))
    return known;
  LLVMContext &context = module.getContext();
  auto *ptr = PointerType::getUnqual(context);
  IntegerType *i32 = Type::getInt32Ty(context);
  auto *type = FunctionType::get(i32, {ptr, ptr, index, index, index, index}, false);
  auto *search = Function::Create(type, GlobalValue::InternalLinkage, name, &module);
  search->addFnAttr(Attribute::NoInline);
  Argument *table = search->getArg(0), *tensors = search->getArg(1), *read = search->getArg(2),
           *written = search->getArg(3), *reported = search->getArg(4),
           *inTheWay = search->getArg(5);
  auto block = [&](const char *label) { return BasicBlock::Create(context, label, search); };
  BasicBlock *start = block(""), *next = block("next"), *begin = block("begin"),
             *against = block("against"), *compare = block("compare"), *step = block("step"),
             *found = block("found"), *none = block("none");
  Constant *zero = ConstantInt::get(index, 0), *one = ConstantInt::get(index, 1);

  IRBuilder<> b(start);
  Value *count = b.CreateAdd(read, reported);
  b.CreateBr(next);

  b.SetInsertPoint(next);
  PHINode *tensor = b.CreatePHI(index, 2);
  tensor->addIncoming(zero, start);
  b.CreateCondBr(b.CreateICmpULT(tensor, count), begin, none);

  auto extent = [&](Value *i) {
    Value *row = b.CreateShl(i, 1);
    return std::pair<Value *, Value *>(
        b.CreateLoad(index, b.CreateGEP(index, table, row)),
        b.CreateLoad(index, b.CreateGEP(index, table, b.CreateAdd(row, one))));
  };
  b.SetInsertPoint(begin);
  Value *isRead = b.CreateICmpULT(tensor, read), *behind = b.CreateSub(tensor, read);
  auto own = extent(b.CreateSelect(isRead, b.CreateAdd(written, tensor), behind));
  Value *first = b.CreateSelect(isRead, zero, b.CreateAdd(behind, one));
  Value *end = b.CreateSelect(isRead, inTheWay, written);
  b.CreateBr(against);

  b.SetInsertPoint(against);
  PHINode *other = b.CreatePHI(index, 2);
  other->addIncoming(first, begin);
  b.CreateCondBr(b.CreateICmpULT(other, end), compare, step);

  b.SetInsertPoint(compare);
  other->addIncoming(b.CreateAdd(other, one), compare);
  b.CreateCondBr(overlapOfEnds(b, own, extent(other)), found, against);

  b.SetInsertPoint(step);
  tensor->addIncoming(b.CreateAdd(tensor, one), step);
  b.CreateBr(next);

  b.SetInsertPoint(found);
  b.CreateRet(b.CreateLoad(i32, b.CreateGEP(i32, tensors, tensor)));
  b.SetInsertPoint(none);
  b.CreateRet(ConstantInt::getSigned(i32, kNoOverlap));
  return search;
}

Value *fnc::findOverlap(IRBuilder<> &b, const Extents &extents) {
  Function *caller = b.GetInsertBlock()->getParent();
  Module &module = *caller->getParent();
  auto *index = cast<IntegerType>(extents.written.front().begin->getType());
  SmallVector<int32_t> tensors;
  for (const Extent &extent : extents.read)
    tensors.push_back(extent.tensor);
  for (const Extent &extent : ArrayRef(extents.written).take_front(extents.reported))
    tensors.push_back(extent.tensor);

  auto *type = ArrayType::get(index, 2 * (extents.read.size() + extents.written.size()));
  IRBuilder<> front(&caller->getEntryBlock(), caller->getEntryBlock().begin());
  Value *table = front.CreateAlloca(type);
  unsigned place = 0;
  for (ArrayRef<Extent> part : {ArrayRef(extents.written), ArrayRef(extents.read)})
    for (const Extent &extent : part) {
      // Nothing overlaps what ends at 0.
      Value *begin = isEmpty(extent) ? extent.bytes : extent.begin;
      for (Value *value : {begin, b.CreateAdd(begin, extent.bytes)})
        b.CreateStore(value, b.CreateConstGEP2_32(type, table, 0, place++));
    }

  Function *search = buildSearch(module, index);
  compileLike(*search, *caller);
  Constant *names = ConstantDataArray::get(module.getContext(), tensors);
  auto *global = new GlobalVariable(module, names->getType(), /*isConstant=*/true,
                                    GlobalValue::PrivateLinkage, names, "fn.tensors");
  auto number = [&](size_t value) { return ConstantInt::get(index, value); };
  return b.CreateCall(search,
                      {table, global, number(extents.read.size()), number(extents.written.size()),
                       number(extents.reported), number(extents.inTheWay)});
}
