//===- NarrowCalls.h - what calls hand over ---------------------*- C++ -*-===//

#ifndef FNC_EMIT_NARROWCALLS_H
#define FNC_EMIT_NARROWCALLS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/ConstantRange.h"

namespace fnc {

/// Leaves out arguments of internal functions of a module in the LLVM dialect: those that nothing
/// uses, that are one constant in all the calls, or the same as another argument. Of the others it
/// says within which limits they are.
///
/// ```
/// llvm.call @f.nest0(%n, %p, %n, %c4)        // of 0 to 32, each of them
///   ==>
/// llvm.func internal @f.nest0(%arg0: i64 {llvm.range = #llvm.constant_range<i64, 0, 33>}, ...)
/// llvm.call @f.nest0(%n, %p)
/// ```
void narrowCalls(mlir::ModuleOp module);

/// What an argument with that range has as an attribute.
mlir::NamedAttribute rangeAttribute(mlir::MLIRContext *context, const llvm::ConstantRange &range);

} // namespace fnc

#endif // FNC_EMIT_NARROWCALLS_H
