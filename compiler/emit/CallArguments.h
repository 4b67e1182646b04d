//===- CallArguments.h - what a call hands to an entry point ----*- C++ -*-===//

#ifndef FNC_EMIT_CALLARGUMENTS_H
#define FNC_EMIT_CALLARGUMENTS_H

#include "compiler/emit/Emit.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/IRBuilder.h"

namespace fnc {

/// The fields of the argument struct of a function, in order (Header.cpp prints the same struct in
/// C): the state where the function uses one; per input the data and, where a dimension is dynamic,
/// all dimensions; per sparse input values, indices, their number and all dimensions; per output
/// the data; the workspace and its bytes where there is one; the context where the function prints.
///
/// A value is loaded, and an expression computed, where it is asked for first: code that asks is a
/// line of blocks, one after the other.
class CallArguments {
public:
  /// `checked`: sizes are known to be within their limits.
  CallArguments(llvm::IRBuilder<> &b, const Function &function, llvm::Value *args, bool checked);

  llvm::Value *state() { return load(ptr, *stateField); }
  /// Of a sparse one the values.
  llvm::Value *input(size_t i) { return load(ptr, inputFields[i]); }
  llvm::Value *indices(size_t i) { return load(ptr, inputFields[i] + 1); }
  llvm::Value *count(size_t i);
  llvm::Value *dim(size_t input, size_t d);
  llvm::Value *output(size_t i) { return load(ptr, outputField + i); }
  llvm::Value *workspace() { return load(ptr, *workspaceField); }
  llvm::Value *workspaceBytes() { return load(index, *workspaceField + 1); }
  llvm::Value *printContext() { return load(ptr, *contextField); }

  /// The input and its dimension that give the value of a symbol; -1 of a number of entries.
  std::pair<int32_t, int32_t> origin(unsigned symbol) const { return origins[symbol]; }
  llvm::Value *symbol(unsigned number);
  llvm::Value *expression(mlir::AffineExpr expr);
  /// The same, with products that this makes, for here alone.
  using Product = llvm::function_ref<llvm::Value *(llvm::Value *, llvm::Value *)>;
  llvm::Value *expression(mlir::AffineExpr expr, Product product);

  /// Sizes beyond this cannot be in memory, and their products would overflow.
  int64_t largestSize() const { return fnc::largestSize(index->getBitWidth()); }
  int64_t largestOf(unsigned symbol) const {
    int64_t max = function.symbols[symbol].max;
    return max < 0 ? largestSize() : max;
  }
  llvm::ConstantInt *constant(int64_t value) const {
    return llvm::ConstantInt::getSigned(index, value);
  }

  /// By the offset of their field.
  const llvm::MapVector<uint64_t, llvm::Value *> &loads() const { return loaded; }

  llvm::IntegerType *const index;

private:
  llvm::Value *load(llvm::Type *type, unsigned field, unsigned element = 0);
  llvm::Value *compute(mlir::AffineBinaryOpExpr expr, llvm::Value *x, llvm::Value *y,
                       Product product);

  llvm::IRBuilder<> &b;
  const Function &function;
  llvm::Value *args;
  bool checked;
  llvm::PointerType *ptr;
  llvm::StructType *type;
  std::optional<unsigned> stateField, workspaceField, contextField;
  std::vector<unsigned> inputFields;
  unsigned outputField = 0;
  std::vector<std::pair<int32_t, int32_t>> origins;
  llvm::MapVector<uint64_t, llvm::Value *> loaded;
  llvm::DenseMap<mlir::AffineExpr, llvm::Value *> known;
};

} // namespace fnc

#endif // FNC_EMIT_CALLARGUMENTS_H
