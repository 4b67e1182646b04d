// Interfaces of fn ops.
#ifndef FN_INTERFACES
#define FN_INTERFACES

include "mlir/IR/OpBase.td"

def Fn_ShapeRuleInterface : OpInterface<"ShapeRule"> {
  let cppNamespace = "::fn";
  let description = [{
    The shape rule of an op, stated once, over symbolic dimensions. It serves as type inference
    and verifier (each `?` a fresh symbol) and, over a whole function, as the analysis that finds
    which dimensions must agree at the call.

    An op with this interface defines
    `static LogicalResult inferShape(Adaptor op, fn::ShapeContext &shapes, SmallVectorImpl<fn::Shape> &results)`.
  }];
  let verify = [{ return ::fn::verifyShapeRule($_op); }];
  // The rule of an op with regions goes through the ops in them.
  let verifyWithRegions = 1;
  let methods = [
    InterfaceMethod<
      "Shapes of the results from the shapes of the operands in `shapes`.",
      "::llvm::LogicalResult", "applyShapeRule",
      (ins "::fn::ShapeContext &":$shapes, "::llvm::SmallVectorImpl<::fn::Shape> &":$results), [{
        return ConcreteOp::inferShape(typename ConcreteOp::Adaptor($_op->getOperands(), $_op), shapes,
                                      results);
      }]>,
  ];
}

def Fn_GradientRuleInterface : OpInterface<"GradientRule"> {
  let cppNamespace = "::fn";
  let description = [{
    The vector-Jacobian product of an op: from the gradients of its results those of its operands,
    in ops of this dialect, so that a gradient can be differentiated again.
  }];
  let methods = [
    InterfaceMethod<
      [{Adds to `gradient` what each wanted operand gets. An operand that gets nothing has a
        gradient of zero.}],
      "void", "differentiate", (ins "::fn::Gradient &":$gradient)>,
  ];
}

def Fn_CompositeInterface : OpInterface<"Composite"> {
  let cppNamespace = "::fn";
  let description = [{
    An op that stands for several simpler ones. The graph stage expands it where a function needs
    it, before gradients are taken, so that neither lowering nor gradients know of it.
  }];
  let methods = [
    InterfaceMethod<
      "Builds the op's results from `operands`, which stand for its own.",
      "::llvm::SmallVector<::mlir::Value>", "expand",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands)>,
  ];
}

#endif // FN_INTERFACES
