//===- Contraction.h - contractions with accumulators in registers -*- C++ -*-===//

#ifndef FNC_BUFFER_CONTRACTION_H
#define FNC_BUFFER_CONTRACTION_H

#include "compiler/buffer/RegisterTile.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fnc {

/// Lowers a sum of products: blocks of the result are accumulated in registers over all reductions.
/// Vectors run along the result where an operand is contiguous there, else along a reduction in
/// which both operands are. A fill of the result right before becomes the accumulators' start.
/// Returns false, and changes nothing, where the op is not of this form.
bool lowerContraction(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op,
                      Registers registers);

} // namespace fnc

#endif // FNC_BUFFER_CONTRACTION_H
