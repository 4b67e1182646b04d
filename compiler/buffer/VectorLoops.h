//===- VectorLoops.h - elementwise loops and reductions in vectors -*- C++ -*-===//

#ifndef FNC_BUFFER_VECTORLOOPS_H
#define FNC_BUFFER_VECTORLOOPS_H

#include "compiler/buffer/Fills.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fnc {

/// Lowers an op whose operands are contiguous or constant along one loop: vectors run along it.
///
/// A reduction along the vectors keeps partial results, element i in partial i mod 32 (or the
/// largest power of two that a shorter loop fills); halves of the partials are combined until one
/// is left, and elements past the last full step join it in their order. So the bits of a sum
/// depend on its length, not on the width of the target's registers. Reductions along other loops
/// keep their order.
///
/// Returns false, and changes nothing, where the op is not of this form.
bool lowerToVectorLoops(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op,
                        Registers registers, Fills &fills);

} // namespace fnc

#endif // FNC_BUFFER_VECTORLOOPS_H
