//===- LoopPointers.h - addresses in loops as pointers that move -*- C++ -*-===//

#ifndef FNC_EMIT_LOOPPOINTERS_H
#define FNC_EMIT_LOOPPOINTERS_H

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace fnc {

/// Whether a base, an index times 1, 2, 4, or 8, and an offset make an address of the target, so
/// that `moveLoopPointers` leaves nothing for LLVM's loop strength reduction, which takes a sixth
/// of the time of code generation.
bool hasScaledIndices(const llvm::TargetMachine &machine);

/// Where a loop computes an address that no such form has, it gets a pointer of its own: one that
/// moves with the loop, or one in front of it where just terms that stay the same are in the way.
/// After all simplification, which would undo it.
void moveLoopPointers(llvm::Module &module, const llvm::TargetMachine &machine);

} // namespace fnc

#endif // FNC_EMIT_LOOPPOINTERS_H
