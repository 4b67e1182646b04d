//===- Tensors.h - ONNX types and tensors -----------------------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_TENSORS_H
#define FNC_IMPORT_ONNX_TENSORS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"

namespace onnx {
class TensorProto;
class SparseTensorProto;
} // namespace onnx

namespace fnc::onnx_import {

using mlir::DenseElementsAttr;
using mlir::FailureOr;
using mlir::Location;
using mlir::Type;

/// The name of an ONNX element type, as FLOAT8E4M3FN.
std::string elementTypeName(int32_t dataType);

/// The element type, or null where `fn` has none for it.
Type elementType(mlir::MLIRContext *context, int32_t dataType);

/// The same with an error at `loc`.
FailureOr<Type> checkedElementType(Location loc, int32_t dataType);

/// The inverse of elementType.
int32_t dataTypeOf(Type type);

/// A tensor's value; small elements as bytes, see SmallTypes.h. `what` names it in errors; `folder`
/// holds external data.
FailureOr<DenseElementsAttr> tensorValue(Location loc, const llvm::Twine &what,
                                         const onnx::TensorProto &tensor, llvm::StringRef folder);

/// A sparse tensor's value with its zeros.
FailureOr<DenseElementsAttr> sparseValue(Location loc, const llvm::Twine &what,
                                         const onnx::SparseTensorProto &tensor,
                                         llvm::StringRef folder);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_TENSORS_H
