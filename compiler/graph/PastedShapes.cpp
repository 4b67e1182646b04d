//===- PastedShapes.cpp - symbolic shapes of upstream ops -----------------===//

#include "compiler/graph/PastedShapes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Traits.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fn;

namespace {

struct PastedOp {
  Operation *op;
  ShapeContext &shapes;
  SmallVectorImpl<Shape> &results;

  LogicalResult mismatch(StringRef what, Dims a, Dims b) {
    return shapes.error(what + " [" + shapes.print(a) + "] and [" + shapes.print(b) +
                        "] do not agree");
  }

  static uint64_t rankOf(tensor::DimOp dim) {
    return cast<RankedTensorType>(dim.getSource().getType()).getRank();
  }

  /// The dimension that is asked for, where that is known.
  static std::optional<uint64_t> axisOf(tensor::DimOp dim) {
    if (!isa<RankedTensorType>(dim.getSource().getType()))
      return std::nullopt;
    return dim.getConstantIndex();
  }

  /// A size that an index value stands for; a new symbol where it cannot be told.
  Dim sizeOf(OpFoldResult value) {
    if (std::optional<int64_t> known = getConstantIntValue(value))
      return shapes.constant(*known);
    if (auto dim = cast<Value>(value).getDefiningOp<tensor::DimOp>())
      if (std::optional<uint64_t> axis = axisOf(dim); axis && *axis < rankOf(dim))
        return shapes.dim(dim.getSource(), *axis);
    return shapes.freshSymbol();
  }

  void result(Value value, Dims dims) {
    results.push_back({std::move(dims), shapes.elementType(value)});
  }

  /// Operands and results of one shape; scalars among the operands do not count.
  LogicalResult elementwise() {
    std::optional<Dims> dims;
    for (Value operand : op->getOperands()) {
      if (!isa<RankedTensorType>(operand.getType()))
        continue;
      Dims own = shapes.dims(operand);
      if (!dims)
        dims = own;
      for (auto [a, b] : llvm::zip(*dims, own))
        if (!shapes.equal(a, b))
          return mismatch("operands of shapes", *dims, own);
    }
    for (Value value : op->getResults())
      if (dims)
        result(value, *dims);
    return success();
  }

  LogicalResult broadcasting() {
    FailureOr<Dims> dims = shapes.broadcast(op->getOperands());
    if (failed(dims))
      return failure();
    result(op->getResult(0), *dims);
    return success();
  }

  /// Sizes that one loop runs over are equal.
  LogicalResult structured(linalg::LinalgOp linalg) {
    SmallVector<Dim> loops(linalg.getNumLoops());
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      Dims own = shapes.dims(operand.get());
      for (auto [i, expr] : llvm::enumerate(linalg.getMatchingIndexingMap(&operand).getResults())) {
        auto loop = dyn_cast<AffineDimExpr>(expr);
        if (!loop)
          continue;
        Dim &size = loops[loop.getPosition()];
        if (!size)
          size = own[i];
        else if (!shapes.equal(size, own[i]))
          return mismatch("sizes", {size}, {own[i]});
      }
    }
    return success();
  }

  LogicalResult destination(DestinationStyleOpInterface dest) {
    if (auto linalg = dyn_cast<linalg::LinalgOp>(op); linalg && failed(structured(linalg)))
      return failure();
    for (OpOperand &init : dest.getDpsInitsMutable())
      if (isa<RankedTensorType>(init.get().getType()))
        result(dest.getTiedOpResult(&init), shapes.dims(init.get()));
    return success();
  }

  LogicalResult slice(tensor::ExtractSliceOp slice) {
    Dims dims;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    Dims source = shapes.dims(slice.getSource());
    for (auto [i, size] : llvm::enumerate(slice.getMixedSizes())) {
      std::optional<int64_t> offset = getConstantIntValue(slice.getMixedOffsets()[i]),
                             count = getConstantIntValue(size),
                             stride = getConstantIntValue(slice.getMixedStrides()[i]);
      if (offset && count && stride && *count > 0 &&
          !shapes.atLeast(source[i], *offset + (*count - 1) * *stride + 1))
        return shapes.error("slice leaves dimension " + Twine(i) + " of size " +
                            shapes.print(source[i]));
      if (!dropped.test(i))
        dims.push_back(sizeOf(size));
    }
    result(slice.getResult(), dims);
    return success();
  }

  /// Sizes of a TOSA op's result from those of operands. What a rule leaves open the type has to
  /// say.
  LogicalResult tosaResult(ArrayRef<Dim> dims) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    Dims all(dims);
    for (int64_t i = 0; i < type.getRank(); ++i) {
      all.resize(std::max<size_t>(all.size(), i + 1));
      if (!type.isDynamicDim(i))
        all[i] = shapes.constant(type.getDimSize(i));
      else if (!all[i])
        all[i] = shapes.freshSymbol();
    }
    all.resize(type.getRank());
    result(op->getResult(0), all);
    return success();
  }

  LogicalResult tosaConcat(tosa::ConcatOp concat) {
    Dims dims = shapes.dims(concat.getInput1().front());
    for (Value input : concat.getInput1().drop_front()) {
      for (auto [i, size] : llvm::enumerate(shapes.dims(input)))
        if (i == concat.getAxis())
          dims[i] = dims[i] + size;
        else if (!shapes.equal(dims[i], size))
          return mismatch("sizes", {dims[i]}, {size});
    }
    return tosaResult(dims);
  }

  LogicalResult tosaMatmul(tosa::MatMulOp matmul) {
    Dims a = shapes.dims(matmul.getA()), b = shapes.dims(matmul.getB());
    if (!shapes.equal(a[0], b[0]) || !shapes.equal(a[2], b[1]))
      return mismatch("operands of shapes", a, b);
    return tosaResult({a[0], a[1], b[2]});
  }

  LogicalResult inferTosa() {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](tosa::TransposeOp transpose) {
          Dims from = shapes.dims(transpose.getInput1()), dims;
          for (int32_t i : transpose.getPerms())
            dims.push_back(from[i]);
          return tosaResult(dims);
        })
        .Case<tosa::ReduceSumOp, tosa::ReduceMaxOp, tosa::ReduceMinOp, tosa::ReduceProductOp,
              tosa::ReduceAllOp, tosa::ReduceAnyOp>([&](auto reduce) {
          Dims dims = shapes.dims(reduce.getInput());
          dims[reduce.getAxis()] = shapes.constant(1);
          return tosaResult(dims);
        })
        .Case([&](tosa::ArgMaxOp arg) {
          Dims dims = shapes.dims(arg.getInput());
          dims.erase(dims.begin() + arg.getAxis());
          return tosaResult(dims);
        })
        .Case<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::MaxPool2dOp, tosa::AvgPool2dOp>(
            [&](auto window) { return tosaResult(shapes.dims(window.getInput())[0]); })
        .Case([&](tosa::ConcatOp concat) { return tosaConcat(concat); })
        .Case([&](tosa::MatMulOp matmul) { return tosaMatmul(matmul); })
        .Default([&](Operation *) { return inferByTraits(); });
  }

  LogicalResult inferByTraits() {
    auto ranked = [](Type type) { return isa<RankedTensorType>(type); };
    if (op->getNumResults() == 0 || !llvm::all_of(op->getResultTypes(), ranked))
      return success();
    if (OpTrait::hasElementwiseMappableTraits(op) ||
        op->hasTrait<OpTrait::SameOperandsAndResultShape>())
      return elementwise();
    if (op->hasTrait<OpTrait::ResultsBroadcastableShape>() && op->getNumResults() == 1 &&
        llvm::all_of(op->getOperandTypes(), ranked))
      return broadcasting();
    return success();
  }

  LogicalResult infer() {
    if (auto dim = dyn_cast<tensor::DimOp>(op))
      if (std::optional<uint64_t> axis = axisOf(dim); axis && *axis >= rankOf(dim))
        return shapes.error("has no dimension " + Twine(static_cast<int64_t>(*axis)) + " of " +
                            Twine(rankOf(dim)));
    if (isa<tosa::TosaDialect>(op->getDialect()))
      return inferTosa();
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](tensor::CastOp cast) {
          if (isa<RankedTensorType>(cast.getSource().getType()))
            result(cast.getResult(), shapes.dims(cast.getSource()));
          return success();
        })
        .Case([&](tensor::EmptyOp empty) {
          Dims dims;
          for (OpFoldResult size : empty.getMixedSizes())
            dims.push_back(sizeOf(size));
          result(empty.getResult(), dims);
          return success();
        })
        .Case([&](tensor::CollapseShapeOp collapse) {
          Dims source = shapes.dims(collapse.getSrc()), dims;
          for (const ReassociationIndices &group : collapse.getReassociationIndices()) {
            Dim product = shapes.constant(1);
            for (int64_t i : group)
              product = product * source[i];
            dims.push_back(product);
          }
          result(collapse.getResult(), dims);
          return success();
        })
        .Case([&](tensor::ExpandShapeOp expand) {
          Dims source = shapes.dims(expand.getSrc()), dims;
          SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
          for (auto [from, group] : llvm::zip(source, expand.getReassociationIndices())) {
            Dim product = shapes.constant(1);
            for (int64_t i : group) {
              dims.push_back(sizeOf(sizes[i]));
              product = product * dims.back();
            }
            if (!shapes.equal(from, product))
              return mismatch("sizes", {from}, {product});
          }
          result(expand.getResult(), dims);
          return success();
        })
        .Case([&](tensor::ExtractSliceOp op) { return slice(op); })
        .Case([&](DestinationStyleOpInterface dest) { return destination(dest); })
        .Default([&](Operation *) { return inferByTraits(); });
  }
};

} // namespace

LogicalResult fnc::inferPastedOp(Operation *op, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  return PastedOp{op, shapes, results}.infer();
}
