//===- Commit.cpp - copy what was not computed in place -------------------===//

#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_COMMIT
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

struct Move {
  Value source;
  BlockArgument destination;
};

StringRef roleOf(DictionaryAttr attrs) {
  auto role = attrs ? attrs.getAs<StringAttr>("fn.role") : StringAttr();
  return role ? role.getValue() : StringRef();
}

Value withoutCasts(Value value) {
  while (auto cast = value.getDefiningOp<memref::CastOp>())
    value = cast.getSource();
  return value;
}

/// Whether `source` may lie in the memory of `memory`. The analysis does not know memref.transpose
/// as a view.
bool mayLieIn(Value source, Value memory, BufferViewFlowAnalysis &aliases) {
  SmallVector<Value> pending = {source};
  llvm::DenseSet<Value> seen = {source};
  while (!pending.empty())
    for (Value value : aliases.resolveReverse(pending.pop_back_val())) {
      if (value == memory)
        return true;
      if (auto transpose = value.getDefiningOp<memref::TransposeOp>())
        if (seen.insert(transpose.getIn()).second)
          pending.push_back(transpose.getIn());
    }
  return false;
}

SmallVector<Value> dynamicSizes(OpBuilder &b, Location loc, Value value) {
  SmallVector<Value> sizes;
  auto type = cast<MemRefType>(value.getType());
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(memref::DimOp::create(b, loc, value, i));
  return sizes;
}

struct Commit : fnc::impl::CommitBase<Commit> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func->hasAttr("fn.kernel") && !func.isExternal() && failed(commit(func)))
      signalPassFailure();
  }

  LogicalResult commit(func::FuncOp func) {
    auto ret = cast<func::ReturnOp>(func.front().getTerminator());
    OpBuilder b(ret);

    // The destinations stand where PlaceResults put them: a variable's argument, else the new
    // arguments in the order of the results.
    llvm::StringMap<BlockArgument> variables;
    SmallVector<BlockArgument> fresh;
    Value status;
    for (BlockArgument arg : func.getArguments()) {
      DictionaryAttr attrs = func.getArgAttrDict(arg.getArgNumber());
      StringRef role = roleOf(attrs);
      if (role == "variable")
        variables[attrs.getAs<StringAttr>("fn.name").getValue()] = arg;
      else if (role == "output" || role == "status")
        fresh.push_back(arg);
      if (role == "status")
        status = arg;
    }
    SmallVector<Move> outputs, updates;
    unsigned nextFresh = 0;
    for (unsigned i = 0, e = ret.getNumOperands(); i < e; ++i) {
      DictionaryAttr attrs = func.getResultAttrDict(i);
      bool isVariable = roleOf(attrs) == "variable";
      BlockArgument destination =
          isVariable ? variables.lookup(attrs.getAs<StringAttr>("fn.name").getValue())
                     : fresh[nextFresh++];
      if (withoutCasts(ret.getOperand(i)) != destination)
        (isVariable ? updates : outputs).push_back({ret.getOperand(i), destination});
    }

    BufferViewFlowAnalysis aliases(func);
    copyAll(b, func.getLoc(), outputs, updates, aliases);
    if (!updates.empty() && status) {
      Location loc = func.getLoc();
      Value zero = arith::ConstantIndexOp::create(b, loc, 0);
      Value code = memref::LoadOp::create(b, loc, status, ValueRange{zero});
      Value none = arith::ConstantOp::create(b, loc, b.getIntegerAttr(code.getType(), 0));
      Value ok = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, code, none);
      auto guarded = scf::IfOp::create(b, loc, ok, /*withElseRegion=*/false);
      b.setInsertionPoint(guarded.thenBlock()->getTerminator());
    }
    copyAll(b, func.getLoc(), updates, {}, aliases);

    ret->setOperands({});
    intoDestinations(func);
    func.removeResAttrsAttr();
    func.setFunctionType(FunctionType::get(&getContext(), func.getArgumentTypes(), {}));
    return success();
  }

  /// Computes into a destination that nothing else looks at, instead of copying there at the end:
  /// the entry value is never read, and after the copy the source is only read. This is what is
  /// left of initial values, which then need no workspace.
  static void intoDestinations(func::FuncOp func) {
    Block &body = func.front();
    for (auto copy : llvm::make_early_inc_range(body.getOps<linalg::CopyOp>())) {
      auto alloc = copy.getInputs()[0].getDefiningOp<memref::AllocOp>();
      auto destination = dyn_cast<BlockArgument>(copy.getOutputs()[0]);
      if (!alloc || !destination || destination.getOwner() != &body || !destination.hasOneUse() ||
          alloc.getType() != destination.getType() || !alloc.getDynamicSizes().empty())
        continue;
      bool onlyRead = llvm::all_of(alloc->getUsers(), [&](Operation *user) {
        auto generic = dyn_cast<linalg::LinalgOp>(user);
        // A view could be written through; leave those alone.
        if (!generic || user->getBlock() != &body)
          return false;
        return user == copy || user->isBeforeInBlock(copy) ||
               !llvm::is_contained(generic.getDpsInits(), alloc.getResult());
      });
      if (!onlyRead)
        continue;
      Value source = alloc.getResult();
      copy.erase();
      source.replaceAllUsesWith(destination);
      alloc.erase();
    }
  }

  /// Does the moves as one: first saves every source that another move of `moves` overwrites, and
  /// sources of `later` that these overwrite.
  void copyAll(OpBuilder &b, Location loc, MutableArrayRef<Move> moves, MutableArrayRef<Move> later,
               BufferViewFlowAnalysis &aliases) {
    auto saveIfOverwritten = [&](Move &reader) {
      for (const Move &writer : moves) {
        // A plain self-copy never reaches here, so a move that reads its own destination reads it
        // through a view (a transpose, say).
        if (!mayLieIn(reader.source, writer.destination, aliases))
          continue;
        auto type = cast<MemRefType>(reader.source.getType());
        auto plain = MemRefType::get(type.getShape(), type.getElementType());
        Value saved = memref::AllocOp::create(b, loc, plain, dynamicSizes(b, loc, reader.source));
        linalg::CopyOp::create(b, loc, reader.source, saved);
        reader.source = saved;
        return;
      }
    };
    for (Move &move : moves)
      saveIfOverwritten(move);
    for (Move &move : later)
      saveIfOverwritten(move);
    for (const Move &move : moves)
      linalg::CopyOp::create(b, loc, move.source, move.destination);
  }
};

} // namespace
