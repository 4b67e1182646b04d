//===- FuseUpdates.cpp - elementwise loops as epilogues of contractions ---===//

#include "compiler/buffer/Accesses.h"
#include "compiler/buffer/Contraction.h"
#include "compiler/buffer/Operands.h"
#include "compiler/buffer/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using fnc::kernel::ContractOp;

namespace fnc {
#define GEN_PASS_DEF_FUSEUPDATES
#include "compiler/buffer/Passes.h.inc"
} // namespace fnc

namespace {

/// An epilogue is written out for each vector of a block.
constexpr size_t kMostEpilogueOps = 48;

/// Buffers of at least this size do not stay near the core: a loop over them had better walk along
/// memory, a strip at a time.
constexpr int64_t kFarBytes = 256 << 10, kStripBytes = 16 << 10, kMostStripBytes = 64 << 10;

/// What stays in the caches while rows pass by it.
constexpr int64_t kNearBytes = 384 << 10;

/// The size of a buffer, the largest where it depends on the call.
int64_t bytesOf(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  return type.hasStaticShape() ? type.getNumElements() * type.getElementTypeBitWidth() / 8
                               : std::numeric_limits<int64_t>::max();
}

/// A contraction and the loop that reads its results where it stands.
struct Pair {
  ContractOp contract;
  linalg::GenericOp loop;
};

/// The next op that reads the results of a contraction, if it is a loop.
linalg::GenericOp loopAfter(ContractOp contract) {
  // Pieces of sums are stored.
  if (contract.getInits().size() != 1 || contract.getPiece())
    return {};
  Operation *next = nullptr;
  for (Operation *user : contract.getInits()[0].getUsers()) {
    // Of uses in a branch the branch counts.
    Operation *at = contract->getBlock()->findAncestorOpInBlock(*user);
    if (at && contract->isBeforeInBlock(at) &&
        (!next || at->isBeforeInBlock(contract->getBlock()->findAncestorOpInBlock(*next))))
      next = user;
  }
  return dyn_cast_or_null<linalg::GenericOp>(next);
}

bool canFuse(ContractOp contract, linalg::GenericOp loop) {
  if (!fnc::isElementwiseLoop(loop))
    return false;
  // What is written both touch only where they are.
  Value sums = contract.getInits()[0];
  llvm::DenseMap<Value, Value> written;
  auto write = [&](Value memref) {
    Value buffer = fnc::bufferBehind(memref);
    return buffer && written.try_emplace(buffer, memref).first->second == memref;
  };
  return write(sums) && llvm::all_of(loop.getDpsInits(), write) &&
         fnc::touchesInPlace(loop, written) && fnc::touchesInPlace(contract, written);
}

/// Moves up what `op` uses and what stands behind `place`: views and allocations. Returns false,
/// and has moved nothing that matters, where there is something else.
bool moveOperands(Operation *op, Operation *place) {
  SmallVector<Value> used(op->getOperands());
  op->walk([&](Operation *inner) { llvm::append_range(used, inner->getOperands()); });
  for (Value value : used) {
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != place->getBlock() || def->isBeforeInBlock(place))
      continue;
    if ((!isa<memref::AllocOp>(def) && !isMemoryEffectFree(def)) || !moveOperands(def, place))
      return false;
    def->moveBefore(place);
  }
  return true;
}

/// Moves `op` up, past ops whose order does not matter; those on a few numbers that it needs it
/// takes along. At `end`, if it comes that far, it stops in front of it. Returns whether it did.
bool hoist(Operation *op, Operation *end = nullptr) {
  SmallVector<Operation *> moved = {op};
  SmallVector<fnc::Accesses> accesses = {fnc::accessesOf(op)};
  Operation *place = op;
  Operation *at = op->getPrevNode();
  for (; at && at != end; at = at->getPrevNode()) {
    if (isa<memref::AllocOp>(at) || isMemoryEffectFree(at))
      continue;
    fnc::Accesses mine = fnc::accessesOf(at);
    bool isNeeded = llvm::any_of(
        accesses, [&](const fnc::Accesses &other) { return fnc::interfere(mine, other); });
    if (isNeeded && (!fnc::touchesLittle(mine) || at->getNumResults() != 0))
      break;
    if (isNeeded) {
      moved.push_back(at);
      accesses.push_back(std::move(mine));
    } else {
      place = at;
    }
  }
  if (end && at != end)
    return false;
  if (end) {
    fnc::Accesses mine = fnc::accessesOf(end);
    for (const fnc::Accesses &other : ArrayRef(accesses).drop_front())
      if (fnc::interfere(mine, other))
        return false;
    place = end;
  }
  for (Operation *each : llvm::reverse(moved)) {
    if (each == place)
      continue;
    if (!moveOperands(each, place))
      return false;
    each->moveBefore(place);
  }
  return true;
}

/// Moves the loop up to the contraction.
bool hoist(Pair pair) {
  if (pair.loop->getBlock() != pair.contract->getBlock() || !hoist(pair.loop, pair.contract))
    return false;
  pair.loop->moveAfter(pair.contract);
  return true;
}

/// Whether nobody outside of the loop's block knows what the contraction makes.
bool isOfBlock(Pair pair) {
  Value sums = pair.contract.getInits()[0];
  return sums.getDefiningOp<memref::AllocOp>() &&
         llvm::all_of(sums.getUsers(), [&](Operation *user) {
           return user == pair.contract || pair.loop->getBlock()->findAncestorOpInBlock(*user);
         });
}

/// Moves the contraction down to the loop.
bool sink(Pair pair, func::FuncOp func) {
  Block *home = pair.contract->getBlock();
  Operation *end = home->findAncestorOpInBlock(*pair.loop);
  // A loop would repeat it.
  if (!end || (end != pair.loop && !isa<scf::IfOp>(end)) ||
      (end != pair.loop && (pair.loop->getParentOp() != end || !isOfBlock(pair))))
    return false;
  if (!fnc::isWorthWaiting(pair.contract, func))
    return false;
  fnc::Accesses contraction = fnc::accessesOf(pair.contract);
  auto waitsFor = [&](Operation *from, Operation *to) {
    for (Operation *at = from; at != to; at = at->getNextNode())
      if (!isa<memref::AllocOp>(at) && !isMemoryEffectFree(at) &&
          fnc::interfere(contraction, fnc::accessesOf(at)))
        return true;
    return false;
  };
  if (waitsFor(pair.contract->getNextNode(), end) ||
      (end != pair.loop && waitsFor(&pair.loop->getBlock()->front(), pair.loop)))
    return false;
  pair.contract->moveBefore(pair.loop);
  return true;
}

/// Whether only the loop reads the sums, so that they need not be stored.
bool isTemporary(Pair pair) {
  Value sums = pair.contract.getInits()[0];
  return sums.getDefiningOp<memref::AllocOp>() &&
         llvm::all_of(sums.getUsers(),
                      [&](Operation *user) { return user == pair.contract || user == pair.loop; });
}

bool fitsEpilogue(Pair pair) {
  return pair.loop.getBody()->getOperations().size() +
             pair.contract.getEpilogue().front().getOperations().size() <=
         kMostEpilogueOps;
}

/// Whether the loop, as an epilogue, costs next to nothing. Rows of what it updates are fetched in
/// time then.
bool finishesLate(Pair pair) {
  return fitsEpilogue(pair) &&
         fnc::finishesLate(pair.contract, *pair.loop.getBody(), pair.loop.getDpsInits());
}

/// Contraction and loop by strips of rows of the result.
class Strips {
public:
  explicit Strips(Pair pair)
      : contract(pair.contract), loop(pair.loop), sums(contract.getInits()[0]),
        type(cast<MemRefType>(sums.getType())), isTemporary(::isTemporary(pair)) {
    auto row = dyn_cast<AffineDimExpr>(contract.resultMap().getResult(0));
    if (row)
      rowLoop = row.getPosition();
    int64_t rowBytes = type.getNumElements() / std::max<int64_t>(type.getDimSize(0), 1) *
                       std::max(type.getElementTypeBitWidth() / 8, 1u);
    int64_t tile = contract.getRowDim() == rowLoop ? contract.getTile()[0] : 8;
    rows = tile * std::max<int64_t>(kStripBytes / (tile * std::max<int64_t>(rowBytes, 1)), 1);
    isPossible = row && type.getRank() > 1 && rows * rowBytes <= kMostStripBytes &&
                 rows < type.getDimSize(0) && !contract.getPacked() && !contract.getBlock();
    for (unsigned i = 0; i < contract->getNumOperands(); ++i)
      isPossible &= rowsAt(contract.mapOf(i), rowLoop).has_value();
    for (AffineMap map : loop.getIndexingMapsArray())
      isPossible &= rowsAt(map, 0).has_value();
  }

  /// Whether they can be done so, and should.
  bool pays(Pair pair) const {
    return isPossible && !finishesLate(pair) &&
           (!fitsEpilogue(pair) || type.getNumElements() * type.getElementTypeBitWidth() / 8 *
                                           static_cast<int64_t>(loop.getDpsInits().size()) >=
                                       kFarBytes);
  }

  void run(IRRewriter &b) {
    Location loc = loop.getLoc();
    b.setInsertionPoint(loop);
    if (isTemporary) {
      SmallVector<int64_t> shape(type.getShape());
      shape[0] = rows;
      scratch = memref::AllocOp::create(b, loc, MemRefType::get(shape, type.getElementType()));
    }
    int64_t count = type.getDimSize(0), whole = count / rows * rows;
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    auto strips = scf::ForOp::create(b, loc, constant(0), constant(whole), constant(rows));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(strips.getBody());
      strip(b, strips.getInductionVar(), rows);
    }
    if (whole < count)
      strip(b, b.getIndexAttr(whole), count - whole);
    b.eraseOp(loop);
    b.eraseOp(contract);
    if (isTemporary)
      b.eraseOp(sums.getDefiningOp());
  }

private:
  /// Which dimension of an operand counts `dim`, -1 for none; nothing where it moves otherwise.
  static std::optional<int64_t> rowsAt(AffineMap map, unsigned dim) {
    std::optional<int64_t> found = -1;
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(dim))
        continue;
      if (!isa<AffineDimExpr>(expr) || *found >= 0)
        return std::nullopt;
      found = i;
    }
    return found;
  }

  static Value part(OpBuilder &b, Value memref, int64_t at, OpFoldResult from, int64_t count) {
    return isa<MemRefType>(memref.getType()) && at >= 0
               ? fnc::sliceAlong(b, memref, at, from, count)
               : memref;
  }

  void strip(IRRewriter &b, OpFoldResult from, int64_t count) {
    Value made =
        scratch ? part(b, scratch, 0, b.getIndexAttr(0), count) : part(b, sums, 0, from, count);
    SmallVector<Value> operands;
    for (auto [i, operand] : llvm::enumerate(contract->getOperands()))
      operands.push_back(operand == sums
                             ? made
                             : part(b, operand, *rowsAt(contract.mapOf(i), rowLoop), from, count));
    auto sum = cast<ContractOp>(mlir::clone(b, contract, TypeRange(), operands));
    SmallVector<int64_t> sizes(contract.getSizes());
    sizes[rowLoop] = count;
    sum.setSizes(sizes);
    operands.clear();
    for (OpOperand &operand : loop->getOpOperands())
      operands.push_back(operand.get() == sums
                             ? made
                             : part(b, operand.get(),
                                    *rowsAt(loop.getMatchingIndexingMap(&operand), 0), from,
                                    count));
    mlir::clone(b, loop, TypeRange(), operands);
  }

  ContractOp contract;
  mutable linalg::GenericOp loop;
  Value sums, scratch;
  MemRefType type;
  bool isTemporary, isPossible;
  unsigned rowLoop = 0;
  int64_t rows;
};

void fuse(IRRewriter &b, Pair pair) {
  auto [contract, loop] = pair;
  Value sums = contract.getInits()[0];
  AffineMap place = contract.resultMap();
  SmallVector<Value> extras(contract.getExtras());
  SmallVector<AffineMap> maps;
  for (unsigned i = 0; i < 2 + extras.size(); ++i)
    maps.push_back(contract.mapOf(i));
  // Where in the epilogue's arguments the loop finds its inputs; 0: the sums.
  SmallVector<unsigned> arguments;
  for (OpOperand *input : loop.getDpsInputOperands()) {
    if (!isa<MemRefType>(input->get().getType()) || input->get() == sums) {
      arguments.push_back(0);
      continue;
    }
    AffineMap map = loop.getMatchingIndexingMap(input).compose(place);
    unsigned at = 0;
    while (at < extras.size() && !(extras[at] == input->get() && maps[2 + at] == map))
      ++at;
    if (at == extras.size()) {
      extras.push_back(input->get());
      maps.push_back(map);
    }
    arguments.push_back(1 + at);
  }
  // The sums themselves are stored where others read them.
  bool isStored = !isTemporary(pair) && !llvm::is_contained(loop.getDpsInits(), sums);
  bool isGone = isTemporary(pair);
  SmallVector<Value> inits(loop.getDpsInits());
  if (isStored)
    inits.push_back(sums);
  maps.append(inits.size(), place);

  b.setInsertionPoint(loop);
  auto fused = ContractOp::create(b, contract.getLoc(), TypeRange(), contract.getLhs(),
                                  contract.getRhs(), extras, inits, maps, contract.getSizes(),
                                  contract.getVectorDim(), contract.getTile());
  // Computed in the same way.
  ContractOp::Properties same = contract.getProperties();
  same.maps = fused.getMapsAttr();
  same.operandSegmentSizes = fused.getProperties().operandSegmentSizes;
  same.piece = nullptr;
  fused.getProperties() = same;
  // Along memory where it is far, while all that rows pass by stays in the caches.
  if (finishesLate(pair) && bytesOf(contract.getRhs()) <= kNearBytes)
    fused.setByRows(true);
  Block &epilogue = contract.getEpilogue().front();
  SmallVector<Type> types = {epilogue.getArgument(0).getType()};
  for (Value extra : extras)
    types.push_back(cast<MemRefType>(extra.getType()).getElementType());
  Block *body = b.createBlock(&fused.getEpilogue(), {}, types,
                              SmallVector<Location>(types.size(), contract.getLoc()));
  IRMapping map;
  for (auto [from, to] : llvm::zip(epilogue.getArguments(), body->getArguments()))
    map.map(from, to);
  for (Operation &inner : epilogue.without_terminator())
    b.clone(inner, map);
  Value made = map.lookupOrDefault(epilogue.getTerminator()->getOperand(0));
  for (auto [input, argument] : llvm::zip(loop.getDpsInputOperands(), arguments)) {
    Value stands = !isa<MemRefType>(input->get().getType()) ? input->get()
                   : argument == 0                          ? made
                                                            : body->getArgument(argument);
    map.map(loop.getMatchingBlockArgument(input), stands);
  }
  for (Operation &inner : loop.getBody()->without_terminator())
    b.clone(inner, map);
  SmallVector<Value> yields =
      llvm::map_to_vector(loop.getBody()->getTerminator()->getOperands(),
                          [&](Value value) { return map.lookupOrDefault(value); });
  if (isStored)
    yields.push_back(made);
  fnc::kernel::YieldOp::create(b, loop.getLoc(), yields);
  b.eraseOp(loop);
  b.eraseOp(contract);
  if (isGone)
    b.eraseOp(sums.getDefiningOp());
}

bool isVariable(Value memref, func::FuncOp func) {
  auto argument = dyn_cast<BlockArgument>(memref);
  return argument && argument.getOwner() == &func.front() &&
         func.getArgAttr(argument.getArgNumber(), "fn.written");
}

struct FuseUpdates : fnc::impl::FuseUpdatesBase<FuseUpdates> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func->hasAttr("fn.kernel") || func.isExternal())
      return;
    IRRewriter rewriter(&getContext());
    SmallVector<ContractOp> contractions;
    func.walk([&](ContractOp contract) { contractions.push_back(contract); });
    // What only waits to be written in place keeps alive what it is made of.
    for (ContractOp contract : contractions)
      if (contract->getBlock() == &func.front() &&
          llvm::all_of(contract.getInits(), [&](Value init) { return isVariable(init, func); }))
        hoist(contract);
    for (ContractOp contract : contractions) {
      Pair pair = {contract, loopAfter(contract)};
      if (!pair.loop || !canFuse(contract, pair.loop))
        continue;
      bool inStrips = Strips(pair).pays(pair);
      if ((!inStrips && !fitsEpilogue(pair)) || (!hoist(pair) && !sink(pair, func)))
        continue;
      if (inStrips)
        Strips(pair).run(rewriter);
      else
        fuse(rewriter, pair);
    }
  }
};

} // namespace
