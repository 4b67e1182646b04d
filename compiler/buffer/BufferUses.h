//===- BufferUses.h - what a buffer holds, and who knows it -----*- C++ -*-===//

#ifndef FNC_BUFFER_BUFFERUSES_H
#define FNC_BUFFER_BUFFERUSES_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/PatternMatch.h"

namespace fnc {

/// An op of linalg on buffers or a contraction: each operand has a map.
bool isStructured(mlir::Operation *op);
mlir::AffineMap mapOf(mlir::OpOperand &operand);
bool isInit(mlir::OpOperand &operand);

/// A memref that is an allocation but for dimensions of one element.
struct WholeBuffer {
  mlir::memref::AllocOp buffer;
  llvm::SmallVector<int64_t, 4> dims; ///< which one of the buffer a dimension is, or -1

  static std::optional<WholeBuffer> of(mlir::Value memref);
};

/// The `view` of such a buffer, of `other` instead, whose sizes may be others.
mlir::Value reshapedLike(mlir::OpBuilder &b, mlir::Value view, mlir::Value other);

/// All uses of a buffer, through views. Ops that follow one another often share one buffer: what it
/// holds is a new value where an op writes all of it and does not ask what was there.
class BufferUses {
public:
  /// Nothing where the buffer goes on into something else.
  static std::optional<BufferUses> of(mlir::memref::AllocOp alloc);

  /// Ops of the block of the allocation that begin a value and the next one; null: there is none.
  struct Life {
    mlir::Operation *start = nullptr, *end = nullptr;
  };

  /// Of the value that there is when `op` is done.
  Life lifeAt(mlir::Operation *op) const;

  llvm::SmallVector<mlir::OpOperand *> within(Life life) const;

private:
  struct Use {
    mlir::OpOperand *operand;
    mlir::Operation *at; ///< the op of the allocation's block that holds it
  };
  llvm::SmallVector<Use> uses;
};

/// The value of a buffer that `start` begins moves to a buffer of its own.
void giveOwnBuffer(mlir::RewriterBase &b, mlir::memref::AllocOp alloc, mlir::Operation *start);

} // namespace fnc

#endif // FNC_BUFFER_BUFFERUSES_H
