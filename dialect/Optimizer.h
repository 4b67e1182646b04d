//===- Optimizer.h - what optimizers are written with -----------*- C++ -*-===//

#ifndef FN_OPTIMIZER_H
#define FN_OPTIMIZER_H

#include "dialect/Gradient.h"

namespace fn {

/// One step of one variable: an optimizer reads the state before it and sets the state after it.
/// Everything has the type of the computation: the variable's, or f32 for shorter ones.
class OptimizerStep {
public:
  virtual ~OptimizerStep() = default;

  Expr variable, gradient;
  /// Rank 0: the learning rate, and the number of this step, from 1 on.
  Expr rate, number;

  /// A slot in the variable's shape, and what becomes of it.
  virtual Expr slot(llvm::StringRef name, double initial) = 0;
  virtual void setSlot(llvm::StringRef name, Expr value) = 0;
  /// A number that all variables of the instance share; every variable sets the same value.
  virtual Expr shared(llvm::StringRef name, double initial) = 0;
  virtual void setShared(llvm::StringRef name, Expr value) = 0;
  /// The variable's new value.
  virtual void setVariable(Expr value) = 0;
};

} // namespace fn

#endif // FN_OPTIMIZER_H
