//===- OpSupport.cpp - what several families of ops share -----------------===//

#include "dialect/OpSupport.h"
#include "dialect/Fn.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;

LogicalResult fn::checkAxes(ShapeContext &shapes, StringRef what, ArrayRef<int64_t> axes,
                            int64_t rank) {
  llvm::SmallSet<int64_t, 4> seen;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= rank)
      return shapes.error(what + " " + Twine(axis) + " is out of range for rank " + Twine(rank));
    if (!seen.insert(axis).second)
      return shapes.error(what + " " + Twine(axis) + " is named twice");
  }
  return success();
}

LogicalResult fn::checkSameElement(ShapeContext &shapes, ArrayRef<Value> values) {
  Type expected = shapes.elementType(values.front());
  for (Value value : values.drop_front()) {
    Type type = shapes.elementType(value);
    if (type == expected)
      continue;
    std::string text;
    llvm::raw_string_ostream(text) << "operands have element types " << expected << " and " << type;
    return shapes.error(text);
  }
  return success();
}

LogicalResult fn::verifyShapeRule(Operation *op) {
  if (failed(checkSparse(op)))
    return failure();
  ShapeContext shapes(op->getContext(), op->getName().getStringRef(), op->getLoc());
  SmallVector<Shape> inferred;
  if (failed(cast<ShapeRule>(op).applyShapeRule(shapes, inferred)))
    return failure();
  if (inferred.size() != op->getNumResults())
    return emitError(op->getLoc()) << "'" << op->getName() << "' op has " << op->getNumResults()
                                   << " results, expected " << inferred.size();
  for (auto [shape, declared] : llvm::zip(inferred, op->getResultTypes()))
    if (Type type = shapes.typeOf(shape); !compatibleTypes(type, declared))
      return emitError(op->getLoc()) << "'" << op->getName() << "' op result is declared "
                                     << declared << ", its operands give " << type;
  return success();
}

SmallVector<Value> fn::dependencies(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  if (op->getNumRegions() == 0)
    return values;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  values.append(captured.begin(), captured.end());
  return values;
}
