// Base classes of compute ops. A family's file includes this one.
#ifndef FN_OP_BASE
#define FN_OP_BASE

include "dialect/FnBase.td"
include "dialect/FnInterfaces.td"

class Fn_Op<string mnemonic, list<Trait> traits = []> : Op<Fn_Dialect, mnemonic, traits>;

// A pure tensor op whose result types follow from its shape rule: the class defines `inferShape`;
// inference, verification and the entry checks of a function come from that alone.
class Fn_PureOp<string mnemonic, list<Trait> traits = []>
    : Fn_Op<mnemonic, !listconcat([Pure, Fn_ShapeRuleInterface, InferTypeOpInterface], traits)> {
  // Declared here and defined beside the other rules, unless a class of ops states it at once.
  code shapeRule = [{
    static ::llvm::LogicalResult inferShape(Adaptor op, ::fn::ShapeContext &shapes,
                                            ::llvm::SmallVectorImpl<::fn::Shape> &results);
  }];
  code shapeRuleUse = [{
    static ::llvm::LogicalResult
    inferReturnTypes(::mlir::MLIRContext *context, ::std::optional<::mlir::Location> location,
                     ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
                     ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
                     ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      // While an op is parsed, its attributes stand in the dictionary, not yet in the properties.
      Properties known;
      if (auto *given = properties.as<Properties *>())
        known = *given;
      [&]<typename P>(P &into) {
        if constexpr (!std::is_same_v<P, ::mlir::EmptyProperties>)
          if (attributes)
            for (::mlir::NamedAttribute attribute : attributes)
              setInherentAttr(into, attribute.getName(), attribute.getValue());
      }(known);
      Adaptor op(operands, attributes, known, regions);
      // Rules read attributes that only the verifier, which comes later, knows to be there.
      if (::mlir::failed(op.verify(location.value_or(::mlir::UnknownLoc::get(context)))))
        return ::mlir::failure();
      return ::fn::inferTypes(getOperationName(), context, location, types,
          [&](::fn::ShapeContext &shapes, ::llvm::SmallVectorImpl<::fn::Shape> &results) {
            return inferShape(op, shapes, results);
          });
    }
    // Verified by the shape rule's interface, whose errors say what is wrong.
    static ::llvm::LogicalResult
    refineReturnTypes(::mlir::MLIRContext *, ::std::optional<::mlir::Location>, ::mlir::ValueRange,
                      ::mlir::DictionaryAttr, ::mlir::OpaqueProperties, ::mlir::RegionRange,
                      ::llvm::SmallVectorImpl<::mlir::Type> &) {
      return ::llvm::success();
    }
    // A declared type may know more than the rule does, never contradict it.
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange declared) {
      return ::fn::compatibleTypes(inferred, declared);
    }
  }];
  let extraClassDeclaration = shapeRule # shapeRuleUse;
}

// An op that brings its gradient rule: `differentiate`, in dialect/gradients.
defvar Differentiable = [DeclareOpInterfaceMethods<Fn_GradientRuleInterface>];

// An op that the graph stage expands into simpler ones.
class Fn_CompositeOp<string mnemonic, list<Trait> traits = []>
    : Fn_PureOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<Fn_CompositeInterface>], traits)>;

#endif // FN_OP_BASE
