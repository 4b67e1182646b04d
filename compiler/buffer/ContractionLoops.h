//===- ContractionLoops.h - the loops of a contraction ----------*- C++ -*-===//

#ifndef FNC_BUFFER_CONTRACTIONLOOPS_H
#define FNC_BUFFER_CONTRACTIONLOOPS_H

#include "compiler/buffer/Operands.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

namespace fnc {

/// Whether a row is one block and a rest, in one tile.
bool hasRestBeside(kernel::ContractOp op);

/// Loops over blocks of the result of a contraction, outermost first: what both operands share and
/// what else rhs has (batches); pieces of the reductions where these are long; columns, in blocks
/// as wide as the tile; rows. A block of columns of rhs, a panel, so stays in the caches while all
/// rows pass by. Where all of rhs does, blocks of rows are outside of columns. Where a row is a
/// block and a rest, the tile has both. Where a panel of rhs leaves the caches,
/// `ContractionBlocks.cpp` copies blocks of it.
class ContractionLoops {
protected:
  ContractionLoops(mlir::RewriterBase &b, kernel::ContractOp op);
  virtual ~ContractionLoops() = default;

  enum { Lhs, Rhs, FirstExtra };
  struct Loop {
    unsigned dim;
    mlir::Value from, to;
    int64_t step;
  };
  /// A block of the result: what is computed at once. `width` is that of its widest vectors.
  struct Block {
    int64_t rows, columns, width;
  };
  /// Where in a block, and how far along each reduction, beyond the loops' variables.
  struct Place {
    int64_t row = 0, column = 0;
    llvm::ArrayRef<int64_t> terms;
  };

  /// The code of one block, inside all loops but those of the reductions.
  virtual void block(const Block &block) = 0;
  /// A loop over tiles of known number.
  virtual void overTiles(const Loop &loop, llvm::function_ref<void()> body) { forEach(loop, body); }

  mlir::Value constant(int64_t value);
  /// Terms of a sum; negative: unknown.
  int64_t termsOf(llvm::ArrayRef<unsigned> reductions) const;
  bool isTiled(unsigned dim) const;
  /// Steps of a reduction as packed columns hold them: whole groups of the last one.
  int64_t packedBound(unsigned dim) const;
  /// Runs `body` with all operands moved by `index` steps along `dim`.
  void moved(unsigned dim, mlir::Value index, llvm::function_ref<void()> body);
  /// Tells LLVM what not to try with a loop. Blocks smaller than the tile are there for what a size
  /// leaves over.
  void mark(mlir::scf::ForOp loop);
  void forEach(const Loop &loop, llvm::function_ref<void()> body);
  void loopOver(unsigned depth);
  /// `from` and as many steps after it as end within `to`.
  mlir::Value wholeSteps(mlir::Value to, mlir::Value from, int64_t step);
  /// Every vector or element of a block, row by row.
  void inBlock(const Block &block, llvm::function_ref<void(Place)> body);
  int64_t widthOf(const Block &block, const Place &place) const {
    return beside.empty() ? block.width : beside[place.column].second;
  }
  /// How far `place` lies from where the loops' variables point.
  std::pair<int64_t, mlir::Value> distance(unsigned i, Place place);
  mlir::Value address(unsigned i, Place place);

  mlir::RewriterBase &b;
  kernel::ContractOp op;
  mlir::Location loc;
  unsigned vectorDim;
  std::optional<unsigned> rowDim, columnDim;
  int64_t rows, width, parts;
  int64_t group; ///< terms that one instruction takes
  llvm::SmallVector<int64_t> bounds;
  llvm::SmallVector<unsigned> outer, passing, reductions;
  llvm::SmallVector<mlir::Value> sizes;
  llvm::SmallVector<LinearOperand> operands;
  llvm::SmallVector<mlir::Value> offsets; ///< of the operands, where the loops' variables point
  /// Where a tile has all columns: the vectors of a row, as first element and width.
  llvm::SmallVector<std::pair<int64_t, int64_t>> beside;
  bool inRest = false;
  bool isPacked; ///< as rhs is read

private:
  void findSizes();
  /// Which loops there are, in which order.
  void arrange();
  /// Steps of packed columns over the terms, in blocks of `blockWidth` columns.
  void stepOverTerms(int64_t blockWidth);
  bool merge(unsigned outerDim, unsigned innerDim);
  /// Part after part of the terms.
  void inPieces(unsigned depth, llvm::function_ref<void()> body);
  void inPanels();
  /// All of the result, by blocks of rhs that are copied, or where there are few rows without.
  void byBlocks();
  /// A block: `count` columns in panels as wide as `block`.
  void packedBlock(mlir::Value count, int64_t block);
  /// Copies a panel of rhs to the last operand, from a term on; turned where columns of rhs are
  /// contiguous.
  void packPanel(mlir::Value from, int64_t block);
  void turnPanel(int64_t block);
  mlir::Value hasManyRows();
  void pass(unsigned depth, llvm::function_ref<void()> body);
  /// Tiles of `size` along `dim`, then the rest: as one tile where its size is known, else in
  /// halves of halves.
  void inTiles(std::optional<unsigned> dim, int64_t size, llvm::function_ref<void(int64_t)> body);
  /// The columns: as many of the widest blocks as fit, then narrower ones; `body` is called with
  /// where blocks of one width begin and end.
  void inRuns(llvm::function_ref<void(mlir::Value, mlir::Value, int64_t)> body);
  /// The same, block by block.
  void inVectors(llvm::function_ref<void(int64_t)> body);

  llvm::SmallVector<unsigned> single; ///< reductions around the pieces
};

} // namespace fnc

#endif // FNC_BUFFER_CONTRACTIONLOOPS_H
