//===- TrainingOps.cpp - gradients and losses -----------------------------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnTrainingOps.cpp.inc"

void FnDialect::registerTrainingOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnTrainingOps.cpp.inc"
      >();
}

LogicalResult GradientsOp::verify() {
  if (getTargets().empty())
    return emitOpError("needs a target");
  if (getTargets().size() != getGradients().size())
    return emitOpError("has ") << getTargets().size() << " targets but " << getGradients().size()
                               << " results";
  for (auto [i, target, gradient] : llvm::enumerate(getTargets(), getGradients()))
    if (target.getType() != gradient.getType())
      return emitOpError("has a target of type ")
             << target.getType() << " whose gradient is declared " << gradient.getType();
  if (getSeed() && !compatibleTypes(getSeed().getType(), getOutput().getType()))
    return emitOpError("has a seed of type ")
           << getSeed().getType() << " for an output of type " << getOutput().getType();
  if (getUnused() != "error" && getUnused() != "zeros")
    return emitOpError("has unused = \"") << getUnused() << "\", expected \"error\" or \"zeros\"";
  return success();
}

LogicalResult SoftmaxCrossEntropyOp::inferShape(Adaptor op, ShapeContext &shapes,
                                                SmallVectorImpl<Shape> &results) {
  if (shapes.rank(op.getLogits()) < 1)
    return shapes.error("needs logits of rank 1 or more");
  SmallVector<Shape> both;
  if (failed(inferElementwise(shapes, {op.getLogits(), op.getLabels()}, {}, both)))
    return failure();
  results.push_back({{}, shapes.elementType(op.getLogits())});
  return success();
}

SmallVector<Value> SoftmaxCrossEntropyOp::expand(OpBuilder &b, ValueRange operands) {
  Expr logits(b, getLoc(), operands[0]), labels = logits.with(operands[1]);
  int64_t last = logits.rank() - 1;
  Expr logs = logits.with(LogSoftmaxOp::create(b, getLoc(), logits, last));
  Expr losses = -(labels * logs).sum(last);
  return {ReduceMeanOp::create(b, getLoc(), losses, DenseI64ArrayAttr(), UnitAttr())};
}
