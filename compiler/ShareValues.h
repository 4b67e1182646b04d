//===- ShareValues.h - equal values are one value ---------------*- C++ -*-===//

#ifndef FNC_COMPILER_SHAREVALUES_H
#define FNC_COMPILER_SHAREVALUES_H

#include <memory>

namespace mlir {
class Pass;
}

namespace fnc {

/// Ops that compute the same become one, as upstream's CSE does, which hashes each op five times
/// and more: attributes, operands and results anew at each look into its tables. Regions have SSA
/// dominance and one block each; what others hold stays as it is.
std::unique_ptr<mlir::Pass> createShareValues();

void registerShareValues();

} // namespace fnc

#endif // FNC_COMPILER_SHAREVALUES_H
