//===- ElementLoops.h - reductions across rows of memory --------*- C++ -*-===//

#ifndef FNC_BUFFER_ELEMENTLOOPS_H
#define FNC_BUFFER_ELEMENTLOOPS_H

#include "compiler/buffer/Fills.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace fnc {

/// Lowers reductions of rows that vectors along the rows cannot combine, such as where the largest
/// element is: loops over what is reduced, through which a vector of neighbouring results goes in
/// registers, gathered from as many rows; or, where there are too few, one result.
///
/// Returns false, and changes nothing, where an op is not of this form.
bool lowerToElementLoops(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op,
                         Registers registers, Fills &fills);

} // namespace fnc

#endif // FNC_BUFFER_ELEMENTLOOPS_H
