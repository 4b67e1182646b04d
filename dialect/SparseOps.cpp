//===- SparseOps.cpp - sparse tensors and their shapes --------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnSparseOps.cpp.inc"

void FnDialect::registerSparseOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnSparseOps.cpp.inc"
      >();
}

LogicalResult CooAttr::verify(llvm::function_ref<InFlightDiagnostic()> error, Type index) {
  if (!index.isInteger(32) && !index.isInteger(64))
    return error() << "indices of type " << index << ", expected i32 or i64";
  return success();
}

bool fn::isSparse(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa_and_nonnull<CooAttr>(tensor.getEncoding());
}

RankedTensorType fn::denseType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType());
}

LogicalResult fn::checkSparse(Operation *op) {
  if (op->hasTrait<TakesSparse>())
    return success();
  for (Value operand : op->getOperands())
    if (isSparse(operand)) {
      InFlightDiagnostic error = mlir::emitError(op->getLoc())
                                 << "'" << op->getName() << "' op takes no sparse operand, got "
                                 << operand.getType() << ": make it dense by fn.to_dense";
      error.attachNote(operand.getLoc()) << "the sparse tensor is made here";
      return error;
    }
  for (Type type : op->getResultTypes())
    if (isSparse(type))
      return mlir::emitError(op->getLoc())
             << "'" << op->getName() << "' op makes no sparse tensor, got " << type;
  return success();
}

//===-- Elementwise ----------------------------------------------------------===//

/// The dimensions that operands broadcast to. A sparse operand has them all by itself: repeated
/// entries would be another tensor.
static LogicalResult inferBroadcast(ShapeContext &shapes, ValueRange operands,
                                    SmallVectorImpl<Shape> &results) {
  if (failed(inferElementwise(shapes, operands, {}, results)))
    return failure();
  const Dims &dims = results.back().dims;
  for (Value operand : operands) {
    if (!isSparse(operand))
      continue;
    Dims own = shapes.dims(operand);
    bool fits = own.size() == dims.size();
    for (size_t i = 0; fits && i < dims.size(); ++i)
      // A size of 1 that a dense operand stretches is not the size of all.
      fits = (own[i] != shapes.constant(1) || dims[i] == own[i]) && shapes.equal(own[i], dims[i]);
    if (!fits)
      return shapes.error("would repeat a sparse tensor of shape [" + shapes.print(own) + "] to [" +
                          shapes.print(dims) + "]: make it dense by fn.to_dense");
  }
  return success();
}

static unsigned countSparse(ValueRange operands) {
  return llvm::count_if(operands, [](Value operand) { return isSparse(operand); });
}

LogicalResult fn::inferSum(ShapeContext &shapes, ValueRange operands,
                           SmallVectorImpl<Shape> &results) {
  if (failed(inferBroadcast(shapes, operands, results)))
    return failure();
  if (countSparse(operands) < operands.size())
    return success();
  Attribute encoding = shapes.encoding(operands.front());
  for (Value operand : operands)
    if (shapes.encoding(operand) != encoding)
      encoding = CooAttr::get(shapes.getContext(), IntegerType::get(shapes.getContext(), 64));
  results.back().encoding = encoding;
  return success();
}

LogicalResult fn::inferProduct(ShapeContext &shapes, ValueRange operands,
                               SmallVectorImpl<Shape> &results) {
  if (countSparse(operands) > 1)
    return shapes.error("has two sparse operands, expected at most one");
  if (failed(inferBroadcast(shapes, operands, results)))
    return failure();
  for (Value operand : operands)
    if (isSparse(operand))
      results.back().encoding = shapes.encoding(operand);
  return success();
}

LogicalResult ToDenseOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  if (!isSparse(op.getInput()))
    return shapes.error("needs a sparse operand");
  results.push_back({shapes.dims(op.getInput()), shapes.elementType(op.getInput())});
  return success();
}

//===-- Kernel form ------------------------------------------------------------===//

/// Indices [nnz, rank], values [nnz], and columns that the indices have.
static LogicalResult checkEntries(ShapeContext &shapes, Value indices, Value values,
                                  ArrayRef<int64_t> columns) {
  if (shapes.rank(indices) != 2)
    return shapes.error("has indices of rank " + Twine(shapes.rank(indices)) + ", expected 2");
  auto count = dyn_cast<AffineConstantExpr>(shapes.dim(indices, 1));
  for (int64_t column : columns)
    if (!count || column < -1 || column >= count.getValue())
      return shapes.error("names column " + Twine(column) + " of " +
                          shapes.print(shapes.dim(indices, 1)));
  if (!values)
    return success();
  if (shapes.rank(values) != 1)
    return shapes.error("has values of rank " + Twine(shapes.rank(values)) + ", expected 1");
  if (!shapes.equal(shapes.dim(values, 0), shapes.dim(indices, 0)))
    return shapes.error("has " + shapes.print(shapes.dim(indices, 0)) + " indices and " +
                        shapes.print(shapes.dim(values, 0)) + " values");
  return success();
}

static LogicalResult checkCount(ShapeContext &shapes, ArrayRef<int64_t> columns, size_t expected) {
  if (columns.size() != expected)
    return shapes.error("has " + Twine(columns.size()) + " columns, expected " + Twine(expected));
  return success();
}

LogicalResult CooAddOp::inferShape(Adaptor op, ShapeContext &shapes,
                                   SmallVectorImpl<Shape> &results) {
  Dims into = shapes.dims(op.getInto());
  if (failed(checkSameElement(shapes, {op.getInto(), op.getValues()})) ||
      failed(checkCount(shapes, op.getColumns(), into.size())) ||
      failed(checkEntries(shapes, op.getIndices(), op.getValues(), op.getColumns())))
    return failure();
  results.push_back({into, shapes.elementType(op.getInto())});
  return success();
}

LogicalResult CooTakeOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  Dims from = shapes.dims(op.getFrom()), like = shapes.dims(op.getLike());
  if (failed(checkCount(shapes, op.getColumns(), from.size())) ||
      failed(checkEntries(shapes, op.getIndices(), Value(), op.getColumns())))
    return failure();
  for (auto [dim, column] : llvm::zip(from, op.getColumns()))
    if (column < 0 || !shapes.equal(dim, like[column]))
      return shapes.error("takes from [" + shapes.print(from) + "] at places in [" +
                          shapes.print(like) + "]");
  results.push_back({{shapes.dim(op.getIndices(), 0)}, shapes.elementType(op.getFrom())});
  return success();
}

LogicalResult CooMatmulOp::inferShape(Adaptor op, ShapeContext &shapes,
                                      SmallVectorImpl<Shape> &results) {
  Dims rhs = shapes.dims(op.getRhs()), like = shapes.dims(op.getLike());
  if (failed(checkSameElement(shapes, {op.getValues(), op.getRhs()})) ||
      failed(checkCount(shapes, op.getColumns(), 2)) ||
      failed(checkEntries(shapes, op.getIndices(), op.getValues(), op.getColumns())))
    return failure();
  if (like.size() != 2 || rhs.size() != 2 || llvm::is_contained(op.getColumns(), -1))
    return shapes.error("needs matrices, got [" + shapes.print(like) + "] and [" +
                        shapes.print(rhs) + "]");
  Dim row = like[op.getColumns()[0]], inner = like[op.getColumns()[1]];
  if (!shapes.equal(inner, rhs[0]))
    return shapes.error("contracts a dimension of size " + shapes.print(inner) +
                        " with one of size " + shapes.print(rhs[0]));
  results.push_back(
      {{shapes.resolve(row), shapes.resolve(rhs[1])}, shapes.elementType(op.getRhs())});
  return success();
}
