//===- Failure.cpp - statuses that entry points return --------------------===//

#include "compiler/emit/Failure.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;

StructType *fnc::statusType(LLVMContext &context) {
  Type *i32 = Type::getInt32Ty(context), *i64 = Type::getInt64Ty(context);
  return StructType::get(context, {i32, i32, i32, i32, i64, i64});
}

MDNode *fnc::rarely(LLVMContext &context) {
  return MDBuilder(context).createBranchWeights(1, 100000);
}

void fnc::compileLike(llvm::Function &function, const llvm::Function &caller) {
  function.addFnAttr(Attribute::NoUnwind);
  for (StringRef name : {"target-cpu", "target-features", "no-builtins"})
    if (caller.hasFnAttribute(name))
      function.addFnAttr(caller.getFnAttribute(name));
  if (caller.hasOptSize())
    function.addFnAttr(Attribute::OptimizeForSize);
}

static constexpr StringLiteral kFailure = "fn.fail";

/// `void fn.fail(ptr result, i32 kind, i32 tensor)`
static llvm::Function *failureFunction(Module &module) {
  if (llvm::Function *known = module.getFunction(kFailure))
    return known;
  LLVMContext &context = module.getContext();
  Type *i32 = Type::getInt32Ty(context);
  auto *type = FunctionType::get(Type::getVoidTy(context),
                                 {PointerType::getUnqual(context), i32, i32}, false);
  auto *fail = llvm::Function::Create(type, GlobalValue::ExternalLinkage, kFailure, &module);
  // As in functions that return a status, which may jump to this one then.
  fail->addParamAttr(0, Attribute::getWithStructRetType(context, fnc::statusType(context)));
  fail->addFnAttr(Attribute::NoInline);
  fail->addFnAttr(Attribute::Cold);
  return fail;
}

void fnc::createFailure(IRBuilder<> &b, Value *result, Value *kind, Value *tensor, Value *expected,
                        Value *got) {
  StructType *type = statusType(b.getContext());
  b.CreateStore(expected, b.CreateStructGEP(type, result, 4));
  b.CreateStore(got, b.CreateStructGEP(type, result, 5));
  CallInst *call =
      b.CreateCall(failureFunction(*b.GetInsertBlock()->getModule()), {result, kind, tensor});
  call->addParamAttr(0, Attribute::getWithStructRetType(b.getContext(), type));
  call->setTailCall();
}

/// One that runs on any machine that a status comes from.
static const llvm::Function &firstCallerOf(const llvm::Function &function) {
  const llvm::Function *caller = nullptr;
  for (const User *user : function.users()) {
    caller = cast<CallInst>(user)->getFunction();
    if (!caller->hasLocalLinkage() && caller->hasDefaultVisibility())
      break;
  }
  return *caller;
}

void fnc::defineFailureFunction(Module &module) {
  llvm::Function *fail = module.getFunction(kFailure);
  if (!fail || fail->use_empty())
    return;
  fail->setLinkage(GlobalValue::InternalLinkage);
  compileLike(*fail, firstCallerOf(*fail));
  LLVMContext &context = module.getContext();
  IRBuilder<> b(BasicBlock::Create(context, "", fail));
  Value *kind = fail->getArg(1), *code = b.CreateAnd(kind, 0xff);
  Value *dimension = b.CreateAShr(kind, 16), *relation = b.CreateAShr(b.CreateShl(kind, 16), 24);
  Value *fields[] = {code, fail->getArg(2), dimension, relation};
  for (auto [i, field] : enumerate(fields))
    b.CreateStore(field, b.CreateStructGEP(statusType(context), fail->getArg(0), i));
  b.CreateRetVoid();
}
