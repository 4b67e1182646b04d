//===- OpsAttention.cpp - attention and what goes with it -----------------===//

#include "compiler/import/onnx/Families.h"
#include "compiler/import/onnx/Tensors.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

Value fnc::onnx_import::rotated(Ops &o, Value x, Value cosine, Value sine, bool interleaved) {
  if (!x || !cosine || !sine)
    return {};
  int64_t size = Ops::shape(x)[3], turned = 2 * Ops::shape(cosine).back();
  if (size == kDynamic || Ops::rank(cosine) != 3 || Ops::rank(sine) != 3 || turned < 2 ||
      turned > size)
    return o.error("cannot turn " + Twine(turned) + " of " + Twine(size) + " elements");
  // [batch, steps, half] meets [batch, heads, steps, half].
  cosine = o.expand(cosine, {1});
  sine = o.expand(sine, {1});
  Value part = o.slice(x, 3, 0, turned), a, b;
  if (interleaved) {
    a = o.slice(part, 3, 0, kToEnd, 2);
    b = o.slice(part, 3, 1, kToEnd, 2);
  } else {
    a = o.slice(part, 3, 0, turned / 2);
    b = o.slice(part, 3, turned / 2, turned);
  }
  Value real = o.sub(o.mul(cosine, a), o.mul(sine, b));
  Value imaginary = o.add(o.mul(sine, a), o.mul(cosine, b));
  if (!real || !imaginary)
    return {};
  if (interleaved) {
    Ints shape(Ops::shape(real));
    shape[3] = turned;
    part = o.reshape(o.stack({real, imaginary}, 4), shape);
  } else {
    part = o.concat({real, imaginary}, 3);
  }
  return turned < size ? o.concat({part, o.slice(x, 3, turned, size)}, 3) : part;
}

namespace {

/// [batch, steps, heads * size] as [batch, heads, steps, size].
Value splitHeads(Ops &o, Value x, int64_t heads) {
  if (!x)
    return x;
  ArrayRef<int64_t> s = Ops::shape(x);
  if (s.size() != 3 || heads < 1 || s[2] == kDynamic || s[2] % heads)
    return o.error("cannot cut a tensor into " + Twine(heads) + " heads");
  return o.transpose(o.reshape(x, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

Value joinHeads(Ops &o, Value x) {
  if (!x)
    return x;
  x = o.transpose(x, {0, 2, 1, 3});
  ArrayRef<int64_t> s = Ops::shape(x);
  return o.reshape(x, {s[0], s[1], s[2] * s[3]});
}

/// [batch, heads, a, b] as [batch, groups, heads / groups, a, b]: several heads share a key.
Value grouped(Ops &o, Value x, int64_t groups) {
  if (!x)
    return x;
  ArrayRef<int64_t> s = Ops::shape(x);
  return o.reshape(x, {s[0], groups, s[1] / groups, s[2], s[3]});
}
Value ungrouped(Ops &o, Value x) {
  if (!x)
    return x;
  ArrayRef<int64_t> s = Ops::shape(x);
  return o.reshape(x, {s[0], s[1] * s[2], s[3], s[4]});
}

/// The product of two tensors of heads, of which the second has one for every few of the first.
Value headProduct(Ops &o, Value x, Value y, bool transposeY) {
  if (!x || !y)
    return {};
  int64_t heads = Ops::shape(x)[1], groups = Ops::shape(y)[1];
  if (heads == groups)
    return o.matmul(x, y, false, transposeY);
  if (heads == kDynamic || groups < 1 || heads % groups)
    return o.error("cannot share " + Twine(groups) + " heads among " + Twine(heads));
  return ungrouped(o, o.matmul(grouped(o, x, groups), o.expand(y, {2}), false, transposeY));
}

/// A softmax over the last axis in which a row of -inf alone is 0.
Value maskedSoftmax(Ops &o, Value x) {
  if (!x)
    return x;
  int64_t axis = Ops::rank(x) - 1;
  Type type = Ops::element(x);
  Value zero = o.scalar(0, type), one = o.scalar(1, type);
  Value top = o.reduce<fn::ReduceMaxOp>(x, {axis}, true);
  top = o.where(o.equal(top, -INFINITY), zero, top);
  Value e = o.exp(o.sub(x, top)), sum = o.sum(e, {axis}, true);
  return o.div(e, o.where(o.equal(sum, 0.0), one, sum));
}

/// 0 where a mask of i1 holds, -inf elsewhere; numbers as they are.
Value additive(Ops &o, Value mask, Type type) {
  if (!mask || !Ops::isBool(mask))
    return o.cast(mask, type);
  return o.where(mask, o.scalar(0, type), o.scalar(-INFINITY, type));
}

struct AttentionBias {
  Ops &o;
  Type type;
  Value sum;
  void add(Value part) { sum = sum ? o.add(sum, part) : part; }
};

/// How far query i is past key j: `i + offset - j`. `valid` (keys per batch) gives the offset where
/// it is not the same for all.
Value distance(Ops &o, int64_t queries, int64_t keys, int64_t past, Value valid) {
  Value i = o.expand(o.iota({queries}, 0, o.i64()), {1}), j = o.iota({keys}, 0, o.i64());
  Value between = o.sub(i, j);
  if (!valid)
    return o.add(between, double(past));
  return o.add(between, o.expand(o.sub(valid, double(queries)), {1, 2, 3}));
}

LogicalResult attention(Node &n, Ops &o) {
  Value q = n.in(0), k = n.in(1), v = n.in(2);
  if (!q || !k || !v)
    return failure();
  int64_t heads = n.i("q_num_heads", 0), keyHeads = n.i("kv_num_heads", 0);
  bool flat = Ops::rank(q) == 3;
  if (flat) {
    q = splitHeads(o, q, heads);
    k = splitHeads(o, k, keyHeads);
    v = splitHeads(o, v, keyHeads);
    if (!q || !k || !v)
      return failure();
  }
  if (Ops::rank(q) != 4 || Ops::rank(k) != 4 || Ops::rank(v) != 4)
    return n.error("needs tensors of rank 3 or 4, got ")
           << Ops::type(q) << ", " << Ops::type(k) << " and " << Ops::type(v);
  int64_t past = 0, size = Ops::shape(q)[3];
  if (n.has(4) && n.has(5)) {
    Value pastKey = n.in(4), pastValue = n.in(5);
    if (!pastKey || !pastValue)
      return failure();
    past = Ops::rank(pastKey) == 4 ? Ops::shape(pastKey)[2] : kDynamic;
    k = o.concat({pastKey, k}, 2);
    v = o.concat({pastValue, v}, 2);
  }
  if (!k || !v || failed(n.set(1, k)) || failed(n.set(2, v)))
    return failure();
  if (size == kDynamic && !n.hasAttr("scale"))
    return n.error("the size of a head must be known");
  double scale = std::sqrt(n.f("scale", 1 / std::sqrt(static_cast<double>(size))));
  Type type = Ops::element(q);
  Value scores = headProduct(o, o.mul(q, scale), o.mul(k, scale), true);
  int64_t mode = n.i("qk_matmul_output_mode", 0);
  Value shown = mode == 0 ? scores : Value();
  if (double cap = n.f("softcap", 0); cap > 0)
    scores = o.mul(o.make<fn::TanhOp>({o.div(scores, cap)}), cap);
  if (!scores)
    return failure();
  if (mode == 1)
    shown = scores;

  int64_t queries = Ops::shape(scores)[2], keys = Ops::shape(scores)[3];
  bool causal = n.i("is_causal", 0);
  int64_t left = n.i("left_window_size", -1), right = n.i("right_window_size", -1);
  Value valid = n.has(6) ? o.cast(n.in(6), o.i64()) : Value();
  AttentionBias bias{o, type, {}};
  if (n.has(3)) {
    Value mask = n.in(3);
    if (!mask)
      return failure();
    int64_t last = Ops::rank(mask) - 1;
    if (last >= 0 && keys != kDynamic && Ops::shape(mask)[last] < keys &&
        (Ops::shape(mask)[last] != 1 || last == 0)) {
      Ints low(Ops::rank(mask), 0), high(Ops::rank(mask), 0);
      high[last] = keys - Ops::shape(mask)[last];
      Value fill = o.scalar(Ops::isBool(mask) ? 0 : -INFINITY, Ops::element(mask));
      mask = o.pad(mask, fill, low, high);
    }
    bias.add(additive(o, mask, type));
  }
  if (causal || left >= 0 || right >= 0) {
    if (queries == kDynamic || keys == kDynamic || past == kDynamic)
      return n.error("the number of steps must be known: give --shape");
    Value gap = distance(o, queries, keys, past, n.has(4) ? Value() : valid);
    auto allow = [&](Value condition) { bias.add(additive(o, condition, type)); };
    if (causal)
      allow(o.make<fn::GreaterEqualOp>({gap, o.scalar(0, o.i64())}));
    if (left >= 0)
      allow(o.make<fn::LessEqualOp>({gap, o.ints({left}, {}, o.i64())}));
    if (right >= 0)
      allow(o.make<fn::GreaterEqualOp>({gap, o.ints({-right}, {}, o.i64())}));
  }
  if (valid) {
    if (keys == kDynamic)
      return n.error("the number of keys must be known: give --shape");
    bias.add(additive(o, o.less(o.iota({keys}, 0, o.i64()), o.expand(valid, {1, 2, 3})), type));
  }
  if (bias.sum)
    scores = o.add(scores, bias.sum);
  if (mode == 2)
    shown = scores;
  if (n.hasAttr("softmax_precision")) {
    Type precise = elementType(o.b.getContext(), n.i("softmax_precision", 1));
    if (!precise)
      return n.error("softmax_precision is ") << n.i("softmax_precision", 1);
    scores = o.cast(scores, precise);
  }
  if (!scores)
    return failure();
  Value shares =
      bias.sum ? maskedSoftmax(o, scores) : o.make<fn::SoftmaxOp>({scores}, {o.attr("axis", 3)});
  shares = o.cast(shares, type);
  if (bias.sum && shares) {
    // A query that may see no key has none, whatever its scores are.
    Value top = o.reduce<fn::ReduceMaxOp>(bias.sum, {Ops::rank(bias.sum) - 1}, true);
    shares = o.where(o.equal(top, -INFINITY), o.scalar(0, type), shares);
  }
  if (mode == 3)
    shown = shares;
  if (!shares || failed(n.set(3, o.cast(shown, type))))
    return failure();
  Value y = headProduct(o, o.cast(shares, Ops::element(v)), v, false);
  y = o.cast(y, type);
  return n.result(flat ? joinHeads(o, y) : y);
}

/// Attention with graphs that change the scores and the shares.
LogicalResult flexAttention(Node &n, Ops &o) {
  Value q = n.in(0), k = n.in(1), v = n.in(2);
  if (!q || !k || !v)
    return failure();
  if (Ops::rank(q) != 4 || Ops::rank(k) != 4 || Ops::rank(v) != 4)
    return n.error("needs tensors of rank 4");
  double scale = n.f("scale", 1 / std::sqrt(static_cast<double>(Ops::shape(q)[3])));
  Type type = Ops::element(v);
  Type precise = type.getIntOrFloatBitWidth() < 32 ? o.f32() : Ops::element(q);
  if (n.hasAttr("softmax_precision"))
    precise = elementType(o.b.getContext(), n.i("softmax_precision", 1));
  if (!precise)
    return n.error("softmax_precision is ") << n.i("softmax_precision", 1);
  scale = std::sqrt(scale);
  Value scores = o.cast(headProduct(o, o.mul(q, scale), o.mul(k, scale), true), precise);
  auto modify = [&](StringRef name, Value x) -> Value {
    if (!x || !n.hasAttr(name))
      return x;
    const onnx::GraphProto *graph = n.graph(name);
    if (!graph)
      return {};
    FailureOr<std::vector<Item>> out = n.importer.importSubgraph(*graph, n.frame, {Item(x)});
    if (failed(out))
      return {};
    if (out->size() != 1 || !out->front().value)
      return o.error(Twine(name) + " must have one output");
    return o.cast(out->front().value, precise);
  };
  scores = modify("score_mod", scores);
  if (!scores)
    return failure();
  Value shares = modify("prob_mod", o.make<fn::SoftmaxOp>({scores}, {o.attr("axis", 3)}));
  return n.result(o.cast(headProduct(o, shares, o.cast(v, precise), false), type));
}

LogicalResult rotaryEmbedding(Node &n, Ops &o) {
  Value x = n.in(0), cosine = n.in(1), sine = n.in(2);
  if (!x || !cosine || !sine)
    return failure();
  bool flat = Ops::rank(x) == 3;
  Value y = flat ? splitHeads(o, x, n.i("num_heads", 0)) : x;
  if (!y)
    return failure();
  if (Ops::rank(y) != 4)
    return n.error("needs a tensor of rank 3 or 4, got ") << Ops::type(x);
  if (n.has(3)) {
    cosine = o.gather(cosine, o.cast(n.in(3), o.i64()), 0);
    sine = o.gather(sine, o.cast(n.in(3), o.i64()), 0);
  }
  if (!cosine || !sine)
    return failure();
  int64_t turned = n.i("rotary_embedding_dim", 0);
  if (turned == 0)
    turned = Ops::shape(y)[3];
  if (turned != kDynamic && 2 * Ops::shape(cosine).back() > turned) {
    // Tables may be wider than what is turned.
    int64_t last = Ops::rank(cosine) - 1;
    cosine = o.slice(cosine, last, 0, turned / 2);
    sine = o.slice(sine, last, 0, turned / 2);
  }
  y = rotated(o, y, cosine, sine, n.i("interleaved", 0));
  return n.result(flat ? joinHeads(o, y) : y);
}

/// A state of keys times values that decays and is corrected step by step.
LogicalResult linearAttention(Node &n, Ops &o) {
  std::string rule = n.s("update_rule", "gated_delta");
  int64_t heads = n.i("q_num_heads", 0), groups = n.i("kv_num_heads", 0);
  Type type = n.in(0) ? Ops::element(n.in(0)) : Type();
  Value q = o.cast(splitHeads(o, n.in(0), heads), o.f32());
  Value k = o.cast(splitHeads(o, n.in(1), groups), o.f32());
  Value v = o.cast(splitHeads(o, n.in(2), groups), o.f32());
  if (!q || !k || !v)
    return failure();
  bool gated = rule == "gated" || rule == "gated_delta";
  bool delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear")
    return n.error("update_rule is '") << rule << "'";
  if (groups < 1 || heads % groups || !Ops::isStatic(q) || !Ops::isStatic(v))
    return n.error("the sizes must be known, and ") << heads << " heads share " << groups;
  int64_t batch = Ops::shape(q)[0], steps = Ops::shape(q)[2], size = Ops::shape(k)[3];
  int64_t width = Ops::shape(v)[3];
  if (steps > 4096)
    return n.error("has ") << steps << " steps, at most 4096 are supported";
  Value decay, beta;
  if (gated) {
    decay = n.in(4);
    // Exponentials of all steps at once: [batch, heads, steps, 1 or size].
    decay = o.exp(o.cast(splitHeads(o, decay, groups), o.f32()));
    if (!decay)
      return failure();
  }
  if (delta) {
    beta = n.in(5);
    if (!beta)
      return failure();
    beta = o.cast(splitHeads(o, beta, Ops::shape(beta).back() == 1 ? 1 : groups), o.f32());
  }
  Type stateType = type;
  Value state;
  if (n.has(3)) {
    Value given = n.in(3);
    if (!given)
      return failure();
    stateType = Ops::element(given);
    state = o.cast(given, o.f32());
  } else {
    state = o.splat(0, {batch, groups, size, width}, o.f32());
  }
  double scale = n.f("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(size));
  SmallVector<Value> outputs;
  for (int64_t t = 0; t < steps; ++t) {
    auto step = [&](Value x) { return o.slice(x, 2, t, t + 1); }; // [batch, heads, 1, size]
    if (gated)
      state = o.mul(state, o.swapAxes(step(decay), 2, 3));
    Value key = step(k), value = step(v);
    if (delta)
      value = o.mul(step(beta), o.sub(value, o.matmul(key, state)));
    state = o.add(state, o.mul(o.swapAxes(key, 2, 3), value));
    outputs.push_back(o.mul(headProduct(o, step(q), state, false), scale));
    if (!outputs.back())
      return failure();
  }
  if (outputs.empty())
    return n.error("has no steps");
  if (failed(n.result(o.cast(joinHeads(o, o.concat(outputs, 2)), type))))
    return failure();
  return n.set(1, o.cast(state, stateType));
}

LogicalResult causalConvWithState(Node &n, Ops &o) {
  Value x = n.in(0), filter = n.in(1);
  if (!x || !filter)
    return failure();
  if (Ops::rank(x) != 3 || Ops::rank(filter) != 3 || !Ops::isStatic(x) || !Ops::isStatic(filter))
    return n.error("needs tensors of rank 3 and known size");
  int64_t size = Ops::shape(filter)[2], channels = Ops::shape(x)[1];
  Value y = x;
  if (n.has(3))
    y = o.concat({n.in(3), x}, 2);
  else
    y = o.pad(x, o.scalar(0, Ops::element(x)), {0, 0, size - 1}, {0, 0, 0});
  if (!y)
    return failure();
  int64_t whole = Ops::shape(y)[2];
  if (failed(n.set(1, o.slice(y, 2, whole - (size - 1), whole))))
    return failure();
  Windows w{{size}, {1}, {1}, {0}, {0}};
  y = convolution(o, y, filter, w, channels);
  if (n.has(2))
    y = o.add(y, o.alongAxis(n.in(2), 1, 3));
  std::string activation = n.s("activation", "none");
  if (activation == "silu" || activation == "swish")
    y = o.make<fn::SiluOp>({y});
  else if (activation != "none")
    return n.error("activation is '") << activation << "'";
  return n.result(y);
}

/// Writes the steps of `update` into a cache, from a place per batch on.
LogicalResult tensorScatter(Node &n, Ops &o) {
  Value cache = n.in(0), update = n.in(1);
  if (!cache || !update)
    return failure();
  int64_t rank = Ops::rank(cache);
  FailureOr<int64_t> axis = n.axis(n.i("axis", -2), rank);
  if (failed(axis))
    return failure();
  if (!Ops::isStatic(cache) || !Ops::isStatic(update) || *axis == 0 || Ops::rank(update) != rank)
    return n.error("the sizes must be known");
  Ints shape(Ops::shape(cache)), small(Ops::shape(update));
  Value index = o.alongAxis(o.iota({small[*axis]}, 0, o.i64()), *axis, rank);
  if (n.has(2))
    index = o.add(index, o.alongAxis(o.cast(n.in(2), o.i64()), 0, rank));
  if (n.s("mode", "linear") == "circular")
    index = o.make<fn::ModOp>({index, o.scalar(shape[*axis], o.i64())});
  return n.result(scatterElements(o, cache, o.broadcastTo(index, small), update, *axis, "update"));
}

LogicalResult swiGlu(Node &n, Ops &o) {
  Value a = n.in(0), b = n.in(1);
  double alpha = n.f("alpha", 1);
  Value gate = o.make<fn::SigmoidOp>({alpha == 1 ? a : o.mul(a, alpha)});
  return n.result(o.mul(o.mul(a, gate), b));
}

} // namespace

void fnc::onnx_import::addAttentionOps(OpTable &table) {
  table[":Attention"] = attention;
  table[":CausalConvWithState"] = causalConvWithState;
  table["ai.onnx.preview:FlexAttention"] = flexAttention;
  table[":LinearAttention"] = linearAttention;
  table[":RotaryEmbedding"] = rotaryEmbedding;
  table[":SwiGLU"] = swiGlu;
  table[":TensorScatter"] = tensorScatter;
}
