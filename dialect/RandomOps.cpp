//===- RandomOps.cpp - random numbers -------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/Gradient.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnRandomOps.cpp.inc"

void FnDialect::registerRandomOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnRandomOps.cpp.inc"
      >();
}

//===-- Assembly -----------------------------------------------------------===//

/// The result's type says what to draw.
static ParseResult parseRandom(OpAsmParser &parser, OperationState &state) {
  FunctionType type;
  SMLoc at = parser.getCurrentLocation();
  if (parseOperandsLike(parser, state, /*optionalLike=*/true, type))
    return failure();
  auto result = type.getNumResults() == 2 ? dyn_cast<RankedTensorType>(type.getResult(0)) : nullptr;
  if (!result)
    return parser.emitError(at) << "expects two results, a ranked tensor and the next state";
  if (type.getNumInputs() < 1 || type.getNumInputs() > 2)
    return parser.emitError(at) << "expects a state and perhaps a like";
  Builder &b = parser.getBuilder();
  state.addAttribute("shape", b.getDenseI64ArrayAttr(result.getShape()));
  state.addAttribute("element_type", TypeAttr::get(result.getElementType()));
  return success();
}

#define FN_RANDOM_ASSEMBLY(OP)                                                                     \
  ParseResult OP::parse(OpAsmParser &parser, OperationState &state) {                              \
    return parseRandom(parser, state);                                                             \
  }                                                                                                \
  void OP::print(OpAsmPrinter &printer) {                                                          \
    printOperandsLike(printer, *this, getLike(), {"shape", "element_type"});                       \
  }
FN_RANDOM_ASSEMBLY(RandomBitsOp)
FN_RANDOM_ASSEMBLY(RandomUniformOp)
FN_RANDOM_ASSEMBLY(RandomNormalOp)
FN_RANDOM_ASSEMBLY(RandomTruncatedNormalOp)
FN_RANDOM_ASSEMBLY(RandomBernoulliOp)
FN_RANDOM_ASSEMBLY(RandomIntegersOp)
FN_RANDOM_ASSEMBLY(RandomPermutationOp)
#undef FN_RANDOM_ASSEMBLY

ParseResult RandomCategoricalOp::parse(OpAsmParser &parser, OperationState &state) {
  FunctionType type;
  SMLoc at = parser.getCurrentLocation();
  if (parseOperandsLike(parser, state, /*optionalLike=*/false, type))
    return failure();
  auto result = type.getNumResults() == 2 ? dyn_cast<RankedTensorType>(type.getResult(0)) : nullptr;
  if (!result)
    return parser.emitError(at) << "expects two results, a ranked tensor and the next state";
  state.addAttribute("index_type", TypeAttr::get(result.getElementType()));
  return success();
}

void RandomCategoricalOp::print(OpAsmPrinter &printer) {
  printOperandsLike(printer, *this, {}, {"index_type"});
}

//===-- Shapes and verifiers -----------------------------------------------===//

static LogicalResult inferState(ShapeContext &shapes, Value state,
                                SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(state);
  if (dims.size() != 1 || !shapes.equal(dims[0], shapes.constant(3)))
    return shapes.error("needs a state of shape 3, got one of shape " +
                        (dims.empty() ? "of a number" : shapes.print(dims)));
  results.push_back({{shapes.constant(3)}, shapes.elementType(state)});
  return success();
}

LogicalResult fn::inferRandom(ShapeContext &shapes, Value state, Value like,
                              ArrayRef<int64_t> shape, Type elementType,
                              SmallVectorImpl<Shape> &results) {
  Dims likeDims, dims;
  if (like)
    likeDims = shapes.dims(like);
  if (like && likeDims.size() != shape.size())
    return shapes.error("result has rank " + Twine(shape.size()) + ", like has rank " +
                        Twine(likeDims.size()));
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (ShapedType::isDynamic(size) && !like)
      return shapes.error("cannot tell the sizes of the result; like(...) would give them");
    dims.push_back(ShapedType::isDynamic(size) ? likeDims[i] : shapes.constant(size));
  }
  results.push_back({dims, elementType});
  return inferState(shapes, state, results);
}

/// A bound as the element type has it.
static double rounded(APFloat bound, Type element) {
  bool loses;
  bound.convert(cast<FloatType>(element).getFloatSemantics(), APFloat::rmNearestTiesToEven, &loses);
  return bound.convertToDouble();
}

LogicalResult RandomUniformOp::verify() {
  double low = rounded(getLow(), getElementType()), high = rounded(getHigh(), getElementType());
  if (!(low < high) || !std::isfinite(high - low))
    return emitOpError("has low ") << low << " and high " << high << " in " << getElementType()
                                   << ", expected finite numbers and low < high";
  return success();
}

template <typename Op> static LogicalResult verifyNormal(Op op) {
  double stddev = op.getStddev().convertToDouble();
  if (!(stddev >= 0) || !std::isfinite(stddev))
    return op.emitOpError("has standard deviation ") << stddev << ", expected 0 or more";
  return success();
}
LogicalResult RandomNormalOp::verify() { return verifyNormal(*this); }
LogicalResult RandomTruncatedNormalOp::verify() { return verifyNormal(*this); }

LogicalResult RandomBernoulliOp::verify() {
  double p = getProbability().convertToDouble();
  if (!(p >= 0 && p <= 1))
    return emitOpError("has probability ") << p << ", expected a number in [0, 1]";
  return success();
}

LogicalResult RandomIntegersOp::verify() {
  int64_t low = getLow(), high = getHigh();
  if (low >= high)
    return emitOpError("has low ") << low << " and high " << high << ", expected low < high";
  auto type = cast<IntegerType>(getElementType());
  unsigned width = type.getWidth();
  bool fits = type.isUnsignedInteger()
                  ? low >= 0 && (width == 64 || (high - 1) >> width == 0)
                  : width == 64 || (llvm::isIntN(width, low) && llvm::isIntN(width, high - 1));
  if (!fits)
    return emitOpError("has low ")
           << low << " and high " << high << ", which lie beyond the numbers of " << type;
  return success();
}

LogicalResult RandomPermutationOp::verify() {
  if (getShape().size() != 1)
    return emitOpError("draws a tensor of rank 1, got ") << getResult().getType();
  if (getElementType().isInteger(32) && getShape()[0] > std::numeric_limits<int32_t>::max())
    return emitOpError("has ") << getShape()[0] << " numbers, too many for i32";
  return success();
}

//===-- Categorical --------------------------------------------------------===//

LogicalResult RandomCategoricalOp::inferShape(Adaptor op, ShapeContext &shapes,
                                              SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(op.getLogits());
  if (dims.empty())
    return shapes.error("needs logits of rank 1 or more");
  if (isa<AffineConstantExpr>(dims.back()) && dims.back() == shapes.constant(0))
    return shapes.error("needs a class to draw");
  dims.pop_back();
  if (std::optional<int64_t> samples = op.getSamples()) {
    if (*samples < 0)
      return shapes.error("has samples = " + Twine(*samples) + ", expected 0 or more");
    dims.push_back(shapes.constant(*samples));
  }
  results.push_back({dims, op.getIndexType()});
  return inferState(shapes, op.getState(), results);
}

SmallVector<Value> RandomCategoricalOp::expand(OpBuilder &b, ValueRange operands) {
  Expr logits(b, getLoc(), operands[1]);
  int64_t last = logits.rank() - 1;
  if (std::optional<int64_t> samples = getSamples()) {
    logits = logits.expand(last);
    SmallVector<int64_t> shape(logits.type().getShape());
    shape[last] = *samples;
    auto type = RankedTensorType::get(shape, logits.element());
    logits = logits.with(BroadcastToOp::create(b, getLoc(), type, logits, Value()));
    ++last;
  }
  // Half precision has too few numbers below 1 to draw from.
  Type element = logits.element().isF64() ? logits.element() : b.getF32Type();
  auto type = RankedTensorType::get(logits.type().getShape(), element);
  SmallVector<Value> drawn = {operands[0]};
  if (!type.hasStaticShape())
    drawn.push_back(logits);
  auto uniform = RandomUniformOp::create(
      b, getLoc(), TypeRange{type, operands[0].getType()}, drawn,
      ArrayRef<NamedAttribute>{b.getNamedAttr("shape", b.getDenseI64ArrayAttr(type.getShape())),
                               b.getNamedAttr("element_type", TypeAttr::get(element))});
  Expr noise = -(-logits.with(uniform.getResult()).apply<LogOp>()).apply<LogOp>();
  Expr scores = logits.cast(element) + noise;
  auto chosen = ArgMaxOp::create(b, getLoc(), scores, b.getI64IntegerAttr(last), UnitAttr(),
                                 getIndexTypeAttr());
  return {chosen, uniform.getNext()};
}
