//===- Accesses.h - which buffers an op touches -----------------*- C++ -*-===//

#ifndef FNC_BUFFER_ACCESSES_H
#define FNC_BUFFER_ACCESSES_H

#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SetVector.h"

namespace fnc {

/// The buffer that a memref is a view of: an allocation, a constant or an argument of the function;
/// null where it may be any of several. Two of them share no byte.
mlir::Value bufferBehind(mlir::Value memref);

/// What an op, with all that its regions hold, does to memory.
struct Accesses {
  llvm::SmallSetVector<mlir::Value, 4> reads, writes; ///< buffers
  bool known = true;                                  ///< that this is all

  bool touches(mlir::Value buffer) const {
    return reads.contains(buffer) || writes.contains(buffer);
  }
};

Accesses accessesOf(mlir::Operation *op);

/// Whether the order of two ops matters.
bool interfere(const Accesses &a, const Accesses &b);

/// Whether all that is touched is a few numbers.
bool touchesLittle(const Accesses &accesses);

/// An elementwise loop over all places of static results, whose body can run on vectors. What it
/// reads it may read in any order.
bool isElementwiseLoop(mlir::linalg::GenericOp op);

/// Whether all that an op reads or writes of some buffers is the element at the place of its
/// result: through the memref that `written` has for the buffer.
bool touchesInPlace(mlir::linalg::GenericOp op,
                    const llvm::DenseMap<mlir::Value, mlir::Value> &written);
bool touchesInPlace(kernel::ContractOp op, const llvm::DenseMap<mlir::Value, mlir::Value> &written);

/// Whether what a contraction reads takes no more memory while it waits than its results would.
bool isWorthWaiting(kernel::ContractOp op, mlir::func::FuncOp func);

} // namespace fnc

#endif // FNC_BUFFER_ACCESSES_H
