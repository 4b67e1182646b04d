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

ParseResult CastOp::parse(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand input;
  RankedTensorType from, to;
  if (parser.parseOperand(input) || parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColon() || parser.parseLParen() || parser.parseType(from) ||
      parser.parseRParen() || parser.parseArrow() || parser.parseType(to) ||
      parser.resolveOperand(input, from, state.operands))
    return failure();
  state.getOrAddProperties<Properties>().element_type = TypeAttr::get(to.getElementType());
  state.addTypes(to);
  return success();
}

void CastOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getInput();
  printer.printOptionalAttrDict((*this)->getAttrs(), {"element_type"});
  printer << " : (" << getInput().getType() << ") -> " << getType();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput()) : OpFoldResult();
}
