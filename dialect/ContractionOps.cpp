//===- ContractionOps.cpp - shapes of matrix products ---------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

LogicalResult MatmulOp::inferShape(Adaptor op, ShapeContext &shapes,
                                   SmallVectorImpl<Shape> &results) {
  FailureOr<Type> element = productElement(shapes, op.getLhs(), op.getRhs(), op.getWide());
  if (failed(element))
    return failure();
  Dims lhs = shapes.dims(op.getLhs()), rhs = shapes.dims(op.getRhs());
  if (bool left = isSparse(op.getLhs()), right = isSparse(op.getRhs()); left || right) {
    if (left && right)
      return shapes.error("has two sparse operands, expected at most one");
    if (size_t rank = (left ? lhs : rhs).size(); rank != 2)
      return shapes.error("has a sparse operand of rank " + Twine(rank) + ", expected 2");
    if (size_t rank = (left ? rhs : lhs).size(); rank > 2)
      return shapes.error("has a dense operand of rank " + Twine(rank) +
                          " beside a sparse one, expected 1 or 2");
  }
  auto check = [&](StringRef side, const Dims &dims, StringRef flag, bool transpose) {
    if (dims.empty())
      return shapes.error(side + " has rank 0, expected at least 1");
    if (transpose && dims.size() == 1)
      return shapes.error(flag + " on " + side + " of rank 1");
    return success();
  };
  if (failed(check("left side", lhs, "transpose_a", op.getTransposeA())) ||
      failed(check("right side", rhs, "transpose_b", op.getTransposeB())))
    return failure();

  bool row = lhs.size() == 1, column = rhs.size() == 1;
  if (row)
    lhs.insert(lhs.begin(), shapes.constant(1));
  if (column)
    rhs.push_back(shapes.constant(1));
  if (op.getTransposeA())
    std::swap(lhs.end()[-1], lhs.end()[-2]);
  if (op.getTransposeB())
    std::swap(rhs.end()[-1], rhs.end()[-2]);
  Dim k = lhs.back(), m = lhs.end()[-2], n = rhs.back();
  if (!shapes.equal(k, rhs.end()[-2]))
    return shapes.error("contracts a dimension of size " + shapes.print(k) + " with one of size " +
                        shapes.print(rhs.end()[-2]));

  lhs.resize(lhs.size() - 2);
  rhs.resize(rhs.size() - 2);
  FailureOr<Dims> result = shapes.broadcast(ArrayRef<Dims>{lhs, rhs});
  if (failed(result))
    return failure();
  if (!row)
    result->push_back(shapes.resolve(m));
  if (!column)
    result->push_back(shapes.resolve(n));
  results.push_back({*result, *element});
  return success();
}

#define GET_OP_CLASSES
#include "dialect/FnContractionOps.cpp.inc"

void FnDialect::registerContractionOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnContractionOps.cpp.inc"
      >();
}
