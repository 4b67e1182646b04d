//===- LowerContraction.cpp ----------------------------------------------===//

#include "compiler/tensor/Lower.h"
#include "dialect/Fn.h"

using namespace mlir;
using namespace fnc;

void fnc::populateContractionLowering(const TypeConverter &types, RewritePatternSet &patterns) {}
