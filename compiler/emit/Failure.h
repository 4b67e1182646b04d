//===- Failure.h - statuses that entry points return ------------*- C++ -*-===//

#ifndef FNC_EMIT_FAILURE_H
#define FNC_EMIT_FAILURE_H

#include "llvm/IR/IRBuilder.h"

namespace fnc {

/// `fn_status`.
llvm::StructType *statusType(llvm::LLVMContext &context);

/// What failed, but for the tensor, in one number.
constexpr int32_t failureKind(int32_t code, int32_t dimension = 0, int32_t relation = 0) {
  return static_cast<int32_t>((dimension & 0xffffu) << 16 | (relation & 0xff) << 8 | code);
}

/// The weights of a branch to where something fails, then to where it does not.
llvm::MDNode *rarely(llvm::LLVMContext &context);

/// Writes a status with two i64 in it, and returns. What is in it else is written by a function of
/// its own, so that calls that succeed carry little of it.
void createFailure(llvm::IRBuilder<> &b, llvm::Value *result, llvm::Value *kind,
                   llvm::Value *tensor, llvm::Value *expected, llvm::Value *got);

/// Gives that function a body, if the module calls it: when no pass can take one of its callers for
/// the only one any more.
void defineFailureFunction(llvm::Module &module);

/// A helper of entry points runs where its caller does.
void compileLike(llvm::Function &function, const llvm::Function &caller);

} // namespace fnc

#endif // FNC_EMIT_FAILURE_H
