//===- FunctionLowering.cpp - a function on memrefs in LLVM ---------------===//

#include "compiler/emit/FunctionLowering.h"
#include "compiler/kernel/Strides.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"

using namespace mlir;
using fnc::FunctionLowering;
using fnc::Index;

/// Whether LLVM has values like these: numbers, their vectors, and memrefs of them.
static bool isPlain(Type type) {
  if (auto memref = dyn_cast<MemRefType>(type))
    return memref.getElementType().isIntOrIndexOrFloat() && isPlain(memref.getElementType()) &&
           memref.getMemorySpaceAsInt() == 0;
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getRank() == 1 && !vector.isScalable() && isPlain(vector.getElementType());
  return isa<IntegerType, IndexType, Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
}

static bool isPlain(Operation *op) {
  auto isPlainType = [](Type type) { return isPlain(type); };
  return llvm::all_of(op->getOperandTypes(), isPlainType) &&
         llvm::all_of(op->getResultTypes(), isPlainType);
}

std::vector<unsigned> fnc::openNumbers(MemRefType type) {
  auto [strides, offset] = *fnc::stridesOf(type);
  std::vector<unsigned> open;
  unsigned number = 0;
  auto look = [&](int64_t known) {
    if (ShapedType::isDynamic(known))
      open.push_back(number);
    ++number;
  };
  look(offset);
  llvm::for_each(type.getShape(), look);
  llvm::for_each(strides, look);
  return open;
}

LLVM::LLVMFunctionType fnc::signatureOf(func::FuncOp func, const LLVMTypeConverter &types) {
  MLIRContext *context = func.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context);
  SmallVector<Type> arguments;
  for (Type type : func.getArgumentTypes())
    if (auto memref = dyn_cast<MemRefType>(type)) {
      arguments.append(func.isExternal() ? 2 : 1, pointer);
      arguments.append(func.isExternal() ? 1 + 2 * memref.getRank() : openNumbers(memref).size(),
                       types.getIndexType());
    } else {
      arguments.push_back(types.convertType(type));
    }
  Type result = LLVM::LLVMVoidType::get(context);
  SmallVector<Type> results;
  if (succeeded(types.convertTypes(func.getResultTypes(), results)) && !results.empty())
    result =
        results.size() == 1 ? results.front() : LLVM::LLVMStructType::getLiteral(context, results);
  return LLVM::LLVMFunctionType::get(result, arguments);
}

//===- Values -------------------------------------------------------------===//

Type FunctionLowering::convert(Type type) {
  if (isa<IndexType>(type))
    return indexType();
  if (auto vector = dyn_cast<VectorType>(type); vector && isPlain(type))
    return vector.getElementType().isIndex() ? vector.clone(indexType()) : type;
  return isPlain(type) && !isa<MemRefType>(type) ? type : types.convertType(type);
}

Value FunctionLowering::get(Value source) {
  if (isa<IndexType>(source.getType()))
    return value(index(source));
  return values.lookup(source);
}

Index FunctionLowering::index(Value source) {
  auto constant = known.find(source);
  return constant != known.end() ? Index(constant->second) : Index(values.lookup(source));
}

void FunctionLowering::set(Value source, Index made) {
  if (made.value)
    values[source] = made.value;
  else
    known[source] = made.known;
}

/// The parts of `buffer` that the type of `source` does not know are asked for, in the order of
/// `openNumbers`.
void FunctionLowering::fillFrom(Value source, Buffer &buffer, llvm::function_ref<Index()> offset,
                                llvm::function_ref<Index(unsigned)> size,
                                llvm::function_ref<Index(unsigned)> stride) {
  auto type = cast<MemRefType>(source.getType());
  auto [strides, start] = *fnc::stridesOf(type);
  buffer.offset = ShapedType::isDynamic(start) ? offset() : Index(start);
  buffer.sizes.clear();
  buffer.strides.clear();
  for (auto [i, known] : llvm::enumerate(type.getShape()))
    buffer.sizes.push_back(ShapedType::isDynamic(known) ? size(i) : Index(known));
  for (auto [i, known] : llvm::enumerate(strides))
    buffer.strides.push_back(ShapedType::isDynamic(known) ? stride(i) : Index(known));
}

void FunctionLowering::set(Value source, Buffer made) {
  Buffer &buffer = buffers[source];
  buffer.pointer = made.pointer;
  fillFrom(
      source, buffer, [&] { return made.offset; }, [&](unsigned i) { return made.sizes[i]; },
      [&](unsigned i) { return made.strides[i]; });
}

void FunctionLowering::appendParts(Value source, SmallVectorImpl<Value> &parts) {
  if (!isa<MemRefType>(source.getType())) {
    parts.push_back(get(source));
    return;
  }
  const Buffer &from = buffer(source);
  parts.push_back(from.pointer);
  auto append = [&](Index number) {
    parts.push_back(value(number));
    return number;
  };
  Buffer filled;
  fillFrom(
      source, filled, [&] { return append(from.offset); },
      [&](unsigned i) { return append(from.sizes[i]); },
      [&](unsigned i) { return append(from.strides[i]); });
}

void FunctionLowering::takeParts(ValueRange sources, ValueRange parts) {
  auto take = [&] {
    Value part = parts.front();
    parts = parts.drop_front();
    return part;
  };
  auto number = [&](unsigned) -> Index { return take(); };
  for (Value source : sources) {
    if (!isa<MemRefType>(source.getType())) {
      set(source, take());
      continue;
    }
    Buffer &taken = buffers[source];
    taken.pointer = take();
    fillFrom(source, taken, [&] { return number(0); }, number, number);
  }
}

void FunctionLowering::appendDescriptor(Value source, SmallVectorImpl<Value> &parts) {
  const Buffer &from = buffer(source);
  parts.append({from.pointer, from.pointer, value(from.offset)});
  for (Index size : from.sizes)
    parts.push_back(value(size));
  for (Index stride : from.strides)
    parts.push_back(value(stride));
}

fnc::Buffer FunctionLowering::takeDescriptor(Value source, ValueRange &parts) {
  unsigned rank = cast<MemRefType>(source.getType()).getRank();
  ValueRange own = parts.take_front(3 + 2 * rank);
  parts = parts.drop_front(3 + 2 * rank);
  Buffer taken{own[1]};
  fillFrom(
      source, taken, [&]() -> Index { return own[2]; },
      [&](unsigned i) -> Index { return own[3 + i]; },
      [&](unsigned i) -> Index { return own[3 + rank + i]; });
  return taken;
}

void FunctionLowering::alias(ValueRange sources, ValueRange others) {
  for (auto [source, other] : llvm::zip_equal(sources, others))
    if (isa<MemRefType>(source.getType()))
      set(source, Buffer(buffer(other)));
    else if (isa<IndexType>(source.getType()))
      set(source, index(other));
    else
      set(source, get(other));
}

//===- Arithmetic ---------------------------------------------------------===//

Value FunctionLowering::value(Index number) {
  if (number.value)
    return number.value;
  Value &constant = constants[number.known];
  if (!constant) {
    OpBuilder entry = OpBuilder::atBlockBegin(&made.getBody().front());
    constant = LLVM::ConstantOp::create(entry, made.getLoc(), indexType(),
                                        entry.getIndexAttr(number.known));
  }
  return constant;
}

Index FunctionLowering::add(Index x, Index y) {
  if (x.is(0) || y.is(0))
    return x.is(0) ? y : x;
  if (!x.value && !y.value)
    return x.known + y.known;
  return LLVM::AddOp::create(b, value(x), value(y)).getResult();
}

static LLVM::IntegerOverflowFlags flagsOf(bool isInBounds) {
  using LLVM::IntegerOverflowFlags;
  return isInBounds ? IntegerOverflowFlags::nsw | IntegerOverflowFlags::nuw
                    : IntegerOverflowFlags::none;
}

Index FunctionLowering::mul(Index x, Index y, bool isInBounds) {
  if (x.is(1) || y.is(1))
    return x.is(1) ? y : x;
  if (x.is(0) || y.is(0))
    return 0;
  if (!x.value && !y.value)
    return x.known * y.known;
  return LLVM::MulOp::create(b, value(x), value(y), flagsOf(isInBounds)).getResult();
}

Value FunctionLowering::address(Type element, Value from, Index count, bool isInBounds) {
  using LLVM::GEPNoWrapFlags;
  if (count.is(0))
    return from;
  LLVM::GEPArg argument = count.value                    ? LLVM::GEPArg(count.value)
                          : llvm::isInt<30>(count.known) ? LLVM::GEPArg(int32_t(count.known))
                                                         : LLVM::GEPArg(value(count));
  return LLVM::GEPOp::create(b, pointer, element, from, argument,
                             isInBounds ? GEPNoWrapFlags::inbounds | GEPNoWrapFlags::nuw
                                        : GEPNoWrapFlags::none);
}

Value FunctionLowering::address(Value memref, ValueRange indices, bool isInBounds) {
  Type element = convert(cast<MemRefType>(memref.getType()).getElementType());
  const Buffer &from = buffer(memref);
  Value start = address(element, from.pointer, from.offset);
  Index count = 0;
  for (auto [i, stride] : llvm::zip_equal(indices, from.strides))
    count = add(count, mul(index(i), stride, isInBounds));
  return address(element, start, count, isInBounds);
}

//===- Ops ----------------------------------------------------------------===//

void FunctionLowering::lower(func::FuncOp from, LLVM::LLVMFuncOp to) {
  made = to;
  b.setInsertionPointToEnd(to.addEntryBlock(b));
  takeParts(from.getArguments(), to.getArguments());
  lowerBlock(from.getBody().front());
  lowerReturn(cast<func::ReturnOp>(from.getBody().front().getTerminator()));
}

void FunctionLowering::lowerBlock(Block &block) {
  // What is expanded in place goes on behind the op.
  for (Operation *op = &block.front(); op != block.getTerminator(); op = op->getNextNode()) {
    b.setLoc(op->getLoc());
    lowerOp(op);
  }
  b.setLoc(block.getTerminator()->getLoc());
}

void FunctionLowering::lowerOp(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return lowerFor(loop);
  if (auto choice = dyn_cast<scf::IfOp>(op))
    return lowerIf(choice);
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return lowerWhile(loop);
  auto handler = handlers.find(op->getName().getTypeID());
  if (handler != handlers.end() && isPlain(op))
    handler->second(*this, op);
  else
    leave(op);
}

Block *FunctionLowering::newBlock(ValueRange arguments) {
  auto *block = new Block();
  for (Value argument : arguments)
    block->addArgument(argument.getType(), b.getLoc());
  return block;
}

void FunctionLowering::startBlock(Block *block) {
  made.getBody().push_back(block);
  b.setInsertionPointToEnd(block);
}

/// Loops ask at their end whether to go on, as LLVM's passes want them, and once before they begin
/// where that is open. Results are what the last round yields, or what no round leaves.
void FunctionLowering::lowerFor(scf::ForOp op) {
  auto constant = [&](Value number) -> std::optional<int64_t> {
    if (!number.getType().isIndex())
      return getConstantIntValue(number);
    Index it = index(number);
    return it.value ? std::nullopt : std::optional(it.known);
  };
  std::optional<int64_t> first = constant(op.getLowerBound()), end = constant(op.getUpperBound()),
                         by = constant(op.getStep());
  bool isEntered = first && end && *first < *end && (*first >= 0 || !op.getUnsignedCmp());
  bool meetsEnd = by == 1 || (isEntered && by && *by > 0 && (*end - *first) % *by == 0);
  auto order = op.getUnsignedCmp() ? LLVM::ICmpPredicate::ult : LLVM::ICmpPredicate::slt;
  Value upper = get(op.getUpperBound()), step = get(op.getStep());
  SmallVector<Value> parts{get(op.getLowerBound())};
  for (Value init : op.getInitArgs())
    appendParts(init, parts);

  Block *body = newBlock(parts), *done = newBlock(ValueRange(parts).drop_front()), *after = done;
  if (!isEntered) {
    after = newBlock(done->getArguments());
    Block *enter = newBlock();
    Value isAny = LLVM::ICmpOp::create(b, order, parts.front(), upper);
    LLVM::CondBrOp::create(b, isAny, enter, ValueRange(), after, ValueRange(parts).drop_front());
    startBlock(enter);
  }
  LLVM::BrOp::create(b, parts, body);
  startBlock(body);
  takeParts(op.getBody()->getArguments(), body->getArguments());
  lowerBlock(*op.getBody());
  parts = {LLVM::AddOp::create(b, body->getArgument(0), step)};
  for (Value yielded : op.getBody()->getTerminator()->getOperands())
    appendParts(yielded, parts);
  // Of two counters, code generation drops one where the test is for equality.
  Value goesOn =
      LLVM::ICmpOp::create(b, meetsEnd ? LLVM::ICmpPredicate::ne : order, parts.front(), upper);
  auto back = LLVM::CondBrOp::create(b, goesOn, body, parts, done, ValueRange(parts).drop_front());
  back.setLoopAnnotationAttr(op->getAttrOfType<LLVM::LoopAnnotationAttr>("llvm.loop_annotation"));
  startBlock(done);
  if (after != done) {
    LLVM::BrOp::create(b, done->getArguments(), after);
    startBlock(after);
  }
  takeParts(op.getResults(), after->getArguments());
}

void FunctionLowering::lowerIf(scf::IfOp op) {
  Block *then = newBlock(), *otherwise = newBlock();
  LLVM::CondBrOp::create(b, get(op.getCondition()), then, otherwise);
  Block *after = nullptr;
  auto lowerSide = [&](Block *block, Region &region) {
    startBlock(block);
    SmallVector<Value> parts;
    if (!region.empty()) {
      lowerBlock(region.front());
      for (Value yielded : region.front().getTerminator()->getOperands())
        appendParts(yielded, parts);
    }
    if (!after)
      after = newBlock(parts);
    LLVM::BrOp::create(b, parts, after);
  };
  lowerSide(then, op.getThenRegion());
  if (op.getElseRegion().empty()) {
    otherwise->replaceAllUsesWith(after);
    delete otherwise;
  } else {
    lowerSide(otherwise, op.getElseRegion());
  }
  startBlock(after);
  takeParts(op.getResults(), after->getArguments());
}

void FunctionLowering::lowerWhile(scf::WhileOp op) {
  SmallVector<Value> parts;
  for (Value init : op.getInits())
    appendParts(init, parts);
  Block *before = newBlock(parts), *body = newBlock(), *after = newBlock();
  LLVM::BrOp::create(b, parts, before);
  startBlock(before);
  takeParts(op.getBeforeArguments(), before->getArguments());
  lowerBlock(*op.getBeforeBody());
  scf::ConditionOp condition = op.getConditionOp();
  LLVM::CondBrOp::create(b, get(condition.getCondition()), body, after);
  startBlock(body);
  alias(op.getAfterArguments(), condition.getArgs());
  lowerBlock(*op.getAfterBody());
  parts.clear();
  for (Value yielded : op.getYieldOp().getOperands())
    appendParts(yielded, parts);
  LLVM::BrOp::create(b, parts, before);
  startBlock(after);
  alias(op.getResults(), condition.getArgs());
}

void FunctionLowering::lowerReturn(func::ReturnOp op) {
  if (op.getNumOperands() < 2) {
    LLVM::ReturnOp::create(b, op.getNumOperands() == 0 ? ValueRange() : get(op.getOperand(0)));
    return;
  }
  Value results = LLVM::PoisonOp::create(b, made.getFunctionType().getReturnType());
  for (auto [i, operand] : llvm::enumerate(op.getOperands()))
    results = LLVM::InsertValueOp::create(b, results, get(operand), i);
  LLVM::ReturnOp::create(b, results);
}

void FunctionLowering::leave(Operation *op) {
  IRMapping map;
  for (Value operand : op->getOperands()) {
    Value made;
    if (auto type = dyn_cast<MemRefType>(operand.getType())) {
      SmallVector<Value> parts;
      appendDescriptor(operand, parts);
      made = MemRefDescriptor::pack(b, b.getLoc(), types, type, parts);
    } else {
      made = get(operand);
    }
    map.map(operand,
            made.getType() == operand.getType()
                ? made
                : UnrealizedConversionCastOp::create(b, operand.getType(), made).getResult(0));
  }
  Operation *moved = b.clone(*op, map);
  if (!isa<LLVM::LLVMDialect>(op->getDialect()))
    left.push_back(moved);
  for (auto [result, value] : llvm::zip_equal(op->getResults(), moved->getResults())) {
    Type type = convert(result.getType());
    Value made = type == value.getType()
                     ? value
                     : UnrealizedConversionCastOp::create(b, type, value).getResult(0);
    if (auto memref = dyn_cast<MemRefType>(result.getType())) {
      SmallVector<Value> parts;
      MemRefDescriptor::unpack(b, b.getLoc(), made, memref, parts);
      ValueRange range = parts;
      buffers[result] = takeDescriptor(result, range);
    } else {
      set(result, made);
    }
  }
}
