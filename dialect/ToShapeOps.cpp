//===- ToShapeOps.cpp - ops whose result shape is written -----------------===//
//
// fn.reshape, fn.broadcast_to and fn.iota take their sizes from the result type in the assembly,
// fn.one_hot its element type, fn.split its number of parts. All keep them as attributes, so that
// the shape rule needs no result.
//
//===----------------------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"
#include <numeric>

using namespace mlir;
using namespace fn;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// The one result type, which must be a tensor.
static RankedTensorType tensorResult(OpAsmParser &parser, FunctionType type) {
  auto tensor = type.getNumResults() == 1 ? dyn_cast<RankedTensorType>(type.getResult(0)) : nullptr;
  if (!tensor)
    parser.emitError(parser.getNameLoc()) << "expects one result, a ranked tensor";
  return tensor;
}

static ParseResult parseToShape(OpAsmParser &parser, OperationState &result) {
  FunctionType type;
  if (parseOperandsLike(parser, result, true, type))
    return failure();
  RankedTensorType tensor = tensorResult(parser, type);
  if (!tensor)
    return failure();
  if (type.getNumInputs() < 1 || type.getNumInputs() > 2)
    return parser.emitError(parser.getNameLoc()) << "expects one operand and perhaps a like";
  result.addAttribute("shape", parser.getBuilder().getDenseI64ArrayAttr(tensor.getShape()));
  return success();
}

ParseResult ReshapeOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseToShape(parser, result);
}
void ReshapeOp::print(OpAsmPrinter &p) { printOperandsLike(p, *this, getLike(), {"shape"}); }

ParseResult BroadcastToOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseToShape(parser, result);
}
void BroadcastToOp::print(OpAsmPrinter &p) { printOperandsLike(p, *this, getLike(), {"shape"}); }

ParseResult IotaOp::parse(OpAsmParser &parser, OperationState &result) {
  FunctionType type;
  if (parseOperandsLike(parser, result, true, type))
    return failure();
  RankedTensorType tensor = tensorResult(parser, type);
  if (!tensor)
    return failure();
  if (type.getNumInputs() > 1)
    return parser.emitError(parser.getNameLoc()) << "expects no operand but a like";
  result.addAttribute("shape", parser.getBuilder().getDenseI64ArrayAttr(tensor.getShape()));
  result.addAttribute("element_type", TypeAttr::get(tensor.getElementType()));
  return success();
}
void IotaOp::print(OpAsmPrinter &p) {
  printOperandsLike(p, *this, getLike(), {"shape", "element_type"});
}

ParseResult OneHotOp::parse(OpAsmParser &parser, OperationState &result) {
  FunctionType type;
  if (parseOperandsLike(parser, result, false, type))
    return failure();
  RankedTensorType tensor = tensorResult(parser, type);
  if (!tensor)
    return failure();
  result.addAttribute("element_type", TypeAttr::get(tensor.getElementType()));
  return success();
}
void OneHotOp::print(OpAsmPrinter &p) { printOperandsLike(p, *this, {}, {"element_type"}); }

ParseResult SplitOp::parse(OpAsmParser &parser, OperationState &result) {
  FunctionType type;
  if (parseOperandsLike(parser, result, false, type))
    return failure();
  if (!result.attributes.get("sizes"))
    result.addAttribute("parts", parser.getBuilder().getI64IntegerAttr(type.getNumResults()));
  return success();
}
void SplitOp::print(OpAsmPrinter &p) { printOperandsLike(p, *this, {}, {"parts"}); }

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

void ReshapeOp::build(OpBuilder &, OperationState &state, Type type, Value input, Value like) {
  state.addOperands(input);
  if (like)
    state.addOperands(like);
  state.getOrAddProperties<Properties>().shape =
      DenseI64ArrayAttr::get(type.getContext(), cast<RankedTensorType>(type).getShape());
  state.addTypes(type);
}

void BroadcastToOp::build(OpBuilder &, OperationState &state, Type type, Value input, Value like) {
  state.addOperands(input);
  if (like)
    state.addOperands(like);
  state.getOrAddProperties<Properties>().shape =
      DenseI64ArrayAttr::get(type.getContext(), cast<RankedTensorType>(type).getShape());
  state.addTypes(type);
}

void IotaOp::build(OpBuilder &b, OperationState &state, Type type, int64_t axis, Value like) {
  if (like)
    state.addOperands(like);
  auto tensor = cast<RankedTensorType>(type);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.axis = b.getI64IntegerAttr(axis);
  properties.shape = b.getDenseI64ArrayAttr(tensor.getShape());
  properties.element_type = TypeAttr::get(tensor.getElementType());
  state.addTypes(type);
}

//===----------------------------------------------------------------------===//
// Shape rules
//===----------------------------------------------------------------------===//

/// The dimensions of `shape`, each `?` null or that of `like`.
static FailureOr<Dims> writtenDims(ShapeContext &shapes, ArrayRef<int64_t> shape, Value like) {
  Dims result, likeDims;
  if (like) {
    likeDims = shapes.dims(like);
    if (likeDims.size() != shape.size())
      return shapes.error("result has rank " + Twine(shape.size()) + ", like has rank " +
                          Twine(likeDims.size()));
  }
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(size))
      result.push_back(shapes.constant(size));
    else
      result.push_back(like ? likeDims[i] : Dim());
  }
  return result;
}

/// A product of dimensions, apart into what is known and what is not.
struct Product {
  int64_t known = 1;
  SmallVector<Dim> unknown;

  void multiply(Dim dim) {
    if (auto constant = dyn_cast<AffineConstantExpr>(dim)) {
      known *= constant.getValue();
      return;
    }
    auto binary = dyn_cast<AffineBinaryOpExpr>(dim);
    if (!binary || binary.getKind() != AffineExprKind::Mul) {
      unknown.push_back(dim);
      return;
    }
    multiply(binary.getLHS());
    multiply(binary.getRHS());
  }

  Dim expr(MLIRContext *context) const {
    Dim result = getAffineConstantExpr(known, context);
    for (Dim dim : unknown)
      result = dim * result;
    return result;
  }
};

/// Divides both by what they share.
static void cancel(Product &a, Product &b) {
  for (auto it = a.unknown.begin(); it != a.unknown.end();) {
    auto other = llvm::find(b.unknown, *it);
    if (other == b.unknown.end()) {
      ++it;
      continue;
    }
    b.unknown.erase(other);
    it = a.unknown.erase(it);
  }
  if (int64_t divisor = std::gcd(a.known, b.known)) {
    a.known /= divisor;
    b.known /= divisor;
  }
}

LogicalResult ReshapeOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  Dims input = shapes.dims(op.getInput());
  FailureOr<Dims> written = writtenDims(shapes, op.getShape(), op.getLike());
  if (failed(written))
    return failure();
  Dims &result = *written;

  // Of several open sizes, those in a place that the operand has too, with all before (or after)
  // the same, are the operand's.
  int64_t open = llvm::count(result, Dim()), opened = open;
  int64_t shared = std::min(result.size(), input.size());
  for (int64_t i = 0; open > 1 && i < shared; ++i) {
    if (!result[i]) {
      result[i] = input[i];
      --open;
    } else if (result[i] != input[i])
      break;
  }
  for (int64_t i = 1; open > 1 && i <= shared; ++i) {
    Dim &dim = result.end()[-i];
    if (!dim) {
      dim = input.end()[-i];
      --open;
    } else if (dim != input.end()[-i])
      break;
  }
  auto undecided = [&] {
    return shapes.error("cannot tell " + Twine(opened) +
                        " sizes of the result; like(...) would give them");
  };
  if (open > 1)
    return undecided();

  Product from, to;
  for (Dim dim : input)
    from.multiply(dim);
  for (Dim dim : result)
    if (dim)
      to.multiply(dim);
  auto mismatch = [&] {
    if (opened > 1)
      return undecided();
    SmallVector<Dim> target;
    for (int64_t size : op.getShape())
      target.push_back(ShapedType::isDynamic(size) ? shapes.freshSymbol() : shapes.constant(size));
    return shapes.error("cannot reshape [" + shapes.print(input) + "] to [" + shapes.print(target) +
                        "]");
  };
  cancel(from, to);
  MLIRContext *context = shapes.getContext();
  if (open == 0) {
    if (!shapes.equal(from.expr(context), to.expr(context)))
      return mismatch();
  } else {
    if (to.known == 0 || !to.unknown.empty())
      return shapes.error("cannot tell the size of `?` where others may be 0; like(...) would give "
                          "it");
    Dim total = from.expr(context), quotient = total.floorDiv(to.known);
    if (to.known != 1 && !shapes.equal(total, quotient * to.known))
      return mismatch();
    *llvm::find(result, Dim()) = quotient;
  }
  for (Dim &dim : result)
    dim = shapes.resolve(dim);
  results.push_back({result, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult BroadcastToOp::inferShape(Adaptor op, ShapeContext &shapes,
                                        SmallVectorImpl<Shape> &results) {
  if (isSparse(op.getInput()))
    return shapes.error("repeats no sparse tensor: make it dense by fn.to_dense");
  Dims input = shapes.dims(op.getInput());
  FailureOr<Dims> result = writtenDims(shapes, op.getShape(), op.getLike());
  if (failed(result))
    return failure();
  if (input.size() > result->size())
    return shapes.error("operand has rank " + Twine(input.size()) + ", result has rank " +
                        Twine(result->size()));
  size_t lead = result->size() - input.size();
  for (auto [i, dim] : llvm::enumerate(*result)) {
    Dim own = i >= lead ? input[i - lead] : shapes.constant(1);
    if (own == shapes.constant(1)) {
      if (!dim)
        return shapes.error("cannot tell size " + Twine(i) +
                            " of the result; like(...) would give it");
      continue;
    }
    if (!dim)
      dim = own;
    else if (!shapes.equal(own, dim))
      return shapes.error("cannot broadcast dimension " + Twine(i - lead) + " of size " +
                          shapes.print(own) + " to " + shapes.print(dim));
    dim = shapes.resolve(dim);
  }
  results.push_back({*result, shapes.elementType(op.getInput())});
  return success();
}

LogicalResult IotaOp::inferShape(Adaptor op, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  FailureOr<Dims> result = writtenDims(shapes, op.getShape(), op.getLike());
  if (failed(result))
    return failure();
  int64_t axis = op.getAxis();
  if (failed(checkAxes(shapes, "axis", axis, result->size())))
    return failure();
  if (llvm::is_contained(*result, Dim()))
    return shapes.error("cannot tell the sizes of the result; like(...) would give them");
  results.push_back({*result, op.getElementType()});
  return success();
}
