//===- SeparateReaders.cpp - tensors that many ops share, given to each ---===//

#include "compiler/buffer/SeparateReaders.h"
#include "compiler/buffer/Passes.h"
#include "compiler/kernel/Aliases.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_SEPARATEREADERS
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// Makes uninitialized tensors in the region that uses them. What a branch yields in memory from
/// outside of a loop would tie that memory to the state of the loop, which then is copied to a new
/// buffer in each round.
void sinkFreshTensors(func::FuncOp func) {
  func.walk([](tensor::EmptyOp empty) {
    for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
      Operation *user = use.getOwner();
      if (user->getBlock() != empty->getBlock())
        use.set(OpBuilder(user).clone(*empty)->getResult(0));
    }
  });
}

/// Whether a loop's result is among the tensors that `value` may be.
bool isOfLoop(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto branch = dyn_cast_or_null<scf::IfOp>(op)) {
    unsigned i = cast<OpResult>(value).getResultNumber();
    return isOfLoop(branch.thenYield().getOperand(i)) || isOfLoop(branch.elseYield().getOperand(i));
  }
  if (isa_and_nonnull<tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
                      tensor::ExtractSliceOp>(op))
    return isOfLoop(op->getOperand(0));
  return isa_and_nonnull<scf::ForOp, scf::WhileOp>(op);
}

/// `value` in memory of its own.
Value copied(OpBuilder &b, Value value) {
  return bufferization::AllocTensorOp::create(
      b, value.getLoc(), cast<RankedTensorType>(value.getType()), ValueRange{}, value);
}

/// Copies what the yield takes from outside of its branch.
void copyFromOutside(scf::YieldOp yield, unsigned i, Region *branch) {
  Value value = yield.getOperand(i);
  auto inner = value.getDefiningOp<scf::IfOp>();
  if (!branch->isAncestor(value.getParentRegion())) {
    OpBuilder b(yield);
    yield.setOperand(i, copied(b, value));
  } else if (inner) {
    unsigned k = cast<OpResult>(value).getResultNumber();
    copyFromOutside(inner.thenYield(), k, branch);
    copyFromOutside(inner.elseYield(), k, branch);
  }
}

/// Separates what one branch takes from outside from the result of a loop in the other: what the
/// loop writes in each round would be tied to memory that others read and write.
void separateBranches(func::FuncOp func) {
  func.walk([](scf::IfOp branch) {
    for (Value result : branch.getResults()) {
      if (!isa<RankedTensorType>(result.getType()) || !isOfLoop(result))
        continue;
      unsigned i = cast<OpResult>(result).getResultNumber();
      copyFromOutside(branch.thenYield(), i, &branch.getThenRegion());
      copyFromOutside(branch.elseYield(), i, &branch.getElseRegion());
    }
  });
}

/// An operand that a select or branch may take for its result.
struct Choice {
  OpOperand *operand;
  Value result;

  Value source() const { return fnc::viewedTensor(operand->get()); }
};

SmallVector<Choice> findChoices(func::FuncOp func) {
  SmallVector<Choice> choices;
  func.walk([&](Operation *op) {
    for (OpResult result : op->getResults()) {
      unsigned i = result.getResultNumber();
      if (!isa<RankedTensorType>(result.getType()))
        continue;
      if (auto select = dyn_cast<arith::SelectOp>(op))
        for (OpOperand *operand : {&select.getTrueValueMutable(), &select.getFalseValueMutable()})
          choices.push_back({operand, result});
      if (auto branch = dyn_cast<scf::IfOp>(op))
        for (scf::YieldOp yield : {branch.thenYield(), branch.elseYield()})
          choices.push_back({&yield->getOpOperand(i), result});
    }
  });
  return choices;
}

/// Copies what is stored in its place where it is chosen among tensors some of which were there
/// before. The analysis takes all that one result may be for one memory, and the store, which it
/// cannot move, for a write over them, and gives up.
void separateStored(func::FuncOp func) {
  SmallVector<Choice> choices = findChoices(func);
  llvm::EquivalenceClasses<Value> together;
  for (const Choice &choice : choices)
    together.unionSets(choice.result, choice.source());
  llvm::DenseMap<Value, SmallVector<Value>> sources;
  for (const Choice &choice : choices) {
    Value source = choice.source();
    if (!isa_and_nonnull<arith::SelectOp, scf::IfOp>(source.getDefiningOp()))
      sources[together.getLeaderValue(source)].push_back(source);
  }
  DominanceInfo dominance(func);
  for (const Choice &choice : choices) {
    Value source = choice.source();
    auto store = source.getDefiningOp<bufferization::MaterializeInDestinationOp>();
    if (!store || llvm::all_of(sources[together.getLeaderValue(source)], [&](Value other) {
          Operation *def = other.getDefiningOp();
          return other == source || (def && dominance.properlyDominates(store, def));
        }))
      continue;
    OpBuilder b(choice.operand->getOwner());
    choice.operand->set(copied(b, choice.operand->get()));
  }
}

/// Gives each operand of an op an uninitialized tensor of its own. Nobody reads what it holds, so
/// that the analysis sees no conflict where an op writes two results to one.
void splitOperands(tensor::EmptyOp empty) {
  llvm::SmallPtrSet<Operation *, 8> users;
  for (OpOperand &use : llvm::make_early_inc_range(empty->getUses()))
    if (!users.insert(use.getOwner()).second)
      use.set(OpBuilder(empty).clone(*empty)->getResult(0));
}

/// Gives each user of a filled tensor, and every few users of an uninitialized one, a tensor of
/// their own. Few users of one tensor compute in place; many tie their buffers together, and the
/// analysis takes cubic time in the number of ops that are.
void splitFreshTensors(func::FuncOp func, unsigned few) {
  auto split = [](Operation *op, unsigned users) {
    SmallVector<OpOperand *> uses(llvm::make_pointer_range(op->getUses()));
    auto place = [&](OpOperand *use) {
      return op->getBlock()->findAncestorOpInBlock(*use->getOwner());
    };
    llvm::stable_sort(
        uses, [&](OpOperand *a, OpOperand *b) { return place(a)->isBeforeInBlock(place(b)); });
    for (size_t i = users; i < uses.size(); i += users) {
      // Outside of loops that the tensor is outside of.
      Value own = OpBuilder(place(uses[i])).clone(*op)->getResult(0);
      for (size_t k = i; k < std::min(i + users, uses.size()); ++k)
        uses[k]->set(own);
    }
  };
  // All fills first: each is a use of what it fills.
  func.walk([&](linalg::FillOp fill) {
    if (fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>())
      split(fill, 1);
  });
  SmallVector<tensor::EmptyOp> fresh;
  func.walk([&](tensor::EmptyOp empty) { fresh.push_back(empty); });
  for (tensor::EmptyOp empty : fresh) {
    splitOperands(empty);
    split(empty, few);
  }
}

/// Gives each reader of `value`, which nothing writes, a tensor of its own. The analysis compares
/// all readers of a tensor with each other, once for each of them.
void separateReaders(OpBuilder &b, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Location loc = value.getLoc();
  SmallVector<OpOperand *> uses(llvm::make_pointer_range(value.getUses()));
  Value buffer = bufferization::ToBufferOp::create(
      b, loc, MemRefType::get(type.getShape(), type.getElementType()), value, /*read_only=*/true);
  for (OpOperand *use : uses)
    use->set(bufferization::ToTensorOp::create(b, loc, type, buffer, /*restrict=*/true));
}

bool isReadOnly(func::FuncOp func, BlockArgument arg) {
  auto writable = func.getArgAttrOfType<BoolAttr>(arg.getArgNumber(), "bufferization.writable");
  return writable && !writable.getValue() && !func.getArgAttr(arg.getArgNumber(), "fn.written");
}

struct SeparateReaders : fnc::impl::SeparateReadersBase<SeparateReaders> {
  using SeparateReadersBase::SeparateReadersBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    sinkFreshTensors(func);
    separateBranches(func);
    separateStored(func);
    splitFreshTensors(func, few);
    OpBuilder b = OpBuilder::atBlockBegin(&func.front());
    for (BlockArgument arg : func.getArguments())
      if (isReadOnly(func, arg) && arg.hasNUsesOrMore(few + 1))
        separateReaders(b, arg);
    func.walk([&](arith::ConstantOp constant) {
      if (!isa<RankedTensorType>(constant.getType()) ||
          !constant.getResult().hasNUsesOrMore(few + 1))
        return;
      b.setInsertionPointAfter(constant);
      separateReaders(b, constant);
    });
  }
};

} // namespace

void fnc::copyChoices(func::FuncOp func) {
  SmallVector<OpOperand *> operands;
  for (const Choice &choice : findChoices(func))
    operands.push_back(choice.operand);
  func.walk([&](LoopLikeOpInterface loop) {
    for (OpOperand &init : loop.getInitsMutable())
      if (isa<RankedTensorType>(init.get().getType()))
        operands.push_back(&init);
  });
  for (OpOperand *operand : operands) {
    OpBuilder b(operand->getOwner());
    operand->set(copied(b, operand->get()));
  }
}
