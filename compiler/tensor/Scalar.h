//===- Scalar.h - arithmetic on elements ------------------------*- C++ -*-===//
//
// Element arithmetic by the rules of the language: what an integer operation means where C++ leaves
// it open, and which way NaN goes.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TENSOR_SCALAR_H
#define FNC_TENSOR_SCALAR_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace fnc {

/// Builds element operations on values of `type`, the fn element type (it says what is unsigned).
class Scalar {
public:
  using Value = mlir::Value;

  Scalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type) : b(b), loc(loc), type(type) {}

  bool isFloat() const { return mlir::isa<mlir::FloatType>(type); }
  bool isBool() const { return type.isInteger(1); }
  bool isUnsigned() const { return type.isUnsignedInteger() || isBool(); }
  unsigned width() const { return type.getIntOrFloatBitWidth(); }
  /// The type of values: signless.
  mlir::Type valueType() const;

  Value constant(double value) const;
  Value intConstant(const llvm::APInt &value) const;
  /// Largest and least value of the type; infinities of floats.
  Value highest() const;
  Value lowest() const;

  Value add(Value x, Value y) const;
  Value sub(Value x, Value y) const;
  Value mul(Value x, Value y) const;
  Value div(Value x, Value y) const;
  Value floorDiv(Value x, Value y) const;
  Value mod(Value x, Value y) const;
  Value rem(Value x, Value y) const;
  Value pow(Value x, Value y) const;
  Value neg(Value x) const;
  Value abs(Value x) const;
  Value maximum(Value x, Value y) const;
  Value minimum(Value x, Value y) const;
  Value shiftLeft(Value x, Value y) const;
  Value shiftRight(Value x, Value y) const;

  enum class Order { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };
  Value compare(Order order, Value x, Value y) const;
  Value select(Value condition, Value x, Value y) const;
  /// The number `x` of this type in another fn element type.
  Value cast(Value x, mlir::Type to) const;
  /// Of the same width.
  Value bitcast(Value x, mlir::Type to) const;

private:
  Value quotient(Value x, Value y, bool remainder) const;
  Value toInteger(Value x, mlir::Type to) const;

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
};

} // namespace fnc

#endif // FNC_TENSOR_SCALAR_H
