//===- OpSupport.h - what several families of ops share ---------*- C++ -*-===//

#ifndef FN_OPSUPPORT_H
#define FN_OPSUPPORT_H

#include "dialect/ShapeContext.h"
#include "mlir/IR/OpImplementation.h"

namespace fn {

/// Checks that `axes` are distinct and in [0, rank); errors name the attribute.
llvm::LogicalResult checkAxes(ShapeContext &shapes, llvm::StringRef what,
                              llvm::ArrayRef<int64_t> axes, int64_t rank);

/// Checks that all values have the element type of the first; errors name both types.
llvm::LogicalResult checkSameElement(ShapeContext &shapes, llvm::ArrayRef<mlir::Value> values);

/// The element type of a sum of products: that of both factors, or where it is `wide` i32 of
/// factors that are bytes, signed or not.
llvm::FailureOr<mlir::Type> productElement(ShapeContext &shapes, mlir::Value x, mlir::Value y,
                                           bool wide);

/// What `op` computes from: its operands, and values from outside that its regions use.
llvm::SmallVector<mlir::Value> dependencies(mlir::Operation *op);

/// Parses "%a, %b {attributes} : (types) -> types"; `optionalLike` admits "like(%c)" after the
/// operands.
mlir::ParseResult parseOperandsLike(mlir::OpAsmParser &parser, mlir::OperationState &result,
                                    bool optionalLike, mlir::FunctionType &type);
/// Prints the same; `like`, if any, is the last operand.
void printOperandsLike(mlir::OpAsmPrinter &printer, mlir::Operation *op, mlir::Value like,
                       llvm::ArrayRef<llvm::StringRef> elided);

} // namespace fn

#endif // FN_OPSUPPORT_H
