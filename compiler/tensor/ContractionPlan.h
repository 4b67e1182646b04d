//===- ContractionPlan.h - how a sum of products is computed ----*- C++ -*-===//

#ifndef FNC_TENSOR_CONTRACTIONPLAN_H
#define FNC_TENSOR_CONTRACTIONPLAN_H

#include "compiler/kernel/ByteProducts.h"
#include "compiler/kernel/RegisterTile.h"
#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace fnc {

/// A sum of products of row-major operands.
struct Product {
  mlir::AffineMap lhs, rhs, result;
  llvm::SmallVector<int64_t> sizes; ///< of the loops; negative: dynamic
  bool lhsConstant = false, rhsConstant = false;
  unsigned bits = 32;        ///< of a sum
  unsigned operandBits = 32; ///< of the wider operand
  bool isFloat = true;
  bool lhsUnsigned = false, rhsUnsigned = false;
  ByteProducts byteProducts = ByteProducts::None; ///< with sums of bytes as i32: the target's

  bool isReduction(unsigned loop) const { return !result.isFunctionOfDim(loop); }
};

struct ContractionPlan {
  bool swapped = false; ///< lhs takes the part of rhs
  bool dot = false;     ///< vectorDim is a reduction
  bool packs = false;   ///< rhs is to be packed
  bool byRows = false;  ///< rows pass by rhs, not columns by lhs
  unsigned vectorDim = 0;
  std::optional<unsigned> rowDim, columnDim; ///< columns: of dot products alone
  RegisterTile tile;
  ByteGroup bytes; ///< terms that one instruction takes
  /// Where sums go over more than caches hold: the reduction that is cut into pieces of so many
  /// steps. Reductions outside of it go one by one.
  std::optional<unsigned> pieceDim;
  int64_t pieceSteps = 0;
  /// Blocks of rhs that are copied: terms, columns, and the fewest rows that make it worth while.
  std::optional<std::array<int64_t, 3>> block;
};

/// None where the target's registers are of no use: the loops then stay plain.
std::optional<ContractionPlan> planContraction(const Product &product, Registers registers);

} // namespace fnc

#endif // FNC_TENSOR_CONTRACTIONPLAN_H
