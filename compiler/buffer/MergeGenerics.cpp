//===- MergeGenerics.cpp - several ops over the same loops as one ---------===//

#include "compiler/buffer/MergeGenerics.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

bool fnc::isSameView(Value x, Value y) {
  if (x == y)
    return true;
  Operation *a = x.getDefiningOp(), *b = y.getDefiningOp();
  return a && b && isa<ViewLikeOpInterface>(a) && a->getName() == b->getName() &&
         x.getType() == y.getType() && a->getAttrDictionary() == b->getAttrDictionary() &&
         a->getNumOperands() == b->getNumOperands() &&
         llvm::all_of(llvm::zip(a->getOperands(), b->getOperands()),
                      [](auto pair) { return isSameView(std::get<0>(pair), std::get<1>(pair)); });
}

bool fnc::isReshape(Operation *op) {
  return isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(op);
}

Value fnc::behindReshapes(Value memref) {
  while (Operation *op = memref.getDefiningOp()) {
    if (!isReshape(op))
      break;
    memref = op->getOperand(0);
  }
  return memref;
}

Value fnc::rootOf(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>()) {
    if (isa<memref::ViewOp>(view.getOperation()))
      break;
    memref = view.getViewSource();
  }
  return memref;
}

namespace {

/// What an op touches, and where in each step.
struct Place {
  Value memref;
  AffineMap map;
};

std::optional<unsigned> placeIn(ArrayRef<Place> places, const Place &place) {
  for (auto [i, known] : llvm::enumerate(places))
    if (known.map == place.map && fnc::isSameView(known.memref, place.memref))
      return i;
  return std::nullopt;
}

} // namespace

linalg::GenericOp fnc::mergeGenerics(OpBuilder &b, ArrayRef<PlacedOp> ops) {
  SmallVector<Place> inputs, outputs, made;
  linalg::GenericOp front = ops.front().op;
  auto kinds = front.getIteratorTypesArray();
  auto placeOf = [](const PlacedOp &placed, unsigned i) {
    linalg::GenericOp op = placed.op;
    return Place{placed.operands[i], op.getMatchingIndexingMap(&op->getOpOperand(i))};
  };
  for (const PlacedOp &placed : ops) {
    linalg::GenericOp op = placed.op;
    for (auto [kind, other] : llvm::zip(kinds, op.getIteratorTypesArray()))
      if (other == utils::IteratorType::reduction)
        kind = other;
    unsigned number = op.getNumDpsInputs();
    for (unsigned i = 0; i < number; ++i)
      if (Place place = placeOf(placed, i); !placeIn(made, place) && !placeIn(inputs, place))
        inputs.push_back(place);
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
      made.push_back(placeOf(placed, number + i));
      if (placed.stores[i])
        outputs.push_back(made.back());
    }
  }
  SmallVector<Value> inputValues, outputValues;
  SmallVector<AffineMap> maps;
  for (const Place &place : inputs) {
    inputValues.push_back(place.memref);
    maps.push_back(place.map);
  }
  for (const Place &place : outputs) {
    outputValues.push_back(place.memref);
    maps.push_back(place.map);
  }
  if (!inversePermutation(concatAffineMaps(maps, b.getContext()))) {
    // Without a result nothing would say how long a loop is.
    SmallVector<PlacedOp> storing(ops);
    for (PlacedOp &placed : storing)
      placed.stores.assign(placed.stores.size(), true);
    return mergeGenerics(b, storing);
  }
  auto body = [&](OpBuilder &nested, Location loc, ValueRange args) {
    SmallVector<Value> passed, yielded;
    for (const PlacedOp &placed : ops) {
      linalg::GenericOp op = placed.op;
      Block &block = *op.getBody();
      IRMapping map;
      unsigned number = op.getNumDpsInputs();
      for (unsigned i = 0; i < number; ++i) {
        Place place = placeOf(placed, i);
        std::optional<unsigned> before = placeIn(ArrayRef(made).take_front(passed.size()), place);
        map.map(block.getArgument(i), before ? passed[*before] : args[*placeIn(inputs, place)]);
      }
      unsigned output = inputs.size() + yielded.size();
      for (unsigned i = 0; i < op.getNumDpsInits(); ++i)
        if (placed.stores[i])
          map.map(block.getArgument(number + i), args[output++]);
      for (Operation &inner : block.without_terminator())
        nested.clone(inner, map);
      for (auto [value, stores] : llvm::zip(block.getTerminator()->getOperands(), placed.stores)) {
        passed.push_back(map.lookupOrDefault(value));
        if (stores)
          yielded.push_back(passed.back());
      }
    }
    linalg::YieldOp::create(nested, loc, yielded);
  };
  SmallVector<Location> places;
  for (const PlacedOp &placed : ops)
    places.push_back(placed.op->getLoc());
  return linalg::GenericOp::create(b, b.getFusedLoc(places), TypeRange(), inputValues, outputValues,
                                   maps, kinds, body);
}
