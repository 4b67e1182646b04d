//===- Simplify.h - folds and canonical forms -------------------*- C++ -*-===//

#ifndef FNC_COMPILER_SIMPLIFY_H
#define FNC_COMPILER_SIMPLIFY_H

#include "mlir/Pass/Pass.h"

namespace fnc {

/// Canonicalization without the last look at everything, which upstream takes to see that nothing
/// is left to do: what one rewrite makes possible is followed at once anyway.
std::unique_ptr<mlir::Pass> createSimplify();

} // namespace fnc

#endif // FNC_COMPILER_SIMPLIFY_H
