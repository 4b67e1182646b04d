//===- Dialect.cpp - the fn dialect, its types and initializers -----------===//

#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fn;

// A double in the assembly of an initializer.
static ParseResult parseDouble(AsmParser &parser, FloatAttr &value) {
  double number;
  if (parser.parseFloat(number))
    return failure();
  value = parser.getBuilder().getF64FloatAttr(number);
  return success();
}
static void printDouble(AsmPrinter &printer, FloatAttr value) {
  printer.printFloat(value.getValue());
}

#include "dialect/FnDialect.cpp.inc"
#include "dialect/FnInterfaces.cpp.inc"

#include "dialect/FnAttrInterfaces.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/FnTypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/FnAttrs.cpp.inc"

void FnDialect::initialize() {
  registerTypes();
  registerAttrs();
  registerStructureOps();
  registerElementwiseOps();
  registerReductionOps();
  registerContractionOps();
  registerShapeOps();
  registerTrainingOps();
  registerLossOps();
  registerSparseOps();
  registerRandomOps();
  registerControlOps();
  registerLayerOps();
}

void FnDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/FnTypes.cpp.inc"
      >();
}

void FnDialect::registerAttrs() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/FnAttrs.cpp.inc"
      >();
}

Operation *FnDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                          Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements ? ConstantOp::create(builder, loc, type, elements) : nullptr;
}

LogicalResult UniformAttr::verify(llvm::function_ref<InFlightDiagnostic()> error, FloatAttr low,
                                  FloatAttr high, uint64_t) {
  if (!(low.getValueAsDouble() < high.getValueAsDouble()))
    return error() << "low " << low.getValueAsDouble() << " is not below high "
                   << high.getValueAsDouble();
  return success();
}

static LogicalResult verifyStddev(llvm::function_ref<InFlightDiagnostic()> error,
                                  FloatAttr stddev) {
  if (!(stddev.getValueAsDouble() >= 0))
    return error() << "standard deviation " << stddev.getValueAsDouble() << " is negative";
  return success();
}

LogicalResult NormalAttr::verify(llvm::function_ref<InFlightDiagnostic()> error, FloatAttr,
                                 FloatAttr stddev, uint64_t) {
  return verifyStddev(error, stddev);
}

LogicalResult TruncatedNormalAttr::verify(llvm::function_ref<InFlightDiagnostic()> error, FloatAttr,
                                          FloatAttr stddev, uint64_t) {
  return verifyStddev(error, stddev);
}
