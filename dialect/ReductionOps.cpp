//===- ReductionOps.cpp - reductions and the softmax family ---------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnReductionOps.cpp.inc"

void FnDialect::registerReductionOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnReductionOps.cpp.inc"
      >();
}

LogicalResult fn::inferReduction(ShapeContext &shapes, Value input,
                                 std::optional<ArrayRef<int64_t>> axes, bool keepDims,
                                 Type elementType, SmallVectorImpl<Shape> &results) {
  Dims in = shapes.dims(input), out;
  if (axes && failed(checkAxes(shapes, "axis", *axes, in.size())))
    return failure();
  for (auto [i, dim] : llvm::enumerate(in)) {
    if (axes && !llvm::is_contained(*axes, static_cast<int64_t>(i)))
      out.push_back(dim);
    else if (keepDims)
      out.push_back(shapes.constant(1));
  }
  results.push_back({out, elementType ? elementType : shapes.elementType(input)});
  return success();
}

LogicalResult fn::inferSoftmax(ShapeContext &shapes, Value input, int64_t axis,
                               SmallVectorImpl<Shape> &results) {
  Dims dims = shapes.dims(input);
  if (failed(checkAxes(shapes, "axis", {axis}, dims.size())))
    return failure();
  results.push_back({dims, shapes.elementType(input)});
  return success();
}

//===-- Assembly of argmax and argmin --------------------------------------===//

template <typename Op> static ParseResult parseArg(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand input;
  RankedTensorType from, to;
  if (parser.parseOperand(input) || parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColon() || parser.parseLParen() || parser.parseType(from) ||
      parser.parseRParen() || parser.parseArrow() || parser.parseType(to) ||
      parser.resolveOperand(input, from, state.operands))
    return failure();
  state.addAttribute("index_type", TypeAttr::get(to.getElementType()));
  state.addTypes(to);
  return success();
}

template <typename Op> static void printArg(Op op, OpAsmPrinter &printer) {
  printer << ' ' << op.getInput();
  printer.printOptionalAttrDict(op->getAttrs(), {"index_type"});
  printer << " : (" << op.getInput().getType() << ") -> " << op.getType();
}

ParseResult ArgMaxOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseArg<ArgMaxOp>(parser, state);
}
void ArgMaxOp::print(OpAsmPrinter &printer) { printArg(*this, printer); }
ParseResult ArgMinOp::parse(OpAsmParser &parser, OperationState &state) {
  return parseArg<ArgMinOp>(parser, state);
}
void ArgMinOp::print(OpAsmPrinter &printer) { printArg(*this, printer); }
