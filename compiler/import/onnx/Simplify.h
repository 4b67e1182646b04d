//===- Simplify.h - rewrites of a whole imported graph ----------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_SIMPLIFY_H
#define FNC_IMPORT_ONNX_SIMPLIFY_H

#include "dialect/Fn.h"

namespace fnc::onnx_import {

/// Moves scales and shifts per channel behind a convolution or matrix product, of which batch
/// normalization is made, into its weights and one addition. They are computed in f64 and rounded
/// once.
void foldScales(mlir::Block &graph);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_SIMPLIFY_H
