//===- Reduction.h - what a result is reduced with --------------*- C++ -*-===//

#ifndef FNC_BUFFER_REDUCTION_H
#define FNC_BUFFER_REDUCTION_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fnc {

/// A reduction `acc = combine(acc, term)`.
struct Reduction {
  mlir::Operation *combine = nullptr;
  /// Where `combine` chooses the term: what it has to be, compared with acc.
  mlir::arith::CmpFOp choice;
  mlir::Value term;
  mlir::TypedAttr neutral;
};

/// The reduction that makes result `number`, if the accumulator serves nothing else.
std::optional<Reduction> matchReduction(mlir::linalg::GenericOp op, unsigned number);

/// Two values reduced to one.
mlir::Value combine(mlir::OpBuilder &b, mlir::Location loc, const Reduction &reduction,
                    mlir::Value x, mlir::Value y);

/// `count` neighbours in a vector.
mlir::Value sliceOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value vector, int64_t from,
                    int64_t count);

/// A vector of the sums of the elements of each vector: a power of two, no more than there are
/// lanes. Two of them become one of the sums of neighbours, so that all lanes have work.
mlir::Value sumsOfEach(mlir::OpBuilder &b, mlir::Location loc, llvm::ArrayRef<mlir::Value> vectors);

} // namespace fnc

#endif // FNC_BUFFER_REDUCTION_H
