//===- SymbolicSize.h - buffer sizes as expressions over dimensions -*- C++ -*-===//

#ifndef FNC_BUFFER_SYMBOLICSIZE_H
#define FNC_BUFFER_SYMBOLICSIZE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/AffineExpr.h"

namespace fnc {

/// Index values of a kernel as (semi-)affine expressions over its symbols: `memref.dim` of an
/// argument is what `fn.dims` says.
class SymbolicSizes {
public:
  explicit SymbolicSizes(mlir::func::FuncOp func) : func(func) {}

  /// Null where `value` does not follow from the dimensions of arguments.
  mlir::AffineExpr of(mlir::Value value);

  mlir::AffineExpr of(mlir::OpFoldResult size);

  /// Dimension `index` of a memref, through views.
  mlir::AffineExpr dimension(mlir::Value memref, int64_t index);

  /// Bytes of an allocation; null as above.
  mlir::AffineExpr bytes(mlir::memref::AllocOp alloc);

private:
  mlir::AffineExpr compute(mlir::Value value);

  mlir::func::FuncOp func;
  llvm::DenseMap<mlir::Value, mlir::AffineExpr> known;
};

/// Symbols of a kernel (the length of `fn.symbols`).
unsigned numSymbols(mlir::func::FuncOp func);

/// Value of `expr` at these symbol values.
int64_t evaluate(mlir::AffineExpr expr, llvm::ArrayRef<int64_t> symbols);

/// What `expr` is at most where symbols are from 0 to these; nothing where that is beyond 64 bits.
std::optional<int64_t> largest(mlir::AffineExpr expr, llvm::ArrayRef<int64_t> bounds);

/// Index arithmetic for `expr`; semi-affine products and quotients too, which affine.apply refuses.
mlir::Value buildIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::AffineExpr expr,
                       llvm::ArrayRef<mlir::Value> symbols);

/// Symbol values to plan and check with: each symbol at its bound, or at `unbounded`.
llvm::SmallVector<int64_t> representativeSymbols(mlir::func::FuncOp func, int64_t unbounded);

} // namespace fnc

#endif // FNC_BUFFER_SYMBOLICSIZE_H
