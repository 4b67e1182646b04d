//===- ContractionOps.cpp --------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnContractionOps.cpp.inc"

void FnDialect::registerContractionOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnContractionOps.cpp.inc"
      >();
}
