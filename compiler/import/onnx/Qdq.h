//===- Qdq.h - arithmetic between DequantizeLinear and QuantizeLinear -------*- C++ -*-===//
//
// Models say in floats what is meant in bytes: DequantizeLinear, an op, QuantizeLinear. While one
// is imported it is remembered which floats stand for bytes and which for sums of products of
// bytes; products of the former become products of the bytes, QuantizeLinear of the latter scales
// the sums, and what only moves elements moves bytes. Floats that nothing needs any more are never
// computed.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_IMPORT_ONNX_QDQ_H
#define FNC_IMPORT_ONNX_QDQ_H

#include "compiler/import/onnx/Ops.h"
#include "llvm/ADT/DenseMap.h"

namespace fnc::onnx_import {

/// (bytes - zero) * scale: one scale, or one per index of `axis`. `zero` may be absent. Biases are
/// of i32.
struct Dequantized {
  Value bytes, scale, zero;
  int64_t axis = 0;
};

/// sum * factor, held between bounds.
struct ScaledSum {
  Value sum, factor;
  std::optional<double> low, high;
};

/// What floats stand for.
struct Quantization {
  llvm::DenseMap<Value, Dequantized> dequantized;
  llvm::DenseMap<Value, ScaledSum> sums;
};

class Node;

/// Floats for bytes: makes and remembers them.
Value dequantize(Node &n, Ops &o, const Dequantized &x);
/// A convolution or product of inputs 0 and 1, with input 2 as bias, null after an error; none
/// where one of them does not stand for bytes.
std::optional<Value> quantizedConvolution(Node &n, Ops &o);
std::optional<Value> quantizedMatmul(Node &n, Ops &o, bool transposeA, bool transposeB);
/// Bytes of `type` for floats that stand for such or for sums; else null.
Value requantized(Node &n, Ops &o, Value x, Value scale, Value zero, Type type);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_QDQ_H
