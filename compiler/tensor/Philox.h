//===- Philox.h - Philox 4x32-10 and what is made of its words --*- C++ -*-===//

#ifndef FNC_TENSOR_PHILOX_H
#define FNC_TENSOR_PHILOX_H

#include "compiler/tensor/MathBuilder.h"
#include "mlir/IR/Builders.h"
#include <array>

namespace fnc {

/// The generator at a counter of 128 bits, with a key of 64.
struct Generator {
  /// i64
  mlir::Value low, high, key;

  static Generator fromSeed(mlir::OpBuilder &b, mlir::Location loc, uint64_t seed);
  /// From a state, a tensor<3xi64>.
  static Generator fromState(mlir::OpBuilder &b, mlir::Location loc, mlir::Value state);

  /// The generator behind `blocks` (an i64) blocks of four words.
  Generator after(mlir::OpBuilder &b, mlir::Location loc, mlir::Value blocks) const;
  /// The four words at the counter, as i32.
  std::array<mlir::Value, 4> block(mlir::OpBuilder &b, mlir::Location loc) const;
  /// Word `index` (an i64) of those from the counter on.
  mlir::Value word(mlir::OpBuilder &b, mlir::Location loc, mlir::Value index) const;
  /// Words 2 `index`, the low one, and 2 `index` + 1.
  std::pair<mlir::Value, mlir::Value> words(mlir::OpBuilder &b, mlir::Location loc,
                                            mlir::Value index) const;
};

/// In the body of a linalg.generic over `sizes` (i64): the place of the element, an i64.
mlir::Value placeInRowMajorOrder(mlir::OpBuilder &b, mlir::Location loc,
                                 llvm::ArrayRef<mlir::Value> sizes);

/// The upper `bits` <= 32 of a word as a number in [0, 1), an f64.
Num uniformOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value word, int bits);
/// The upper `bits` > 32 of two words as a number in [0, 1).
Num uniformOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value low, mlir::Value high, int bits);

/// The normal number at half a step of 2^-bits above `uniform` of the distribution function; with
/// `cut` > 0 of the part of it between -cut and cut.
Num normalOf(Num uniform, int bits, double cut);
/// `normal`, found for this `uniform` to single precision, to double precision.
Num refineNormal(Num normal, Num uniform, int bits, double cut);

/// floor(w range / 2^64) of the 64 bits w of two words; `range` is an i64, unsigned and not 0.
mlir::Value scaleToRange(mlir::OpBuilder &b, mlir::Location loc, mlir::Value low, mlir::Value high,
                         mlir::Value range);

/// An f64 rounded to a type.
mlir::Value fromF64(Num value, mlir::Type type);

} // namespace fnc

#endif // FNC_TENSOR_PHILOX_H
