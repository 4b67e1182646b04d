//===- CloneControl.h - branches and loops into a kernel --------*- C++ -*-===//

#ifndef FNC_COMPILER_GRAPH_CLONECONTROL_H
#define FNC_COMPILER_GRAPH_CLONECONTROL_H

#include "dialect/Fn.h"
#include "mlir/IR/IRMapping.h"

namespace fnc {

/// A check of a call: whether it holds, what it has got, and what a status says of it.
struct Check {
  mlir::Value ok, got;
  std::string code, name;
  /// What an index must lie below, -1 where only the call knows; nothing for other checks.
  std::optional<int64_t> limit;
};

/// Makes a check that an op with its own `code` ("index", "assert", "not_finite") asks for.
Check makeCheck(mlir::OpBuilder &b, mlir::Location loc, llvm::StringRef code, llvm::StringRef name,
                mlir::Value value, mlir::Value like, int64_t axis);
/// What a check op that a composite has made tells.
Check describeCheck(fn::CheckOp check);

/// The checks of indices that a pure op implies. `display` names its operands.
void implicitChecks(mlir::OpBuilder &b, mlir::Operation *op, mlir::IRMapping &map,
                    llvm::function_ref<std::string(mlir::Value)> display,
                    llvm::SmallVectorImpl<Check> &checks);

/// Clones an op to where `b` stands, with all that its regions hold: composites are expanded,
/// bounds become part of conditions, and what a region checks becomes a result.
class ControlCloner {
public:
  ControlCloner(bool forGradients, llvm::function_ref<std::string(mlir::Value)> display)
      : forGradients(forGradients), display(display) {}

  llvm::SmallVector<mlir::Value> clone(mlir::OpBuilder &b, mlir::Operation *op,
                                       mlir::IRMapping &map, llvm::SmallVectorImpl<Check> &checks);
  /// Builds a composite's results from `map`.
  llvm::SmallVector<mlir::Value> expand(mlir::OpBuilder &b, fn::Composite op, mlir::IRMapping &map,
                                        llvm::SmallVectorImpl<Check> &checks);

private:
  using Checks = llvm::SmallVector<Check>;

  llvm::SmallVector<mlir::Value> cloneIf(mlir::OpBuilder &b, fn::IfOp op, mlir::IRMapping &map,
                                         llvm::SmallVectorImpl<Check> &checks);
  llvm::SmallVector<mlir::Value> cloneScan(mlir::OpBuilder &b, fn::ScanOp op, mlir::IRMapping &map,
                                           llvm::SmallVectorImpl<Check> &checks);
  llvm::SmallVector<mlir::Value> cloneWhile(mlir::OpBuilder &b, fn::WhileOp op,
                                            mlir::IRMapping &map,
                                            llvm::SmallVectorImpl<Check> &checks);
  llvm::SmallVector<mlir::Value> boundedWhile(mlir::OpBuilder &b, fn::WhileOp op,
                                              mlir::IRMapping &map,
                                              llvm::SmallVectorImpl<Check> &checks);
  /// Clones the ops of a block; returns what its terminator's operands have become.
  llvm::SmallVector<mlir::Value> cloneBlock(mlir::OpBuilder &b, mlir::Block &block,
                                            mlir::IRMapping &map,
                                            llvm::SmallVectorImpl<Check> &checks);

  bool forGradients;
  llvm::function_ref<std::string(mlir::Value)> display;
};

} // namespace fnc

#endif // FNC_COMPILER_GRAPH_CLONECONTROL_H
