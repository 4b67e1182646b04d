//===- ContractionFetches.h - what a contraction fetches ahead --*- C++ -*-===//

#ifndef FNC_BUFFER_CONTRACTIONFETCHES_H
#define FNC_BUFFER_CONTRACTIONFETCHES_H

#include "compiler/buffer/ContractionLoops.h"

namespace fnc {

/// A line of the caches; bits of blocks of registers that targets with caches have; and terms
/// beside which a row of another block is finished or fetched.
constexpr int64_t kLine = 64, kFewestBitsAhead = 256, kFewestTermsBeside = 8;

/// The loops of a contraction, with what comes from memory while products are made: the next
/// columns of rhs, what the epilogue touches, and constants of later ops.
class ContractionFetches : protected ContractionLoops {
protected:
  ContractionFetches(mlir::RewriterBase &b, kernel::ContractOp op);

  /// Whether there is one sum, long enough to do something for each row of a block in between.
  bool isSpread(const Block &block);
  /// Whether a block is wide enough to be fetched for.
  bool isWide(int64_t width);
  /// Whether something is fetched for each row of a block, or beside it.
  bool fetchesRows() const { return termsAhead > 0 || !fetched.empty() || !constantsAhead.empty(); }
  /// Fetches for a row of a block what its epilogue touches, and some of what later ops read.
  void fetchRow(const Block &block, Place place);
  /// Fetches some terms of the next panel.
  void fetchTerms();
  /// Fetches what a step is going to read later.
  void fetchStep(llvm::ArrayRef<int64_t> terms);

private:
  void planPanelAhead();
  void planTermsAhead();
  void planConstantsAhead();
  void findFetched();
  bool isWritten(unsigned i) { return i >= FirstExtra + op.getExtras().size(); }
  /// Elements of an operand in a line of the caches.
  int64_t lineOf(unsigned i);
  /// Lets so many lines come, into the nearest cache or the one behind it.
  void fetch(unsigned i, Place place, int64_t lines, bool isWritten, bool nearest = true);

  // To fetch with each step, or beside each row of a block, from the operand after all others.
  int64_t linesAhead = 0, termsAhead = 0;
  llvm::SmallVector<unsigned> fetched;                            ///< operands of the epilogue
  llvm::SmallVector<std::pair<unsigned, int64_t>> constantsAhead; ///< and lines of each row
};

} // namespace fnc

#endif // FNC_BUFFER_CONTRACTIONFETCHES_H
