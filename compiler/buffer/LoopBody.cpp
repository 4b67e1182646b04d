//===- LoopBody.cpp - the steps of an op's loops, by elements and vectors -===//

#include "compiler/buffer/LoopBody.h"
#include "compiler/buffer/LoopMarks.h"
#include "compiler/buffer/MergeGenerics.h"
#include "compiler/buffer/Operands.h"
#include "compiler/kernel/Rare.h"
#include "compiler/kernel/Strides.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using fnc::LoopBody;

/// Bodies of so many operations are not worth copies.
constexpr size_t kLongBody = 12;

/// Of so few steps LLVM makes copies, of which so many operations are no faster than a loop.
constexpr uint64_t kFewSteps = 16, kMostCopied = 40;

std::optional<int64_t> fnc::stepAlong(linalg::GenericOp op, OpOperand *operand, unsigned dim) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  if (!type)
    return 0;
  std::optional<fnc::Strides> strides = fnc::stridesOf(type);
  if (!strides)
    return std::nullopt;
  int64_t total = 0;
  for (auto [expr, stride] : llvm::zip(map.getResults(), strides->along)) {
    std::optional<int64_t> factor = fnc::factorOf(expr, dim);
    if (!factor)
      return std::nullopt;
    if (*factor != 0 && (ShapedType::isDynamic(stride) || stride != 1))
      return std::nullopt;
    total += *factor;
  }
  return total == 0 || total == 1 ? std::optional(total) : std::nullopt;
}

bool fnc::isElementwiseBody(Block &body) {
  return llvm::all_of(body.without_terminator(), [](Operation &inner) {
    if (isa<arith::ConstantOp, linalg::IndexOp>(inner))
      return true;
    if (auto branch = dyn_cast<scf::IfOp>(inner))
      return branch->hasAttr(fnc::kRareAttr) && isElementwiseBody(*branch.elseBlock());
    return OpTrait::hasElementwiseMappableTraits(&inner) && inner.getNumRegions() == 0;
  });
}

bool fnc::isWholeOverReductions(linalg::GenericOp op, OpOperand &init) {
  AffineMap map = op.getMatchingIndexingMap(&init);
  return llvm::none_of(llvm::enumerate(op.getIteratorTypesArray()), [&](auto loop) {
    return loop.value() == utils::IteratorType::reduction && map.isFunctionOfDim(loop.index());
  });
}

LoopBody::LoopBody(RewriterBase &b, linalg::GenericOp op, unsigned vectorDim)
    : b(b), op(op), loc(op.getLoc()), vectorDim(vectorDim), indices(op.getNumLoops()),
      bounds(op.getStaticLoopRanges()) {
  for (Range &range : cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(b, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (dim != vectorDim)
      (kind == utils::IteratorType::reduction ? reductions : outer).push_back(dim);
}

bool LoopBody::isLong() { return op.getBody()->getOperations().size() > kLongBody; }

Value LoopBody::constant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

Value LoopBody::wholeSteps(int64_t step) {
  Value width = constant(step);
  return arith::MulIOp::create(b, loc, arith::DivUIOp::create(b, loc, sizes[vectorDim], width),
                               width);
}

SmallVector<Value> LoopBody::nest(ArrayRef<unsigned> dims, unsigned depth, ValueRange carried,
                                  Body body) {
  if (depth == dims.size())
    return body(carried);
  unsigned dim = dims[depth];
  if (bounds[dim] == 1) {
    indices[dim] = constant(0);
    return nest(dims, depth + 1, carried, body);
  }
  return forEach(dim, constant(0), sizes[dim], 1, carried,
                 [&](ValueRange in) { return nest(dims, depth + 1, in, body); });
}

SmallVector<Value> LoopBody::forEach(unsigned dim, Value from, Value to, int64_t step,
                                     ValueRange carried, Body body) {
  auto loop = scf::ForOp::create(b, loc, from, to, constant(step), carried);
  isShort || (dim == vectorDim && staysRolled(loop)) ? fnc::keepRolled(loop)
                                                     : fnc::keepVectors(loop);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  indices[dim] = loop.getInductionVar();
  SmallVector<Value> yielded = body(loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(b, loc, yielded);
  return SmallVector<Value>(loop.getResults());
}

bool LoopBody::staysRolled(scf::ForOp loop) {
  if (isLong())
    return true;
  if (std::optional<APInt> steps = loop.getStaticTripCount()) {
    uint64_t operations = op.getBody()->getOperations().size() + op->getNumOperands();
    return steps->getZExtValue() <= kFewSteps && steps->getZExtValue() * operations > kMostCopied;
  }
  // What is left over of a size that nobody knows is less than a vector. Where nothing is loaded,
  // stores alone take the time.
  return getConstantIntValue(loop.getStep()) == 1 ||
         (op.getNumReductionLoops() == 0 &&
          llvm::all_of(op.getDpsInputOperands(),
                       [&](OpOperand *input) { return stepAlong(op, input, vectorDim) == 0; }) &&
          llvm::none_of(llvm::seq(op.getNumDpsInits()), [&](int64_t i) { return isRead(i); }));
}

void LoopBody::loadConstants() {
  constants.clear();
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    auto moves = [&](unsigned dim) { return map.isFunctionOfDim(dim); };
    if (!isa<MemRefType>(input->get().getType()) || moves(vectorDim) ||
        llvm::any_of(reductions, moves) ||
        op.getBlock()->getArgument(input->getOperandNumber()).use_empty() ||
        llvm::any_of(op.getDpsInits(),
                     [&](Value init) { return fnc::rootOf(init) == fnc::rootOf(input->get()); }))
      continue;
    indices[vectorDim] = constant(0);
    for (unsigned dim : reductions)
      indices[dim] = constant(0);
    constants[input] = memref::LoadOp::create(b, loc, input->get(), access(input));
  }
}

SmallVector<Value> LoopBody::access(OpOperand *operand) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  SmallVector<Value> at;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      at.push_back(indices[dim.getPosition()]);
    else
      at.push_back(affine::AffineApplyOp::create(b, loc, AffineMap::get(map.getNumDims(), 0, expr),
                                                 indices));
  }
  return at;
}

Value LoopBody::load(OpOperand *operand, int64_t width) {
  Value memref = operand->get();
  if (!isa<MemRefType>(memref.getType()))
    return fnc::splat(b, loc, memref, width);
  if (Value constant = constants.lookup(operand))
    return fnc::splat(b, loc, constant, width);
  SmallVector<Value> at = access(operand);
  std::optional<int64_t> step = width > 1 ? stepAlong(op, operand, vectorDim) : 0;
  if (step == 1) {
    Type element = getElementTypeOrSelf(memref.getType());
    return vector::LoadOp::create(b, loc, VectorType::get({width}, element), memref, at);
  }
  Value first = memref::LoadOp::create(b, loc, memref, at);
  return step == 0 ? fnc::splat(b, loc, first, width) : gather(operand, first, width);
}

Value LoopBody::gather(OpOperand *operand, Value first, int64_t width) {
  SmallVector<Value> elements = {first};
  Value start = indices[vectorDim];
  for (int64_t lane = 1; lane < width; ++lane) {
    indices[vectorDim] = arith::AddIOp::create(b, loc, start, constant(lane));
    elements.push_back(memref::LoadOp::create(b, loc, operand->get(), access(operand)));
  }
  indices[vectorDim] = start;
  return vector::FromElementsOp::create(b, loc, VectorType::get({width}, first.getType()),
                                        elements);
}

void LoopBody::takeStarts(Fills &fills) {
  for (OpOperand &init : op.getDpsInitsMutable()) {
    starts.push_back(isWholeOverReductions(op, init) ? fills.take(op, init) : Value());
    isStored.push_back(!starts.back() || fills.isSeen(op, init));
  }
}

Value LoopBody::loadInit(unsigned init, int64_t width) {
  if (Value start = startOf(init))
    return fnc::splat(b, loc, start, width);
  return load(op.getDpsInitOperand(init), width);
}

SmallVector<Value> LoopBody::loadInits(int64_t width) {
  SmallVector<Value> values;
  for (unsigned i = 0; i < op.getNumDpsInits(); ++i)
    values.push_back(isRead(i) || !reductions.empty() ? loadInit(i, width) : Value());
  return values;
}

bool LoopBody::isRead(unsigned init) {
  return !op.getBody()->getArgument(op.getNumDpsInputs() + init).use_empty();
}

void LoopBody::storeResult(unsigned init, Value value, int64_t width) {
  if (!isStored.empty() && !isStored[init])
    return;
  OpOperand *operand = op.getDpsInitOperand(init);
  if (width == 1)
    memref::StoreOp::create(b, loc, value, operand->get(), access(operand));
  else
    vector::StoreOp::create(b, loc, value, operand->get(), access(operand));
}

void LoopBody::storeAll(ArrayRef<Value> values, int64_t width) {
  for (auto [i, value] : llvm::enumerate(values))
    storeResult(i, value, width);
}

SmallVector<Value> LoopBody::evaluate(int64_t width, ValueRange inits) {
  IRMapping map;
  Block &body = *op.getBody();
  unsigned inputs = op.getNumDpsInputs();
  for (unsigned i = 0; i < inputs; ++i)
    if (!body.getArgument(i).use_empty())
      map.map(body.getArgument(i), load(op.getDpsInputOperand(i), width));
  for (auto [i, init] : llvm::enumerate(inits))
    if (init)
      map.map(body.getArgument(inputs + i), init);
  return evaluate(body, map, width);
}

SmallVector<Value> LoopBody::evaluate(Block &body, IRMapping &map, int64_t width) {
  auto vectorOf = [&](Value value) {
    Value mapped = map.lookupOrNull(value);
    return mapped ? mapped : fnc::splat(b, loc, value, width);
  };
  for (Operation &inner : body.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      map.map(index.getResult(), position(index.getDim(), width));
      continue;
    }
    if (isa<arith::ConstantOp>(inner)) {
      map.map(inner.getResult(0), fnc::splat(b, loc, b.clone(inner)->getResult(0), width));
      continue;
    }
    if (auto branch = dyn_cast<scf::IfOp>(inner); branch && width > 1) {
      map.map(branch.getResults(), evaluateRare(branch, map, width));
      continue;
    }
    if (width == 1) {
      b.clone(inner, map);
      continue;
    }
    OperationState state(inner.getLoc(), inner.getName());
    for (Value operand : inner.getOperands())
      state.operands.push_back(vectorOf(operand));
    for (Type type : inner.getResultTypes())
      state.types.push_back(VectorType::get({width}, type));
    state.attributes = inner.getAttrDictionary();
    map.map(inner.getResults(), b.create(state)->getResults());
  }
  return llvm::map_to_vector(body.getTerminator()->getOperands(), vectorOf);
}

SmallVector<Value> LoopBody::evaluateRare(scf::IfOp branch, IRMapping &map, int64_t width) {
  SmallVector<Value> usual = evaluate(*branch.elseBlock(), map, width);
  Value takes = map.lookup(branch.getCondition());
  Value any = vector::ReductionOp::create(b, loc, vector::CombiningKind::OR, takes);
  auto yield = [](OpBuilder &nested, Location loc, ValueRange values) {
    scf::YieldOp::create(nested, loc, values);
  };
  auto element = [&](OpBuilder &nested, Location loc, Value lane, ValueRange vectors) {
    IRMapping elements(map);
    branch.getThenRegion().walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (Value mapped = elements.lookupOrNull(operand);
            mapped && isa<VectorType>(mapped.getType()))
          elements.map(operand, vector::ExtractOp::create(nested, loc, mapped, lane));
    });
    for (Operation &inner : branch.thenBlock()->without_terminator())
      nested.clone(inner, elements);
    SmallVector<Value> changed;
    for (auto [value, old] : llvm::zip(branch.thenYield().getResults(), vectors))
      changed.push_back(
          vector::InsertOp::create(nested, loc, elements.lookupOrDefault(value), old, lane));
    yield(nested, loc, changed);
  };
  auto result = scf::IfOp::create(
      b, loc, any,
      [&](OpBuilder &outer, Location loc) {
        auto lanes = scf::ForOp::create(
            outer, loc, constant(0), constant(width), constant(1), usual,
            [&](OpBuilder &nested, Location loc, Value lane, ValueRange vectors) {
              Value taken = vector::ExtractOp::create(nested, loc, takes, lane);
              auto one = scf::IfOp::create(
                  nested, loc, taken,
                  [&](OpBuilder &inner, Location loc) { element(inner, loc, lane, vectors); },
                  [&](OpBuilder &inner, Location loc) { yield(inner, loc, vectors); });
              yield(nested, loc, one.getResults());
            });
        yield(outer, loc, lanes.getResults());
      },
      [&](OpBuilder &outer, Location loc) { yield(outer, loc, usual); });
  return SmallVector<Value>(result.getResults());
}

Value LoopBody::position(uint64_t dim, int64_t width) {
  if (width == 1)
    return indices[dim];
  Value base = fnc::splat(b, loc, indices[dim], width);
  if (dim != vectorDim)
    return base;
  auto type = VectorType::get({width}, b.getIndexType());
  return arith::AddIOp::create(b, loc, base, vector::StepOp::create(b, loc, type));
}
