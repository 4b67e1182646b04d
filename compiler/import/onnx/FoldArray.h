//===- FoldArray.h - known tensors on the host ------------------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_FOLDARRAY_H
#define FNC_IMPORT_ONNX_FOLDARRAY_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <vector>

namespace fnc::onnx_import {

/// Elements in row-major order, as doubles or as integers by the element type. f64 holds every sum,
/// product and quotient of two f32 exactly enough that rounding it again is rounding once.
struct Array {
  mlir::RankedTensorType type;
  bool isFloat;
  std::vector<int64_t> i;
  std::vector<double> f;

  /// Zeros.
  explicit Array(mlir::RankedTensorType type);
  explicit Array(mlir::DenseElementsAttr value);
  size_t size() const { return isFloat ? f.size() : i.size(); }
  bool isUnsigned() const;
  /// The attribute; integers wrap, floats are rounded to the element type.
  mlir::DenseElementsAttr attribute() const;
};

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_FOLDARRAY_H
