//===- Bounds.cpp - numbers that say sizes, and how large they are --------===//

#include "compiler/import/onnx/Importer.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace fnc::onnx_import;

/// Whether a larger operand never makes a smaller result.
static bool isMonotone(Operation *op) {
  if (isa<fn::NegOp, fn::ModOp, fn::RemOp>(op))
    return false;
  return !isa<fn::SubOp, fn::DivOp, fn::FloorDivOp>(op) || Ops::known(op->getOperand(1));
}

DenseElementsAttr Importer::atMost(Value value) {
  if (DenseElementsAttr known = Ops::known(value))
    return known;
  // Without bounds nothing else is known.
  if (greatest.empty())
    return {};
  if (auto found = greatest.find(value); found != greatest.end())
    return found->second;
  Operation *def = value.getDefiningOp();
  DenseElementsAttr result;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (def && def->getNumOperands() > 0 && def->getNumRegions() == 0 && def->getNumResults() == 1 &&
      isMonotone(def) && type && type.hasStaticShape() && type.getNumElements() <= (1 << 12)) {
    SmallVector<DenseElementsAttr> operands;
    for (Value operand : def->getOperands())
      if (DenseElementsAttr one = atMost(operand))
        operands.push_back(one);
    if (operands.size() == def->getNumOperands())
      result = evaluate(def->getName().getStringRef(), operands, def->getAttrDictionary(), type);
  }
  return greatest[value] = result;
}

LogicalResult Importer::boundSize(StringRef output, Value value) {
  auto given = options.bounds.find(output.str());
  if (given == options.bounds.end() || usedBounds.contains(output) || !value || Ops::known(value))
    return success();
  RankedTensorType type = Ops::type(value);
  if (!type.hasStaticShape() || type.getNumElements() != 1 || !type.getElementType().isInteger() ||
      type.getElementType().isInteger(1))
    return success();
  usedBounds.insert(output);
  int64_t bound = given->second;
  // Dependent values that were looked at before had no bound.
  greatest.clear();
  for (const auto &[number, size] : sizeBounds)
    greatest[number] = size;
  sizeBounds[value] = greatest[value] =
      DenseElementsAttr::get(type, APInt(type.getElementTypeBitWidth(), bound, /*isSigned=*/true,
                                         /*implicitTrunc=*/true));
  Value count = ops.cast(ops.reshape(value, {}), ops.i64());
  Value fits = ops.make<fn::LessEqualOp>({count, ops.ints({bound}, {}, ops.i64())});
  if (!fits)
    return failure();
  auto check = fn::AssertOp::create(
      ops.b, ops.loc, fits,
      ops.b.getStringAttr(output.str() + " is at most " + std::to_string(bound)), ValueRange());
  boundedTensors.push_back({output.str(), Value(), count, check.getResult()});
  return success();
}
