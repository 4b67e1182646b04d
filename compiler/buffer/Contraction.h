//===- Contraction.h - contractions with accumulators in registers -*- C++ -*-===//

#ifndef FNC_BUFFER_CONTRACTION_H
#define FNC_BUFFER_CONTRACTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fnc {

/// Lowers a sum of products whose result runs contiguously along a parallel loop: blocks of that
/// loop are vectors, accumulated in registers over all reductions, in their order. Returns false,
/// and changes nothing, where the op is not of this form.
bool lowerContraction(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op);

} // namespace fnc

#endif // FNC_BUFFER_CONTRACTION_H
