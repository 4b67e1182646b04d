//===- ShareDraws.cpp - random initial values by one function -------------===//

#include "compiler/buffer/ShareDraws.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace {

/// Random numbers that are made so fast, one by one, that vectors of them are not worth their code.
constexpr int64_t kFew = 1 << 14;

/// Numbers that draws may differ in: more of them are the longer code.
constexpr size_t kMostHanded = 8;

bool isIndexOf(Value value, uint64_t dim) {
  auto cast = value.getDefiningOp<arith::IndexCastOp>();
  auto index = cast ? cast.getIn().getDefiningOp<linalg::IndexOp>() : linalg::IndexOp();
  return index && index.getDim() == dim;
}

/// Whether `value` is the place of an element in row-major order of these loops.
bool isPlace(Value value, ArrayRef<unsigned> dims, ArrayRef<int64_t> sizes) {
  if (dims.size() == 1)
    return isIndexOf(value, dims[0]);
  auto sum = value.getDefiningOp<arith::AddIOp>();
  auto rows = sum ? sum.getLhs().getDefiningOp<arith::MulIOp>() : arith::MulIOp();
  IntegerAttr size;
  return rows && isIndexOf(sum.getRhs(), dims.back()) &&
         matchPattern(rows.getRhs(), m_Constant(&size)) && size.getInt() == sizes[dims.back()] &&
         isPlace(rows.getLhs(), dims.drop_back(), sizes);
}

/// The value that is the place of an element, where nothing else asks which one it is.
Value placeIn(linalg::GenericOp op) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  SmallVector<unsigned> dims;
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (size != 1)
      dims.push_back(dim);
  Value place;
  if (!dims.empty())
    for (Operation &inner : op.getBody()->without_terminator())
      if (inner.getNumResults() == 1 && isPlace(inner.getResult(0), dims, sizes))
        place = inner.getResult(0);
  if (!place)
    return {};
  llvm::SmallPtrSet<Operation *, 16> parts;
  SmallVector<Value> work = {place};
  while (!work.empty())
    if (Operation *part = work.pop_back_val().getDefiningOp();
        part && part->getBlock() == op.getBody() && parts.insert(part).second)
      llvm::append_range(work, part->getOperands());
  for (auto index : op.getBody()->getOps<linalg::IndexOp>())
    if (!parts.contains(index))
      return {};
  // What the place is made of serves nothing else.
  for (Operation *part : parts)
    for (Operation *user : part->getUsers())
      if (part != place.getDefiningOp() && !parts.contains(user))
        return {};
  return place;
}

/// Whether all elements of one buffer are drawn, in its order.
bool fillsBuffer(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 0 || op.getNumDpsInits() != 1 ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return false;
  auto type = dyn_cast<MemRefType>(op.getDpsInits()[0].getType());
  return type && type.hasStaticShape() && type.getLayout().isIdentity() && type.getRank() > 0;
}

/// A draw as one loop over a row.
linalg::GenericOp asRow(IRRewriter &b, linalg::GenericOp op) {
  Value place = fillsBuffer(op) ? placeIn(op) : Value();
  if (!place)
    return {};
  Value out = op.getDpsInits()[0];
  auto type = cast<MemRefType>(out.getType());
  Location loc = op.getLoc();
  b.setInsertionPoint(op);
  if (type.getRank() > 1)
    out = memref::CollapseShapeOp::create(
        b, loc, out,
        SmallVector<ReassociationIndices>{llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()))});
  auto row = linalg::GenericOp::create(b, loc, TypeRange(), ValueRange(), ValueRange(out),
                                       b.getMultiDimIdentityMap(1), utils::IteratorType::parallel);
  row->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  b.inlineRegionBefore(op.getRegion(), row.getRegion(), row.getRegion().begin());
  b.setInsertionPointToStart(row.getBody());
  Value index = linalg::IndexOp::create(b, loc, 0);
  b.replaceAllUsesWith(place, arith::IndexCastOp::create(b, loc, place.getType(), index));
  // What the place was made of.
  for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(*row.getBody())))
    if (isOpTriviallyDead(&inner))
      b.eraseOp(&inner);
  b.eraseOp(op);
  return row;
}

/// A constant of which one op makes a different use than another.
using Use = std::pair<unsigned, unsigned>; ///< op of the body, operand

bool haveSameForm(Operation *x, Operation *y) {
  return OperationEquivalence::isEquivalentTo(x, y, OperationEquivalence::ignoreValueEquivalence,
                                              /*markEquivalent=*/nullptr,
                                              OperationEquivalence::IgnoreLocations);
}

SmallVector<Operation *> opsOf(linalg::GenericOp op) {
  SmallVector<Operation *> ops;
  op.getBody()->walk<WalkOrder::PreOrder>([&](Operation *inner) { ops.push_back(inner); });
  return ops;
}

/// Where two draws use different constants, if they are equal but for that.
std::optional<SmallVector<Use>> differences(linalg::GenericOp op, linalg::GenericOp other) {
  SmallVector<Operation *> xs = opsOf(op), ys = opsOf(other);
  if (getElementTypeOrSelf(op.getDpsInits()[0]) != getElementTypeOrSelf(other.getDpsInits()[0]) ||
      op->hasAttr(fnc::kFewAttr) != other->hasAttr(fnc::kFewAttr) || xs.size() != ys.size())
    return std::nullopt;
  IRMapping map;
  map.map(op.getBody()->getArguments(), other.getBody()->getArguments());
  SmallVector<Use> found;
  for (auto [number, pair] : llvm::enumerate(llvm::zip(xs, ys))) {
    auto [x, y] = pair;
    if (!haveSameForm(x, y) || x->getNumRegions() != 0)
      return std::nullopt;
    for (unsigned i = 0; i < x->getNumOperands(); ++i) {
      Value a = x->getOperand(i), c = y->getOperand(i);
      Attribute constantA, constantC;
      if (matchPattern(a, m_Constant(&constantA)) && matchPattern(c, m_Constant(&constantC)) &&
          a.getType() == c.getType()) {
        if (constantA != constantC)
          found.push_back({number, i});
      } else if (map.lookupOrNull(a) != c) {
        return std::nullopt;
      }
    }
    map.map(x->getResults(), y->getResults());
  }
  return found;
}

/// Hands constants at these places to a draw, and a row of an open size.
void hand(IRRewriter &b, linalg::GenericOp op, ArrayRef<Use> uses) {
  SmallVector<Operation *> ops = opsOf(op);
  b.setInsertionPoint(op);
  OpOperand &out = op.getDpsInitsMutable()[0];
  auto type = MemRefType::get({ShapedType::kDynamic}, getElementTypeOrSelf(out.get()));
  out.set(memref::CastOp::create(b, op.getLoc(), type, out.get()));
  for (auto [number, operand] : uses) {
    Operation *own = b.clone(*ops[number]->getOperand(operand).getDefiningOp());
    own->setAttr(fnc::kHandedAttr, b.getUnitAttr());
    ops[number]->setOperand(operand, own->getResult(0));
  }
}

} // namespace

void fnc::makeDrawsAlike(func::FuncOp init) {
  IRRewriter b(init.getContext());
  std::vector<SmallVector<linalg::GenericOp>> groups;
  for (auto op : llvm::make_early_inc_range(init.front().getOps<linalg::GenericOp>())) {
    if (op.getBody()->getOps<kernel::PhiloxOp>().empty())
      continue;
    int64_t elements = 1;
    for (int64_t size : op.getStaticLoopRanges())
      elements = std::min(elements * size, kFew + 1);
    if (elements <= kFew)
      op->setAttr(kFewAttr, b.getUnitAttr());
    linalg::GenericOp row = asRow(b, op);
    if (!row)
      continue;
    auto known = llvm::find_if(
        groups, [&](auto &group) { return differences(group.front(), row).has_value(); });
    known == groups.end() ? void(groups.push_back({row})) : known->push_back(row);
  }
  for (ArrayRef<linalg::GenericOp> group : groups) {
    llvm::SetVector<Use> uses;
    for (linalg::GenericOp op : group.drop_front())
      uses.insert_range(*differences(group.front(), op));
    if (group.size() > 1 && uses.size() <= kMostHanded)
      for (linalg::GenericOp op : group)
        hand(b, op, uses.getArrayRef());
  }
}
