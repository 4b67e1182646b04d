//===- Contraction.h - contractions as loops over blocks --------*- C++ -*-===//

#ifndef FNC_BUFFER_CONTRACTION_H
#define FNC_BUFFER_CONTRACTION_H

#include "compiler/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"

namespace fnc {

/// Lowers a contraction on memrefs: blocks of the result are accumulated in registers over all
/// reductions, go through the epilogue and are stored once.
void lowerContraction(mlir::RewriterBase &rewriter, kernel::ContractOp op);

/// Whether blocks of a contraction with this epilogue and results go through it while the sums of
/// the next one are made: divisions and roots are slow, and leave the multipliers idle.
bool finishesLate(kernel::ContractOp op, mlir::Block &epilogue, mlir::ValueRange results);

} // namespace fnc

#endif // FNC_BUFFER_CONTRACTION_H
