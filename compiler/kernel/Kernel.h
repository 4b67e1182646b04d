//===- Kernel.h - structured ops that become kernels ------------*- C++ -*-===//

#ifndef FNC_KERNEL_KERNEL_H
#define FNC_KERNEL_KERNEL_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "compiler/kernel/KernelDialect.h.inc"
#define GET_OP_CLASSES
#include "compiler/kernel/KernelOps.h.inc"

namespace fnc {

/// The dialect, and how its ops bufferize.
void registerKernelDialect(mlir::DialectRegistry &registry);

} // namespace fnc

#endif // FNC_KERNEL_KERNEL_H
