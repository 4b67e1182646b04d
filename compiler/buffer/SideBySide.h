//===- SideBySide.h - how many vectors go through a body at once -*- C++ -*-===//

#ifndef FNC_BUFFER_SIDEBYSIDE_H
#define FNC_BUFFER_SIDEBYSIDE_H

#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fnc {

/// How many vectors of `lanes` elements go through an elementwise body side by side: instructions
/// of one wait for those before them, and where the body is long those of the next vector stand too
/// far behind to fill in. As many as there are registers for, but not more than `size` elements.
/// `staysSame`: whether all vectors share what an input holds.
int64_t vectorsSideBySide(mlir::linalg::GenericOp op, int64_t lanes, Registers registers,
                          int64_t size, llvm::function_ref<bool(mlir::OpOperand &)> staysSame);

} // namespace fnc

#endif // FNC_BUFFER_SIDEBYSIDE_H
