//===- LoopMarks.h - what LLVM need not try with a loop ---------*- C++ -*-===//

#ifndef FNC_BUFFER_LOOPMARKS_H
#define FNC_BUFFER_LOOPMARKS_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace fnc {

/// Marks a loop that is not worth unrolling or vectorizing: it is cold, or has few rounds. Copies
/// of its body would cost time to compile, and room.
void keepRolled(mlir::scf::ForOp loop);

/// Marks a loop whose vectors are there already.
void keepVectors(mlir::scf::ForOp loop);

} // namespace fnc

#endif // FNC_BUFFER_LOOPMARKS_H
