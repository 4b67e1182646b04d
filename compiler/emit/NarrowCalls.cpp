//===- NarrowCalls.cpp - what calls hand over -----------------------------===//
//
// What looks at the calls of a function, and so at the whole module, is done here: LLVM then sees a
// function without the others, and takes less time for it where it is told what is known.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/NarrowCalls.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/IR/Instruction.h"

using namespace mlir;
using llvm::ConstantRange;
using llvm::Instruction;

namespace {

/// Within which limits integers are, as far as arguments and arithmetic say.
class Ranges {
public:
  ConstantRange of(Value value, unsigned depth = 0);

private:
  ConstantRange find(Value value, unsigned depth);

  /// What is further away from arguments is not looked at.
  static constexpr unsigned kDeepest = 8;
  llvm::DenseMap<Value, ConstantRange> known;
};

ConstantRange ofArgument(BlockArgument argument) {
  ConstantRange all = ConstantRange::getFull(argument.getType().getIntOrFloatBitWidth());
  auto func = dyn_cast<LLVM::LLVMFuncOp>(argument.getOwner()->getParentOp());
  if (!func || !argument.getOwner()->isEntryBlock())
    return all;
  auto range = func.getArgAttrOfType<LLVM::ConstantRangeAttr>(
      argument.getArgNumber(), LLVM::LLVMDialect::getRangeAttrName());
  return range ? ConstantRange(range.getLower(), range.getUpper()) : all;
}

std::optional<Instruction::BinaryOps> operatorOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<Instruction::BinaryOps>>(op)
      .Case([](LLVM::AddOp) { return Instruction::Add; })
      .Case([](LLVM::SubOp) { return Instruction::Sub; })
      .Case([](LLVM::MulOp) { return Instruction::Mul; })
      .Case([](LLVM::UDivOp) { return Instruction::UDiv; })
      .Case([](LLVM::SDivOp) { return Instruction::SDiv; })
      .Case([](LLVM::URemOp) { return Instruction::URem; })
      .Case([](LLVM::SRemOp) { return Instruction::SRem; })
      .Case([](LLVM::AndOp) { return Instruction::And; })
      .Case([](LLVM::ShlOp) { return Instruction::Shl; })
      .Default([](Operation *) { return std::nullopt; });
}

ConstantRange Ranges::find(Value value, unsigned depth) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return ofArgument(argument);
  Operation *op = value.getDefiningOp();
  auto operand = [&](unsigned i) { return of(op->getOperand(i), depth + 1); };
  if (auto constant = dyn_cast<LLVM::ConstantOp>(op))
    if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
      // One of an index has 64 bits.
      return number.getValue().sextOrTrunc(value.getType().getIntOrFloatBitWidth());
  if (std::optional<Instruction::BinaryOps> binary = operatorOf(op))
    return operand(0).binaryOp(*binary, operand(1));
  if (isa<LLVM::SMinOp>(op))
    return operand(0).smin(operand(1));
  if (isa<LLVM::SMaxOp>(op))
    return operand(0).smax(operand(1));
  if (isa<LLVM::SelectOp>(op))
    return operand(1).unionWith(operand(2));
  return ConstantRange::getFull(value.getType().getIntOrFloatBitWidth());
}

ConstantRange Ranges::of(Value value, unsigned depth) {
  if (depth > kDeepest)
    return ConstantRange::getFull(value.getType().getIntOrFloatBitWidth());
  auto before = known.find(value);
  if (before != known.end())
    return before->second;
  ConstantRange range = find(value, depth);
  known.insert({value, range});
  return range;
}

using Calls = SmallVector<LLVM::CallOp, 2>;

/// Internal functions are called where they are named, and so by nobody else.
llvm::DenseMap<StringAttr, Calls> callsIn(ModuleOp module) {
  llvm::DenseMap<StringAttr, Calls> calls;
  module.walk([&](LLVM::CallOp call) {
    if (FlatSymbolRefAttr callee = call.getCalleeAttr())
      calls[callee.getAttr()].push_back(call);
  });
  return calls;
}

bool isSame(Value x, Value y) {
  if (x == y)
    return true;
  Operation *one = x.getDefiningOp(), *other = y.getDefiningOp();
  return one && other && isa<LLVM::ConstantOp, LLVM::AddressOfOp>(one) &&
         OperationEquivalence::isEquivalentTo(one, other, OperationEquivalence::IgnoreLocations);
}

class Arguments {
public:
  Arguments(LLVM::LLVMFuncOp func, Calls &calls, Ranges &ranges)
      : func(func), calls(calls), ranges(ranges), out(func.getNumArguments()) {}

  void narrow() {
    for (BlockArgument argument : func.getArguments())
      if (argument.use_empty() || becomesConstant(argument) || becomesOther(argument))
        out.set(argument.getArgNumber());
    for (BlockArgument argument : func.getArguments())
      if (!out[argument.getArgNumber()] && argument.getType().isInteger() &&
          !argument.getType().isInteger(1))
        addRange(argument);
    leaveOut();
  }

private:
  Value handedOver(LLVM::CallOp call, unsigned i) { return call.getArgOperands()[i]; }

  bool becomesConstant(BlockArgument argument);
  bool becomesOther(BlockArgument argument);
  void addRange(BlockArgument argument);
  void leaveOut();

  LLVM::LLVMFuncOp func;
  Calls &calls;
  Ranges &ranges;
  BitVector out;
};

bool Arguments::becomesConstant(BlockArgument argument) {
  Value first = handedOver(calls.front(), argument.getArgNumber());
  if (!first.getDefiningOp<LLVM::ConstantOp>() && !first.getDefiningOp<LLVM::AddressOfOp>())
    return false;
  if (!llvm::all_of(calls, [&](LLVM::CallOp call) {
        return isSame(handedOver(call, argument.getArgNumber()), first);
      }))
    return false;
  OpBuilder b = OpBuilder::atBlockBegin(argument.getOwner());
  Operation *constant = b.clone(*first.getDefiningOp());
  constant->setLoc(func.getLoc());
  argument.replaceAllUsesWith(constant->getResult(0));
  return true;
}

bool Arguments::becomesOther(BlockArgument argument) {
  unsigned i = argument.getArgNumber();
  for (unsigned other = 0; other < i; ++other) {
    if (out[other] || argument.getType() != func.getArgument(other).getType() ||
        !llvm::all_of(calls, [&](LLVM::CallOp call) {
          return handedOver(call, i) == handedOver(call, other);
        }))
      continue;
    argument.replaceAllUsesWith(func.getArgument(other));
    return true;
  }
  return false;
}

void Arguments::addRange(BlockArgument argument) {
  unsigned i = argument.getArgNumber();
  ConstantRange range = ConstantRange::getEmpty(argument.getType().getIntOrFloatBitWidth());
  for (LLVM::CallOp call : calls)
    range = range.unionWith(ranges.of(handedOver(call, i)));
  if (range.isFullSet() || range.isEmptySet())
    return;
  NamedAttribute attribute = fnc::rangeAttribute(func.getContext(), range);
  func.setArgAttr(i, attribute.getName(), attribute.getValue());
}

void Arguments::leaveOut() {
  if (out.none())
    return;
  SmallVector<Type> left;
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    if (!out[i])
      left.push_back(type);
  auto type = LLVM::LLVMFunctionType::get(func.getFunctionType().getReturnType(), left);
  function_interface_impl::eraseFunctionArguments(func, out, type);
  for (LLVM::CallOp call : calls) {
    MutableOperandRange operands = call.getCalleeOperandsMutable();
    for (unsigned i = out.size(); i-- > 0;)
      if (out[i])
        operands.erase(i);
  }
}

} // namespace

NamedAttribute fnc::rangeAttribute(MLIRContext *context, const ConstantRange &range) {
  return {StringAttr::get(context, LLVM::LLVMDialect::getRangeAttrName()),
          LLVM::ConstantRangeAttr::get(context, range.getLower(), range.getUpper())};
}

void fnc::narrowCalls(ModuleOp module) {
  llvm::DenseMap<StringAttr, Calls> calls = callsIn(module);
  Ranges ranges;
  // Callers first, whose ranges are handed on: functions stand before what calls them, but for
  // shared ones, whose callers are kernels, of which all is known.
  for (Operation &op : llvm::reverse(*module.getBody())) {
    auto func = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (!func || func.isExternal() || func.getLinkage() != LLVM::Linkage::Internal)
      continue;
    auto own = calls.find(func.getSymNameAttr());
    if (own != calls.end())
      Arguments(func, own->second, ranges).narrow();
  }
}
