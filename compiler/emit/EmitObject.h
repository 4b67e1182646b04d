//===- EmitObject.h - from the LLVM dialect to an object --------*- C++ -*-===//

#ifndef FNC_EMIT_EMITOBJECT_H
#define FNC_EMIT_EMITOBJECT_H

#include "compiler/emit/ConstantPool.h"
#include "compiler/emit/Emit.h"

namespace fnc {

/// Translates and optimizes a module in the LLVM dialect, and writes its object with the manifest
/// and the constants: a long module in parts on several threads. Of the module nothing is left that
/// could be used.
llvm::Error emitObject(mlir::ModuleOp module, llvm::TargetMachine &machine,
                       const TargetOptions &options, const Graph &graph,
                       llvm::ArrayRef<PooledConstant> constants, llvm::SmallVectorImpl<char> &out);

} // namespace fnc

#endif // FNC_EMIT_EMITOBJECT_H
