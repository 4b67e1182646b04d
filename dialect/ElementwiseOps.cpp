//===- ElementwiseOps.cpp - elementwise ops -------------------------------===//

#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnElementwiseOps.cpp.inc"

void FnDialect::registerElementwiseOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnElementwiseOps.cpp.inc"
      >();
}

LogicalResult GeluOp::verify() {
  if (getApproximate() != "none" && getApproximate() != "tanh")
    return emitOpError("approximates by \"none\" or \"tanh\", not by \"")
           << getApproximate() << "\"";
  return success();
}

LogicalResult WhereOp::inferShape(Adaptor op, ShapeContext &shapes,
                                  SmallVectorImpl<Shape> &results) {
  Type onTrue = shapes.elementType(op.getOnTrue());
  Type onFalse = shapes.elementType(op.getOnFalse());
  if (onTrue != onFalse) {
    std::string text;
    llvm::raw_string_ostream(text)
        << "operands have element types " << onTrue << " and " << onFalse;
    return shapes.error(text);
  }
  FailureOr<Dims> dims = shapes.broadcast(op.getOperands());
  if (failed(dims))
    return failure();
  results.push_back({*dims, onTrue});
  return success();
}

OpFoldResult WhereOp::fold(FoldAdaptor adaptor) {
  auto condition = dyn_cast_if_present<DenseElementsAttr>(adaptor.getCondition());
  if (!condition || !condition.isSplat())
    return {};
  // The result may have more elements than what is chosen.
  Value chosen = condition.getSplatValue<bool>() ? getOnTrue() : getOnFalse();
  return chosen.getType() == getType() ? OpFoldResult(chosen) : OpFoldResult();
}

//===-- Cast ---------------------------------------------------------------===//

LogicalResult CastOp::inferShape(Adaptor op, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  if (Type from = shapes.elementType(op.getInput());
      isSparse(op.getInput()) && !(isa<FloatType>(from) && isa<FloatType>(op.getElementType()))) {
    std::string text;
    llvm::raw_string_ostream(text) << "casts a sparse tensor from " << from << " to "
                                   << op.getElementType() << ", expected floating-point types";
    return shapes.error(text);
  }
  results.push_back(
      {shapes.dims(op.getInput()), op.getElementType(), shapes.encoding(op.getInput())});
  return success();
}

/// `%x : (from) -> to`, where the element type of `to` is an attribute.
template <typename Op>
static ParseResult parseConversion(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand input;
  RankedTensorType from, to;
  if (parser.parseOperand(input) || parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColon() || parser.parseLParen() || parser.parseType(from) ||
      parser.parseRParen() || parser.parseArrow() || parser.parseType(to) ||
      parser.resolveOperand(input, from, state.operands))
    return failure();
  state.getOrAddProperties<typename Op::Properties>().element_type =
      TypeAttr::get(to.getElementType());
  state.addTypes(to);
  return success();
}

template <typename Op> static void printConversion(Op op, OpAsmPrinter &printer) {
  printer << ' ' << op.getInput();
  printer.printOptionalAttrDict(op->getAttrs(), {"element_type"});
  printer << " : (" << op.getInput().getType() << ") -> " << op.getType();
}

ParseResult CastOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseConversion<CastOp>(parser, state);
}
void CastOp::print(OpAsmPrinter &printer) { printConversion(*this, printer); }

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}

//===-- Bitcast ------------------------------------------------------------===//

LogicalResult BitcastOp::inferShape(Adaptor op, ShapeContext &shapes,
                                    SmallVectorImpl<Shape> &results) {
  Type from = shapes.elementType(op.getInput()), to = op.getElementType();
  if (from.isInteger(1) || to.isInteger(1) ||
      from.getIntOrFloatBitWidth() != to.getIntOrFloatBitWidth()) {
    std::string text;
    llvm::raw_string_ostream(text)
        << "takes the bits of " << from << " as " << to << ", expected types of one width";
    return shapes.error(text);
  }
  results.push_back({shapes.dims(op.getInput()), to});
  return success();
}

ParseResult BitcastOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseConversion<BitcastOp>(parser, state);
}
void BitcastOp::print(OpAsmPrinter &printer) { printConversion(*this, printer); }

OpFoldResult BitcastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
