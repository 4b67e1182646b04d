//===- Parts.h - a module in parts, side by side ----------------*- C++ -*-===//

#ifndef FNC_EMIT_PARTS_H
#define FNC_EMIT_PARTS_H

#include "compiler/emit/ConstantPool.h"
#include "compiler/emit/Emit.h"

namespace fnc {

/// Optimizes a translated module, and writes its object with the manifest and the constants: a long
/// module in parts on several threads. Which parts is said by the module alone, and so is the
/// object.
llvm::Error emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                       const TargetOptions &options, const Graph &graph,
                       llvm::ArrayRef<PooledConstant> constants, llvm::SmallVectorImpl<char> &out);

} // namespace fnc

#endif // FNC_EMIT_PARTS_H
