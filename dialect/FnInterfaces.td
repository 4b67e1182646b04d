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

#endif // FN_INTERFACES
