//===- FunctionOp.cpp - the function spec ---------------------------------===//

#include "dialect/Fn.h"

using namespace mlir;
using namespace fn;
