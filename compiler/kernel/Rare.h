//===- Rare.h - branches that are taken for few elements --------*- C++ -*-===//

#ifndef FNC_KERNEL_RARE_H
#define FNC_KERNEL_RARE_H

#include "llvm/ADT/StringRef.h"

namespace fnc {

/// On an scf.if without side effects: few elements need its first branch, and the second one may be
/// computed for all. Vectors then go through the second, and single elements of theirs through the
/// first.
constexpr llvm::StringLiteral kRareAttr = "fn.rare";

} // namespace fnc

#endif // FNC_KERNEL_RARE_H
