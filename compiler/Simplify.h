//===- Simplify.h - folds and canonical forms -------------------*- C++ -*-===//

#ifndef FNC_COMPILER_SIMPLIFY_H
#define FNC_COMPILER_SIMPLIFY_H

#include "mlir/Pass/PassManager.h"

namespace mlir {
class RewritePatternSet;
}

namespace fnc {

/// Canonicalization without the last look at everything, which upstream takes to see that nothing
/// is left to do: what one rewrite makes possible is followed at once anyway.
std::unique_ptr<mlir::Pass> createSimplify();

/// The same with more patterns, of ops for which `isFor` holds and of what follows from these
/// alone: all else was simplified before.
std::unique_ptr<mlir::Pass> createSimplify(bool (*isFor)(mlir::Operation *),
                                           void (*addPatterns)(mlir::RewritePatternSet &));

/// Passes that run where there is something for them: an op below for which `isFor` holds.
std::unique_ptr<mlir::Pass> createWhereAny(bool (*isFor)(mlir::Operation *),
                                           mlir::OpPassManager passes);

} // namespace fnc

#endif // FNC_COMPILER_SIMPLIFY_H
