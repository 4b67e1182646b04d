//===- ShareDraws.h - random initial values by one function -----*- C++ -*-===//

#ifndef FNC_BUFFER_SHAREDRAWS_H
#define FNC_BUFFER_SHAREDRAWS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fnc {

/// On an op: its elements are few, so that vectors of them are not worth their code.
constexpr llvm::StringLiteral kFewAttr = "fn.few";

/// On a constant: it is handed to the function that an op becomes.
constexpr llvm::StringLiteral kHandedAttr = "fn.handed";

/// Makes the draws of a kernel of initial values alike, where they differ in shapes, seeds, and
/// numbers of their distributions: each fills a row of an open size, and what differs is marked as
/// handed to it.
void makeDrawsAlike(mlir::func::FuncOp init);

} // namespace fnc

#endif // FNC_BUFFER_SHAREDRAWS_H
