//===- Number.h - numbers in attributes -------------------------*- C++ -*-===//

#ifndef FN_NUMBER_H
#define FN_NUMBER_H

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/bit.h"

namespace fn {

/// A double as a parameter of an attribute; two are the same where their bits are.
struct Number {
  double value = 0;
  Number() = default;
  Number(double value) : value(value) {}
  operator double() const { return value; }
  uint64_t bits() const { return llvm::bit_cast<uint64_t>(value); }
  friend bool operator==(Number a, Number b) { return a.bits() == b.bits(); }
  friend llvm::hash_code hash_value(Number number) { return llvm::hash_value(number.bits()); }
};

inline mlir::AsmPrinter &operator<<(mlir::AsmPrinter &printer, Number number) {
  printer.printFloat(llvm::APFloat(number.value));
  return printer;
}

} // namespace fn

template <> struct mlir::FieldParser<fn::Number> {
  static FailureOr<fn::Number> parse(AsmParser &parser) {
    double value;
    if (parser.parseFloat(value))
      return failure();
    return fn::Number(value);
  }
};

#endif // FN_NUMBER_H
