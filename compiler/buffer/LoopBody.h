//===- LoopBody.h - the steps of an op's loops, by elements and vectors -*- C++ -*-===//

#ifndef FNC_BUFFER_LOOPBODY_H
#define FNC_BUFFER_LOOPBODY_H

#include "compiler/buffer/Fills.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

namespace fnc {

/// Elements by which an operand moves along `dim`, if that is 0 or 1.
std::optional<int64_t> stepAlong(mlir::linalg::GenericOp op, mlir::OpOperand *operand,
                                 unsigned dim);

/// Whether every operation can work on vectors.
bool isElementwiseBody(mlir::Block &body);

/// Whether a result is one element from the first step of the reductions to the last.
bool isWholeOverReductions(mlir::linalg::GenericOp op, mlir::OpOperand &init);

/// Loops around an op's body, which is done for vectors along one of them or for elements.
class LoopBody {
public:
  LoopBody(mlir::RewriterBase &b, mlir::linalg::GenericOp op, unsigned vectorDim);

protected:
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)>;

  mlir::Value constant(int64_t value);

  /// Whether copies of the body are not worth their code.
  bool isLong();

  /// How far whole steps along the vectors lead.
  mlir::Value wholeSteps(int64_t step);

  /// Loops over `dims` around `body`, which gets and yields the carried values.
  llvm::SmallVector<mlir::Value> nest(llvm::ArrayRef<unsigned> dims, unsigned depth,
                                      mlir::ValueRange carried, Body body);
  llvm::SmallVector<mlir::Value> forEach(unsigned dim, mlir::Value from, mlir::Value to,
                                         int64_t step, mlir::ValueRange carried, Body body);

  /// Inputs that stay the same along the vectors and the reductions are loaded once: stores in the
  /// loop would make LLVM load them again.
  void loadConstants();

  /// What results hold before is known from fills, where there are any: for loops that keep those
  /// that are one element over the reductions in registers.
  void takeStarts(Fills &fills);

  /// What a result starts from, if a fill said so.
  mlir::Value startOf(unsigned init) { return starts.empty() ? mlir::Value() : starts[init]; }
  /// What a result holds.
  mlir::Value loadInit(unsigned init, int64_t width);
  /// What the results hold; nothing where the body does not ask.
  llvm::SmallVector<mlir::Value> loadInits(int64_t width);
  bool isRead(unsigned init);
  void storeResult(unsigned init, mlir::Value value, int64_t width);
  void storeAll(llvm::ArrayRef<mlir::Value> values, int64_t width);

  /// The body on `width` elements.
  llvm::SmallVector<mlir::Value> evaluate(int64_t width, mlir::ValueRange inits);

  mlir::RewriterBase &b;
  mlir::linalg::GenericOp op;
  mlir::Location loc;
  unsigned vectorDim;
  llvm::SmallVector<unsigned> outer, reductions; ///< loops but the one with the vectors
  llvm::SmallVector<mlir::Value> sizes, indices;
  llvm::SmallVector<int64_t> bounds;
  bool isShort = false; ///< of reductions, copies are no faster

private:
  mlir::Value load(mlir::OpOperand *operand, int64_t width);
  /// A vector of `first` and of what lies further and further along the vectors' loop.
  mlir::Value gather(mlir::OpOperand *operand, mlir::Value first, int64_t width);
  llvm::SmallVector<mlir::Value> access(mlir::OpOperand *operand);
  llvm::SmallVector<mlir::Value> evaluate(mlir::Block &body, mlir::IRMapping &map, int64_t width);
  llvm::SmallVector<mlir::Value> evaluateRare(mlir::scf::IfOp branch, mlir::IRMapping &map,
                                              int64_t width);
  mlir::Value position(uint64_t dim, int64_t width);
  /// Whether copies of the body of a loop along the vectors are not worth their code.
  bool staysRolled(mlir::scf::ForOp loop);

  llvm::DenseMap<mlir::OpOperand *, mlir::Value> constants; ///< inputs that are loaded
  /// By result, if known: what it holds before. Of those, whether it is stored.
  llvm::SmallVector<mlir::Value> starts;
  llvm::SmallVector<bool> isStored;
};

} // namespace fnc

#endif // FNC_BUFFER_LOOPBODY_H
