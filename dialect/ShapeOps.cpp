//===- ShapeOps.cpp - shapes of ops that move data ------------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

/// Checks that `attribute` has one entry per dimension of an operand of `rank`.
static LogicalResult checkCount(ShapeContext &shapes, StringRef name, ArrayRef<int64_t> attribute,
                                int64_t rank) {
  if (static_cast<int64_t>(attribute.size()) == rank)
    return success();
  return shapes.error(name + " has " + Twine(attribute.size()) + " elements, expected " +
                      Twine(rank));
}

LogicalResult TransposeOp::inferShape(Adaptor op, ShapeContext &shapes,
                                      SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput()), result;
  if (failed(checkCount(shapes, "perm", op.getPerm(), dims.size())) ||
      failed(checkAxes(shapes, "perm", op.getPerm(), dims.size())))
    return failure();
  for (int64_t axis : op.getPerm())
    result.push_back(dims[axis]);
  results.push_back({result, shapes.elementType(op.getInput()), shapes.encoding(op.getInput())});
  return success();
}

LogicalResult ExpandOp::inferShape(Adaptor op, ShapeContext &shapes,
                                   SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput());
  int64_t rank = dims.size() + op.getAxes().size();
  if (failed(checkAxes(shapes, "axes", op.getAxes(), rank)))
    return failure();
  Dims result(rank);
  for (int64_t axis : op.getAxes())
    result[axis] = shapes.constant(1);
  auto next = dims.begin();
  for (Dim &dim : result)
    if (!dim)
      dim = *next++;
  results.push_back({result, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult SqueezeOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput()), result;
  if (failed(checkAxes(shapes, "axes", op.getAxes(), dims.size())))
    return failure();
  for (int64_t axis : op.getAxes())
    if (!shapes.equal(dims[axis], shapes.constant(1)))
      return shapes.error("dimension " + Twine(axis) + " has size " + shapes.print(dims[axis]) +
                          ", expected 1");
  for (auto [i, dim] : llvm::enumerate(dims))
    if (!llvm::is_contained(op.getAxes(), static_cast<int64_t>(i)))
      result.push_back(shapes.resolve(dim));
  results.push_back({result, shapes.elementType(op.getInput())});
  return success();
}

/// The size of one dimension of a slice.
static FailureOr<Dim> sliceDim(ShapeContext &shapes, int64_t axis, Dim size, int64_t begin,
                               int64_t end, int64_t stride) {
  constexpr int64_t open = std::numeric_limits<int64_t>::max();
  auto refuse = [&](StringRef what, int64_t value) {
    return shapes.error(what + " " + Twine(value) + " is out of range for dimension " +
                        Twine(axis) + " of size " + shapes.print(size));
  };
  auto backwards = [&] {
    return shapes.error("slice of dimension " + Twine(axis) + " goes from " + Twine(begin) +
                        " to " + Twine(end) + " by " + Twine(stride));
  };
  if (stride == 0)
    return shapes.error("stride of dimension " + Twine(axis) + " is 0");
  if (stride > 0) {
    if (begin < 0)
      return refuse("begin", begin);
    if (end == open) {
      if (!shapes.atLeast(size, begin))
        return refuse("begin", begin);
      return (shapes.resolve(size) - begin).ceilDiv(stride);
    }
    if (!shapes.atLeast(size, end))
      return refuse("end", end);
    if (end < begin)
      return backwards();
    return shapes.constant(llvm::divideCeilSigned(end - begin, stride));
  }
  if (end < -1)
    return refuse("end", end);
  if (begin == open) {
    if (!shapes.atLeast(size, end + 1))
      return refuse("end", end);
    return (shapes.resolve(size) - 1 - end).ceilDiv(-stride);
  }
  if (!shapes.atLeast(size, begin + 1))
    return refuse("begin", begin);
  if (begin < end)
    return backwards();
  return shapes.constant(llvm::divideCeilSigned(begin - end, -stride));
}

LogicalResult SliceOp::inferShape(Adaptor op, ShapeContext &shapes,
                                  SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput());
  SmallVector<int64_t> ones(dims.size(), 1);
  ArrayRef<int64_t> strides = op.getStrides().value_or(ones);
  if (failed(checkCount(shapes, "begin", op.getBegin(), dims.size())) ||
      failed(checkCount(shapes, "end", op.getEnd(), dims.size())) ||
      failed(checkCount(shapes, "strides", strides, dims.size())))
    return failure();
  for (auto [axis, dim] : llvm::enumerate(dims)) {
    FailureOr<Dim> sliced =
        sliceDim(shapes, axis, dim, op.getBegin()[axis], op.getEnd()[axis], strides[axis]);
    if (failed(sliced))
      return failure();
    dim = *sliced;
  }
  results.push_back({dims, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult TileOp::inferShape(Adaptor op, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput());
  if (failed(checkCount(shapes, "multiples", op.getMultiples(), dims.size())))
    return failure();
  for (auto [dim, multiple] : llvm::zip(dims, op.getMultiples())) {
    if (multiple < 0)
      return shapes.error("multiples holds " + Twine(multiple) + ", expected at least 0");
    int64_t size;
    if (auto known = dyn_cast<AffineConstantExpr>(dim);
        known && llvm::MulOverflow(known.getValue(), multiple, size))
      return shapes.error("repeats " + Twine(known.getValue()) + " elements " + Twine(multiple) +
                          " times, which is more than a size can be");
    dim = dim * multiple;
  }
  results.push_back({dims, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult ReverseOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput());
  if (failed(checkAxes(shapes, "axes", op.getAxes(), dims.size())))
    return failure();
  results.push_back({dims, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult ConcatOp::inferShape(Adaptor op, ShapeContext &shapes,
                                   SmallVectorImpl<Shape> &results) {
  if (op.getInputs().empty())
    return shapes.error("has no operands");
  int64_t axis = op.getAxis();
  if (failed(checkSameElement(shapes, llvm::to_vector(op.getInputs()))))
    return failure();
  Dims result = shapes.dims(op.getInputs().front());
  if (failed(checkAxes(shapes, "axis", axis, result.size())))
    return failure();
  for (auto [i, input] : llvm::enumerate(op.getInputs().drop_front())) {
    Dims dims = shapes.dims(input);
    if (dims.size() != result.size())
      return shapes.error("operand 0 has rank " + Twine(result.size()) + ", operand " +
                          Twine(i + 1) + " has rank " + Twine(dims.size()));
    for (auto [d, pair] : llvm::enumerate(llvm::zip(result, dims))) {
      auto &[sum, dim] = pair;
      if (static_cast<int64_t>(d) == axis)
        sum = sum + dim;
      else if (!shapes.equal(sum, dim))
        return shapes.error("dimension " + Twine(d) + " of operand 0 has size " +
                            shapes.print(sum) + ", of operand " + Twine(i + 1) + " size " +
                            shapes.print(dim));
    }
  }
  for (Dim &dim : result)
    dim = shapes.resolve(dim);
  Attribute encoding;
  if (llvm::all_of(op.getInputs(), [](Value input) { return isSparse(input); }))
    encoding = CooAttr::get(shapes.getContext(), IntegerType::get(shapes.getContext(), 64));
  results.push_back({result, shapes.elementType(op.getInputs().front()), encoding});
  return success();
}

LogicalResult SplitOp::inferShape(Adaptor op, ShapeContext &shapes,
                                  SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput());
  int64_t axis = op.getAxis();
  if (failed(checkAxes(shapes, "axis", axis, dims.size())))
    return failure();
  Dims parts;
  if (std::optional<ArrayRef<int64_t>> sizes = op.getSizes()) {
    int64_t sum = 0;
    for (int64_t size : *sizes) {
      if (size < 0)
        return shapes.error("sizes holds " + Twine(size) + ", expected at least 0");
      parts.push_back(shapes.constant(size));
      if (llvm::AddOverflow(sum, size, sum))
        return shapes.error("sizes add up to more than a size can be");
    }
    if (!shapes.equal(dims[axis], shapes.constant(sum)))
      return shapes.error("sizes add up to " + Twine(sum) + ", dimension " + Twine(axis) +
                          " has size " + shapes.print(dims[axis]));
  } else {
    int64_t count = op.getParts();
    if (count < 1)
      return shapes.error("has no results");
    Dim part = dims[axis].floorDiv(count);
    if (!shapes.equal(dims[axis], part * count))
      return shapes.error("dimension " + Twine(axis) + " of size " + shapes.print(dims[axis]) +
                          " does not divide into " + Twine(count) + " equal parts");
    parts.assign(count, part);
  }
  for (Dim part : parts) {
    dims[axis] = part;
    results.push_back({dims, shapes.elementType(op.getInput())});
  }
  return success();
}

LogicalResult PadOp::inferShape(Adaptor op, ShapeContext &shapes, SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput());
  if (failed(checkSameElement(shapes, {op.getInput(), op.getValue()})) ||
      failed(checkCount(shapes, "low", op.getLow(), dims.size())) ||
      failed(checkCount(shapes, "high", op.getHigh(), dims.size())))
    return failure();
  if (int64_t rank = shapes.rank(op.getValue()))
    return shapes.error("value has rank " + Twine(rank) + ", expected 0");
  for (auto [dim, low, high] : llvm::zip(dims, op.getLow(), op.getHigh())) {
    if (low < 0 || high < 0)
      return shapes.error((low < 0 ? "low" : "high") + Twine(" holds ") +
                          Twine(std::min(low, high)) + ", expected at least 0");
    if (std::max(low, high) > maxWindow)
      return shapes.error((low > high ? "low" : "high") + Twine(" holds ") +
                          Twine(std::max(low, high)) + ", expected at most " + Twine(maxWindow));
    dim = dim + (low + high);
  }
  results.push_back({dims, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult GatherOp::inferShape(Adaptor op, ShapeContext &shapes,
                                   SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getInput()), indices = shapes.dims(op.getIndices());
  int64_t axis = op.getAxis();
  if (failed(checkAxes(shapes, "axis", axis, dims.size())))
    return failure();
  Dims result(dims.begin(), dims.begin() + axis);
  result.append(indices);
  result.append(dims.begin() + axis + 1, dims.end());
  results.push_back({result, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult ScatterOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  if (failed(checkSameElement(shapes, {op.getInput(), op.getUpdates()})))
    return failure();
  StringRef kind = op.getKind();
  if (!llvm::is_contained({"update", "add", "sub", "mul", "max", "min"}, kind))
    return shapes.error("kind is \"" + kind +
                        "\", expected \"update\", \"add\", \"sub\", \"mul\", \"max\" or \"min\"");
  if (kind != "update" && shapes.elementType(op.getInput()).isInteger(1))
    return shapes.error("kind \"" + kind + "\" is not defined on i1");
  Dims dims = shapes.dims(op.getInput()), updates = shapes.dims(op.getUpdates());
  if (dims.empty())
    return shapes.error("input has rank 0, expected at least 1");
  Dims expected = shapes.dims(op.getIndices());
  expected.append(dims.begin() + 1, dims.end());
  bool fits = expected.size() == updates.size();
  for (size_t i = 0; fits && i < updates.size(); ++i)
    fits = shapes.equal(updates[i], expected[i]);
  if (!fits)
    return shapes.error("updates have shape [" + shapes.print(updates) + "], expected [" +
                        shapes.print(expected) + "]");
  for (Dim &dim : dims)
    dim = shapes.resolve(dim);
  results.push_back({dims, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult OneHotOp::inferShape(Adaptor op, ShapeContext &shapes,
                                   SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getIndices());
  int64_t rank = dims.size(), depth = op.getDepth();
  int64_t axis = op.getAxis() ? static_cast<int64_t>(*op.getAxis()) : rank;
  if (failed(checkAxes(shapes, "axis", axis, rank + 1)))
    return failure();
  if (depth < 0)
    return shapes.error("depth is " + Twine(depth) + ", expected at least 0");
  dims.insert(dims.begin() + axis, shapes.constant(depth));
  results.push_back({dims, op.getElementType()});
  return success();
}

LogicalResult ShapeOfOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  results.push_back(
      {{shapes.constant(shapes.rank(op.getInput()))}, IntegerType::get(shapes.getContext(), 64)});
  return success();
}

#define GET_OP_CLASSES
#include "dialect/FnShapeOps.cpp.inc"

void FnDialect::registerShapeOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnShapeOps.cpp.inc"
      >();
}
