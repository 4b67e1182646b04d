//===- MaskedSelect.h - choices between vectors of integers -----*- C++ -*-===//

#ifndef FNC_EMIT_MASKEDSELECT_H
#define FNC_EMIT_MASKEDSELECT_H

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace fnc {

/// Keeps masks out of ternary logic, where the target has it. After all of LLVM's passes, which
/// would undo it.
void keepMasksOutOfLogic(llvm::Module &module, const llvm::TargetMachine &machine);

} // namespace fnc

#endif // FNC_EMIT_MASKEDSELECT_H
