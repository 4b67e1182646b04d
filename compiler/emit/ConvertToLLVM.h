//===- ConvertToLLVM.h - loops on memrefs to the LLVM dialect ---*- C++ -*-===//

#ifndef FNC_EMIT_CONVERTTOLLVM_H
#define FNC_EMIT_CONVERTTOLLVM_H

#include "mlir/Pass/Pass.h"

namespace fnc {

/// Functions on memrefs to the LLVM dialect, for a target whose indices have `indexBits` bits.
std::unique_ptr<mlir::Pass> createConvertToLLVM(unsigned indexBits);

} // namespace fnc

#endif // FNC_EMIT_CONVERTTOLLVM_H
