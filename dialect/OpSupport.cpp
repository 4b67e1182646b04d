//===- OpSupport.cpp - what several families of ops share -----------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
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
