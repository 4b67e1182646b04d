//===- OpSupport.cpp - what several families of ops share -----------------===//

#include "dialect/OpSupport.h"
#include "dialect/Fn.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;

LogicalResult fn::checkAxes(ShapeContext &shapes, StringRef what, ArrayRef<int64_t> axes,
                            int64_t rank) {
  llvm::SmallSet<int64_t, 4> seen;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= rank)
      return shapes.error(what + " " + Twine(axis) + " is out of range for rank " + Twine(rank));
    if (!seen.insert(axis).second)
      return shapes.error(what + " " + Twine(axis) + " is named twice");
  }
  return success();
}

FailureOr<Type> fn::productElement(ShapeContext &shapes, Value x, Value y, bool wide) {
  if (!wide) {
    if (failed(checkSameElement(shapes, {x, y})))
      return failure();
    return shapes.elementType(x);
  }
  for (Value factor : {x, y})
    if (Type type = shapes.elementType(factor);
        !isa<IntegerType>(type) || type.getIntOrFloatBitWidth() != 8) {
      std::string text;
      llvm::raw_string_ostream(text)
          << "is a wide product of " << type << ", expected integers of 8 bits";
      return shapes.error(text);
    }
  return Type(IntegerType::get(x.getContext(), 32));
}

LogicalResult fn::checkSameElement(ShapeContext &shapes, ArrayRef<Value> values) {
  Type expected = shapes.elementType(values.front());
  for (Value value : values.drop_front()) {
    Type type = shapes.elementType(value);
    if (type == expected)
      continue;
    std::string text;
    llvm::raw_string_ostream(text) << "operands have element types " << expected << " and " << type;
    return shapes.error(text);
  }
  return success();
}

LogicalResult fn::inferOp(Operation *op, ShapeContext &shapes) {
  shapes.enter(op->getName().getStringRef(), op->getLoc());
  SmallVector<Shape> results;
  if (auto rule = dyn_cast<ShapeRule>(op)) {
    if (failed(rule.applyShapeRule(shapes, results)))
      return failure();
  } else if (auto pasted = shapes.getPastedRule(); pasted && failed(pasted(op, shapes, results))) {
    return failure();
  }
  for (auto [result, shape] : llvm::zip(op->getResults(), results)) {
    // What the declared type knows beyond the rule, the call has to satisfy.
    auto type = cast<RankedTensorType>(result.getType());
    for (auto [i, dim] : llvm::enumerate(shape.dims))
      if (!type.isDynamicDim(i) && !shapes.equal(dim, shapes.constant(type.getDimSize(i))))
        return emitError(op->getLoc())
               << "'" << op->getName() << "' op declares dimension " << i << " as "
               << type.getDimSize(i) << ", but it is " << shapes.print(shape.dims[i]);
    shapes.set(result, shape.dims);
  }
  return success();
}

LogicalResult fn::inferBlock(Block &block, ShapeContext &shapes) {
  for (Operation &op : block.without_terminator())
    if (failed(inferOp(&op, shapes)))
      return failure();
  return success();
}

LogicalResult fn::verifyShapeRule(Operation *op) {
  if (failed(checkSparse(op)))
    return failure();
  ShapeContext shapes(op->getContext(), op->getName().getStringRef(), op->getLoc());
  SmallVector<Shape> inferred;
  if (failed(cast<ShapeRule>(op).applyShapeRule(shapes, inferred)))
    return failure();
  if (inferred.size() != op->getNumResults())
    return emitError(op->getLoc()) << "'" << op->getName() << "' op has " << op->getNumResults()
                                   << " results, expected " << inferred.size();
  for (auto [shape, declared] : llvm::zip(inferred, op->getResultTypes()))
    if (Type type = shapes.typeOf(shape); !compatibleTypes(type, declared))
      return emitError(op->getLoc()) << "'" << op->getName() << "' op result is declared "
                                     << declared << ", its operands give " << type;
  return success();
}

SmallVector<Value> fn::dependencies(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  if (op->getNumRegions() == 0)
    return values;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  values.append(captured.begin(), captured.end());
  return values;
}

ParseResult fn::parseOperandsLike(OpAsmParser &parser, OperationState &result, bool optionalLike,
                                  FunctionType &type) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseOperandList(operands))
    return failure();
  if (optionalLike && succeeded(parser.parseOptionalKeyword("like"))) {
    OpAsmParser::UnresolvedOperand like;
    if (parser.parseLParen() || parser.parseOperand(like) || parser.parseRParen())
      return failure();
    operands.push_back(like);
  }
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColon())
    return failure();
  // Without operands the result type stands alone.
  SMLoc typeAt = parser.getCurrentLocation();
  Type parsed;
  if (parser.parseType(parsed))
    return failure();
  type = dyn_cast<FunctionType>(parsed);
  if (!type)
    type = FunctionType::get(parser.getContext(), {}, parsed);
  if (operands.size() != type.getNumInputs())
    return parser.emitError(typeAt)
           << operands.size() << " operands, but " << type.getNumInputs() << " operand types";
  result.addTypes(type.getResults());
  return parser.resolveOperands(operands, type.getInputs(), at, result.operands);
}

void fn::printOperandsLike(OpAsmPrinter &printer, Operation *op, Value like,
                           ArrayRef<StringRef> elided) {
  ValueRange plain = op->getOperands();
  if (like)
    plain = plain.drop_back();
  if (!plain.empty())
    printer << ' ';
  printer.printOperands(plain);
  if (like)
    printer << " like(" << like << ')';
  printer.printOptionalAttrDict(op->getAttrs(), elided);
  printer << " : ";
  if (op->getNumOperands() == 0)
    printer << op->getResult(0).getType();
  else
    printer.printFunctionalType(op);
}
