//===- StructureOps.cpp --------------------------------------------------------===//

#include "dialect/Fn.h"
#include "dialect/OpSupport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace fn;

#define GET_OP_CLASSES
#include "dialect/FnStructureOps.cpp.inc"

void FnDialect::registerStructureOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/FnStructureOps.cpp.inc"
      >();
}
