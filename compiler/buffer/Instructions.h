//===- Instructions.h - ops that are instructions of a target ---*- C++ -*-===//

#ifndef FNC_BUFFER_INSTRUCTIONS_H
#define FNC_BUFFER_INSTRUCTIONS_H

#include "mlir/IR/Operation.h"

namespace fnc {

/// Every kernel.lookup and kernel.scale in `root` as instructions on x86's registers of up to
/// `vectorBits`.
void lowerInstructions(mlir::Operation *root, unsigned vectorBits);

} // namespace fnc

#endif // FNC_BUFFER_INSTRUCTIONS_H
