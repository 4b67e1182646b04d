//===- ShapeOps.cpp --------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

#define GET_OP_CLASSES
#include "dialect/FnShapeOps.cpp.inc"

void FnDialect::registerShapeOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnShapeOps.cpp.inc"
      >();
}
