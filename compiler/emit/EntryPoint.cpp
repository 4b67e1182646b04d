//===- EntryPoint.cpp - the C functions around kernels --------------------===//
//
// `fn_status GRAPH_FUNCTION(const GRAPH_FUNCTION_args *)`: everything a caller can get wrong is
// checked here, before anything is computed; then the kernel runs. The checks of arguments come
// later (Checks.cpp), at a marker.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/CallArguments.h"
#include "compiler/emit/CpuCheck.h"
#include "compiler/emit/Emit.h"
#include "compiler/emit/Failure.h"
#include "runtime/include/fn/abi.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace fnc;
using mlir::AffineExpr;
using Role = KernelArgument::Role;

namespace {

/// A function may be named like the entry point of another one, or memset: kernels get a name that
/// no C function has.
std::string kernelSymbol(const fnc::Function &function) { return "fn.kernel." + function.kernel; }

int32_t dtypeCode(StringRef name) {
  static constexpr StringLiteral names[] = {"i1",  "i8",  "i16", "i32",  "i64", "u8", "u16",
                                            "u32", "u64", "f16", "bf16", "f32", "f64"};
  return llvm::find(names, name) - std::begin(names);
}

class EntryPoint {
public:
  EntryPoint(Module &module, const Graph &graph, const fnc::Function &function,
             llvm::Function *cpuCheck)
      : module(module), graph(graph), function(function), cpuCheck(cpuCheck),
        context(module.getContext()), b(context),
        index(module.getDataLayout().getIntPtrType(context)), i64(Type::getInt64Ty(context)),
        i32(Type::getInt32Ty(context)), ptr(PointerType::getUnqual(context)) {}

  void build();

private:
  void buildInit();
  void checkCpu();
  void markChecks();
  void checkEntries();
  llvm::Function *entryCheck(const fnc::Tensor &tensor);
  void callKernel();
  void reportChecks(Value *status);
  void buildPrint(const Print &print, llvm::Function *callee);

  Value *sizeOf(size_t input, size_t d);
  Value *constant(int64_t value) { return ConstantInt::getSigned(index, value); }
  Value *number(int32_t value) { return ConstantInt::getSigned(i32, value); }
  void succeed();

  Module &module;
  const Graph &graph;
  const fnc::Function &function;
  llvm::Function *cpuCheck;
  LLVMContext &context;
  IRBuilder<> b;
  IntegerType *index;
  Type *i64, *i32;
  PointerType *ptr;
  llvm::Function *entry = nullptr;
  Value *result = nullptr, *state = nullptr;
  std::optional<CallArguments> values;
};

void EntryPoint::succeed() {
  constexpr unsigned words = sizeof(fn_status) / sizeof(int64_t);
  static_assert(FN_OK == 0 && words * sizeof(int64_t) == sizeof(fn_status));
  for (unsigned i = 0; i < words; ++i)
    b.CreateStore(ConstantInt::get(i64, 0), b.CreateConstGEP1_64(i64, result, i));
  b.CreateRetVoid();
}

void EntryPoint::checkCpu() {
  if (!cpuCheck)
    return;
  auto *ask = BasicBlock::Create(context, "ask", entry);
  auto *fail = BasicBlock::Create(context, "fail", entry);
  auto *next = BasicBlock::Create(context, "", entry);
  LoadInst *known = b.CreateLoad(b.getInt8Ty(), module.getNamedGlobal("fn.cpu"));
  known->setAtomic(AtomicOrdering::Monotonic);
  b.CreateCondBr(b.CreateICmpEQ(known, b.getInt8(1)), next, ask,
                 MDBuilder(context).createBranchWeights(100000, 1));
  b.SetInsertPoint(ask);
  b.CreateCondBr(b.CreateCall(cpuCheck), next, fail);
  b.SetInsertPoint(fail);
  createFailure(b, result, number(failureKind(FN_UNSUPPORTED_CPU)), number(0), b.getInt64(0),
                b.getInt64(0));
  b.CreateRetVoid();
  b.SetInsertPoint(next);
}

void EntryPoint::markChecks() {
  b.CreateCall(module.getOrInsertFunction(kChecksMarker, FunctionType::get(b.getVoidTy(), false)));
}

/// What the shape says where it does: an input's own word for it is the same.
Value *EntryPoint::sizeOf(size_t input, size_t d) {
  AffineExpr dim = function.inputs[input].dims[d];
  return mlir::isa<mlir::AffineBinaryOpExpr>(dim) ? values->dim(input, d) : values->expression(dim);
}

/// `i1 (result, tensor, indices, count, dims...)`: whether an index lies outside of the shape; then
/// the status of the first one is written.
llvm::Function *EntryPoint::entryCheck(const fnc::Tensor &tensor) {
  unsigned rank = tensor.dims.size();
  std::string name = ("fn.entries." + Twine(rank) + ".i" + Twine(tensor.indexBits)).str();
  if (llvm::Function *known = module.getFunction(name))
    return known;
  Type *element = IntegerType::get(context, tensor.indexBits);
  SmallVector<Type *> parameters = {ptr, i32, ptr, index};
  parameters.append(rank, index);
  auto *check = llvm::Function::Create(FunctionType::get(b.getInt1Ty(), parameters, false),
                                       GlobalValue::InternalLinkage, name, &module);
  auto *begin = BasicBlock::Create(context, "", check);
  auto *loop = BasicBlock::Create(context, "loop", check);
  auto *after = BasicBlock::Create(context, "after", check);
  auto *good = BasicBlock::Create(context, "good", check);
  auto *find = BasicBlock::Create(context, "find", check);
  IRBuilder<> f(begin);
  Value *count = check->getArg(3), *zero = ConstantInt::get(index, 0);
  auto indexAt = [&](Value *entry, unsigned d) {
    Value *place =
        f.CreateAdd(f.CreateMul(entry, ConstantInt::get(index, rank)), ConstantInt::get(index, d));
    return f.CreateSExt(f.CreateLoad(element, f.CreateGEP(element, check->getArg(2), place)), i64);
  };
  auto sizeOf = [&](unsigned d) { return f.CreateZExt(check->getArg(4 + d), i64); };
  // All of them without a branch, which the loop vectorizer takes; negative ones are large.
  f.CreateCondBr(f.CreateICmpSGT(count, zero), loop, good);
  f.SetInsertPoint(loop);
  PHINode *entryNumber = f.CreatePHI(index, 2), *anyBefore = f.CreatePHI(f.getInt1Ty(), 2);
  Value *any = anyBefore;
  for (unsigned d = 0; d < rank; ++d)
    any = f.CreateOr(any, f.CreateICmpUGE(indexAt(entryNumber, d), sizeOf(d)));
  Value *nextEntry = f.CreateAdd(entryNumber, ConstantInt::get(index, 1), "", true, true);
  entryNumber->addIncoming(zero, begin);
  entryNumber->addIncoming(nextEntry, loop);
  anyBefore->addIncoming(f.getFalse(), begin);
  anyBefore->addIncoming(any, loop);
  f.CreateCondBr(f.CreateICmpEQ(nextEntry, count), after, loop);
  f.SetInsertPoint(after);
  f.CreateCondBr(any, find, good, rarely(context));
  f.SetInsertPoint(good);
  f.CreateRet(f.getFalse());
  // The first one that is wrong, which exists.
  f.SetInsertPoint(find);
  PHINode *candidate = f.CreatePHI(index, 2);
  candidate->addIncoming(zero, after);
  for (unsigned d = 0; d < rank; ++d) {
    auto *bad = BasicBlock::Create(context, "bad", check);
    auto *next = BasicBlock::Create(context, "next", check);
    Value *got = indexAt(candidate, d), *size = sizeOf(d);
    f.CreateCondBr(f.CreateICmpUGE(got, size), bad, next);
    f.SetInsertPoint(bad);
    createFailure(f, check->getArg(0), number(failureKind(FN_ENTRY_OUT_OF_RANGE, d)),
                  check->getArg(1), size, got);
    f.CreateRet(f.getTrue());
    f.SetInsertPoint(next);
  }
  candidate->addIncoming(f.CreateAdd(candidate, ConstantInt::get(index, 1)), f.GetInsertBlock());
  f.CreateBr(find);
  return check;
}

/// Last, because it reads all indices.
void EntryPoint::checkEntries() {
  for (auto [i, input] : enumerate(function.inputs)) {
    if (!input.isSparse())
      continue;
    SmallVector<Value *> arguments = {result, ConstantInt::get(i32, i), values->indices(i),
                                      values->count(i)};
    for (size_t d = 0; d < input.dims.size(); ++d)
      arguments.push_back(sizeOf(i, d));
    auto *fail = BasicBlock::Create(context, "fail", entry);
    auto *next = BasicBlock::Create(context, "", entry);
    b.CreateCondBr(b.CreateCall(entryCheck(input), arguments), fail, next, rarely(context));
    b.SetInsertPoint(fail);
    b.CreateRetVoid();
    b.SetInsertPoint(next);
  }
}

void EntryPoint::callKernel() {
  llvm::Function *kernel = module.getFunction(kernelSymbol(function));
  std::vector<Value *> arguments;
  const KernelArgument *current = nullptr;
  auto memref = [&](Value *data, ArrayRef<Value *> dims) {
    std::vector<Value *> numbers(1 + 2 * dims.size(), constant(0));
    copy(dims, numbers.begin() + 1);
    Value *stride = constant(1);
    for (size_t i = dims.size(); i-- > 0;) {
      numbers[1 + dims.size() + i] = stride;
      stride = b.CreateMul(stride, dims[i]);
    }
    arguments.push_back(data);
    for (unsigned number : current->open)
      arguments.push_back(numbers[number]);
  };
  auto dimsOf = [&](const fnc::Tensor &tensor) {
    std::vector<Value *> dims;
    for (AffineExpr dim : tensor.dims)
      dims.push_back(values->expression(dim));
    return dims;
  };
  Value *status = nullptr;
  for (const KernelArgument &argument : function.arguments) {
    current = &argument;
    size_t i = argument.index;
    switch (argument.role) {
    case Role::Context:
      arguments.push_back(b.CreatePtrToInt(values->printContext(), index));
      break;
    case Role::Input: {
      std::vector<Value *> dims;
      for (size_t d = 0; d < function.inputs[i].dims.size(); ++d)
        dims.push_back(sizeOf(i, d));
      memref(values->input(i), dims);
      break;
    }
    case Role::Indices: {
      int64_t rank = function.inputs[i].dims.size();
      memref(values->indices(i), {values->count(i), constant(rank)});
      break;
    }
    case Role::Values:
      memref(values->input(i), {values->count(i)});
      break;
    case Role::Output:
      memref(values->output(i), dimsOf(function.outputs[i]));
      break;
    case Role::Variable: {
      const Variable &variable = graph.variables[i];
      memref(b.CreateConstGEP1_64(b.getInt8Ty(), state, variable.offset), dimsOf(variable));
      break;
    }
    case Role::Status: {
      IRBuilder<> top(&entry->getEntryBlock(), entry->getEntryBlock().begin());
      status = top.CreateAlloca(ArrayType::get(i64, 2));
      memref(status, {constant(2)});
      break;
    }
    case Role::Workspace:
      // Initial values need none: they are computed in place.
      if (function.isInit)
        memref(ConstantPointerNull::get(ptr), {constant(0)});
      else
        memref(values->workspace(), {values->workspaceBytes()});
      break;
    }
  }
  b.CreateCall(kernel, arguments);
  if (status && result)
    reportChecks(status);
  else if (result)
    succeed();
  else
    b.CreateRetVoid();
}

/// The kernel says which check failed; what kind it is and its limit are known here.
void EntryPoint::reportChecks(Value *status) {
  Value *failed = b.CreateLoad(i64, status);
  Value *got = b.CreateLoad(i64, b.CreateConstGEP1_64(i64, status, 1));
  auto *ok = BasicBlock::Create(context, "ok", entry);
  auto *report = BasicBlock::Create(context, "report", entry);
  SwitchInst *choose = b.CreateSwitch(failed, ok, function.checks.size());
  b.SetInsertPoint(report);
  unsigned count = function.checks.size();
  PHINode *kind = b.CreatePHI(i32, count), *number = b.CreatePHI(i32, count),
          *limit = b.CreatePHI(i64, count);
  auto first = static_cast<int32_t>(function.inputs.size() + function.outputs.size());
  for (auto [i, check] : enumerate(function.checks)) {
    auto *block = BasicBlock::Create(context, "failed", entry, report);
    choose->addCase(ConstantInt::get(cast<IntegerType>(i64), i + 1), block);
    IRBuilder<>(block).CreateBr(report);
    int32_t code = check.code == "index"    ? FN_INDEX_OUT_OF_RANGE
                   : check.code == "assert" ? FN_ASSERTION
                                            : FN_NOT_FINITE;
    kind->addIncoming(this->number(failureKind(code)), block);
    number->addIncoming(this->number(first + static_cast<int32_t>(i)), block);
    limit->addIncoming(ConstantInt::getSigned(i64, check.limit), block);
  }
  createFailure(b, result, kind, number, limit, got);
  b.CreateRetVoid();
  b.SetInsertPoint(ok);
  succeed();
}

/// The body of what a kernel calls to print: hands the memref to the context's callback.
void EntryPoint::buildPrint(const Print &print, llvm::Function *callee) {
  callee->setLinkage(GlobalValue::InternalLinkage);
  IRBuilder<> p(BasicBlock::Create(context, "", callee));
  auto *call = BasicBlock::Create(context, "call", callee);
  auto *done = BasicBlock::Create(context, "done", callee);
  Value *given = p.CreateIntToPtr(callee->getArg(0), ptr);
  auto *look = BasicBlock::Create(context, "look", callee, call);
  p.CreateCondBr(p.CreateIsNull(given), done, look);
  p.SetInsertPoint(look);
  StructType *contextType = StructType::get(context, {ptr, ptr});
  Value *callback = p.CreateLoad(ptr, p.CreateStructGEP(contextType, given, 0));
  p.CreateCondBr(p.CreateIsNull(callback), done, call);
  p.SetInsertPoint(call);
  unsigned rank = (callee->arg_size() - 4) / 2;
  auto *dimsType = ArrayType::get(index, std::max(rank, 1u));
  Value *dims = p.CreateAlloca(dimsType);
  for (unsigned i = 0; i < rank; ++i)
    p.CreateStore(callee->getArg(4 + i), p.CreateConstGEP2_32(dimsType, dims, 0, i));
  Value *user = p.CreateLoad(ptr, p.CreateStructGEP(contextType, given, 1));
  Value *label = p.CreateGlobalString(print.label, "label", 0, &module);
  auto *type = FunctionType::get(p.getVoidTy(), {ptr, ptr, i32, ptr, ptr, i32}, false);
  p.CreateCall(type, callback,
               {user, label, ConstantInt::get(i32, dtypeCode(print.dtype)), callee->getArg(2), dims,
                ConstantInt::get(i32, rank)});
  p.CreateBr(done);
  p.SetInsertPoint(done);
  p.CreateRetVoid();
}

void EntryPoint::build() {
  module.getFunction(kernelSymbol(function))->setLinkage(GlobalValue::InternalLinkage);
  for (const Print &print : function.prints)
    if (llvm::Function *callee = module.getFunction(print.callee))
      buildPrint(print, callee);
  if (function.isInit)
    return buildInit();
  auto *type = FunctionType::get(Type::getVoidTy(context), {ptr, ptr}, false);
  entry = llvm::Function::Create(type, GlobalValue::ExternalLinkage, graph.name + "_" + function.id,
                                 &module);
  entry->addParamAttr(0, Attribute::getWithStructRetType(context, statusType(context)));
  entry->addParamAttr(0, Attribute::NoAlias);
  if (cpuCheck)
    compileForBaseline(*entry, *cpuCheck);
  result = entry->getArg(0);
  b.SetInsertPoint(BasicBlock::Create(context, "", entry));
  checkCpu();
  markChecks();
  values.emplace(b, function, entry->getArg(1), /*checked=*/true);
  if (function.usesState())
    state = values->state();
  checkEntries();
  callKernel();
}

void EntryPoint::buildInit() {
  auto *type = FunctionType::get(Type::getVoidTy(context), {ptr}, false);
  entry = llvm::Function::Create(type, GlobalValue::ExternalLinkage, graph.name + "_init", &module);
  b.SetInsertPoint(BasicBlock::Create(context, "", entry));
  state = entry->getArg(0);
  values.emplace(b, function, nullptr, /*checked=*/true);
  callKernel();
  // There is no status to return.
  if (cpuCheck)
    compileForBaseline(*entry, *cpuCheck);
}

} // namespace

void fnc::addEntryPoints(Module &module, const Graph &graph, const TargetMachine &machine) {
  std::vector<const fnc::Function *> functions;
  for (const fnc::Function &function : graph.functions)
    if (llvm::Function *kernel = module.getFunction(function.kernel)) {
      kernel->setName(kernelSymbol(function));
      functions.push_back(&function);
    }
  if (functions.empty())
    return;
  llvm::Function *cpuCheck = buildCpuCheck(module, machine);
  for (const fnc::Function *function : functions)
    EntryPoint(module, graph, *function, cpuCheck).build();
}
