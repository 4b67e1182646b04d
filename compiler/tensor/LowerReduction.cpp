//===- LowerReduction.cpp ----------------------------------------------===//

#include "compiler/tensor/Lower.h"
#include "dialect/Fn.h"

using namespace mlir;
using namespace fnc;

void fnc::populateReductionLowering(const TypeConverter &types, RewritePatternSet &patterns) {}
