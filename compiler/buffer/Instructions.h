//===- Instructions.h - ops that are instructions of a target ---*- C++ -*-===//

#ifndef FNC_BUFFER_INSTRUCTIONS_H
#define FNC_BUFFER_INSTRUCTIONS_H

#include "compiler/kernel/ByteProducts.h"
#include "mlir/IR/Operation.h"

namespace fnc {

/// Every kernel.lookup, kernel.scale and kernel.byte_dot in `root` as instructions on registers of
/// up to `vectorBits`; the first two are x86's.
void lowerInstructions(mlir::Operation *root, unsigned vectorBits, ByteProducts byteProducts);

} // namespace fnc

#endif // FNC_BUFFER_INSTRUCTIONS_H
