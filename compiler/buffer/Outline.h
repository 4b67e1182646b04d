//===- Outline.h - an op of a kernel as a function --------------*- C++ -*-===//

#ifndef FNC_BUFFER_OUTLINE_H
#define FNC_BUFFER_OUTLINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace fnc {

/// What an op at the top of a kernel takes from outside of it.
struct Captures {
  llvm::SmallVector<mlir::Value> arguments;
  llvm::SmallVector<mlir::Operation *> constants; ///< and registers' room: a function's own
  /// Whether buffers that are not one value share no byte: all that one op uses is live at once.
  bool apart = false;
};

/// Nothing where the op takes or gives what no function does.
std::optional<Captures> capturesOf(mlir::Operation *op);

/// Ops at the top of kernels, with those together that differ in nothing but the values that they
/// take from outside.
class EqualOps {
public:
  void add(mlir::Operation *op, Captures captures);

  using Group = llvm::SmallVector<mlir::Operation *>;
  /// In the order of their first ops.
  llvm::ArrayRef<Group> groups() const { return all; }

private:
  std::vector<Group> all;
  std::vector<Captures> firsts; ///< of the first op of each
  llvm::DenseMap<size_t, llvm::SmallVector<unsigned>> byHash;
};

/// A private function, before the kernel of the first of equal ops, that is called instead of each.
mlir::func::FuncOp outline(llvm::ArrayRef<mlir::Operation *> equal, const llvm::Twine &name);

} // namespace fnc

#endif // FNC_BUFFER_OUTLINE_H
