//===- Families.h - handlers of ONNX ops, by family -------------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_FAMILIES_H
#define FNC_IMPORT_ONNX_FAMILIES_H

#include "compiler/import/onnx/Node.h"

namespace fnc::onnx_import {

void addElementwiseOps(OpTable &table);
void addActivationOps(OpTable &table);
void addReductionOps(OpTable &table);
void addShapeOps(OpTable &table);
void addIndexOps(OpTable &table);
void addMatmulOps(OpTable &table);
void addConvOps(OpTable &table);
void addPoolOps(OpTable &table);
void addNormOps(OpTable &table);
void addAttentionOps(OpTable &table);
void addResizeOps(OpTable &table);
void addLossOps(OpTable &table);
void addRecurrentOps(OpTable &table);
void addQuantOps(OpTable &table);
void addControlOps(OpTable &table);
void addSignalOps(OpTable &table);
void addTrainingOps(OpTable &table);

//===-- Shared by families ----------------------------------------------===//

/// Indices as i64, negative ones counted from the end of `size` elements.
Value normalized(Ops &o, Value indices, int64_t size);
/// `result[.., i, ..] = x[.., indices[.., i, ..], ..]` along `axis`; indices are not negative.
Value gatherElements(Ops &o, Value x, Value indices, int64_t axis);
/// `x` with `updates[.., i, ..]` at `indices[.., i, ..]` along `axis`; `kind` as of fn.scatter.
Value scatterElements(Ops &o, Value x, Value indices, Value updates, int64_t axis, StringRef kind);
/// Windows of a convolution or pooling: ONNX's attributes, with defaults filled in.
struct Windows {
  Ints size, strides, dilations, low, high;
};
/// `input` are the spatial sizes, of which automatic padding and `ceil_mode` need to know.
FailureOr<Windows> windows(Node &n, ArrayRef<int64_t> input, ArrayRef<int64_t> kernel);
/// A convolution, channels first, in one to three spatial dimensions.
Value convolution(Ops &o, Value x, Value filter, const Windows &w, int64_t groups);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_FAMILIES_H
