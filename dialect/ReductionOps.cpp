//===- ReductionOps.cpp --------------------------------------------------------===//

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
