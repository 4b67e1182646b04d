//===- OpsNorm.cpp - normalization ----------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include <numeric>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

/// f16 and bf16 are normalized in f32.
Type wide(Ops &o, Type type) { return type.getIntOrFloatBitWidth() < 32 ? o.f32() : type; }

Ints axesFrom(int64_t first, int64_t rank) {
  Ints axes(rank - first);
  std::iota(axes.begin(), axes.end(), first);
  return axes;
}

/// One number per channel (dimension 1) of x.
Value perChannel(Ops &o, Value v, Value x) {
  return v && x ? o.alongAxis(v, 1, Ops::rank(x)) : Value();
}

struct Moments {
  Value centred, mean, variance;
};
Moments moments(Ops &o, Value x, ArrayRef<int64_t> axes) {
  Value mean = o.mean(x, axes, true), centred = o.sub(x, mean);
  return {centred, mean, o.mean(o.square(centred), axes, true)};
}

Value inverseDeviation(Ops &o, Value variance, double epsilon) {
  return o.make<fn::RsqrtOp>({o.add(variance, epsilon)});
}

LogicalResult batchNormalization(Node &n, Ops &o) {
  Value x = n.in(0), scale = n.in(1), bias = n.in(2), mean = n.in(3), variance = n.in(4);
  if (!x || !scale || !bias || !mean || !variance)
    return failure();
  Type type = Ops::element(x), statistics = Ops::element(mean), common = wide(o, type);
  double epsilon = n.f("epsilon", 1e-5f), momentum = n.f("momentum", 0.9f);
  Value y = o.cast(x, common);
  if (n.opset >= 14 && n.i("training_mode", 0)) {
    Ints axes = axesFrom(2, Ops::rank(x));
    axes.insert(axes.begin(), 0);
    Value current = o.mean(y, axes, true);
    Value spread = o.mean(o.square(o.sub(y, current)), axes, true);
    Value newMean = o.reshape(current, Ops::shape(mean));
    Value newVariance = o.reshape(spread, Ops::shape(variance));
    auto running = [&](Value old, Value fresh) {
      old = o.cast(old, common);
      return o.cast(o.add(o.mul(old, momentum), o.mul(fresh, 1 - momentum)), statistics);
    };
    if (failed(n.set(1, running(mean, newMean))) ||
        failed(n.set(2, running(variance, newVariance))))
      return failure();
    mean = newMean;
    variance = newVariance;
  }
  Value factor =
      o.mul(o.cast(scale, common), inverseDeviation(o, o.cast(variance, common), epsilon));
  y = o.mul(o.sub(y, perChannel(o, o.cast(mean, common), x)), perChannel(o, factor, x));
  return n.result(o.cast(o.add(y, perChannel(o, o.cast(bias, common), x)), type));
}

LogicalResult instanceNormalization(Node &n, Ops &o) {
  Value x = n.in(0), scale = n.in(1), bias = n.in(2);
  if (!x)
    return failure();
  Type type = Ops::element(x), common = wide(o, type);
  Moments m = moments(o, o.cast(x, common), axesFrom(2, Ops::rank(x)));
  Value y = o.mul(m.centred, inverseDeviation(o, m.variance, n.f("epsilon", 1e-5f)));
  y = o.mul(y, perChannel(o, o.cast(scale, common), x));
  return n.result(o.cast(o.add(y, perChannel(o, o.cast(bias, common), x)), type));
}

LogicalResult layerNormalization(Node &n, Ops &o) {
  Value x = n.in(0), scale = n.in(1);
  if (!x || !scale)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  Type type = Ops::element(x), common = wide(o, type);
  Moments m = moments(o, o.cast(x, common), axesFrom(*axis, Ops::rank(x)));
  Value inverse = inverseDeviation(o, m.variance, n.f("epsilon", 1e-5f));
  Value y = o.mul(o.cast(o.mul(m.centred, inverse), type), scale);
  if (n.has(2))
    y = o.add(y, n.in(2));
  if (failed(n.result(y)))
    return failure();
  return success(succeeded(n.set(1, m.mean)) && succeeded(n.set(2, inverse)));
}

LogicalResult rmsNormalization(Node &n, Ops &o) {
  Value x = n.in(0), scale = n.in(1);
  if (!x || !scale)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  Type type = Ops::element(x), common = wide(o, type);
  Value y = o.cast(x, common);
  Value power = o.mean(o.square(y), axesFrom(*axis, Ops::rank(x)), true);
  y = o.mul(y, inverseDeviation(o, power, n.f("epsilon", 1e-5f)));
  return n.result(o.mul(o.cast(y, Ops::element(scale)), scale));
}

LogicalResult groupNormalization(Node &n, Ops &o) {
  Value x = n.in(0), scale = n.in(1), bias = n.in(2);
  if (!x || !scale || !bias)
    return failure();
  int64_t groups = n.i("num_groups", 0);
  Ints shape(Ops::shape(x));
  if (shape.size() < 2 || groups < 1 || !Ops::isStatic(x) || shape[1] % groups)
    return n.error("cannot cut ") << Ops::type(x) << " into " << groups << " groups";
  Type type = Ops::element(x), common = wide(o, type);
  // Before opset 21 one scale per group.
  if (n.opset < 21) {
    int64_t each = shape[1] / groups;
    auto repeated = [&](Value v) {
      return o.reshape(o.broadcastTo(o.expand(v, {1}), {groups, each}), {shape[1]});
    };
    scale = repeated(scale);
    bias = repeated(bias);
  }
  Value y = o.reshapeOr(o.cast(x, common), {shape[0], groups, -1});
  Moments m = moments(o, y, {2});
  y = o.reshape(o.mul(m.centred, inverseDeviation(o, m.variance, n.f("epsilon", 1e-5f))), shape);
  y = o.mul(y, perChannel(o, o.cast(scale, common), x));
  return n.result(o.cast(o.add(y, perChannel(o, o.cast(bias, common), x)), type));
}

LogicalResult lpNormalization(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<int64_t> axis = n.axis(n.i("axis", -1), Ops::rank(x));
  if (failed(axis))
    return failure();
  int64_t p = n.i("p", 2);
  if (p != 1 && p != 2)
    return n.error("p is ") << p << ", expected 1 or 2";
  Value norm = p == 1 ? o.sum(o.abs(x), {*axis}, true) : o.sqrt(o.sum(o.square(x), {*axis}, true));
  // Nothing is divided by 0.
  Value zero = o.scalar(0, Ops::element(x));
  return n.result(o.where(o.equal(norm, zero), zero, o.div(x, norm)));
}

LogicalResult meanVarianceNormalization(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  FailureOr<Ints> axes = n.axes(n.is("axes", {0, 2, 3}), Ops::rank(x));
  if (failed(axes))
    return failure();
  Moments m = moments(o, x, *axes);
  return n.result(o.div(m.centred, o.add(o.sqrt(m.variance), 1e-9)));
}

/// Across channels: each divided by a power of the mean square of its neighbours.
LogicalResult lrn(Node &n, Ops &o) {
  Value x = n.in(0);
  if (!x)
    return failure();
  int64_t size = n.i("size", 0), channels = Ops::rank(x) > 1 ? Ops::shape(x)[1] : kDynamic;
  if (size < 1 || channels == kDynamic)
    return n.error("needs a size and a known number of channels");
  Ints low(Ops::rank(x), 0), high(Ops::rank(x), 0);
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  Value padded = o.pad(o.square(x), o.scalar(0, Ops::element(x)), low, high), total;
  for (int64_t i = 0; i < size; ++i) {
    Value part = o.slice(padded, 1, i, i + channels);
    total = total ? o.add(total, part) : part;
  }
  Value base = o.add(o.mul(total, n.f("alpha", 1e-4f) / size), n.f("bias", 1));
  if (!base)
    return failure();
  Value power = o.make<fn::PowOp>({base, o.scalar(n.f("beta", 0.75), Ops::element(x))});
  return n.result(o.div(x, power));
}

} // namespace

void fnc::onnx_import::addNormOps(OpTable &table) {
  table[":BatchNormalization"] = batchNormalization;
  table[":GroupNormalization"] = groupNormalization;
  table[":InstanceNormalization"] = instanceNormalization;
  table[":LRN"] = lrn;
  table[":LayerNormalization"] = layerNormalization;
  table[":LpNormalization"] = lpNormalization;
  table[":MeanVarianceNormalization"] = meanVarianceNormalization;
  table[":RMSNormalization"] = rmsNormalization;
  table[":SimplifiedLayerNormalization"] = rmsNormalization;
}
