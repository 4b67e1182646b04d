//===- OpsMicrosoftAttention.cpp - attention as com.microsoft has it ------===//

#include "compiler/import/onnx/Families.h"
#include <cmath>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

Value optional(Node &n, size_t i) { return n.has(i) ? n.in(i) : Value(); }
Value plus(Ops &o, Value x, Value y) { return y ? o.add(x, y) : x; }

/// [batch, steps, heads * size] as [batch, heads, steps, size].
Value toHeads(Node &n, Ops &o, Value x, int64_t heads) {
  if (!x || Ops::rank(x) == 4)
    return x;
  ArrayRef<int64_t> s = Ops::shape(x);
  if (s.size() != 3 || heads < 1 || !Ops::isStatic(x) || s[2] % heads)
    return n.error("cannot cut ") << Ops::type(x) << " into " << heads << " heads", Value();
  return o.transpose(o.reshape(x, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

/// What keeps keys from being seen, to be added to [batch, heads, queries, keys]; `mask` is one
/// number per key, per query and key, or the number of keys of each sequence.
Value maskBias(Node &n, Ops &o, Value mask, int64_t keys, double hidden) {
  if (!mask)
    return mask;
  Value sees;
  if (Ops::rank(mask) == 1)
    sees = o.less(o.iota({keys}, 0, o.i64()), o.expand(o.cast(mask, o.i64()), {1, 2, 3}));
  else if (Ops::rank(mask) == 2)
    sees = o.expand(o.cast(mask, o.i1()), {1, 2});
  else if (Ops::rank(mask) == 3)
    sees = o.expand(o.cast(mask, o.i1()), {1});
  else
    return n.error("has a mask of type ") << Ops::type(mask), Value();
  return o.where(sees, o.scalar(0, o.f32()), o.scalar(hidden, o.f32()));
}

LogicalResult attend(Node &n, Ops &o, Value q, Value k, Value v, Value mask, Value bias,
                     Value pastKey, Value pastValue, bool causal) {
  int64_t past = 0;
  if (pastKey && pastValue) {
    past = Ops::shape(pastKey)[2];
    k = o.concat({pastKey, k}, 2);
    v = o.concat({pastValue, v}, 2);
  }
  if (!q || !k || !v)
    return failure();
  int64_t queries = Ops::shape(q)[2], keys = Ops::shape(k)[2], size = Ops::shape(q)[3];
  double scale = n.f("scale", 0);
  Value scores = o.mul(o.matmul(q, k, false, true), scale ? scale : 1 / std::sqrt(double(size)));
  double hidden = n.f("mask_filter_value", -10000);
  Type type = Ops::element(q);
  if (mask)
    scores = o.add(scores, o.cast(maskBias(n, o, mask, keys, hidden), type));
  if (bias)
    scores = o.add(scores, bias);
  if (causal) {
    Value at = o.expand(o.iota({queries}, 0, o.i64()), {1});
    Value sees = o.make<fn::GreaterEqualOp>({o.add(at, double(past)), o.iota({keys}, 0, o.i64())});
    scores = o.where(sees, scores, o.scalar(-INFINITY, type));
  }
  if (!scores)
    return failure();
  Value y = o.matmul(o.make<fn::SoftmaxOp>({scores}, {o.attr("axis", int64_t(3))}), v);
  if (!y)
    return failure();
  y = o.transpose(y, {0, 2, 1, 3});
  ArrayRef<int64_t> s = Ops::shape(y);
  return n.result(o.reshape(y, {s[0], s[1], s[2] * s[3]}));
}

/// Attention of queries, keys and values that lie side by side; inputs `past`, and `mask` in front
/// of it.
LogicalResult selfAttention(Node &n, Ops &o, Value all, Value mask, Value past, Value bias) {
  int64_t heads = n.i("num_heads", 0);
  if (!all)
    return failure();
  if (Ops::rank(all) != 3 || Ops::shape(all)[2] == kDynamic)
    return n.error("projects to ") << Ops::type(all) << ", expected rank 3";
  int64_t width = Ops::shape(all)[2];
  Ints sizes = n.is("qkv_hidden_sizes", Ints(3, width / 3));
  if (sizes.size() != 3 || sizes[0] + sizes[1] + sizes[2] != width)
    return n.error("its hidden sizes do not add up to ") << width;
  SmallVector<Value> parts;
  int64_t from = 0;
  for (int64_t size : sizes) {
    parts.push_back(toHeads(n, o, o.slice(all, 2, from, from + size), heads));
    from += size;
  }
  Value pastKey, pastValue;
  if (past) {
    pastKey = o.at(past, 0, 0);
    pastValue = o.at(past, 0, 1);
  }
  if (n.wants(1)) {
    Value k = pastKey ? o.concat({pastKey, parts[1]}, 2) : parts[1];
    Value v = pastValue ? o.concat({pastValue, parts[2]}, 2) : parts[2];
    if (failed(n.set(1, o.stack({k, v}, 0))))
      return failure();
  }
  return attend(n, o, parts[0], parts[1], parts[2], mask, bias, pastKey, pastValue,
                n.i("unidirectional", 0));
}

LogicalResult attention(Node &n, Ops &o) {
  Value x = n.in(0), weights = n.in(1);
  if (!x || !weights)
    return failure();
  return selfAttention(n, o, plus(o, o.matmul(x, weights), optional(n, 2)), optional(n, 3),
                       optional(n, 4), optional(n, 5));
}

/// The same with a projection of bytes.
LogicalResult qAttention(Node &n, Ops &o) {
  Value xScale = n.in(3), weightScale = n.in(4);
  Value sum = byteMatmul(o, {n.in(0), optional(n, 6)}, {n.in(1), optional(n, 7)});
  if (!sum || !xScale || !weightScale)
    return failure();
  Value all = o.mul(o.cast(sum, o.f32()), o.mul(scalarLike(o, xScale), scalarLike(o, weightScale)));
  return selfAttention(n, o, o.add(all, n.in(2)), optional(n, 5), optional(n, 8), {});
}

LogicalResult multiHeadAttention(Node &n, Ops &o) {
  int64_t heads = n.i("num_heads", 0);
  Value q = n.in(0), k = optional(n, 1), v = optional(n, 2), bias = optional(n, 3);
  if (!q)
    return failure();
  if (Ops::rank(q) == 5 && !k && !v) {
    // [batch, steps, heads, 3, size]
    SmallVector<Value> parts;
    for (int64_t i = 0; i < 3; ++i) {
      Value part = o.at(q, 3, i);
      if (!part)
        return failure();
      ArrayRef<int64_t> s = Ops::shape(part);
      parts.push_back(o.reshapeOr(part, {s[0], s[1], s[2] == kDynamic ? -1 : s[2] * s[3]}));
    }
    q = parts[0];
    k = parts[1];
    v = parts[2];
  } else if (k && !v && Ops::rank(k) == 5) {
    // [batch, steps, heads, 2, size]
    v = o.transpose(o.at(k, 3, 1), {0, 2, 1, 3});
    k = o.transpose(o.at(k, 3, 0), {0, 2, 1, 3});
  }
  if (!q || !k || !v || Ops::rank(q) != 3)
    return n.error("has queries of type ") << Ops::type(n.in(0)) << " without keys and values";
  if (bias) {
    int64_t from = 0;
    for (Value *part : {&q, &k, &v}) {
      if (Ops::rank(*part) != 3)
        return n.error("a bias needs tensors of rank 3");
      int64_t size = Ops::shape(*part)[2];
      *part = o.add(*part, o.slice(bias, 0, from, from + size));
      from += size;
    }
  }
  k = toHeads(n, o, k, heads);
  v = toHeads(n, o, v, heads);
  Value pastKey = optional(n, 6), pastValue = optional(n, 7);
  if (failed(n.set(1, pastKey ? o.concat({pastKey, k}, 2) : k)) ||
      failed(n.set(2, pastValue ? o.concat({pastValue, v}, 2) : v)))
    return failure();
  return attend(n, o, toHeads(n, o, q, heads), k, v, optional(n, 4), optional(n, 5), pastKey,
                pastValue, n.i("unidirectional", 0));
}

/// Rows of the tables of cosines and sines: input `i` is the position of each element, or of the
/// first.
Value positionsOf(Node &n, Ops &o, Value given, int64_t steps) {
  if (!given || steps == kDynamic)
    return n.error("the number of steps must be known: give --shape"), Value();
  given = o.cast(given, o.i64());
  if (Ops::rank(given) == 2)
    return given;
  return o.add(
      o.reshape(given, {Ops::type(given).getNumElements() == 1 ? 1 : Ops::shape(given)[0], 1}),
      o.iota({1, steps}, 1, o.i64()));
}

LogicalResult rotaryEmbeddingWithPositions(Node &n, Ops &o) {
  Value x = n.in(0), positions = n.in(1), cosine = n.in(2), sine = n.in(3);
  if (!x || !positions || !cosine || !sine)
    return failure();
  int64_t heads = n.i("num_heads", 0), turned = 2 * Ops::shape(cosine).back();
  bool isFlat = Ops::rank(x) == 3;
  if (isFlat && heads == 0 && Ops::shape(x)[2] != kDynamic && turned > 0)
    heads = Ops::shape(x)[2] / turned;
  Value y = toHeads(n, o, x, heads);
  if (!y)
    return failure();
  Value places = positionsOf(n, o, positions, Ops::shape(y)[2]);
  y = rotated(o, y, o.gather(cosine, places, 0), o.gather(sine, places, 0), n.i("interleaved", 0));
  if (!y)
    return failure();
  ArrayRef<int64_t> s = Ops::shape(x);
  return n.result(isFlat ? o.reshape(o.transpose(y, {0, 2, 1, 3}), s) : y);
}

/// [batch, groups, steps, size] for each of the heads that share a group.
Value forHeads(Ops &o, Value x, int64_t heads) {
  if (!x || Ops::shape(x)[1] == heads)
    return x;
  Ints s(Ops::shape(x)), wide = {s[0], s[1], heads / s[1], s[2], s[3]};
  return o.reshape(o.broadcastTo(o.expand(x, {2}), wide), {s[0], heads, s[2], s[3]});
}

/// A softmax of the last axis over one number more for each head, which is not in the result: the
/// `sink` of that head, or 0.
Value smoothSoftmax(Ops &o, Value scores, Value sink) {
  if (!scores)
    return scores;
  Ints one(Ops::shape(scores));
  int64_t keys = one.back();
  one.back() = 1;
  Value more = sink ? o.broadcastTo(o.reshape(o.cast(sink, Ops::element(scores)),
                                              {1, Ops::type(sink).getNumElements(), 1, 1}),
                                    one)
                    : o.splat(0, one, Ops::element(scores));
  return o.slice(o.make<fn::SoftmaxOp>({o.concat({scores, more}, 3)}, {o.attr("axis", int64_t(3))}),
                 3, 0, keys);
}

/// Each sequence has a length of its own: what is new stands behind what of the past is there.
LogicalResult groupQueryAttention(Node &n, Ops &o) {
  int64_t heads = n.i("num_heads", 0), groups = n.i("kv_num_heads", 0);
  int64_t window = n.i("local_window_size", -1);
  Value q = n.in(0), k = optional(n, 1), v = optional(n, 2), lengths = n.in(5);
  Value pastKey = optional(n, 3), pastValue = optional(n, 4);
  if (!q || !lengths)
    return failure();
  if (heads < 1 || groups < 1 || heads % groups || Ops::rank(q) != 3 || !Ops::isStatic(q))
    return n.error("has ") << heads << " heads in " << groups << " groups, and queries of type "
                           << Ops::type(q);
  if (!k) {
    int64_t size = Ops::shape(q)[2] / (heads + 2 * groups), end = Ops::shape(q)[2];
    v = o.slice(q, 2, (heads + groups) * size, end);
    k = o.slice(q, 2, heads * size, (heads + groups) * size);
    q = o.slice(q, 2, 0, heads * size);
  }
  q = toHeads(n, o, q, heads);
  k = toHeads(n, o, k, groups);
  v = toHeads(n, o, v, groups);
  if (!q || !k || !v)
    return failure();
  int64_t batch = Ops::shape(q)[0], steps = Ops::shape(q)[2], size = Ops::shape(q)[3];
  // [batch]: how many keys are there before this call.
  Value before = o.sub(o.cast(o.reshapeOr(lengths, {-1}), o.i64()), double(steps - 1));
  if (!pastKey || !pastValue)
    before = o.splat(0, {batch}, o.i64());
  if (!before)
    return failure();
  if (n.i("do_rotary", 0)) {
    Value places = n.has(9) ? positionsOf(n, o, n.in(9), steps)
                            : o.add(o.expand(before, {1}), o.iota({1, steps}, 1, o.i64()));
    Value cosine = o.gather(n.in(7), places, 0), sine = o.gather(n.in(8), places, 0);
    bool interleaved = n.i("rotary_interleaved", 0);
    q = rotated(o, q, cosine, sine, interleaved);
    k = rotated(o, k, cosine, sine, interleaved);
  }
  if (pastKey && pastValue && k && v) {
    int64_t past = Ops::shape(pastKey)[2], total = past + steps;
    if (past == kDynamic)
      return n.error("the size of the past must be known: give --shape");
    // Element t is the past's below `before`, else the new one behind it.
    Value t = o.iota({batch, total}, 1, o.i64()), limit = o.expand(before, {1});
    Value from = o.where(o.less(t, limit), t,
                         o.minimum(o.add(o.sub(t, limit), double(past)), double(total - 1)));
    from = o.expand(from, {1, 3});
    auto joined = [&](Value old, Value fresh) {
      Value all = o.concat({old, fresh}, 2);
      return all && from ? gatherElements(o, all, o.broadcastTo(from, Ops::shape(all)), 2)
                         : Value();
    };
    k = joined(pastKey, k);
    v = joined(pastValue, v);
  }
  if (!q || !k || !v || failed(n.set(1, k)) || failed(n.set(2, v)))
    return failure();
  int64_t keys = Ops::shape(k)[2];
  double scale = n.f("scale", 0);
  Value scores = o.mul(o.matmul(q, forHeads(o, k, heads), false, true),
                       scale ? scale : 1 / std::sqrt(double(size)));
  if (double cap = n.f("softcap", 0))
    scores = o.mul(o.make<fn::TanhOp>({o.div(scores, cap)}), cap);
  if (n.has(10)) {
    // Of all keys that there is room for.
    Value bias = n.in(10);
    if (!bias || Ops::rank(bias) != 4 || Ops::shape(bias)[3] < keys)
      return n.error("has a bias of another size than its ") << keys << " keys";
    scores = o.add(scores, o.slice(bias, 3, 0, keys));
  }
  // [batch, 1, queries, keys]
  Value at = o.expand(o.add(o.expand(before, {1}), o.iota({1, steps}, 1, o.i64())), {1, 3});
  Value key = o.iota({1, 1, 1, keys}, 3, o.i64());
  Value sees = o.make<fn::LessEqualOp>({key, at});
  if (window > 0)
    sees = o.both(sees, o.less(o.sub(at, key), double(window)));
  if (!scores || !sees)
    return failure();
  scores = o.where(sees, scores, o.scalar(-INFINITY, Ops::element(scores)));
  Value weights = n.has(11) || n.i("smooth_softmax", 0) == 1
                      ? smoothSoftmax(o, scores, optional(n, 11))
                      : o.make<fn::SoftmaxOp>({scores}, {o.attr("axis", int64_t(3))});
  Value y = o.matmul(weights, forHeads(o, v, heads));
  return n.result(o.reshape(o.transpose(y, {0, 2, 1, 3}), {batch, steps, heads * size}));
}

} // namespace

void fnc::onnx_import::addMicrosoftAttentionOps(OpTable &table) {
  table["com.microsoft:Attention"] = attention;
  table["com.microsoft:GroupQueryAttention"] = groupQueryAttention;
  table["com.microsoft:MultiHeadAttention"] = multiHeadAttention;
  table["com.microsoft:QAttention"] = qAttention;
  table["com.microsoft:RotaryEmbedding"] = rotaryEmbeddingWithPositions;
}
