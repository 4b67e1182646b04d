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

} // namespace fnc

#endif // FNC_BUFFER_REDUCTION_H
