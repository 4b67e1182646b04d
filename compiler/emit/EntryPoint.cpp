//===- EntryPoint.cpp - the C functions around kernels --------------------===//
//
// `fn_status GRAPH_FUNCTION(const GRAPH_FUNCTION_args *)`: everything a caller can get wrong is
// checked here, before anything is computed; then the kernel runs.
//
// The fields of the argument struct, in order (Header.cpp prints the same struct in C): the state
// where the function uses one; per input the data and, where a dimension is dynamic, all
// dimensions; per sparse input values, indices, their number and all dimensions; per output the
// data; the workspace and its bytes where there is one; the context where the function prints.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/CpuCheck.h"
#include "compiler/emit/Emit.h"
#include "compiler/emit/Overlaps.h"
#include "runtime/include/fn/abi.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace fnc;
using mlir::AffineConstantExpr;
using mlir::AffineExpr;
using mlir::AffineExprKind;
using mlir::AffineSymbolExpr;
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
        i32(Type::getInt32Ty(context)), ptr(PointerType::getUnqual(context)),
        statusType(StructType::get(context, {i32, i32, i32, i32, i64, i64})) {}

  void build();

private:
  struct Region {
    Value *begin, *bytes;
  };

  void checkCpu();
  void loadArguments();
  void checkPointers();
  void checkDims();
  void checkConstraint(const fnc::Constraint &constraint);
  bool checkOneSize(const fnc::Constraint &constraint);
  void checkWorkspace();
  void checkOverlaps();
  void checkEntries();
  llvm::Function *entryCheck(const fnc::Tensor &tensor);
  void callKernel();
  void buildPrint(const Print &print, llvm::Function *callee);

  Value *expression(AffineExpr expr);
  Value *binaryExpression(mlir::AffineBinaryOpExpr binary);
  AffineExpr byteCount(const fnc::Tensor &tensor);
  Value *bytesOf(const fnc::Tensor &tensor);
  /// The memory of an input.
  SmallVector<Region, 2> regionsOf(size_t input);
  void checkCount(size_t input);
  void checkProduct(size_t input);
  std::optional<int64_t> mostOf(AffineExpr expr) const;
  void checkSizes();
  /// A product of sizes; notes in `tooLarge`, where there is one, what no memory has.
  Value *multiply(Value *x, Value *y);
  /// Sizes beyond this cannot be in memory.
  int64_t largestSize() const { return fnc::largestSize(index->getBitWidth()); }
  int64_t largestBytes() const { return int64_t(1) << (index->getBitWidth() == 64 ? 59 : 29); }
  Value *constant(int64_t value) { return ConstantInt::getSigned(index, value); }
  /// What failed, but for the tensor, in one number.
  static int32_t kind(int32_t code, int32_t dimension, int32_t relation = 0) {
    return static_cast<int32_t>((dimension & 0xffffu) << 16 | (relation & 0xff) << 8 | code);
  }
  Value *number(int32_t value) { return ConstantInt::getSigned(i32, value); }
  /// Leaves with this status where `bad` holds.
  void failIf(Value *bad, int32_t kind, int32_t tensor, Value *expected, Value *got) {
    failIf(bad, [&] { fail(number(kind), number(tensor), expected, got); });
  }
  void failIf(Value *bad, function_ref<void()> fail);
  /// Leaves where a size or a count is not from 0 to `limit`.
  void failOutside(Value *value, int64_t limit, int32_t code, int32_t tensor, int32_t dimension);
  void fail(Value *kind, Value *tensor, Value *expected, Value *got) {
    b.CreateCall(failure(), {result, kind, tensor, wide(expected), wide(got)});
  }
  llvm::Function *failure();
  void succeed();
  Value *wide(Value *value) { return b.CreateSExtOrTrunc(value, i64); }
  int32_t outputNumber(unsigned i) { return static_cast<int32_t>(function.inputs.size() + i); }

  Module &module;
  const Graph &graph;
  const fnc::Function &function;
  llvm::Function *cpuCheck;
  LLVMContext &context;
  IRBuilder<> b;
  IntegerType *index;
  Type *i64, *i32;
  PointerType *ptr;
  StructType *statusType;
  llvm::Function *entry = nullptr;
  Value *result = nullptr;

  Value *state = nullptr, *workspace = nullptr, *workspaceBytes = nullptr, *printContext = nullptr;
  /// By input; of a sparse one the values.
  std::vector<Value *> inputs, outputs;
  /// By input; null for a dense one.
  std::vector<Value *> indices, counts;
  std::vector<std::vector<Value *>> inputDims;
  std::vector<Value *> symbols;
  /// By symbol: the input and its dimension that give the value.
  std::vector<std::pair<int32_t, int32_t>> origins;
  /// Of expressions, computed where they were asked for first: checks follow one after the other.
  DenseMap<AffineExpr, Value *> known;
  Value *needed = nullptr, *tooLarge = nullptr;
};

Value *EntryPoint::expression(AffineExpr expr) {
  if (auto constantExpr = mlir::dyn_cast<AffineConstantExpr>(expr))
    return constant(constantExpr.getValue());
  if (auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  // Where sizes are tested, each product is.
  if (tooLarge)
    return binaryExpression(mlir::cast<mlir::AffineBinaryOpExpr>(expr));
  if (Value *value = known.lookup(expr))
    return value;
  Value *value = binaryExpression(mlir::cast<mlir::AffineBinaryOpExpr>(expr));
  known[expr] = value;
  return value;
}

Value *EntryPoint::binaryExpression(mlir::AffineBinaryOpExpr binary) {
  Value *x = expression(binary.getLHS()), *y = expression(binary.getRHS());
  auto floorDiv = [&](Value *n, Value *d) {
    // Divisors are positive; a size of 0 as divisor gives 0.
    Value *isZero = b.CreateICmpEQ(d, constant(0));
    d = b.CreateSelect(isZero, constant(1), d);
    Value *quotient = b.CreateSDiv(n, d);
    Value *negative = b.CreateICmpSLT(b.CreateSRem(n, d), constant(0));
    return b.CreateSub(quotient, b.CreateZExt(negative, index));
  };
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return b.CreateAdd(x, y);
  case AffineExprKind::Mul:
    return multiply(x, y);
  case AffineExprKind::FloorDiv:
    return floorDiv(x, y);
  case AffineExprKind::CeilDiv:
    return b.CreateNeg(floorDiv(b.CreateNeg(x), y));
  default:
    return b.CreateSub(x, b.CreateMul(floorDiv(x, y), y));
  }
}

/// Writes a status. A function of its own, so that calls that succeed carry nothing of it, and of
/// few arguments, since there are more calls of it than of anything else.
llvm::Function *EntryPoint::failure() {
  constexpr StringLiteral name = "fn.fail";
  if (llvm::Function *known = module.getFunction(name))
    return known;
  auto *type = FunctionType::get(Type::getVoidTy(context), {ptr, i32, i32, i64, i64}, false);
  auto *fail = llvm::Function::Create(type, GlobalValue::InternalLinkage, name, &module);
  fail->addFnAttr(Attribute::NoInline);
  fail->addFnAttr(Attribute::Cold);
  if (cpuCheck)
    compileForBaseline(*fail, *cpuCheck);
  IRBuilder<> f(BasicBlock::Create(context, "", fail));
  Value *kind = fail->getArg(1), *code = f.CreateAnd(kind, 0xff);
  Value *dimension = f.CreateAShr(kind, 16), *relation = f.CreateAShr(f.CreateShl(kind, 16), 24);
  for (auto [i, field] : enumerate(ArrayRef<Value *>{code, fail->getArg(2), dimension, relation,
                                                     fail->getArg(3), fail->getArg(4)}))
    f.CreateStore(field, f.CreateStructGEP(statusType, fail->getArg(0), i));
  f.CreateRetVoid();
  return fail;
}

void EntryPoint::failIf(Value *bad, function_ref<void()> fail) {
  if (auto *known = dyn_cast<ConstantInt>(bad); known && known->isZero())
    return;
  auto *failed = BasicBlock::Create(context, "fail", entry);
  auto *next = BasicBlock::Create(context, "", entry);
  MDBuilder metadata(context);
  b.CreateCondBr(bad, failed, next, metadata.createBranchWeights(1, 100000));
  b.SetInsertPoint(failed);
  fail();
  b.CreateRetVoid();
  b.SetInsertPoint(next);
}

void EntryPoint::failOutside(Value *value, int64_t limit, int32_t code, int32_t tensor,
                             int32_t dimension) {
  // Negative ones are large.
  failIf(b.CreateICmpUGT(value, constant(limit)), [&] {
    Value *negative = b.CreateICmpSLT(value, constant(0));
    fail(b.CreateSelect(negative, number(kind(code, dimension, -1)),
                        number(kind(code, dimension, 1))),
         number(tensor), b.CreateSelect(negative, constant(0), constant(limit)), value);
  });
}

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
  this->fail(number(kind(FN_UNSUPPORTED_CPU, 0)), number(0), constant(0), constant(0));
  b.CreateRetVoid();
  b.SetInsertPoint(next);
}

void EntryPoint::loadArguments() {
  std::vector<Type *> fields;
  if (function.usesState())
    fields.push_back(ptr);
  for (const fnc::Tensor &input : function.inputs) {
    fields.push_back(ptr);
    if (input.isSparse()) {
      fields.push_back(ptr);
      fields.push_back(index);
    }
    if (input.takesDims())
      fields.push_back(ArrayType::get(index, input.dims.size()));
  }
  fields.insert(fields.end(), function.outputs.size(), ptr);
  if (!function.workspace.empty()) {
    fields.push_back(ptr);
    fields.push_back(index);
  }
  if (!function.prints.empty())
    fields.push_back(ptr);
  StructType *type = StructType::get(context, fields);
  Value *args = entry->getArg(1);
  unsigned field = 0;
  auto next = [&](Type *t) { return b.CreateLoad(t, b.CreateStructGEP(type, args, field++)); };

  if (function.usesState())
    state = next(ptr);
  for (const fnc::Tensor &input : function.inputs) {
    inputs.push_back(next(ptr));
    indices.push_back(input.isSparse() ? next(ptr) : nullptr);
    counts.push_back(input.isSparse() ? next(index) : nullptr);
    std::vector<Value *> dims;
    if (!input.takesDims()) {
      for (AffineExpr dim : input.dims)
        dims.push_back(constant(mlir::cast<AffineConstantExpr>(dim).getValue()));
    } else {
      Value *array = b.CreateStructGEP(type, args, field);
      for (unsigned i = 0; i < input.dims.size(); ++i)
        dims.push_back(b.CreateLoad(index, b.CreateConstGEP2_32(fields[field], array, 0, i)));
      ++field;
    }
    inputDims.push_back(std::move(dims));
  }
  for (size_t i = 0; i < function.outputs.size(); ++i)
    outputs.push_back(next(ptr));
  if (!function.workspace.empty()) {
    workspace = next(ptr);
    workspaceBytes = next(index);
  }
  if (!function.prints.empty())
    printContext = next(ptr);
}

void EntryPoint::checkPointers() {
  auto check = [&](Value *pointer, int32_t tensor) {
    failIf(b.CreateIsNull(pointer), kind(FN_NULL_POINTER, 0), tensor, constant(0), constant(0));
  };
  if (state)
    check(state, FN_TENSOR_STATE);
  for (auto [i, input] : enumerate(inputs))
    if (!function.inputs[i].takesDims())
      check(input, i);
  for (auto [i, output] : enumerate(outputs))
    if (function.outputs[i].isStatic())
      check(output, outputNumber(i));
}

void EntryPoint::checkDims() {
  symbols.assign(function.symbols.size(), nullptr);
  origins.assign(function.symbols.size(), {0, 0});
  // The first dimension that is just a symbol gives its value; it must be a size.
  for (auto [i, input] : enumerate(function.inputs)) {
    if (input.isSparse())
      checkCount(i);
    for (auto [d, dim] : enumerate(input.dims))
      if (auto symbol = mlir::dyn_cast<AffineSymbolExpr>(dim))
        if (Value *&value = symbols[symbol.getPosition()]; !value) {
          value = inputDims[i][d];
          origins[symbol.getPosition()] = {i, d};
          int64_t max = function.symbols[symbol.getPosition()].max;
          // Sizes beyond this cannot be in memory, and their products would overflow.
          failOutside(value, max >= 0 ? max : largestSize(), FN_SHAPE_MISMATCH, i, d);
        }
  }
  for (auto [i, input] : enumerate(function.inputs)) {
    if (!input.takesDims())
      continue;
    for (auto [d, dim] : enumerate(input.dims)) {
      Value *want = expression(dim);
      if (want != inputDims[i][d])
        failIf(b.CreateICmpNE(inputDims[i][d], want), kind(FN_SHAPE_MISMATCH, d), i, want,
               inputDims[i][d]);
    }
    if (input.isSparse())
      checkProduct(i);
    // An input without elements needs no memory.
    for (Region region : regionsOf(i))
      failIf(b.CreateAnd(b.CreateIsNull(region.begin), b.CreateICmpNE(region.bytes, constant(0))),
             kind(FN_NULL_POINTER, 0), i, constant(0), constant(0));
  }
  for (const fnc::Constraint &constraint : function.constraints)
    checkConstraint(constraint);
  checkSizes();
  for (auto [i, output] : enumerate(function.outputs))
    if (!output.isStatic())
      failIf(b.CreateAnd(b.CreateIsNull(outputs[i]), b.CreateICmpNE(bytesOf(output), constant(0))),
             kind(FN_NULL_POINTER, 0), outputNumber(i), constant(0), constant(0));
}

/// Fails as a wrong shape of one input where the constraint says what a size of it has to be.
bool EntryPoint::checkOneSize(const fnc::Constraint &constraint) {
  auto originOf = [&](AffineExpr expr) -> std::optional<std::pair<int32_t, int32_t>> {
    auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr);
    if (!symbol || origins[symbol.getPosition()].second < 0)
      return std::nullopt;
    return origins[symbol.getPosition()];
  };
  AffineExpr size = constraint.lhs, other = constraint.rhs;
  int32_t relation = constraint.isEqual ? 0 : -1;
  if (constraint.isEqual ? !originOf(size) : mlir::isa<AffineConstantExpr>(size)) {
    std::swap(size, other);
    relation = -relation;
  }
  // A limit of a sum is one of its other term.
  if (auto sum = mlir::dyn_cast<mlir::AffineBinaryOpExpr>(size);
      sum && sum.getKind() == AffineExprKind::Add && mlir::isa<AffineConstantExpr>(other) &&
      mlir::isa<AffineConstantExpr>(sum.getRHS())) {
    other = other - sum.getRHS();
    size = sum.getLHS();
  }
  auto origin = originOf(size);
  if (!origin)
    return false;
  Value *got = expression(size), *want = expression(other);
  Value *bad = relation == 0  ? b.CreateICmpNE(got, want)
               : relation < 0 ? b.CreateICmpSLT(got, want)
                              : b.CreateICmpSGT(got, want);
  failIf(bad, kind(FN_SHAPE_MISMATCH, origin->second, relation), origin->first, want, got);
  return true;
}

void EntryPoint::checkConstraint(const fnc::Constraint &constraint) {
  if (checkOneSize(constraint))
    return;
  std::pair<int32_t, int32_t> origin(0, 0);
  bool found = false;
  for (AffineExpr side : {constraint.lhs, constraint.rhs})
    side.walk([&](AffineExpr expr) {
      if (auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr); symbol && !found) {
        origin = origins[symbol.getPosition()];
        found = true;
      }
    });
  Value *x = expression(constraint.lhs), *y = expression(constraint.rhs);
  failIf(constraint.isEqual ? b.CreateICmpNE(x, y) : b.CreateICmpSLT(x, y),
         kind(FN_SIZES_DISAGREE, origin.second, constraint.isEqual ? 0 : -1), origin.first, y, x);
}

AffineExpr EntryPoint::byteCount(const fnc::Tensor &tensor) {
  AffineExpr bytes =
      mlir::getAffineConstantExpr(tensor.type.bytes, tensor.dims.front().getContext());
  for (AffineExpr dim : tensor.dims)
    bytes = bytes * dim;
  return bytes;
}

Value *EntryPoint::bytesOf(const fnc::Tensor &tensor) {
  return tensor.dims.empty() ? constant(tensor.type.bytes) : expression(byteCount(tensor));
}

SmallVector<EntryPoint::Region, 2> EntryPoint::regionsOf(size_t input) {
  const fnc::Tensor &tensor = function.inputs[input];
  if (!tensor.isSparse())
    return {{inputs[input], bytesOf(tensor)}};
  int64_t row = tensor.dims.size() * tensor.indexBits / 8;
  return {{inputs[input], b.CreateMul(counts[input], constant(tensor.type.bytes))},
          {indices[input], b.CreateMul(counts[input], constant(row))}};
}

//===-- Sparse inputs ----------------------------------------------------------===//

/// How many entries there are; gives the symbol that stands for it.
void EntryPoint::checkCount(size_t input) {
  auto symbol = mlir::cast<AffineSymbolExpr>(function.inputs[input].count);
  Value *count = symbols[symbol.getPosition()] = counts[input];
  origins[symbol.getPosition()] = {static_cast<int32_t>(input), -1};
  int64_t max = function.symbols[symbol.getPosition()].max;
  failOutside(count, max < 0 ? largestSize() : max, FN_ENTRY_COUNT, input, 0);
}

/// No memory lies behind the shape of a sparse tensor, so that it may say more than there can be.
void EntryPoint::checkProduct(size_t input) {
  Value *elements = ConstantInt::get(i64, 1), *isTooLarge = b.getFalse();
  auto *limit = ConstantInt::get(i64, largestSize() << (index->getBitWidth() == 64 ? 19 : 0));
  for (Value *dim : inputDims[input]) {
    Value *product = b.CreateBinaryIntrinsic(Intrinsic::umul_with_overflow, elements, wide(dim));
    isTooLarge = b.CreateOr(isTooLarge, b.CreateExtractValue(product, 1));
    elements = b.CreateExtractValue(product, 0);
    isTooLarge = b.CreateOr(isTooLarge, b.CreateICmpUGT(elements, limit));
  }
  failIf(isTooLarge, kind(FN_SHAPE_OVERFLOW, 0, 1), input, limit, elements);
}

Value *EntryPoint::multiply(Value *x, Value *y) {
  if (!tooLarge)
    return b.CreateMul(x, y);
  Value *product = b.CreateBinaryIntrinsic(Intrinsic::smul_with_overflow, x, y);
  Value *value = b.CreateExtractValue(product, 0);
  Value *limit = constant(largestBytes());
  tooLarge = b.CreateOr(tooLarge, b.CreateExtractValue(product, 1));
  tooLarge = b.CreateOr(tooLarge, b.CreateICmpSGT(value, limit));
  return value;
}

/// The largest magnitude of the expression, whatever sizes pass; none where that is too large.
std::optional<int64_t> EntryPoint::mostOf(AffineExpr expr) const {
  if (auto number = mlir::dyn_cast<AffineConstantExpr>(expr))
    return std::abs(number.getValue());
  if (auto symbol = mlir::dyn_cast<AffineSymbolExpr>(expr)) {
    int64_t max = function.symbols[symbol.getPosition()].max;
    return max < 0 ? largestSize() : max;
  }
  auto binary = mlir::cast<mlir::AffineBinaryOpExpr>(expr);
  std::optional<int64_t> x = mostOf(binary.getLHS()), y = mostOf(binary.getRHS());
  if (!x || !y)
    return std::nullopt;
  int64_t most = *x;
  if (binary.getKind() == AffineExprKind::Add
          ? llvm::AddOverflow(*x, *y, most)
          : binary.getKind() == AffineExprKind::Mul && llvm::MulOverflow(*x, *y, most))
    return std::nullopt;
  return most <= largestBytes() ? std::optional(most) : std::nullopt;
}

/// Neither does memory have to lie behind what a call makes of sizes that pass: outputs and
/// workspace, whose bytes must not wrap around.
void EntryPoint::checkSizes() {
  tooLarge = b.getFalse();
  for (const fnc::Tensor &output : function.outputs)
    if (!output.dims.empty() && !mostOf(byteCount(output)))
      expression(byteCount(output));
  for (const WorkspaceBuffer &buffer : function.workspace)
    if (!mostOf(buffer.bytes))
      expression(buffer.bytes);
  auto sparse = llvm::find_if(function.inputs, [](auto &input) { return input.isSparse(); });
  int32_t input = origins.empty() ? 0 : origins[0].first;
  if (sparse != function.inputs.end())
    input = static_cast<int32_t>(sparse - function.inputs.begin());
  if (tooLarge != b.getFalse())
    failIf(tooLarge, kind(FN_SHAPE_OVERFLOW, 0), input, constant(0), constant(0));
  tooLarge = nullptr;
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
  f.CreateCondBr(any, find, good, MDBuilder(context).createBranchWeights(1, 100000));
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
    f.CreateCall(failure(), {check->getArg(0), number(kind(FN_ENTRY_OUT_OF_RANGE, d)),
                             check->getArg(1), size, got});
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
    SmallVector<Value *> arguments = {result, ConstantInt::get(i32, i), indices[i], counts[i]};
    arguments.append(inputDims[i].begin(), inputDims[i].end());
    auto *fail = BasicBlock::Create(context, "fail", entry);
    auto *next = BasicBlock::Create(context, "", entry);
    b.CreateCondBr(b.CreateCall(entryCheck(input), arguments), fail, next,
                   MDBuilder(context).createBranchWeights(1, 100000));
    b.SetInsertPoint(fail);
    b.CreateRetVoid();
    b.SetInsertPoint(next);
  }
}

void EntryPoint::checkWorkspace() {
  if (function.workspace.empty())
    return;
  std::vector<Value *> ends;
  for (const WorkspaceBuffer &buffer : function.workspace) {
    Value *offset = constant(0);
    auto larger = [&](Value *x, Value *y) {
      auto *cx = dyn_cast<ConstantInt>(x), *cy = dyn_cast<ConstantInt>(y);
      if (cx && cy)
        return cx->getSExtValue() > cy->getSExtValue() ? x : y;
      return static_cast<Value *>(b.CreateBinaryIntrinsic(Intrinsic::smax, x, y));
    };
    for (int64_t j : buffer.below)
      offset = larger(offset, ends[j]);
    Value *bytes = expression(buffer.bytes);
    Value *aligned = b.CreateAnd(b.CreateAdd(bytes, constant(63)), constant(-64));
    ends.push_back(b.CreateAdd(offset, aligned));
    needed = needed ? larger(needed, ends.back()) : ends.back();
  }
  failIf(b.CreateICmpULT(workspaceBytes, needed), kind(FN_WORKSPACE_TOO_SMALL, 0),
         FN_TENSOR_WORKSPACE, needed, workspaceBytes);
  failIf(b.CreateAnd(b.CreateIsNull(workspace), b.CreateICmpNE(needed, constant(0))),
         kind(FN_NULL_POINTER, 0), FN_TENSOR_WORKSPACE, constant(0), constant(0));
  Value *low = b.CreateAnd(b.CreatePtrToInt(workspace, index), constant(63));
  failIf(b.CreateICmpNE(low, constant(0)), kind(FN_WORKSPACE_MISALIGNED, 0), FN_TENSOR_WORKSPACE,
         constant(64), low);
}

/// So many pairs are compared where they are; more in a loop.
constexpr size_t kMostPairs = 40;

void EntryPoint::checkOverlaps() {
  Extents extents;
  auto extentOf = [&](int32_t tensor, Region region) {
    return Extent{tensor, b.CreatePtrToInt(region.begin, index), region.bytes};
  };
  SmallVector<Extent> &written = extents.written;
  for (auto [i, output] : enumerate(function.outputs))
    written.push_back(extentOf(outputNumber(i), {outputs[i], bytesOf(output)}));
  if (workspace)
    written.push_back(extentOf(FN_TENSOR_WORKSPACE, {workspace, needed}));
  extents.reported = written.size();
  // A state that is only read must still not be written through an output.
  if (state)
    written.push_back(extentOf(FN_TENSOR_STATE, {state, constant(graph.stateBytes)}));
  extents.inTheWay = function.writes.empty() ? extents.reported : written.size();
  for (size_t i = 0; i < inputs.size(); ++i)
    for (Region region : regionsOf(i))
      extents.read.push_back(extentOf(i, region));

  if (extents.pairs() > kMostPairs) {
    Value *found = findOverlap(b, extents);
    failIf(b.CreateICmpNE(found, ConstantInt::getSigned(i32, kNoOverlap)),
           [&] { fail(number(kind(FN_OVERLAP, 0)), found, constant(0), constant(0)); });
    return;
  }
  auto check = [&](const Extent &own, ArrayRef<Extent> others) {
    Value *any = b.getFalse();
    for (const Extent &other : others)
      any = b.CreateOr(any, overlap(b, own, other));
    failIf(any, kind(FN_OVERLAP, 0), own.tensor, constant(0), constant(0));
  };
  for (const Extent &extent : extents.read)
    check(extent, ArrayRef(written).take_front(extents.inTheWay));
  for (size_t i = 0; i < extents.reported; ++i)
    check(written[i], ArrayRef(written).drop_front(i + 1));
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
      dims.push_back(expression(dim));
    return dims;
  };
  Value *status = nullptr;
  for (const KernelArgument &argument : function.arguments) {
    current = &argument;
    switch (argument.role) {
    case Role::Context:
      arguments.push_back(b.CreatePtrToInt(printContext, index));
      break;
    case Role::Input:
      memref(inputs[argument.index], inputDims[argument.index]);
      break;
    case Role::Indices: {
      int64_t rank = function.inputs[argument.index].dims.size();
      memref(indices[argument.index], {counts[argument.index], constant(rank)});
      break;
    }
    case Role::Values:
      memref(inputs[argument.index], {counts[argument.index]});
      break;
    case Role::Output:
      memref(outputs[argument.index], dimsOf(function.outputs[argument.index]));
      break;
    case Role::Variable: {
      const Variable &variable = graph.variables[argument.index];
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
      memref(workspace, {workspaceBytes});
      break;
    }
  }
  b.CreateCall(kernel, arguments);
  if (!result) {
    b.CreateRetVoid();
    return;
  }
  if (!status) {
    succeed();
    return;
  }
  // The kernel says which check failed; what kind it is and its limit are known here.
  Value *failed = b.CreateLoad(i64, status);
  Value *got = b.CreateLoad(i64, b.CreateConstGEP1_64(i64, status, 1));
  auto *unknown = BasicBlock::Create(context, "ok", entry);
  SwitchInst *choose = b.CreateSwitch(failed, unknown, function.checks.size());
  int32_t first = outputNumber(function.outputs.size());
  for (auto [i, check] : enumerate(function.checks)) {
    auto *block = BasicBlock::Create(context, "failed", entry);
    choose->addCase(ConstantInt::get(cast<IntegerType>(i64), i + 1), block);
    b.SetInsertPoint(block);
    int32_t code = check.code == "index"    ? FN_INDEX_OUT_OF_RANGE
                   : check.code == "assert" ? FN_ASSERTION
                                            : FN_NOT_FINITE;
    fail(number(kind(code, 0)), number(first + static_cast<int32_t>(i)),
         ConstantInt::getSigned(i64, check.limit), got);
    b.CreateRetVoid();
  }
  b.SetInsertPoint(unknown);
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
  if (function.isInit) {
    auto *type = FunctionType::get(Type::getVoidTy(context), {ptr}, false);
    entry =
        llvm::Function::Create(type, GlobalValue::ExternalLinkage, graph.name + "_init", &module);
    b.SetInsertPoint(BasicBlock::Create(context, "", entry));
    state = entry->getArg(0);
    // Initial values need no workspace: they are computed in place.
    workspaceBytes = constant(0);
    workspace = ConstantPointerNull::get(ptr);
    callKernel();
    // There is no status to return.
    if (cpuCheck)
      compileForBaseline(*entry, *cpuCheck);
    return;
  }
  auto *type = FunctionType::get(Type::getVoidTy(context), {ptr, ptr}, false);
  entry = llvm::Function::Create(type, GlobalValue::ExternalLinkage, graph.name + "_" + function.id,
                                 &module);
  entry->addParamAttr(0, Attribute::getWithStructRetType(context, statusType));
  entry->addParamAttr(0, Attribute::NoAlias);
  if (cpuCheck)
    compileForBaseline(*entry, *cpuCheck);
  result = entry->getArg(0);
  b.SetInsertPoint(BasicBlock::Create(context, "", entry));
  checkCpu();
  loadArguments();
  checkPointers();
  checkDims();
  checkWorkspace();
  checkOverlaps();
  checkEntries();
  callKernel();
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
