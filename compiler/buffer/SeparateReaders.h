//===- SeparateReaders.h - tensors given to each who reads ------*- C++ -*-===//

#ifndef FNC_BUFFER_SEPARATEREADERS_H
#define FNC_BUFFER_SEPARATEREADERS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fnc {

/// Copies all that selects and branches may take for their results, and what loops begin with:
/// none of them is in the memory of another, whatever the analysis of bufferization makes of it.
void copyChoices(mlir::func::FuncOp func);

} // namespace fnc

#endif // FNC_BUFFER_SEPARATEREADERS_H
