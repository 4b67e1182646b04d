//===- Fn.h - the fn dialect ------------------------------------*- C++ -*-===//

#ifndef FN_FN_H
#define FN_FN_H

#include "dialect/Gradient.h"
#include "dialect/Number.h"
#include "dialect/ShapeContext.h"
#include "dialect/Sparse.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace fn {
class OptimizerStep;
} // namespace fn

#include "dialect/FnDialect.h.inc"
#include "dialect/FnInterfaces.h.inc"

#include "dialect/FnAttrInterfaces.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialect/FnTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/FnAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialect/FnStructureOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnElementwiseOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnReductionOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnContractionOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnShapeOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnTrainingOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnLossOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnSparseOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnRandomOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnControlOps.h.inc"
#define GET_OP_CLASSES
#include "dialect/FnLayerOps.h.inc"

namespace fn {

/// The variable that an effect names, or an error at the effect with a note where the value comes
/// from.
llvm::FailureOr<VariableOp> targetOf(mlir::Operation *op, mlir::Value variable, bool writes);

} // namespace fn

#endif // FN_FN_H
