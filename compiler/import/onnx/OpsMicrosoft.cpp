//===- OpsMicrosoft.cpp - ops of com.microsoft that exporters write -------===//

#include "compiler/import/onnx/Families.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

Value optional(Node &n, size_t i) { return n.has(i) ? n.in(i) : Value(); }
Value plus(Ops &o, Value x, Value y) { return y ? o.add(x, y) : x; }

//===----------------------------------------------------------------------===//
// Activations, products
//===----------------------------------------------------------------------===//

Value gelu(Ops &o, Value x, StringRef approximate) {
  return o.make<fn::GeluOp>({x}, {o.attr("approximate", approximate)});
}
LogicalResult biasGelu(Node &n, Ops &o) {
  return n.result(gelu(o, plus(o, n.in(0), optional(n, 1)), "none"));
}
LogicalResult fastGelu(Node &n, Ops &o) {
  return n.result(gelu(o, plus(o, n.in(0), optional(n, 1)), "tanh"));
}
LogicalResult quickGelu(Node &n, Ops &o) {
  Value x = n.in(0);
  return n.result(o.mul(x, o.make<fn::SigmoidOp>({o.mul(x, n.f("alpha", 1.702f))})));
}

/// The activation that a fused op names.
Value activated(Node &n, Ops &o, Value x) {
  std::string name = n.s("activation", "");
  std::optional<SmallVector<double>> params = n.fs("activation_params");
  auto param = [&](size_t i, double otherwise) {
    return params && i < params->size() ? (*params)[i] : otherwise;
  };
  if (name.empty())
    return x;
  if (name == "Relu")
    return o.make<fn::ReluOp>({x});
  if (name == "Sigmoid")
    return o.make<fn::SigmoidOp>({x});
  if (name == "Tanh")
    return o.make<fn::TanhOp>({x});
  if (name == "Clip")
    return o.minimum(o.maximum(x, param(0, -INFINITY)), param(1, INFINITY));
  if (name == "LeakyRelu")
    return o.make<fn::LeakyReluOp>(
        {x}, {o.real("alpha", params ? param(0, 0.01) : n.f("activation_alpha", 0.01f))});
  if (name == "HardSigmoid")
    return o.minimum(o.maximum(o.add(o.mul(x, param(0, 0.2)), param(1, 0.5)), 0.0), 1.0);
  return n.error("activation is '") << name << "'", Value();
}

LogicalResult fusedMatmul(Node &n, Ops &o) {
  // A transposed batch has the rows in front of it.
  auto batched = [&](size_t i, StringRef flag) {
    Value x = n.in(i);
    if (!x || !n.i(flag, 0) || Ops::rank(x) < 3)
      return x;
    Ints perm;
    for (int64_t d = 1; d < Ops::rank(x) - 1; ++d)
      perm.push_back(d);
    perm.push_back(0);
    perm.push_back(Ops::rank(x) - 1);
    return o.transpose(x, perm);
  };
  Value y = o.matmul(batched(0, "transBatchA"), batched(1, "transBatchB"), n.i("transA", 0),
                     n.i("transB", 0));
  double alpha = n.f("alpha", 1);
  return n.result(alpha == 1 ? y : o.mul(y, alpha));
}

LogicalResult fusedGemm(Node &n, Ops &o) {
  Value y = o.matmul(n.in(0), n.in(1), n.i("transA", 0), n.i("transB", 0));
  double alpha = n.f("alpha", 1), beta = n.f("beta", 1);
  if (alpha != 1)
    y = o.mul(y, alpha);
  if (n.has(2))
    y = o.add(y, beta == 1 ? n.in(2) : o.mul(n.in(2), beta));
  return n.result(activated(n, o, y));
}

LogicalResult fusedConv(Node &n, Ops &o) {
  Value x = n.in(0), filter = n.in(1);
  if (!x || !filter)
    return failure();
  if (Ops::rank(x) < 3 || Ops::rank(x) > 5 || Ops::rank(filter) != Ops::rank(x))
    return n.error("has an input of rank ")
           << Ops::rank(x) << " and a filter of rank " << Ops::rank(filter);
  FailureOr<Windows> w = windows(n, Ops::shape(x).drop_front(2), Ops::shape(filter).drop_front(2));
  if (failed(w))
    return failure();
  Value y = convolution(o, x, filter, *w, n.i("group", 1));
  if (n.has(2))
    y = y ? o.add(y, o.alongAxis(n.in(2), 1, Ops::rank(y))) : y;
  return n.result(activated(n, o, plus(o, y, optional(n, 3))));
}

/// Weights of 2, 4 or 8 bits in blocks along the inner dimension, each with a scale.
LogicalResult matmulNBits(Node &n, Ops &o) {
  Value x = n.in(0), weights = n.in(1), scales = n.in(2);
  int64_t inner = n.i("K", 0), outer = n.i("N", 0), bits = n.i("bits", 4),
          block = n.i("block_size", 0);
  if (!x || !weights || !scales)
    return failure();
  if (inner < 1 || outer < 1 || block < 16 || (bits != 2 && bits != 4 && bits != 8) || n.has(4))
    return n.error("has ") << bits << " bits in blocks of " << block
                           << (n.has(4) ? " and reordered groups" : "");
  int64_t blocks = llvm::divideCeil(inner, block), perByte = 8 / bits;
  Type type = Ops::element(x), byte = o.b.getIntegerType(8, false);
  auto unpacked = [&](Value packed) -> Value {
    SmallVector<Value> parts;
    packed = o.cast(packed, o.i32());
    for (int64_t k = 0; k < perByte; ++k)
      parts.push_back(o.make<fn::BitwiseAndOp>(
          {o.make<fn::ShiftRightOp>({packed, o.ints({k * bits}, {}, o.i32())}),
           o.ints({(1 << bits) - 1}, {}, o.i32())}));
    return o.stack(parts, Ops::rank(packed));
  };
  if (Ops::element(weights) != byte || !Ops::isStatic(weights) ||
      Ops::type(weights).getNumElements() != outer * blocks * block / perByte)
    return n.error("has weights of type ")
           << Ops::type(weights) << " for " << outer << " by " << inner;
  Value w = o.reshape(unpacked(o.reshape(weights, {outer, blocks, block / perByte})),
                      {outer, blocks, block});
  w = o.cast(w, o.f32());
  if (n.has(3)) {
    Value zero = n.in(3);
    if (zero && Ops::element(zero) == byte) {
      // Whole bytes per row.
      int64_t bytes = llvm::divideCeil(blocks, perByte);
      zero = o.reshape(unpacked(o.reshape(zero, {outer, bytes})), {outer, bytes * perByte});
      zero = o.slice(zero, 1, 0, blocks);
    } else {
      zero = o.reshape(zero, {outer, blocks});
    }
    w = o.sub(w, o.expand(o.cast(zero, o.f32()), {2}));
  } else {
    w = o.sub(w, double(1 << (bits - 1)));
  }
  w = o.mul(w, o.expand(o.cast(o.reshape(scales, {outer, blocks}), o.f32()), {2}));
  w = o.slice(o.reshape(w, {outer, blocks * block}), 1, 0, inner);
  return n.result(plus(o, o.matmul(x, o.cast(w, type), false, true), optional(n, 5)));
}

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

Value normalizedLast(Ops &o, Value x, double epsilon, bool centre) {
  if (!x)
    return x;
  int64_t last = Ops::rank(x) - 1;
  if (centre)
    x = o.sub(x, o.mean(x, {last}, true));
  return o.mul(x, o.make<fn::RsqrtOp>({o.add(o.mean(o.square(x), {last}, true), epsilon)}));
}

/// By the root mean square, over the last dimension.
LogicalResult simplifiedLayerNormalization(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  if (*axis != Ops::rank(x) - 1 || n.wants(1))
    return n.error("normalizes more than the last dimension, or gives deviations");
  Type type = Ops::element(x);
  Value y = normalizedLast(o, o.cast(x, o.f32()), n.f("epsilon", 1e-5f), false);
  return n.result(o.mul(o.cast(y, type), n.in(1)));
}

/// Rows of one matrix against those of another.
LogicalResult distances(Node &n, Ops &o) {
  Value a = n.in(0), b = n.in(1);
  std::string metric = n.s("metric", "sqeuclidean");
  if (!a || !b)
    return failure();
  if (Ops::rank(a) != 2 || Ops::rank(b) != 2 || (metric != "sqeuclidean" && metric != "euclidean"))
    return n.error("metric is '") << metric << "' between " << Ops::type(a) << " and "
                                  << Ops::type(b);
  Value y = o.sum(o.square(o.sub(o.expand(a, {1}), o.expand(b, {0}))), {2});
  return n.result(metric == "euclidean" ? o.sqrt(y) : y);
}

LogicalResult skipNormalization(Node &n, Ops &o, Value scale, Value shift, Value bias,
                                bool centre) {
  Value sum = plus(o, o.add(n.in(0), n.in(1)), bias);
  Value y = plus(o, o.mul(normalizedLast(o, sum, n.f("epsilon", 1e-12f), centre), scale), shift);
  if (failed(n.result(y)))
    return failure();
  for (size_t i : {1, 2}) // mean and deviation, of training alone
    if (n.wants(i))
      return n.error("output ") << i << " is not supported";
  return n.set(3, sum);
}
LogicalResult skipLayerNormalization(Node &n, Ops &o) {
  return skipNormalization(n, o, n.in(2), optional(n, 3), optional(n, 4), true);
}
LogicalResult skipSimplifiedLayerNormalization(Node &n, Ops &o) {
  return skipNormalization(n, o, n.in(2), {}, optional(n, 3), false);
}

LogicalResult embedLayerNormalization(Node &n, Ops &o) {
  Value ids = n.in(0), words = n.in(2), positions = n.in(3), scale = n.in(5), shift = n.in(6);
  if (!ids || !words || !positions || Ops::rank(ids) != 2)
    return n.error("needs ids of rank 2");
  int64_t steps = Ops::shape(ids)[1];
  Value sum = o.gather(words, ids, 0);
  if (n.has(8))
    sum = o.add(sum, o.gather(positions, n.in(8), 0));
  else if (steps == kDynamic)
    return n.error("the number of steps must be known: give --shape");
  else
    sum = o.add(sum, o.slice(positions, 0, 0, steps));
  if (n.has(1) && n.has(4))
    sum = o.add(sum, o.gather(n.in(4), n.in(1), 0));
  Value y = o.add(o.mul(normalizedLast(o, sum, n.f("epsilon", 1e-12f), true), scale), shift);
  if (failed(n.result(y)))
    return failure();
  if (n.wants(1)) {
    Value mask = optional(n, 7);
    Value lengths =
        mask ? o.sum(o.cast(mask, o.i32()), {1}) : o.splat(0, {Ops::shape(ids)[0]}, o.i32());
    if (failed(n.set(1, lengths)))
      return failure();
  }
  return n.set(2, sum);
}

//===----------------------------------------------------------------------===//
// Quantized numbers
//===----------------------------------------------------------------------===//

/// Inputs i, i + 1 and i + 2 are numbers, their scale and their zero point.
Value realAt(Node &n, Ops &o, size_t i) {
  Value x = centred(o, n.in(i), optional(n, i + 2), false, false);
  return o.mul(o.cast(x, o.f32()), scalarLike(o, n.in(i + 1)));
}

/// Defines the output with the scale of input i and the zero point behind it.
LogicalResult quantizedAs(Node &n, Ops &o, Value y, size_t i) {
  Value scale = n.in(i), zero = optional(n, i + 1);
  Type type = zero ? Ops::element(zero) : Type(o.b.getIntegerType(8, false));
  return n.result(quantized(o, y, scalarLike(o, scale), scalarLike(o, zero), type));
}

template <typename Op> LogicalResult qLinearBinary(Node &n, Ops &o) {
  return quantizedAs(n, o, o.make<Op>({realAt(n, o, 0), realAt(n, o, 3)}), 6);
}
LogicalResult qLinearSigmoid(Node &n, Ops &o) {
  return quantizedAs(n, o, o.make<fn::SigmoidOp>({realAt(n, o, 0)}), 3);
}
LogicalResult qLinearLeakyRelu(Node &n, Ops &o) {
  Value y = o.make<fn::LeakyReluOp>({realAt(n, o, 0)}, {o.real("alpha", n.f("alpha", 0.01f))});
  return quantizedAs(n, o, y, 3);
}
LogicalResult qLinearSoftmax(Node &n, Ops &o) {
  Value x = realAt(n, o, 0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  return quantizedAs(n, o, o.make<fn::SoftmaxOp>({x}, {o.attr("axis", *axis)}), 3);
}
LogicalResult qLinearGlobalAveragePool(Node &n, Ops &o) {
  Value x = realAt(n, o, 0);
  if (!x)
    return failure();
  Ints axes;
  bool last = n.i("channels_last", 0);
  for (int64_t d = last ? 1 : 2; d < Ops::rank(x) - (last ? 1 : 0); ++d)
    axes.push_back(d);
  return quantizedAs(n, o, o.mean(x, axes, true), 3);
}
LogicalResult qLinearConcat(Node &n, Ops &o) {
  SmallVector<Value> parts;
  for (size_t i = 2; i + 2 < n.numInputs(); i += 3)
    parts.push_back(realAt(n, o, i));
  if (parts.empty() || llvm::is_contained(parts, Value()))
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", 0), Ops::rank(parts.front()));
  return failed(axis) ? failure() : quantizedAs(n, o, o.concat(parts, *axis), 0);
}

/// Products of integers become numbers with the scales of both.
Value scaledProduct(Ops &o, Bytes a, Bytes b, Value aScale, Value bScale) {
  Value sum = o.cast(byteMatmul(o, a, b), o.f32());
  return o.mul(sum, o.mul(scalarLike(o, aScale), scalarLike(o, bScale)));
}

LogicalResult matmulIntegerToFloat(Node &n, Ops &o) {
  Value y =
      scaledProduct(o, {n.in(0), optional(n, 4)}, {n.in(1), optional(n, 5)}, n.in(2), n.in(3));
  return n.result(plus(o, y, optional(n, 6)));
}

LogicalResult dynamicQuantizeMatmul(Node &n, Ops &o) {
  Quantized a = dynamicallyQuantized(o, n.in(0));
  Value y = scaledProduct(o, {a.values, a.zero}, {n.in(1), optional(n, 3)}, a.scale, n.in(2));
  return n.result(plus(o, y, optional(n, 4)));
}

LogicalResult qGemm(Node &n, Ops &o) {
  Value a = centred(o, n.in(0), optional(n, 2), false, false);
  // One zero point per column of the product.
  Value b = centred(o, n.in(3), optional(n, 5), n.i("transB", 0), false);
  Value sum = o.matmul(a, b, n.i("transA", 0), n.i("transB", 0));
  if (n.has(6))
    sum = o.add(sum, n.in(6));
  Value y = o.mul(o.cast(sum, o.f32()), o.mul(o.mul(scalarLike(o, n.in(1)), scalarLike(o, n.in(4))),
                                              double(n.f("alpha", 1))));
  return n.has(7) ? quantizedAs(n, o, y, 7) : n.result(y);
}

} // namespace

void fnc::onnx_import::addMicrosoftOps(OpTable &table) {
  auto add = [&](StringRef name, Handler handler) {
    table[("com.microsoft:" + name).str()] = handler;
  };
  add("BiasGelu", biasGelu);
  add("CDist", distances);
  add("DynamicQuantizeMatMul", dynamicQuantizeMatmul);
  add("EmbedLayerNormalization", embedLayerNormalization);
  add("FastGelu", fastGelu);
  add("FusedConv", fusedConv);
  add("FusedGemm", fusedGemm);
  add("FusedMatMul", fusedMatmul);
  add("Gelu", biasGelu);
  add("MatMulIntegerToFloat", matmulIntegerToFloat);
  add("MatMulNBits", matmulNBits);
  add("QGemm", qGemm);
  add("QLinearAdd", qLinearBinary<fn::AddOp>);
  add("QLinearConcat", qLinearConcat);
  add("QLinearGlobalAveragePool", qLinearGlobalAveragePool);
  add("QLinearLeakyRelu", qLinearLeakyRelu);
  add("QLinearMul", qLinearBinary<fn::MulOp>);
  add("QLinearSigmoid", qLinearSigmoid);
  add("QLinearSoftmax", qLinearSoftmax);
  add("QuickGelu", quickGelu);
  add("SimplifiedLayerNormalization", simplifiedLayerNormalization);
  // Written under the name of the standard domain, too.
  table[":SimplifiedLayerNormalization"] = simplifiedLayerNormalization;
  add("SkipLayerNormalization", skipLayerNormalization);
  add("SkipSimplifiedLayerNormalization", skipSimplifiedLayerNormalization);
  // What they share with ai.onnx.
  for (StringRef name : {"DequantizeLinear", "QuantizeLinear", "Trilu"})
    table[("com.microsoft:" + name).str()] = table[(":" + name).str()];
}
