//===- ControlOps.cpp - branches and loops over tensors -------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "dialect/ShapeContext.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnControlOps.cpp.inc"

void FnDialect::registerControlOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnControlOps.cpp.inc"
      >();
}

//===-- Assembly -----------------------------------------------------------===//

/// "(%a = %x, %b = %y)"
static void printAssignments(OpAsmPrinter &printer, ValueRange names, ValueRange values) {
  printer << '(';
  llvm::interleaveComma(llvm::zip(names, values), printer, [&](auto pair) {
    printer << std::get<0>(pair) << " = " << std::get<1>(pair);
  });
  printer << ')';
}

static void setTypes(SmallVectorImpl<OpAsmParser::Argument> &args, ArrayRef<Type> types) {
  for (auto [arg, type] : llvm::zip(args, types))
    arg.type = type;
}

ParseResult WhileOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> args, again;
  SmallVector<OpAsmParser::UnresolvedOperand> inits;
  SmallVector<Type> types;
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseAssignmentList(args, inits) || parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonTypeList(types) || parser.resolveOperands(inits, types, at, state.operands))
    return failure();
  setTypes(args, types);
  if (parser.parseRegion(*state.addRegion(), args) || parser.parseKeyword("do"))
    return failure();
  // The names of the body, where they are not those of the condition.
  SMLoc againAt = parser.getCurrentLocation();
  if (parser.parseArgumentList(again, OpAsmParser::Delimiter::OptionalParen))
    return failure();
  if (again.empty())
    again = args;
  if (again.size() != args.size())
    return parser.emitError(againAt) << "expects " << args.size() << " names, got " << again.size();
  setTypes(again, types);
  state.addTypes(types);
  return parser.parseRegion(*state.addRegion(), again);
}

void WhileOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printAssignments(printer, getCondition().getArguments(), getInits());
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : " << getInits().getTypes() << ' ';
  printer.printRegion(getCondition(), /*printEntryBlockArgs=*/false);
  printer << " do (";
  llvm::interleaveComma(getBody().getArguments(), printer);
  printer << ") ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

/// The type of a slice of a tensor along its first dimension.
static RankedTensorType sliceType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
}

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> args, slices;
  SmallVector<OpAsmParser::UnresolvedOperand> operands, inputs;
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseAssignmentList(args, operands))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("over")) && parser.parseAssignmentList(slices, inputs))
    return failure();
  FunctionType type;
  SMLoc typeAt;
  if (parser.parseOptionalAttrDict(state.attributes) || parser.parseColon() ||
      parser.getCurrentLocation(&typeAt) || parser.parseType(type))
    return failure();
  size_t states = operands.size();
  operands.append(inputs);
  args.append(slices);
  SmallVector<Type> types(type.getInputs());
  if (parser.resolveOperands(operands, types, at, state.operands))
    return failure();
  for (Type &over : llvm::drop_begin(types, states)) {
    auto tensor = dyn_cast<RankedTensorType>(over);
    if (!tensor || tensor.getRank() == 0)
      return parser.emitError(typeAt) << "runs over tensors of rank 1 or more, got " << over;
    over = sliceType(tensor);
  }
  setTypes(args, types);
  state.addTypes(type.getResults());
  state.addAttribute("operandSegmentSizes",
                     parser.getBuilder().getDenseI32ArrayAttr(
                         {static_cast<int32_t>(states), static_cast<int32_t>(inputs.size())}));
  return parser.parseRegion(*state.addRegion(), args);
}

void ScanOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printAssignments(printer, getStates(), getInits());
  if (!getInputs().empty()) {
    printer << " over ";
    printAssignments(printer, getSlices(), getInputs());
  }
  SmallVector<StringRef> elided = {"operandSegmentSizes"};
  if (getResiduals() == 0)
    elided.push_back("residuals");
  printer.printOptionalAttrDict((*this)->getAttrs(), elided);
  printer << " : ";
  printer.printFunctionalType(*this);
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

//===-- Verifiers ----------------------------------------------------------===//

/// Regions are pure, dense, and end in fn.yield of what is expected.
static LogicalResult verifyRegion(Operation *op, Region &region, StringRef name,
                                  TypeRange arguments, TypeRange yields, StringRef what) {
  Block &block = region.front();
  if (block.getNumArguments() != arguments.size())
    return op->emitOpError(name) << " has " << block.getNumArguments() << " arguments, expected "
                                 << arguments.size();
  for (auto [i, arg, type] : llvm::enumerate(block.getArgumentTypes(), arguments))
    if (arg != type)
      return op->emitOpError(name)
             << " has argument " << i << " of type " << arg << ", expected " << type;
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return op->emitOpError(name) << " does not end in 'fn.yield'";
  if (yield.getNumOperands() != yields.size())
    return yield.emitOpError("has ")
           << yield.getNumOperands() << " values, expected " << yields.size();
  for (auto [i, have, want] : llvm::enumerate(yield.getOperandTypes(), yields))
    if (!compatibleTypes(have, want))
      return yield.emitOpError("has value ")
             << i << " of type " << have << ", but " << what << " has type " << want;
  WalkResult walked = region.walk([&](Operation *inner) -> WalkResult {
    if (!isMemoryEffectFree(inner) && inner->getNumRegions() == 0)
      return inner->emitOpError("has effects, which cannot stand in a region of '")
             << op->getName() << "'";
    for (Value operand : inner->getOperands())
      if (isa<RankedTensorType>(operand.getType()) && isSparse(operand))
        return inner->emitOpError("uses a sparse tensor in a region of '")
               << op->getName() << "': make it dense by fn.to_dense before";
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult IfOp::verify() {
  if (cast<RankedTensorType>(getCondition().getType()).getRank() != 0)
    return emitOpError("needs a condition of rank 0, got ") << getCondition().getType();
  return success();
}

LogicalResult IfOp::verifyRegions() {
  if (failed(
          verifyRegion(*this, getThenRegion(), "first branch", {}, getResultTypes(), "the result")))
    return failure();
  return verifyRegion(*this, getElseRegion(), "second branch", {}, getResultTypes(), "the result");
}

LogicalResult WhileOp::verify() {
  if (getInits().empty())
    return emitOpError("needs a state: without one it never ends");
  if (getInits().getTypes() != getResultTypes())
    return emitOpError("has results of other types than its state");
  if (auto trips = static_cast<int64_t>(getMaxTrips().value_or(0)); trips < 0)
    return emitOpError("has max_trips = ") << trips << ", expected 0 or more";
  return success();
}

LogicalResult WhileOp::verifyRegions() {
  Type flag = RankedTensorType::get({}, IntegerType::get(getContext(), 1));
  TypeRange types = getInits().getTypes();
  if (failed(verifyRegion(*this, getCondition(), "condition", types, flag, "a condition")))
    return failure();
  return verifyRegion(*this, getBody(), "body", types, types, "the state");
}

LogicalResult ScanOp::verify() {
  if (getInputs().empty() == !getTrips())
    return emitOpError("needs either tensors to run over or trips");
  if (auto trips = static_cast<int64_t>(getTrips().value_or(0)); trips < 0)
    return emitOpError("has trips = ") << trips << ", expected 0 or more";
  for (Value input : getInputs())
    if (cast<RankedTensorType>(input.getType()).getRank() == 0)
      return emitOpError("runs over tensors of rank 1 or more, got ") << input.getType();
  size_t states = getInits().size();
  if (getNumResults() < states)
    return emitOpError("has ") << getNumResults() << " results for " << states << " states";
  for (auto [init, result] : llvm::zip(getInits().getTypes(), getResultTypes()))
    if (init != result)
      return emitOpError("has a state of type ") << init << " and a result of type " << result;
  for (Type type : getResults().drop_front(states).getTypes())
    if (cast<RankedTensorType>(type).getRank() == 0)
      return emitOpError("stacks values to tensors of rank 1 or more, got ") << type;
  if (getResiduals() > getNumResults() - states)
    return emitOpError("has ") << getResiduals() << " residuals, but " << getNumResults() - states
                               << " stacks";
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  size_t states = getInits().size();
  SmallVector<Type> arguments(getInits().getTypes()), yields(getInits().getTypes());
  for (Type type : getInputs().getTypes())
    arguments.push_back(sliceType(cast<RankedTensorType>(type)));
  for (Type type : getResults().drop_front(states).getTypes())
    yields.push_back(sliceType(cast<RankedTensorType>(type)));
  return verifyRegion(*this, getBody(), "body", arguments, yields, "the state or a slice");
}

//===-- Shapes -------------------------------------------------------------===//

namespace {

/// Puts error messages back to the op after a region.
void reenter(ShapeContext &shapes, Operation *op) {
  shapes.enter(op->getName().getStringRef(), op->getLoc());
}

/// Demands that both have the same sizes.
LogicalResult same(ShapeContext &shapes, StringRef what, Dims a, Dims b) {
  for (auto [x, y] : llvm::zip(a, b))
    if (!shapes.equal(x, y))
      return shapes.error(what + " [" + shapes.print(a) + "] and [" + shapes.print(b) + "]");
  return success();
}

Dims resolved(ShapeContext &shapes, Dims dims) {
  for (Dim &dim : dims)
    dim = shapes.resolve(dim);
  return dims;
}

} // namespace

LogicalResult IfOp::inferShape(Adaptor op, ShapeContext &shapes, SmallVectorImpl<Shape> &results) {
  auto self = cast<IfOp>(op.getThenRegion().getParentOp());
  if (failed(self.verifyRegions()))
    return failure();
  Block &then = op.getThenRegion().front(), &otherwise = op.getElseRegion().front();
  if (failed(inferBlock(then, shapes)) || failed(inferBlock(otherwise, shapes)))
    return failure();
  reenter(shapes, self);
  for (auto [a, b] :
       llvm::zip(then.getTerminator()->getOperands(), otherwise.getTerminator()->getOperands())) {
    Dims dims = shapes.dims(a);
    if (failed(same(shapes, "has branches that give shapes", dims, shapes.dims(b))))
      return failure();
    results.push_back({resolved(shapes, dims), shapes.elementType(a)});
  }
  return success();
}

LogicalResult WhileOp::inferShape(Adaptor op, ShapeContext &shapes,
                                  SmallVectorImpl<Shape> &results) {
  auto self = cast<WhileOp>(op.getBody().getParentOp());
  if (failed(self.verifyRegions()))
    return failure();
  for (Region *region : {&op.getCondition(), &op.getBody()}) {
    for (auto [init, arg] : llvm::zip(op.getInits(), region->getArguments()))
      shapes.set(arg, shapes.dims(init));
    if (failed(inferBlock(region->front(), shapes)))
      return failure();
  }
  reenter(shapes, self);
  for (auto [init, next] :
       llvm::zip(op.getInits(), op.getBody().front().getTerminator()->getOperands())) {
    if (failed(same(shapes, "has a state whose shape changes between", shapes.dims(init),
                    shapes.dims(next))))
      return failure();
    results.push_back({shapes.dims(init), shapes.elementType(init)});
  }
  return success();
}

LogicalResult ScanOp::inferShape(Adaptor op, ShapeContext &shapes,
                                 SmallVectorImpl<Shape> &results) {
  auto self = cast<ScanOp>(op.getBody().getParentOp());
  if (failed(self.verifyRegions()))
    return failure();
  Block &body = op.getBody().front();
  size_t states = op.getInits().size();
  Dim trips = op.getTrips() ? shapes.constant(*op.getTrips()) : Dim();
  for (auto [init, arg] : llvm::zip(op.getInits(), body.getArguments()))
    shapes.set(arg, shapes.dims(init));
  for (auto [input, arg] : llvm::zip(op.getInputs(), body.getArguments().drop_front(states))) {
    Dims dims = shapes.dims(input);
    if (!trips)
      trips = dims.front();
    else if (failed(same(shapes, "runs over tensors of lengths", {trips}, {dims.front()})))
      return failure();
    shapes.set(arg, Dims(ArrayRef<Dim>(dims).drop_front()));
  }
  if (failed(inferBlock(body, shapes)))
    return failure();
  reenter(shapes, self);
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
    Dims dims = shapes.dims(value);
    if (i < states) {
      Value init = op.getInits()[i];
      if (failed(same(shapes, "has a state whose shape changes between", shapes.dims(init), dims)))
        return failure();
      results.push_back({shapes.dims(init), shapes.elementType(value)});
      continue;
    }
    dims.insert(dims.begin(), trips);
    results.push_back({resolved(shapes, dims), shapes.elementType(value)});
  }
  return success();
}

//===-- Scan ---------------------------------------------------------------===//

YieldOp ScanOp::getYield() { return cast<YieldOp>(getBlock().getTerminator()); }

std::optional<int64_t> ScanOp::getKnownTrips() {
  if (getTrips())
    return *getTrips();
  for (Type type : getInputs().getTypes())
    if (auto tensor = cast<RankedTensorType>(type); !tensor.isDynamicDim(0))
      return tensor.getDimSize(0);
  return std::nullopt;
}

ScanOp ScanOp::make(OpBuilder &b, Location loc, ValueRange inits, ValueRange inputs, bool reverse,
                    IntegerAttr trips, BodyBuilder build) {
  UnitAttr backwards = reverse ? b.getUnitAttr() : UnitAttr();
  if (!inputs.empty())
    trips = {};
  auto create = [&](TypeRange types) {
    return ScanOp::create(b, loc, types, inits, inputs, backwards, trips, b.getI64IntegerAttr(0));
  };
  // The body decides on the results, but stands in an op from the first on: what builds it may ask
  // for the regions around.
  ScanOp draft = create(inits.getTypes());
  Block &body = draft.getBody().emplaceBlock();
  for (Value init : inits)
    body.addArgument(init.getType(), loc);
  for (Value input : inputs)
    body.addArgument(sliceType(cast<RankedTensorType>(input.getType())), loc);
  auto nested = OpBuilder::atBlockBegin(&body);
  SmallVector<Value> yields = build(nested, body.getArguments().take_front(inits.size()),
                                    body.getArguments().drop_front(inits.size()));
  YieldOp::create(nested, loc, yields);
  int64_t length = draft.getKnownTrips().value_or(ShapedType::kDynamic);
  SmallVector<Type> types(inits.getTypes());
  for (Value stacked : ArrayRef(yields).drop_front(inits.size())) {
    auto type = cast<RankedTensorType>(stacked.getType());
    SmallVector<int64_t> shape = {length};
    shape.append(type.getShape().begin(), type.getShape().end());
    types.push_back(RankedTensorType::get(shape, type.getElementType()));
  }
  ScanOp made = create(types);
  made.getBody().takeBody(draft.getBody());
  draft.erase();
  return made;
}

namespace {

/// Drops what nothing uses: stacks, slices and states that stay as they are.
struct DropUnused : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    Block &body = op.getBlock();
    YieldOp yield = op.getYield();
    size_t states = op.getInits().size(), stacks = op.getNumResults() - states;
    std::optional<int64_t> trips = op.getKnownTrips();
    llvm::BitVector drop(body.getNumArguments()), dropYield(yield.getNumOperands());
    for (size_t i = 0; i < states; ++i) {
      bool constant = yield.getOperand(i) == body.getArgument(i);
      bool unused = op.getResult(i).use_empty() && onlyKeepsItself(body.getArgument(i), yield, i);
      if (!constant && !unused)
        continue;
      Value init = op.getInits()[i];
      rewriter.replaceAllUsesWith(op.getResult(i), init);
      rewriter.replaceAllUsesWith(body.getArgument(i), init);
      drop.set(i);
      dropYield.set(i);
    }
    for (size_t i = 0; i < stacks; ++i)
      if (op.getResult(states + i).use_empty())
        dropYield.set(states + i);
    size_t inputsDropped = 0;
    for (size_t i = 0; i < op.getInputs().size(); ++i)
      if (body.getArgument(states + i).use_empty()) {
        drop.set(states + i);
        ++inputsDropped;
      }
    // Of an unknown number of rounds one tensor has to tell.
    if (!trips && inputsDropped == op.getInputs().size())
      drop.reset(drop.size() - 1);
    if (drop.none() && dropYield.none())
      return failure();

    SmallVector<Value> inits, inputs, yields;
    SmallVector<Type> types;
    SmallVector<Value> kept;
    int64_t residuals = op.getResiduals();
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      if (!drop.test(i))
        (i < states ? inits : inputs).push_back(operand);
    for (auto [i, value] : llvm::enumerate(yield.getOperands())) {
      if (dropYield.test(i)) {
        residuals -= i + op.getResiduals() >= yield.getNumOperands();
        continue;
      }
      yields.push_back(value);
      types.push_back(op.getResult(i).getType());
      kept.push_back(op.getResult(i));
    }
    IntegerAttr newTrips = inputs.empty() ? rewriter.getI64IntegerAttr(*trips) : IntegerAttr();
    auto made = ScanOp::create(rewriter, op.getLoc(), types, inits, inputs, op.getReverseAttr(),
                               newTrips, rewriter.getI64IntegerAttr(residuals));
    rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(yields); });
    body.eraseArguments(drop);
    rewriter.inlineRegionBefore(op.getBody(), made.getBody(), made.getBody().end());
    for (auto [from, to] : llvm::zip(kept, made.getResults()))
      rewriter.replaceAllUsesWith(from, to);
    rewriter.eraseOp(op);
    return success();
  }

  /// Whether a state is used for its own next value at most.
  static bool onlyKeepsItself(BlockArgument arg, YieldOp yield, size_t index) {
    return llvm::all_of(arg.getUses(), [&](OpOperand &use) {
      return use.getOwner() == yield && use.getOperandNumber() == index;
    });
  }
};

} // namespace

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropUnused>(context);
}
