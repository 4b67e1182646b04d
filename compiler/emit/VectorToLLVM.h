//===- VectorToLLVM.h - vectors to the LLVM dialect -------------*- C++ -*-===//

#ifndef FNC_EMIT_VECTORTOLLVM_H
#define FNC_EMIT_VECTORTOLLVM_H

#include "mlir/Pass/Pass.h"

namespace fnc {

/// Vector ops to the LLVM dialect, for a target whose indices have `indexBits` bits.
std::unique_ptr<mlir::Pass> createVectorToLLVM(unsigned indexBits);

} // namespace fnc

#endif // FNC_EMIT_VECTORTOLLVM_H
