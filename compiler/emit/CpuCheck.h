//===- CpuCheck.h - whether this machine can run the object -----*- C++ -*-===//

#ifndef FNC_EMIT_CPUCHECK_H
#define FNC_EMIT_CPUCHECK_H

namespace llvm {
class Function;
class Module;
class TargetMachine;
} // namespace llvm

namespace fnc {

/// Adds `i1 fn.check_cpu()`, and the byte `fn.cpu` that is 1 once it has said yes. Null where the
/// target has nothing beyond its baseline, or no way to ask.
llvm::Function *buildCpuCheck(llvm::Module &module, const llvm::TargetMachine &machine);

/// `function`, and what it calls, need only what `check` does.
void compileForBaseline(llvm::Function &function, const llvm::Function &check);

} // namespace fnc

#endif // FNC_EMIT_CPUCHECK_H
