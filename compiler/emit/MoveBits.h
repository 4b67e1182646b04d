//===- MoveBits.h - bf16 that is moved only, as integers --------*- C++ -*-===//

#ifndef FNC_EMIT_MOVEBITS_H
#define FNC_EMIT_MOVEBITS_H

namespace llvm {
class Module;
}

namespace fnc {

/// Loads, stores, chooses and puts together bf16 as integers of its width. After all
/// simplification, which would undo it.
void moveBits(llvm::Module &module);

} // namespace fnc

#endif // FNC_EMIT_MOVEBITS_H
