//===- CooMatmul.h - sparse times dense as loops ----------------*- C++ -*-===//

#ifndef FNC_BUFFER_COOMATMUL_H
#define FNC_BUFFER_COOMATMUL_H

#include "compiler/kernel/Kernel.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/IR/PatternMatch.h"

namespace fnc {

void lowerCooMatmul(mlir::RewriterBase &rewriter, kernel::CooMatmulOp op, Registers registers);

} // namespace fnc

#endif // FNC_BUFFER_COOMATMUL_H
