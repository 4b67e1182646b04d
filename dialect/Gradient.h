//===- Gradient.h - what gradient rules are written with --------*- C++ -*-===//
//
// A rule is a formula over whole tensors: `g.add(0, g.dy() * g.y())` for exp. Operations broadcast
// as in NumPy; `add` sums over what was broadcast.
//
//===----------------------------------------------------------------------===//

#ifndef FN_GRADIENT_H
#define FN_GRADIENT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace fn {

/// A tensor with operators; each one builds an op of the fn dialect.
class Expr {
public:
  Expr() = default;
  Expr(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value) : b(&b), loc(loc), value(value) {}

  explicit operator bool() const { return static_cast<bool>(value); }
  operator mlir::Value() const { return value; }
  mlir::RankedTensorType type() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  int64_t rank() const { return type().getRank(); }
  mlir::Type element() const { return type().getElementType(); }
  mlir::OpBuilder &builder() const { return *b; }
  mlir::Location location() const { return *loc; }

  /// Another tensor, built the same way.
  Expr with(mlir::Value other) const { return Expr(*b, *loc, other); }
  /// The number as a tensor of rank 0 and this element type.
  Expr number(double number) const;
  /// Zeros (or any number) in this shape.
  Expr filled(double number) const;

  /// An op of one operand, of the same type.
  template <typename Op> Expr apply() const {
    return with(Op::create(*b, *loc, value).getResult());
  }
  /// An op of two operands that broadcast.
  template <typename Op> Expr apply(Expr rhs) const {
    return with(Op::create(*b, *loc, value, rhs.value).getResult());
  }

  Expr sum(llvm::ArrayRef<int64_t> axes, bool keepDims = false) const;
  Expr cast(mlir::Type element) const;
  Expr transpose(llvm::ArrayRef<int64_t> perm) const;
  Expr expand(llvm::ArrayRef<int64_t> axes) const;
  Expr squeeze(llvm::ArrayRef<int64_t> axes) const;
  /// The same elements in the shape of `like`.
  Expr reshapeLike(Expr like) const;
  /// Repeated to the shape of `like`.
  Expr broadcastLike(Expr like) const;
  /// Elements `begin, begin + 1, ...` before `end` along one axis; `end` < 0 for all.
  Expr slice(int64_t axis, int64_t begin, int64_t end) const;
  /// The size of a dimension, an i64 of rank 0.
  Expr size(int64_t axis) const;
  /// 0, 1, 2, ... as many as `axis` has, i64 of rank 1.
  Expr places(int64_t axis) const;

private:
  mlir::OpBuilder *b = nullptr;
  std::optional<mlir::Location> loc;
  mlir::Value value;
};

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator-(Expr a);
Expr operator+(Expr a, double b);
Expr operator-(Expr a, double b);
Expr operator*(Expr a, double b);
Expr operator/(Expr a, double b);
Expr operator+(double a, Expr b);
Expr operator-(double a, Expr b);
Expr operator*(double a, Expr b);
Expr operator/(double a, Expr b);
Expr operator<(Expr a, Expr b);
Expr operator<=(Expr a, Expr b);
Expr operator>(Expr a, Expr b);
Expr operator>=(Expr a, Expr b);
Expr operator>(Expr a, double b);
Expr operator<(Expr a, double b);
Expr equal(Expr a, Expr b);
Expr equal(Expr a, double b);
Expr both(Expr a, Expr b);
Expr where(Expr condition, Expr a, Expr b);
Expr where(Expr condition, Expr a, double b);

/// The product of all other factors, for each factor of a product, and its first derivatives: where
/// some factors are 0 as well. `product` is that of the factors which are not 0, `zeros` the number
/// of the others and `zeroSum` their sum.
Expr otherFactors(Expr factor, Expr product, Expr zeros, Expr zeroSum);

/// The differentiation of one op: its values, the gradients of its results, and where those of its
/// operands go.
class Gradient {
public:
  using Wanted = llvm::function_ref<bool(mlir::Value)>;
  using Sink = llvm::function_ref<void(mlir::Value operand, mlir::Value gradient)>;

  /// `gradients` has one value for each result, null for zero.
  Gradient(mlir::OpBuilder &b, mlir::Operation *op, mlir::ValueRange gradients, Wanted wanted,
           Sink sink)
      : b(b), op(op), gradients(gradients), isWanted(wanted), sink(sink) {}

  Expr operand(unsigned i) const { return expr(op->getOperand(i)); }
  Expr x() const { return operand(0); }
  Expr y() const { return expr(op->getResult(0)); }
  /// The gradient of a result. That of an op's only result is never null.
  Expr dy(unsigned i = 0) const { return expr(gradients[i]); }
  Expr expr(mlir::Value value) const { return Expr(b, op->getLoc(), value); }

  bool wanted(unsigned operand) const { return isWanted(op->getOperand(operand)); }
  /// Adds to the gradient of an operand. Summed over what the operand was broadcast along, repeated
  /// where it is smaller.
  void add(unsigned operand, Expr gradient);
  /// The same, computed only where it is wanted.
  void add(unsigned operand, llvm::function_ref<Expr()> gradient) {
    if (wanted(operand))
      add(operand, gradient());
  }

private:
  mlir::OpBuilder &b;
  mlir::Operation *op;
  mlir::ValueRange gradients;
  Wanted isWanted;
  Sink sink;
};

} // namespace fn

#endif // FN_GRADIENT_H
