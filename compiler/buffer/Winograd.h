//===- Winograd.h - fast 3x3 convolutions as loops --------------*- C++ -*-===//

#ifndef FNC_BUFFER_WINOGRAD_H
#define FNC_BUFFER_WINOGRAD_H

#include "compiler/kernel/Kernel.h"
#include "mlir/IR/PatternMatch.h"

namespace fnc {

/// Lowers a Winograd convolution on memrefs, with vectors of `lanes` elements.
void lowerWinograd(mlir::RewriterBase &rewriter, kernel::WinogradOp op, int64_t lanes);

/// Lowers the transform of its filter.
void lowerWinogradFilter(mlir::RewriterBase &rewriter, kernel::WinogradFilterOp op, int64_t lanes);

} // namespace fnc

#endif // FNC_BUFFER_WINOGRAD_H
