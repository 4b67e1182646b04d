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
void addScanOps(OpTable &table);
void addSequenceOps(OpTable &table);
void addSignalOps(OpTable &table);
void addRandomOps(OpTable &table);
void addTrainingOps(OpTable &table);
void addSampleOps(OpTable &table);
void addTreeOps(OpTable &table);
void addClassicOps(OpTable &table);
void addSvmOps(OpTable &table);
void addDetectOps(OpTable &table);
/// After the others, some of which it takes over.
void addMicrosoftOps(OpTable &table);
void addMicrosoftAttentionOps(OpTable &table);

/// The ops whose results have a size that is data, with room for `bound`.
LogicalResult boundedNonZero(Node &n, Ops &o, int64_t bound);
LogicalResult boundedUnique(Node &n, Ops &o, int64_t bound);
LogicalResult boundedCompress(Node &n, Ops &o, int64_t bound);
LogicalResult boundedNonMaxSuppression(Node &n, Ops &o, int64_t bound);

//===-- Shared by families ----------------------------------------------===//

/// Indices as i64, negative ones counted from the end of `size` elements.
Value normalized(Ops &o, Value indices, int64_t size);
/// `result[.., i, ..] = x[.., indices[.., i, ..], ..]` along `axis`; indices are not negative.
Value gatherElements(Ops &o, Value x, Value indices, int64_t axis);
/// `x` with `updates[.., i, ..]` at `indices[.., i, ..]` along `axis`; `kind` as of fn.scatter.
Value scatterElements(Ops &o, Value x, Value indices, Value updates, int64_t axis, StringRef kind);
/// `round(x / scale) + zero`, held within the range of `type`.
Value quantized(Ops &o, Value x, Value scale, Value zero, Type type);
/// Bytes whose range is that of the values, 0 included.
struct Quantized {
  Value values, scale, zero;
};
Quantized dynamicallyQuantized(Ops &o, Value x);
/// An integer tensor less its zero point, as i32; `perRow`: one zero point per row of a matrix,
/// `perChannel`: one per first index.
Value centred(Ops &o, Value x, Value zero, bool perRow, bool perChannel);
/// Bytes and their zero point, which may be absent.
struct Bytes {
  Value values, zero;
};
/// The matrix product of integers, bytes as a rule, less their zero points, as i32. Zero points of
/// `a` are per row, of `b` per column.
Value byteMatmul(Ops &o, Bytes a, Bytes b);
/// The same of a convolution: one zero point of the input, one or one per channel of the weights.
Value byteConvolution(Node &n, Ops &o, Bytes input, Bytes weights);
/// The first elements of each head of x [batch, heads, steps, size], turned in pairs by angles
/// whose cosines and sines are [batch, steps, half]; pairs are neighbours if `interleaved`, else
/// halves.
Value rotated(Ops &o, Value x, Value cosine, Value sine, bool interleaved);
/// One element of any rank as a scalar; else the tensor itself.
Value scalarLike(Ops &o, Value x);
/// Scores after post_transform, an attribute of ai.onnx.ml's models.
Value transformed(Node &n, Ops &o, Value scores, StringRef transform);
/// Labels and scores of a classifier; one score alone is that of the second of two classes, above
/// 0, or above 0.5 where it is a probability (`positive`).
LogicalResult classified(Node &n, Ops &o, Value scores, bool positive, StringRef transform);
/// How many labels a classifier has.
int64_t classCount(Node &n);
/// Windows of a convolution or pooling: ONNX's attributes, with defaults filled in.
struct Windows {
  Ints size, strides, dilations, low, high;
};
/// `input` are the spatial sizes, of which automatic padding and `ceil_mode` need to know.
FailureOr<Windows> windows(Node &n, ArrayRef<int64_t> input, ArrayRef<int64_t> kernel);
/// A convolution, channels first, in one to three spatial dimensions; `wide`: of bytes, as i32.
Value convolution(Ops &o, Value x, Value filter, const Windows &w, int64_t groups,
                  bool wide = false);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_FAMILIES_H
