//===- ElementwiseOps.cpp --------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

/// The rule of every op whose operands broadcast to one result.
static LogicalResult inferBroadcast(ShapeContext &shapes, ValueRange operands, Type elementType,
                                    SmallVectorImpl<Shape> &results) {
  FailureOr<Dims> dims = shapes.broadcast(operands);
  if (failed(dims))
    return failure();
  results.push_back({*dims, elementType});
  return success();
}

/// The same, where all operands and the result have one element type.
static LogicalResult inferSameElement(ShapeContext &shapes, ValueRange operands,
                                      SmallVectorImpl<Shape> &results) {
  Type elementType = shapes.elementType(operands.front());
  for (Value operand : operands.drop_front())
    if (shapes.elementType(operand) != elementType) {
      std::string text;
      llvm::raw_string_ostream(text)
          << "operands have element types " << elementType << " and " << shapes.elementType(operand);
      return shapes.error(text);
    }
  return inferBroadcast(shapes, operands, elementType, results);
}

LogicalResult AddOp::inferShape(Adaptor op, ShapeContext &shapes,
                                SmallVectorImpl<Shape> &results) {
  return inferSameElement(shapes, op.getOperands(), results);
}

#define GET_OP_CLASSES
#include "dialect/FnElementwiseOps.cpp.inc"

void FnDialect::registerElementwiseOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnElementwiseOps.cpp.inc"
      >();
}
